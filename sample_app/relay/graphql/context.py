"""What every resolver of a request shares: the session, the tenant and the loaders."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy.orm import Session
from strawberry.fastapi import BaseContext
from strawberry.types import Info

from relay.database import SessionLocal
from relay.deps import bearer
from relay.errors import NotSignedIn
from relay.graphql.loaders import customer_loader, open_quotes_loader
from relay.models import Tenant
from relay.services import tenant_auth


class Context(BaseContext):
    """One session for all resolvers, and loaders that answer many of them with one query."""

    def __init__(self, db: Session, tenant: Tenant) -> None:
        super().__init__()
        self.db = db
        self.tenant = tenant
        self.customers = customer_loader(db, tenant)
        self.open_quotes = open_quotes_loader(db, tenant)


RelayInfo = Info[Context, None]


def get_context(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Iterator[Context]:
    """Open the session of a GraphQL request and find out who asks; raise `NotSignedIn` without a valid token."""
    db = SessionLocal()
    try:
        session = tenant_auth.find_session(db, credentials.credentials) if credentials else None
        if session is None:
            raise NotSignedIn("Sign in first: the request has no valid session token")
        yield Context(db, session.tenant)
    finally:
        db.close()
