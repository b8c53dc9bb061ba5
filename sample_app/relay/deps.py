"""FastAPI dependencies that find out who is asking, for whom, and what the role allows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from relay.database import get_db
from relay.errors import Forbidden, NotSignedIn
from relay.models import Tenant, TenantSession
from relay.services import api_key, tenant_auth

ROLES = ("viewer", "billing", "owner")
bearer = HTTPBearer(auto_error=False, scheme_name="Tenant", description="The token from POST /auth/sessions")
key_header = APIKeyHeader(
    name="X-Api-Key",
    auto_error=False,
    scheme_name="Member",
    description="A key from POST /members/{member_id}/keys",
)


def current_session(
    connection: HTTPConnection,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    db: Session = Depends(get_db),
) -> TenantSession:
    """Return the session of the request's token; raise `NotSignedIn` without a valid one."""
    if credentials is None:
        raise NotSignedIn("Sign in first: the request has no session token")
    session = tenant_auth.find_session(db, credentials.credentials)
    if session is None:
        raise NotSignedIn("The session has ended: sign in again")
    connection.state.tenant_id = session.tenant_id  # the metering reads it after the answer
    return session


def current_tenant(session: TenantSession = Depends(current_session)) -> Tenant:
    """Return the tenant that is signed in."""
    return session.tenant


@dataclass(frozen=True)
class Actor:
    """A tenant and the one who acts for it, under a role."""

    tenant: Tenant
    role: str


async def current_actor(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    key: Annotated[str | None, Depends(key_header)],
    db: Session = Depends(get_db),
) -> Actor:
    """Return who asks: the tenant itself is an owner, the holder of a key has the role of the member."""
    if key is None:
        return Actor(current_session(request, credentials, db).tenant, "owner")
    holder = await api_key.find_holder(key)
    tenant = db.get(Tenant, holder.tenant_id)
    if tenant is None:
        raise NotSignedIn("The tenant of this key is gone")
    request.state.tenant_id = tenant.id
    return Actor(tenant, holder.role)


def needs(role: str) -> Callable[[Actor], Actor]:
    """Return a dependency that lets an actor through who has a role or a higher one."""

    def check(actor: Annotated[Actor, Depends(current_actor)]) -> Actor:
        if ROLES.index(actor.role) < ROLES.index(role):
            raise Forbidden(f"This takes the role {role}, and yours is {actor.role}")
        return actor

    return check
