"""Plans paid from credits, month by month, and the corrections of the billing office."""

from datetime import timedelta
from operator import attrgetter

from sqlalchemy.orm import Session

from relay.clients.clock import now
from relay.errors import Conflict, PaymentRequired
from relay.models import Licence, Subscription, Tenant
from relay.schemas.money import Adjustment
from relay.services import credit
from relay.services.plans import PLANS
from relay.webhooks import take_in

MONTH = timedelta(days=30)
PRODUCT = "Relay"


def get_subscription(db: Session, tenant: Tenant) -> Subscription:
    """Return a tenant's subscription; who never chose a plan has the free one."""
    subscription = db.query(Subscription).get(tenant.id)
    if subscription is None:
        subscription = Subscription(tenant_id=tenant.id, plan="free", status="active")
        db.add(subscription)
    return subscription


def choose_plan(db: Session, tenant: Tenant, name: str) -> Subscription:
    """Change the plan and pay its first month; raise `Conflict` when people hold more seats than it has."""
    credit.lock_account(db, tenant.id)  # who chooses the same plan at the same time finds it chosen
    subscription = get_subscription(db, tenant)
    if (subscription.plan, subscription.status) == (name, "active"):
        db.rollback()
        raise Conflict(f"The plan is {name} already")
    plan = PLANS[name]
    resize_licence(db, tenant, plan.seats)
    subscription.plan, subscription.status = name, "active"
    subscription.paid_until = now() + MONTH if plan.price else None
    if plan.price:
        credit.spend(db, tenant, plan.price, f"Plan {name}")
    db.commit()
    return subscription


def resize_licence(db: Session, tenant: Tenant, seats: int) -> None:
    """Give the tenant's licence of Relay the seats of a plan; without seats it goes to the trash."""
    licences = db.query(Licence).filter_by(tenant_id=tenant.id, product=PRODUCT)
    licence = licences.execution_options(with_trash=True).order_by(Licence.id.desc()).first()
    if licence is None:
        licence = Licence(tenant_id=tenant.id, product=PRODUCT, seats_total=seats)
        db.add(licence)
    taken = len(licence.seats)
    if taken > seats:
        db.rollback()
        raise Conflict(f"The plan has {seats} seats, and {taken} are taken")
    licence.seats_total = seats
    licence.deleted_at = None if seats else now()


def charge_due(db: Session) -> dict[str, int]:
    """Charge every plan whose month is over; one that cannot be paid falls back to past due."""
    outcomes = {"charged": 0, "past due": 0}
    due = db.query(Subscription).filter(Subscription.status == "active", Subscription.paid_until <= now())
    for subscription in due.order_by(Subscription.tenant_id).all():
        paid = charge(db, subscription)
        outcomes["charged" if paid else "past due"] += 1
    return outcomes


def charge(db: Session, subscription: Subscription) -> bool:
    """Charge one subscription for a month and say whether it could be paid; each is a transaction of its own."""
    credit.lock_account(db, subscription.tenant_id)
    db.refresh(subscription)
    if subscription.paid_until is None or subscription.paid_until > now():  # another worker was faster
        db.rollback()
        return True
    try:
        credit.move(db, subscription.tenant_id, -PLANS[subscription.plan].price, f"Plan {subscription.plan}")
        subscription.paid_until += MONTH
    except PaymentRequired:
        subscription.status = "past due"
    db.commit()
    return subscription.status == "active"


def adjust(db: Session, adjustments: list[Adjustment]) -> dict[str, str]:
    """Apply corrections, each by itself, and return what became of them; in order of tenants against deadlocks."""
    ordered = sorted(adjustments, key=attrgetter("tenant"))
    outcomes = {adjustment.id: adjust_one(db, adjustment) for adjustment in ordered}
    db.commit()
    return outcomes


def adjust_one(db: Session, adjustment: Adjustment) -> str:
    """Apply one correction in a savepoint: one that cannot be applied leaves the others as they are."""
    tenant = db.query(Tenant).filter(Tenant.slug == adjustment.tenant).first()
    if tenant is None:
        return "unknown tenant"
    try:
        with db.begin_nested():
            if not take_in(db, "billing", adjustment.id):
                return "duplicate"
            credit.move(db, tenant.id, adjustment.credits, adjustment.reason)
    except PaymentRequired:
        return "not enough credits"
    return "applied"
