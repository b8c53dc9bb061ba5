"""The face of the offline world: read its mail, disturb it, set its clock; absent when Relay is online."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from relay.clients.clock import clock
from relay.clients.llm import offline_llm
from relay.clients.mail import Mail, offline_mail
from relay.clients.payments import offline_payments
from relay.clients.trouble import Trouble
from relay.clients.vectors import vector_index

router = APIRouter(prefix="/offline", tags=["offline"])

Program = Literal["llm", "payments", "vectors"]
PROGRAMS: dict[Program, Trouble] = {
    "llm": offline_llm.trouble,
    "payments": offline_payments.trouble,
    "vectors": vector_index.trouble,
}


class MailTrouble(BaseModel):
    """How the mail server behaves; latency is in seconds."""

    latency: float = Field(default=0.0, ge=0, le=30)
    failing: bool = False


class ProgramTrouble(MailTrouble):
    """How the language model or the vector index behaves, and how many calls wait for it now."""

    waiting: int = 0


class ClockStep(BaseModel):
    """How far to move the clock."""

    seconds: int = Field(ge=1)


@router.get("/mail")
def read_outbox(to: Annotated[str | None, Query(description="only mail to this address")] = None) -> list[Mail]:
    """Read the mail sent so far, oldest first."""
    return offline_mail.outbox(to)


@router.put("/mail/trouble")
def disturb_mail(trouble: MailTrouble) -> MailTrouble:
    """Make the mail server slow or let it fail."""
    offline_mail.latency, offline_mail.failing = trouble.latency, trouble.failing
    return trouble


@router.get("/{program}/trouble")
def read_trouble(program: Program) -> ProgramTrouble:
    """See how a program behaves, and how many calls wait for its answer."""
    trouble = PROGRAMS[program]
    return ProgramTrouble(latency=trouble.latency, failing=trouble.failing, waiting=trouble.waiting)


@router.put("/{program}/trouble")
def disturb(program: Program, trouble: MailTrouble) -> MailTrouble:
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
