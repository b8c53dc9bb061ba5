"""The face of the offline world: read its mail, pay, disturb it, set its clock; absent when Relay is online."""

from datetime import datetime
from typing import Annotated, Any, Literal

import httpx
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from relay import webhooks
from relay.clients.clock import clock, now
from relay.clients.llm import offline_llm
from relay.clients.mail import Mail, offline_mail
from relay.clients.payments import Checkout, offline_payments
from relay.clients.trouble import Trouble
from relay.clients.vectors import vector_index
from relay.worker import app as worker
from relay.worker.queue import enqueue

router = APIRouter(prefix="/offline", tags=["offline"])

Program = Literal["llm", "mail", "payments", "vectors", "worker"]
PROGRAMS: dict[Program, Trouble] = {
    "llm": offline_llm.trouble,
    "mail": offline_mail.trouble,
    "payments": offline_payments.trouble,
    "vectors": vector_index.trouble,
    "worker": worker.trouble,
}


class Disturbance(BaseModel):
    """How a program is to behave; latency is in seconds."""

    latency: float = Field(default=0.0, ge=0, le=30)
    failing: bool = False


class ProgramTrouble(Disturbance):
    """How a program behaves, and how many calls wait for it now."""

    waiting: int = 0


class ClockStep(BaseModel):
    """How far to move the clock."""

    seconds: int = Field(ge=1)


class Delivery(BaseModel):
    """A message to send: its bytes as text, how old its signature is, and what to change after signing."""

    to: Literal["/payments/webhook", "/billing/webhook"]
    body: str
    age: int = 0
    append: str = ""


@router.get("/mail")
def read_outbox(to: Annotated[str | None, Query(description="only mail to this address")] = None) -> list[Mail]:
    """Read the mail sent so far, oldest first."""
    return offline_mail.outbox(to)


@router.get("/{program}/trouble")
def read_trouble(program: Program) -> ProgramTrouble:
    """See how a program behaves, and how many calls wait for its answer."""
    trouble = PROGRAMS[program]
    return ProgramTrouble(latency=trouble.latency, failing=trouble.failing, waiting=trouble.waiting)


@router.put("/{program}/trouble")
def disturb(program: Program, trouble: Disturbance) -> Disturbance:
    """Make a program slow or let it fail, also for the calls that wait already."""
    PROGRAMS[program].set(latency=trouble.latency, failing=trouble.failing)
    return trouble


@router.post("/clock")
def advance_clock(step: ClockStep) -> dict[str, datetime]:
    """Move Relay's clock forward; the database's own clock stays."""
    return {"now": clock.advance(step.seconds)}


@router.delete("", status_code=204)
def reset() -> None:
    """Empty the outbox, mend every program and set the clock right."""
    offline_mail.reset()
    offline_payments.reset()
    for trouble in PROGRAMS.values():
        trouble.set()
    clock.reset()


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
