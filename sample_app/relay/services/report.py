"""Numbers over a tenant's customers and quotes."""

from sqlalchemy import func
from sqlalchemy.orm import Session

from relay.models import Customer, Quote, Tenant
from relay.models.quote import OPEN


def start_page(db: Session, tenant: Tenant) -> dict[str, int]:
    """Return how many customers and open quotes a tenant has."""
    customers = db.query(Customer).filter(Customer.tenant_id == tenant.id).count()
    open_quotes = db.query(func.count(Quote.id)).filter(Quote.tenant_id == tenant.id, Quote.status.in_(OPEN)).scalar()
    return {"customers": customers, "open_quotes": open_quotes or 0}
