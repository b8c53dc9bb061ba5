"""Orders of credits, and what the payment provider says about them."""

from sqlalchemy.orm import Session

from relay.clients.clock import now
from relay.clients.payments import PaymentClient, PaymentError
from relay.errors import Conflict, NotFound, Unavailable
from relay.models import PaymentOrder, Tenant
from relay.schemas.money import PaymentEvent
from relay.services import credit
from relay.webhooks import take_in

PACKS = {"small": (100, 9_900), "medium": (500, 44_900), "large": (1_200, 99_900)}


def create_order(db: Session, tenant: Tenant, pack: str, payments: PaymentClient) -> PaymentOrder:
    """Order a pack; the order is kept before the provider is asked, so that no payment comes for an unknown one."""
    credits, cents = PACKS[pack]
    order = PaymentOrder(tenant=tenant, pack=pack, credits=credits, amount_cents=cents)
    db.add(order)
    db.commit()
    try:
        order.checkout = payments.open_checkout(order.invoice_number, order.amount_cents).id
    except PaymentError as error:
        order.status = "failed"
        raise Unavailable("The payment provider does not answer: try again in a minute") from error
    finally:
        db.commit()
    return order


def get_order(db: Session, tenant: Tenant, order_id: int) -> PaymentOrder:
    """Return an order by its id; raise `NotFound` unless it is the tenant's."""
    order = db.query(PaymentOrder).filter_by(id=order_id, tenant_id=tenant.id).one_or_none()
    if order is None:
        raise NotFound(f"No order {order_id}")
    return order


def settle(db: Session, event: PaymentEvent) -> str:
    """Do what an event of the provider says, once, however often and at the same time it is sent."""
    order = db.query(PaymentOrder).filter(PaymentOrder.checkout == event.checkout).with_for_update().one_or_none()
    if order is None:
        db.rollback()
        raise NotFound(f"No checkout {event.checkout}")
    if not take_in(db, "payments", event.id):
        db.commit()
        return "duplicate"
    outcome = apply_event(db, order, event)
    db.commit()
    return outcome


def apply_event(db: Session, order: PaymentOrder, event: PaymentEvent) -> str:
    """Move an order on; raise `Conflict`, and forget the event, when somebody paid another amount."""
    if order.status == "paid":
        return "already paid"
    if event.type == "checkout.failed":
        order.status = "failed"
        return "failed"
    if event.amount_cents != order.amount_cents:
        db.rollback()
        raise Conflict(f"{order.invoice_number} is about {order.amount_cents} cents")
    order.status, order.paid_at = "paid", now()
    credit.move(db, order.tenant_id, order.credits, f"Pack {order.pack}")
    return "paid"
