"""Quotes: numbering, lines and the way from draft to decision."""

from sqlalchemy import func, or_
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlalchemy.orm import Query, Session

from relay.clients.clock import now, today
from relay.errors import Conflict, NotFound
from relay.models import Customer, Quote, QuoteLine, Tenant
from relay.pagination import PageRequest, Slice, paginate
from relay.schemas.crm import LineIn, QuoteFilters, QuoteIn, QuotePatch
from relay.services.customer import get_customer

TRANSITIONS = {"draft": {"sent"}, "sent": {"accepted", "rejected", "expired"}}
NUMBERING_ATTEMPTS = 5


def _base_query(db: Session, tenant: Tenant) -> Query[Quote]:
    """Return the query for all quotes of a tenant, to be narrowed down by the caller."""
    return db.query(Quote).filter(Quote.tenant_id == tenant.id)


def _overdue(query: Query[Quote]) -> Query[Quote]:
    """Narrow a query down to quotes that were sent and are no longer valid."""
    return query.filter(Quote.status == "sent", Quote.valid_until < today())


def list_quotes(db: Session, tenant: Tenant, filters: QuoteFilters, *, wanted: PageRequest) -> Slice[Quote]:
    """Return one page of a tenant's quotes."""
    query = _base_query(db, tenant)
    if filters.status:
        query = query.filter(Quote.status.in_(filters.status))
    if filters.customer_id is not None:
        query = query.filter_by(customer_id=filters.customer_id)
    if filters.search:
        in_a_line = Quote.lines.any(QuoteLine.description.icontains(filters.search, autoescape=True))
        query = query.filter(or_(Quote.title.icontains(filters.search, autoescape=True), in_a_line))
    if filters.over_cents is not None:
        query = _worth_over(db, query, filters.over_cents)
    if filters.overdue:
        query = _overdue(query)
    return paginate(_in_order(query, filters.order), wanted)


def _worth_over(db: Session, query: Query[Quote], cents: int) -> Query[Quote]:
    """Narrow a query down to quotes whose lines sum up to more than an amount."""
    worth = func.sum(QuoteLine.quantity * QuoteLine.unit_cents)
    return query.filter(Quote.id.in_(db.query(QuoteLine.quote_id).group_by(QuoteLine.quote_id).having(worth > cents)))


def _in_order(query: Query[Quote], order: str) -> Query[Quote]:
    """Put quotes in order; by customer, those whose customer is gone come last."""
    if order == "customer":
        query = query.outerjoin(Quote.customer).order_by(Customer.name.is_(None), Customer.name)
    if order == "newest":
        query = query.order_by(Quote.created_at.desc())
    return query.order_by(Quote.number)


def get_quote(db: Session, tenant: Tenant, quote_id: int) -> Quote:
    """Return a quote by its id; raise `NotFound` unless it is the tenant's."""
    try:
        return _base_query(db, tenant).filter(Quote.id == quote_id).one()
    except NoResultFound as error:
        raise NotFound(f"No quote {quote_id}") from error


def find_by_number(db: Session, tenant: Tenant, number: int) -> Quote:
    """Return a quote by the number the customer reads; raise `NotFound` when there is none."""
    quote = _base_query(db, tenant).filter_by(number=number).one_or_none()
    if quote is None:
        raise NotFound(f"No quote with the number {number}")
    return quote


def next_number(db: Session, tenant: Tenant) -> int:
    """Return the number after the tenant's highest."""
    highest = db.query(func.max(Quote.number)).filter(Quote.tenant_id == tenant.id).scalar()
    return (highest or 0) + 1


def create_quote(db: Session, tenant: Tenant, data: QuoteIn) -> Quote:
    """Create a draft under the next number; who loses a race for a number takes the one after."""
    customer = get_customer(db, tenant, data.customer_id)
    for _ in range(NUMBERING_ATTEMPTS):
        quote = Quote(
            # After a rollback both ids are read again from the database.
            tenant_id=tenant.id,
            customer_id=customer.id,
            number=next_number(db, tenant),
            lines=[QuoteLine(position=position, **line.model_dump()) for position, line in enumerate(data.lines, 1)],
            **data.model_dump(exclude={"customer_id", "lines"}),
        )
        db.add(quote)
        try:
            db.commit()
        except IntegrityError:
            db.rollback()
        else:
            return quote
    raise Conflict("Too many quotes are being written at once: try again")


def get_draft(db: Session, tenant: Tenant, quote_id: int) -> Quote:
    """Return a quote that may still be written to; raise `Conflict` once it was sent."""
    quote = get_quote(db, tenant, quote_id)
    if quote.status != "draft":
        raise Conflict(f"{quote!r} is no longer a draft")
    return quote


def update_draft(db: Session, tenant: Tenant, quote_id: int, *, data: QuotePatch) -> Quote:
    """Change the heading of a draft."""
    quote = get_draft(db, tenant, quote_id)
    for field, value in data.model_dump(exclude_unset=True).items():
        setattr(quote, field, value)
    db.commit()
    return quote


def delete_draft(db: Session, tenant: Tenant, quote_id: int) -> None:
    """Delete a draft with its lines; its number is free again if it was the last."""
    db.delete(get_draft(db, tenant, quote_id))
    db.commit()


def add_line(db: Session, tenant: Tenant, quote_id: int, *, data: LineIn) -> Quote:
    """Add a line at the end of a draft and return the whole."""
    quote = get_draft(db, tenant, quote_id)
    last = db.query(func.max(QuoteLine.position)).filter(QuoteLine.quote_id == quote.id).scalar()
    db.add(QuoteLine(quote_id=quote.id, position=(last or 0) + 1, **data.model_dump()))
    db.commit()
    return quote


def delete_line(db: Session, tenant: Tenant, quote_id: int, *, line_id: int) -> None:
    """Delete a line of a draft; the positions after it move up."""
    quote = get_draft(db, tenant, quote_id)
    line = db.query(QuoteLine).filter_by(id=line_id, quote_id=quote.id).one_or_none()
    if line is None:
        raise NotFound(f"No line {line_id} in {quote.reference}")
    db.delete(line)
    db.flush()
    remaining = db.query(QuoteLine).filter(QuoteLine.quote_id == quote.id).order_by(QuoteLine.position)
    for position, later in enumerate(remaining, 1):
        later.position = position
    db.commit()


def change_status(db: Session, tenant: Tenant, quote_id: int, *, status: str) -> Quote:
    """Move a quote one step on its way; raise `Conflict` for a step that is not allowed."""
    quote = get_quote(db, tenant, quote_id)
    if status not in TRANSITIONS.get(quote.status, set()):
        raise Conflict(f"{quote!r} cannot become {status}")
    if status == "sent" and not db.query(QuoteLine).filter(QuoteLine.quote_id == quote.id).count():
        raise Conflict(f"{quote!r} has nothing to offer")
    if status == "accepted" and _overdue(_base_query(db, tenant).filter(Quote.id == quote.id)).count():
        raise Conflict(f"{quote!r} was valid until {quote.valid_until}")
    quote.status = status
    if status == "sent":
        quote.sent_at = now()
    else:
        quote.decided_at = now()
    db.commit()
    return quote


def expire_overdue(db: Session, tenant: Tenant) -> int:
    """Close all quotes that nobody answered in time, and return how many there were."""
    overdue = _overdue(_base_query(db, tenant))
    expired = overdue.update({"status": "expired", "decided_at": now()}, synchronize_session=False)
    db.commit()
    return expired
