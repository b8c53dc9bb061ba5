"""The parts of the dashboard: each is a function of the session and the tenant, registered by a decorator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from relay.errors import NotSignedIn
from relay.models import CreditEntry, Licence, Member, PaymentOrder, Seat, Tenant
from relay.services import credit

T = TypeVar("T")
Widget = Callable[[Session, Tenant], object]
WIDGETS: dict[str, Widget] = {}


def widget(build: Callable[[Session, Tenant], T]) -> Callable[[Session, Tenant], T | None]:
    """Register a part under its name; one that the database refuses is missing, and the others are still there."""

    @wraps(build)
    def guarded(db: Session, tenant: Tenant) -> T | None:
        try:
            return build(db, tenant)
        except SQLAlchemyError:
            db.rollback()
            return None

    WIDGETS[build.__name__] = guarded
    return guarded


@contextmanager
def looking_only(db: Session) -> Iterator[Session]:
    """Give a session that writes nothing: whatever a part changed is forgotten at the end."""
    with db.no_autoflush:
        try:
            yield db
        finally:
            db.expunge_all()


def build_dashboard(db: Session, tenant_id: int) -> tuple[str, dict[str, object]]:
    """Return the tenant's name and all parts of its dashboard."""
    with looking_only(db):
        tenant = db.get(Tenant, tenant_id)
        if tenant is None:
            raise NotSignedIn("The tenant is gone")
        builders = {name: partial(build, db, tenant) for name, build in WIDGETS.items()}
        return tenant.name, {name: build() for name, build in builders.items()}


@widget
def balance(db: Session, tenant: Tenant) -> int:
    """The credits left."""
    return credit.balance(db, tenant)


@widget
def fullest_licences(db: Session, tenant: Tenant) -> list[str]:
    """The licences with the fewest free seats first; the sort key asks for each."""
    licences = db.query(Licence).filter_by(tenant_id=tenant.id).order_by(Licence.id)
    by_free_seats = sorted(licences, key=partial(free_seats, db))
    return [f"{licence.product}: {free_seats(db, licence)} free" for licence in by_free_seats]


def free_seats(db: Session, licence: Licence) -> int:
    """Count the free seats of a licence."""
    return licence.seats_total - db.query(Seat).filter(Seat.licence_id == licence.id).count()


@widget
def busiest_member(db: Session, tenant: Tenant) -> str | None:
    """The member with the most keys, if anybody has one."""
    members = db.query(Member).filter(Member.tenant_id == tenant.id).order_by(Member.id).all()
    busiest = max(members, key=lambda member: len(member.keys), default=None)
    return busiest.email if busiest and busiest.keys else None


@widget
def spent_on(db: Session, tenant: Tenant) -> dict[str, int]:
    """The credits spent, by the first word of the reason."""
    spent: dict[str, int] = {}
    for reason, credits in expenses(db, tenant):
        kind = reason.split()[0]
        spent[kind] = spent.get(kind, 0) + credits
    return spent


def expenses(db: Session, tenant: Tenant) -> Iterator[tuple[str, int]]:
    """Give the expenses one after the other, however many there are."""
    entries = db.query(CreditEntry).filter(CreditEntry.tenant_id == tenant.id, CreditEntry.amount < 0)
    for entry in entries.order_by(CreditEntry.id).yield_per(100):
        yield entry.reason, -entry.amount


@widget
def unpaid_orders(db: Session, tenant: Tenant) -> list[str]:
    """The invoices that wait for their money."""
    orders = db.query(PaymentOrder).filter(PaymentOrder.tenant_id == tenant.id)
    return [order.invoice_number for order in orders.order_by(PaymentOrder.id) if order.status == "pending"]
