"""Figures for the people who run a tenant."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import current_tenant
from relay.models import Tenant
from relay.schemas.common import problems
from relay.schemas.report import BestCustomer, MonthOfSales, Overview
from relay.services import report as service

router = APIRouter(prefix="/reports", tags=["reports"], responses=problems(401))


@router.get("/overview", response_model=Overview)
def overview(tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> dict[str, object]:
    """See the state of the business on one page."""
    return service.overview(db, tenant)


@router.get("/sales", response_model=list[MonthOfSales])
def sales_by_month(
    at_least: Annotated[int, Query(ge=0, description="leave out months below this many cents")] = 0,
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
) -> list[dict[str, object]]:
    """See what was sold month by month."""
    return service.sales_by_month(db, tenant, at_least)


@router.get("/best-customers", response_model=list[BestCustomer])
def best_customers(
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
) -> list[dict[str, object]]:
    """See which customers bought the most."""
    return service.best_customers(db, tenant, limit)
