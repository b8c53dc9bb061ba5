"""Customers, their contacts, and the questions a sales team asks about them."""

import csv
from io import StringIO

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.orm import Query, Session, joinedload, selectinload

from relay.errors import Conflict, NotFound
from relay.models import Contact, Customer, Quote, QuoteLine, Tag, Tenant
from relay.models.quote import OPEN
from relay.pagination import PageRequest, Slice, paginate
from relay.schemas.crm import ContactIn, CustomerFilters, CustomerIn, CustomerPatch
from relay.services import tag as tag_service

EXPORT_COLUMNS = ("id", "name", "email", "city", "status", "tags")


def list_customers(db: Session, tenant: Tenant, filters: CustomerFilters, *, wanted: PageRequest) -> Slice[Customer]:
    """Return one page of a tenant's customers."""
    query = db.query(Customer).filter(Customer.tenant_id == tenant.id)
    if filters.search:
        query = query.filter(matches(filters.search))
    if filters.status:
        query = query.filter_by(status=filters.status)
    if filters.city:
        query = query.filter(func.lower(Customer.city) == filters.city.lower())
    if filters.without_email:
        query = query.filter(Customer.email.is_(None))
    if filters.tag:
        query = query.join(Customer.tags).filter(Tag.name == filters.tag.lower())
    return paginate(in_order(db, query, filters.order).options(selectinload(Customer.tags)), wanted)


def matches(search: str) -> ColumnElement[bool]:
    """Return the condition that a customer, or one of its contacts, matches a search text."""
    return or_(
        Customer.name.icontains(search, autoescape=True),
        Customer.email.icontains(search, autoescape=True),
        Customer.contacts.any(Contact.name.icontains(search, autoescape=True)),
    )


def in_order(db: Session, query: Query[Customer], order: str) -> Query[Customer]:
    """Put a query of customers in order: by name, the newest first, or the most valuable first."""
    if order == "newest":
        return query.order_by(Customer.created_at.desc(), Customer.id.desc())
    if order == "value":
        value = (
            db.query(func.coalesce(func.sum(QuoteLine.quantity * QuoteLine.unit_cents), 0))
            .join(Quote, QuoteLine.quote_id == Quote.id)
            .filter(Quote.customer_id == Customer.id, Quote.status == "accepted")
            .correlate(Customer)
            .scalar_subquery()
        )
        return query.order_by(value.desc(), Customer.id)
    return query.order_by(func.lower(Customer.name), Customer.id)


def get_customer(db: Session, tenant: Tenant, customer_id: int) -> Customer:
    """Return a customer by its id; raise `NotFound` unless it is the tenant's."""
    customer = db.query(Customer).get(customer_id)
    if customer is None or customer.tenant_id != tenant.id:
        raise NotFound(f"No customer {customer_id}")
    return customer


def find_by_email(db: Session, tenant: Tenant, email: str) -> Customer:
    """Return the customer with an e-mail address, the longest known where several share it."""
    same_email = db.query(Customer).filter(
        Customer.tenant_id == tenant.id, func.lower(Customer.email) == email.strip().lower()
    )
    customer = same_email.order_by(Customer.created_at, Customer.id).first()
    if customer is None:
        raise NotFound(f"No customer with the address {email}")
    return customer


def create_customer(db: Session, tenant: Tenant, data: CustomerIn) -> Customer:
    """Create a customer with its tags."""
    customer = Customer(tenant_id=tenant.id, **data.model_dump(exclude={"tags"}))
    customer.tags = [tag_service.get_or_create(db, tenant, name) for name in dict.fromkeys(data.tags)]
    db.add(customer)
    db.commit()
    return customer


def update_customer(db: Session, tenant: Tenant, customer_id: int, *, data: CustomerPatch) -> Customer:
    """Change the fields that the caller sent."""
    customer = get_customer(db, tenant, customer_id)
    for field, value in data.model_dump(exclude_unset=True).items():
        setattr(customer, field, value)
    db.commit()
    return customer


def delete_customer(db: Session, tenant: Tenant, customer_id: int) -> None:
    """Delete a customer; decided quotes stay without it, open ones raise `Conflict`."""
    customer = get_customer(db, tenant, customer_id)
    open_quotes = db.query(Quote).filter(Quote.customer_id == customer.id, Quote.status.in_(OPEN))
    if db.query(open_quotes.exists()).scalar():
        raise Conflict(f"{customer!r} still has open quotes")
    db.delete(customer)
    db.commit()


def awaiting_answer(db: Session, tenant: Tenant) -> list[Customer]:
    """Return each customer that has been sent a quote and has not answered, once, however many quotes wait."""
    return (
        db.query(Customer)
        .join(Customer.quotes)
        .filter(Customer.tenant_id == tenant.id, Quote.status == "sent")
        .order_by(Customer.name, Customer.id)
        .all()
    )


def never_quoted(db: Session, tenant: Tenant, limit: int) -> list[Customer]:
    """Return customers for whom no quote was ever written, the newest first."""
    query = db.query(Customer).outerjoin(Quote, Quote.customer_id == Customer.id)
    query = query.filter(Customer.tenant_id == tenant.id, Quote.id.is_(None))
    return query.order_by(Customer.created_at.desc(), Customer.id.desc()).limit(limit).all()


def shared_emails(db: Session, tenant: Tenant) -> list[dict[str, object]]:
    """Return the e-mail addresses that more than one customer has, the most shared first."""
    email = func.lower(Customer.email).label("email")
    rows = (
        db.query(email, func.count(Customer.id).label("customers"))
        .filter(Customer.tenant_id == tenant.id, Customer.email.is_not(None))
        .group_by(email)
        .having(func.count(Customer.id) > 1)
        .order_by(func.count(Customer.id).desc(), email)
        .all()
    )
    return [{"email": row.email, "customers": row.customers} for row in rows]


def count_by_status(db: Session, tenant: Tenant) -> dict[str, int]:
    """Return how many customers are leads, active and former."""
    counts = {"lead": 0, "active": 0, "former": 0}
    by_status = db.query(Customer.status, func.count()).filter(Customer.tenant_id == tenant.id)
    for status, count in by_status.group_by(Customer.status):
        counts[status] = count
    return counts


def export_csv(db: Session, tenant: Tenant) -> str:
    """Return all customers of a tenant as comma-separated values with a heading."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(EXPORT_COLUMNS)
    customers = db.query(Customer).options(joinedload(Customer.tags)).filter(Customer.tenant_id == tenant.id)
    for customer in customers.order_by(Customer.id):
        tags = " ".join(tag.name for tag in customer.tags)
        writer.writerow([customer.id, customer.name, customer.email or "", customer.city or "", customer.status, tags])
    return out.getvalue()


def tag_customer(db: Session, tenant: Tenant, customer_id: int, *, name: str) -> Customer:
    """Put a tag on a customer; a tag that is there already changes nothing."""
    customer = get_customer(db, tenant, customer_id)
    tag = tag_service.get_or_create(db, tenant, name)
    if tag not in customer.tags:
        customer.tags.append(tag)
    db.commit()
    return customer


def untag_customer(db: Session, tenant: Tenant, customer_id: int, *, name: str) -> Customer:
    """Take a tag off a customer; raise `NotFound` when it is not on it."""
    customer = get_customer(db, tenant, customer_id)
    tag = db.query(Tag).filter(Tag.customers.any(Customer.id == customer.id), Tag.name == name.lower()).first()
    if tag is None:
        raise NotFound(f"No tag {name!r} on customer {customer_id}")
    customer.tags.remove(tag)
    db.commit()
    return customer


def add_contact(db: Session, tenant: Tenant, customer_id: int, *, data: ContactIn) -> Contact:
    """Add a contact; a new main contact takes the place of the old one."""
    customer = get_customer(db, tenant, customer_id)
    if data.is_main:
        db.query(Contact).filter(Contact.customer_id == customer.id).update({Contact.is_main: False})
    contact = Contact(customer=customer, **data.model_dump())
    db.add(contact)
    db.commit()
    return contact


def delete_contact(db: Session, tenant: Tenant, customer_id: int, *, contact_id: int) -> None:
    """Delete a contact of a customer; raise `NotFound` unless both are the tenant's."""
    contact = (
        db.query(Contact)
        .join(Contact.customer)
        .filter(Contact.id == contact_id, Customer.id == customer_id, Customer.tenant_id == tenant.id)
        .one_or_none()
    )
    if contact is None:
        raise NotFound(f"No contact {contact_id} at customer {customer_id}")
    db.delete(contact)
    db.commit()
