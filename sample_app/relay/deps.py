"""FastAPI dependencies that find out who is asking."""

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from relay.database import get_db
from relay.errors import NotSignedIn
from relay.models import Tenant, TenantSession
from relay.services import tenant_auth

bearer = HTTPBearer(auto_error=False, scheme_name="Tenant", description="The token from POST /auth/sessions")


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
