"""DataLoaders: what many resolvers ask for one by one is read at once."""

from sqlalchemy import func
from sqlalchemy.orm import Session
from strawberry.dataloader import DataLoader

from relay.models import Customer, Quote, Tenant
from relay.models.quote import OPEN


def customer_loader(db: Session, tenant: Tenant) -> DataLoader[int, Customer | None]:
    """Return a loader of customers by id; what is gone or another tenant's is none."""

    async def load(ids: list[int]) -> list[Customer | None]:
        found = db.query(Customer).filter(Customer.tenant_id == tenant.id, Customer.id.in_(ids)).all()
        by_id = {customer.id: customer for customer in found}
        return [by_id.get(customer_id) for customer_id in ids]

    return DataLoader(load_fn=load)


def open_quotes_loader(db: Session, tenant: Tenant) -> DataLoader[int, int]:
    """Return a loader of the number of open quotes by customer."""

    async def load(ids: list[int]) -> list[int]:
        counts = db.query(Quote.customer_id, func.count().label("quotes")).filter(
            Quote.tenant_id == tenant.id, Quote.customer_id.in_(ids), Quote.status.in_(OPEN)
        )
        by_id = {row.customer_id: row.quotes for row in counts.group_by(Quote.customer_id)}
        return [by_id.get(customer_id, 0) for customer_id in ids]

    return DataLoader(load_fn=load)
