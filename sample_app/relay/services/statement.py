"""Account statements: asked for by the tenant, paid with a credit, written by the worker."""

from sqlalchemy.orm import Session

from relay.clients.clock import now
from relay.errors import Conflict, NotFound, PaymentRequired, RelayError
from relay.models import CreditEntry, Statement, Tenant
from relay.services import credit

PRICE = 1


def request_statement(db: Session, tenant: Tenant, month: str) -> Statement:
    """Put a statement into the queue; raise `Conflict` while one of the same month waits there."""
    waiting = db.query(Statement).filter_by(tenant_id=tenant.id, month=month, status="queued")
    if db.query(waiting.exists()).scalar():
        raise Conflict(f"The statement of {month} is being written already")
    statement = Statement(tenant_id=tenant.id, month=month, status="queued", requested_at=now())
    db.add(statement)
    db.commit()
    return statement


def get_statement(db: Session, tenant: Tenant, statement_id: int) -> Statement:
    """Return a statement by its id; raise `NotFound` unless it is the tenant's."""
    statement = db.query(Statement).filter_by(id=statement_id, tenant_id=tenant.id).first()
    if statement is None:
        raise NotFound(f"No statement {statement_id}")
    return statement


def write_statement(db: Session, statement_id: int) -> str:
    """Write a statement and return its new status; one that fails costs nothing."""
    statement = db.query(Statement).filter(Statement.id == statement_id).with_for_update().one()
    if statement.status != "queued":  # the queue delivered it twice
        db.rollback()
        return statement.status
    try:
        with credit.reserved(db, statement.tenant, PRICE, f"Statement of {statement.month}"):
            statement.text = text(db, statement)
            statement.status = "done"
    except PaymentRequired:
        statement.status = "unpaid"
    except RelayError:
        statement.status = "empty"
    statement.finished_at = now()
    db.commit()
    return statement.status


def text(db: Session, statement: Statement) -> str:
    """Return the lines of a statement; raise `NotFound` for a month without movements."""
    entries = db.query(CreditEntry).filter(CreditEntry.tenant_id == statement.tenant_id).order_by(CreditEntry.id)
    lines = [line(entry) for entry in entries if f"{entry.created_at:%Y-%m}" == statement.month]
    if not lines:
        raise NotFound(f"No movements in {statement.month}")
    return "\n".join([f"{statement.tenant.name}: credits in {statement.month}", *lines])


def line(entry: CreditEntry) -> str:
    """Return an entry as it stands in a statement."""
    return f"{entry.created_at:%Y-%m-%d} {entry.amount:+8} {entry.balance_after:8} {entry.reason}"
