"""The time of people."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import current_tenant
from relay.models import Booking, Tenant
from relay.schemas.common import problems
from relay.schemas.desk import BookingIn, BookingOut, FreeTime
from relay.services import planning

router = APIRouter(prefix="/planning", tags=["planning"], responses=problems(401))


@router.post("/bookings", status_code=201, response_model=BookingOut, responses=problems(404, 409))
def book(data: BookingIn, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> Booking:
    """Book a person for an active project, at a time when nothing else is booked."""
    return planning.book(db, tenant, data)


@router.get("/free", response_model=list[FreeTime], responses=problems(404))
def list_free_time(
    person: str,
    first: Annotated[date, Query(description="the first day to look at")],
    days: Annotated[int, Query(ge=1, le=31)] = 7,
    minutes: Annotated[int, Query(ge=1, le=480, description="leave out what is shorter")] = 30,
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
) -> list[dict[str, object]]:
    """Find working time of a person that is left, in UTC."""
    stretches = planning.free_time(db, tenant, person, days=planning.working_days(first, days), minutes=minutes)
    return [{"starts_at": starts_at, "ends_at": ends_at} for starts_at, ends_at in stretches]
