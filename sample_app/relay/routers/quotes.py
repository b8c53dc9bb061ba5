"""Quotes, from the first draft to the customer's decision."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import current_tenant
from relay.models import Quote, Tenant
from relay.pagination import PageRequest, Slice
from relay.schemas.common import Page, problems
from relay.schemas.crm import Expired, LineIn, QuoteFilters, QuoteIn, QuoteOut, QuotePatch, QuoteRow, StatusIn
from relay.services import quote as service

router = APIRouter(prefix="/quotes", tags=["quotes"], responses=problems(401))


@router.get("", response_model=Page[QuoteRow])
def list_quotes(
    filters: Annotated[QuoteFilters, Query()],
    wanted: Annotated[PageRequest, Depends()],
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
) -> Slice[Quote]:
    """Search, filter and order the quotes, a page at a time."""
    return service.list_quotes(db, tenant, filters, wanted=wanted)


@router.post("", status_code=201, response_model=QuoteOut, responses=problems(404, 409))
def create_quote(data: QuoteIn, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> Quote:
    """Write a draft; it gets the tenant's next number."""
    return service.create_quote(db, tenant, data)


@router.get("/by-number/{number}", response_model=QuoteOut, responses=problems(404))
def find_by_number(number: int, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> Quote:
    """Find the quote that a customer has on paper."""
    return service.find_by_number(db, tenant, number)


@router.post("/expire", response_model=Expired)
def expire_overdue(tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> dict[str, int]:
    """Close every quote that was not answered in time."""
    return {"expired": service.expire_overdue(db, tenant)}


@router.get("/{quote_id}", response_model=QuoteOut, responses=problems(404))
def read_quote(quote_id: int, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> Quote:
    """Show a quote with its lines and totals."""
    return service.get_quote(db, tenant, quote_id)


@router.patch("/{quote_id}", response_model=QuoteOut, responses=problems(404, 409))
def update_draft(
    quote_id: int, data: QuotePatch, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Quote:
    """Change title, discount or validity of a draft."""
    return service.update_draft(db, tenant, quote_id, data=data)


@router.delete("/{quote_id}", status_code=204, responses=problems(404, 409))
def delete_draft(quote_id: int, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> None:
    """Throw a draft away."""
    service.delete_draft(db, tenant, quote_id)


@router.post("/{quote_id}/lines", status_code=201, response_model=QuoteOut, responses=problems(404, 409))
def add_line(
    quote_id: int, data: LineIn, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Quote:
    """Add a line to a draft and see the new total."""
    return service.add_line(db, tenant, quote_id, data=data)


@router.delete("/{quote_id}/lines/{line_id}", status_code=204, responses=problems(404, 409))
def delete_line(
    quote_id: int, line_id: int, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> None:
    """Take a line out of a draft."""
    service.delete_line(db, tenant, quote_id, line_id=line_id)


@router.put("/{quote_id}/status", response_model=QuoteOut, responses=problems(404, 409))
def change_status(
    quote_id: int, data: StatusIn, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Quote:
    """Send a draft, or write down what the customer decided."""
    return service.change_status(db, tenant, quote_id, status=data.status)
