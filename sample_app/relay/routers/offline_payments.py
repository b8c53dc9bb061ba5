"""The offline face of the payment provider and of the worker; absent when Relay is online."""

from typing import Any, Literal

import httpx
from fastapi import APIRouter, Request
from pydantic import BaseModel

from relay import webhooks
from relay.clients.clock import now
from relay.clients.payments import Checkout, offline_payments
from relay.worker.queue import enqueue

router = APIRouter(prefix="/offline", tags=["offline"])


class Delivery(BaseModel):
    """A message to send: its bytes as text, how old its signature is, and what to change after signing."""

    to: Literal["/payments/webhook", "/billing/webhook"]
    body: str
    age: int = 0
    append: str = ""


@router.get("/payments")
def read_checkouts() -> list[Checkout]:
    """Read the checkouts opened so far, oldest first."""
    return offline_payments.checkouts()


@router.post("/payments/messages")
async def send_message(delivery: Delivery, request: Request) -> dict[str, Any]:
    """Sign a message, send it to Relay as the provider would, and show what Relay answered."""
    signature = webhooks.sign(delivery.body.encode(), int(now().timestamp()) - delivery.age)
    transport = httpx.ASGITransport(app=request.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://relay") as client:
        content = (delivery.body + delivery.append).encode()
        answer = await client.post(delivery.to, content=content, headers={"Relay-Signature": signature})
    return {"status": answer.status_code, "answer": answer.json(), "signature": signature}


@router.post("/worker/charge", status_code=202)
def charge_due_subscriptions() -> dict[str, str]:
    """Do now what the worker's clock does every hour."""
    enqueue("charge_due_subscriptions")
    return {"detail": "The worker has been told"}
