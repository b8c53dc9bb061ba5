"""Sign up, sign in by one-time code, sign out, and the tenant's own profile."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header
from sqlalchemy.orm import Session

from relay.clients.mail import MailClient, get_mail
from relay.database import get_db
from relay.deps import current_session, current_tenant
from relay.models import Tenant, TenantSession
from relay.schemas.common import problems
from relay.schemas.tenant import (
    CodeRequestIn,
    ProfileOut,
    ProfilePatch,
    SessionOut,
    SessionToken,
    SignIn,
    SignUp,
    TenantOut,
)
from relay.services import report, tenant_auth

router = APIRouter(tags=["tenant"])


@router.post("/tenants", status_code=201, response_model=TenantOut, responses=problems(409))
def sign_up(data: SignUp, db: Session = Depends(get_db)) -> Tenant:
    """Create a tenant; sign in afterwards with a code sent to its address."""
    return tenant_auth.sign_up(db, data)


@router.post("/auth/codes", status_code=202, responses=problems(429, 503))
def request_code(
    data: CodeRequestIn, db: Session = Depends(get_db), mail: MailClient = Depends(get_mail)
) -> dict[str, str]:
    """Mail a one-time code; the answer is the same whether or not the tenant exists."""
    tenant_auth.request_code(db, data.slug, mail)
    return {"detail": "If this tenant exists, a code is on its way"}


@router.post("/auth/sessions", status_code=201, response_model=SessionToken, responses=problems(401, 429))
def sign_in(
    data: SignIn, user_agent: Annotated[str | None, Header()] = None, db: Session = Depends(get_db)
) -> dict[str, object]:
    """Exchange a code for a session token."""
    agent = user_agent[:200] if user_agent else None
    session, token = tenant_auth.sign_in(db, data.slug, data.code, user_agent=agent)
    return {"token": token, "expires_at": session.expires_at, "tenant": session.tenant}


@router.get("/auth/sessions", response_model=list[SessionOut], responses=problems(401))
def list_sessions(
    session: TenantSession = Depends(current_session), db: Session = Depends(get_db)
) -> list[dict[str, object]]:
    """List where the tenant is signed in."""
    return [
        {
            "id": other.id,
            "user_agent": other.user_agent,
            "created_at": other.created_at,
            "expires_at": other.expires_at,
            "current": other is session,
        }
        for other in tenant_auth.list_sessions(db, session.tenant)
    ]


@router.delete("/auth/sessions/current", status_code=204, responses=problems(401))
def sign_out(session: TenantSession = Depends(current_session), db: Session = Depends(get_db)) -> None:
    """End the session of this request."""
    tenant_auth.end_session(db, session.tenant, session.id)


@router.delete("/auth/sessions/{session_id}", status_code=204, responses=problems(401, 404))
def end_session(session_id: int, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> None:
    """Sign out another place."""
    tenant_auth.end_session(db, tenant, session_id)


@router.get("/me", response_model=ProfileOut, responses=problems(401))
def read_profile(tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> dict[str, object]:
    """Show who is signed in, with the numbers of the start page."""
    return {**TenantOut.model_validate(tenant).model_dump(), **report.start_page(db, tenant)}


@router.patch("/me", response_model=TenantOut, responses=problems(401))
def change_profile(
    data: ProfilePatch, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Tenant:
    """Change the tenant's name or address."""
    for field, value in data.model_dump(exclude_unset=True).items():
        setattr(tenant, field, value)
    db.commit()
    return tenant
