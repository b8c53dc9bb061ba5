"""Figures over a tenant's customers, quotes and projects."""

from sqlalchemy import distinct, extract, func
from sqlalchemy.orm import Session

from relay.clients.clock import today
from relay.models import Customer, Project, Quote, QuoteLine, Task, Tenant
from relay.models.quote import OPEN
from relay.services.customer import count_by_status

WORTH = func.sum(QuoteLine.quantity * QuoteLine.unit_cents)


def start_page(db: Session, tenant: Tenant) -> dict[str, int]:
    """Return how many customers and open quotes a tenant has."""
    customers = db.query(Customer).filter(Customer.tenant_id == tenant.id).count()
    open_quotes = db.query(func.count(Quote.id)).filter(Quote.tenant_id == tenant.id, Quote.status.in_(OPEN)).scalar()
    return {"customers": customers, "open_quotes": open_quotes or 0}


def overview(db: Session, tenant: Tenant) -> dict[str, object]:
    """Return the state of the business on one page."""
    open_quotes = db.query(Quote).filter(Quote.tenant_id == tenant.id, Quote.status.in_(OPEN))
    count, oldest = (
        db.query(func.count(Quote.id), func.min(Quote.created_at))
        .filter(Quote.tenant_id == tenant.id, Quote.status.in_(OPEN))
        .one()
    )
    return {
        "customers_by_status": count_by_status(db, tenant),
        "open_quotes": count,
        "open_quotes_cents": sum(quote.total_cents for quote in open_quotes),
        "oldest_open_quote": oldest,
        "quotes_without_customer": db.query(Quote).filter_by(tenant_id=tenant.id, customer_id=None).count(),
        "has_late_projects": has_late_projects(db, tenant),
    }


def has_late_projects(db: Session, tenant: Tenant) -> bool:
    """Say whether a task of an active project should have been done by now."""
    late = (
        db.query(Task.id)
        .join(Task.project)
        .filter(Project.tenant_id == tenant.id, Project.status == "active")
        .filter(Task.done.is_(False), Task.due_on < today())
    )
    return bool(db.query(late.exists()).scalar())


def sales_by_month(db: Session, tenant: Tenant, at_least: int) -> list[dict[str, object]]:
    """Return the accepted quotes by the month of the decision, leaving out months below an amount in cents."""
    year, month = extract("year", Quote.decided_at), extract("month", Quote.decided_at)
    rows = (
        db.query(
            year.label("year"),
            month.label("month"),
            func.count(distinct(Quote.id)).label("quotes"),
            WORTH.label("cents"),
        )
        .join(Quote.lines)
        .filter(Quote.tenant_id == tenant.id, Quote.status == "accepted")
        .group_by(year, month)
        .having(at_least <= WORTH)
        .order_by(year, month)
        .all()
    )
    return [row._asdict() for row in rows]


def best_customers(db: Session, tenant: Tenant, limit: int) -> list[dict[str, object]]:
    """Return the customers with the most valuable accepted quotes, the best first."""
    rows = (
        db.query(Customer, func.count(distinct(Quote.id)), WORTH)
        .join(Customer.quotes)
        .join(Quote.lines)
        .filter(Customer.tenant_id == tenant.id, Quote.status == "accepted")
        .group_by(Customer.id)
        .order_by(WORTH.desc(), Customer.id)
        .limit(limit)
    )
    return [
        {"customer_id": customer.id, "name": customer.name, "quotes": quotes, "cents": cents}
        for customer, quotes, cents in rows
    ]
