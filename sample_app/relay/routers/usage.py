"""What a tenant's calls add up to."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import Actor, needs
from relay.schemas.common import problems
from relay.schemas.money import UsageLine
from relay.services import usage as service

router = APIRouter(tags=["usage"], responses=problems(401, 429))


@router.get("/usage", response_model=list[UsageLine])
def read_usage(
    actor: Annotated[Actor, Depends(needs("viewer"))], day: date | None = None, db: Session = Depends(get_db)
) -> list[dict[str, object]]:
    """Count the calls of each route, the latest day first; this call counts from the next time on."""
    return service.usage(db, actor.tenant.id, day.isoformat() if day else None)
