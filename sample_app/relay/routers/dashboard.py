"""The page that a tenant sees first."""

from typing import Annotated

from fastapi import APIRouter, Depends

from relay.database import SessionLocal
from relay.deps import Actor, needs
from relay.schemas.access import Dashboard
from relay.schemas.common import problems
from relay.services import dashboard as service

router = APIRouter(tags=["dashboard"], responses=problems(401, 429))


@router.get("/dashboard", response_model=Dashboard)
async def read_dashboard(actor: Annotated[Actor, Depends(needs("viewer"))]) -> dict[str, object]:
    """Show the state of money, licences and people; on a session of its own, which no part can spoil for others."""
    sync_db = SessionLocal()
    try:
        name, widgets = service.build_dashboard(sync_db, actor.tenant.id)
    finally:
        sync_db.close()
    return {"tenant": name, "role": actor.role, "widgets": widgets}
