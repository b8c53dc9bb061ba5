"""Credits: what is there, how to buy more, and the payment provider's webhook."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse
from sqlalchemy.orm import Session

from relay import webhooks
from relay.clients.payments import PaymentClient, get_payments
from relay.database import get_db
from relay.deps import Actor, needs
from relay.models import CreditAccount, PaymentOrder
from relay.schemas.common import problems
from relay.schemas.money import AccountOut, OrderIn, OrderOut, Outcome, PaymentEvent
from relay.services import credit, invoice
from relay.services import payment as service

router = APIRouter(tags=["payments"], responses=problems(401))


@router.get("/credits", response_model=AccountOut, responses=problems(429))
def read_account(
    actor: Annotated[Actor, Depends(needs("viewer"))], db: Session = Depends(get_db)
) -> CreditAccount | dict[str, object]:
    """Show the credits and how they came and went."""
    return credit.find_account(db, actor.tenant) or {"balance": 0, "entries": []}


@router.post("/payments/orders", status_code=201, response_model=OrderOut, responses=problems(403, 429, 503))
def create_order(
    data: OrderIn,
    actor: Annotated[Actor, Depends(needs("billing"))],
    db: Session = Depends(get_db),
    payments: PaymentClient = Depends(get_payments),
) -> PaymentOrder:
    """Order a pack of credits; it counts once the provider says that it is paid."""
    return service.create_order(db, actor.tenant, data.pack, payments)


@router.get(
    "/payments/orders/{order_id}/invoice",
    response_class=PlainTextResponse,
    responses=problems(403, 404, 409, 429, 503),
)
async def read_invoice(
    order_id: int, actor: Annotated[Actor, Depends(needs("billing"))], db: Session = Depends(get_db)
) -> PlainTextResponse:
    """Write the invoice of a paid order and download it."""
    path = invoice.render(service.get_order(db, actor.tenant, order_id))
    headers = {"Content-Disposition": f'attachment; filename="{path.name}"'}
    return PlainTextResponse(path.read_text(encoding="utf-8"), headers=headers)


@router.post("/payments/webhook", response_model=Outcome, responses=problems(404, 409, 413, 422))
def receive_payment_event(
    body: Annotated[bytes, Depends(webhooks.signed_body)], db: Session = Depends(get_db)
) -> dict[str, str]:
    """Take in what the payment provider says; saying it twice changes nothing."""
    return {"outcome": service.settle(db, webhooks.read(PaymentEvent, body))}
