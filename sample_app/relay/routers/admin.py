"""What administrators of the installation do, over all tenants."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Depends
from fastapi.security import APIKeyHeader
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.errors import NotSignedIn
from relay.schemas.common import problems
from relay.schemas.llm import DefaultIn, DefaultOut, Purpose, TenantLlmOut
from relay.services import admin_auth, llm_config

key_header = APIKeyHeader(
    name="X-Admin-Key",
    auto_error=False,
    scheme_name="Administrator",
    description="RELAY_ADMIN_KEY of this installation; offline it is development-only",
)


def is_admin(
    key: Annotated[str | None, Depends(key_header)] = None, relay_admin: Annotated[str | None, Cookie()] = None
) -> bool:
    """Say whether the request has the administrators' key, or the cookie of the admin pages."""
    return (key is not None and admin_auth.is_key(key)) or (relay_admin is not None and admin_auth.is_pass(relay_admin))


def require_admin(admin: bool = Depends(is_admin)) -> None:
    """Raise `NotSignedIn` unless an administrator asks."""
    if not admin:
        raise NotSignedIn("This is for administrators: the request has no valid key")


router = APIRouter(prefix="/admin", tags=["admin"], responses=problems(401), dependencies=[Depends(require_admin)])


@router.get("/tenants", response_model=list[TenantLlmOut])
def list_tenants(db: Session = Depends(get_db)) -> list[dict[str, object]]:
    """See all tenants and the language models they use."""
    return [
        {"slug": tenant.slug, "name": tenant.name, "sessions": len(tenant.sessions), "models": models}
        for tenant, models in llm_config.settings_of_all(db)
    ]


@router.put("/llm/{purpose}", response_model=DefaultOut)
def set_default(purpose: Purpose, data: DefaultIn, db: Session = Depends(get_db)) -> dict[str, object]:
    """Set the model that everybody uses unless they chose another, or lock it for all."""
    default = llm_config.set_default(db, purpose, data)
    return {
        **data.model_dump(),
        "purpose": default.purpose,
        "overridden_by": llm_config.overridden_by(default),
        "updated_at": default.updated_at,
    }
