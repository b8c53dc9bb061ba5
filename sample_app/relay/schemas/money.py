"""Credits, payments, plans, statements and usage."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from relay.schemas.common import Input, Output

Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class EntryOut(Output):
    """One movement of credits."""

    amount: int
    balance_after: int
    reason: str
    created_at: datetime


class AccountOut(Output):
    """The credits of a tenant, the latest movements first."""

    balance: int
    entries: list[EntryOut]


class OrderIn(Input):
    """The pack of credits to buy."""

    pack: Literal["small", "medium", "large"]


class OrderOut(Output):
    """An order of credits; the customer pays at the checkout."""

    id: int
    invoice_number: str
    pack: str
    credits: int
    amount_cents: int
    status: str
    checkout: str | None
    paid_at: datetime | None


class Message(BaseModel):
    """A message of a provider, which may say more than Relay needs."""

    model_config = ConfigDict(extra="ignore")


class PaymentEvent(Message):
    """What became of a checkout."""

    id: EventId
    type: Literal["checkout.paid", "checkout.failed"]
    checkout: str
    amount_cents: int


class Adjustment(Message):
    """A correction by the billing office: credits given, or taken when negative."""

    id: EventId
    tenant: str
    credits: int = Field(ge=-1_000_000, le=1_000_000)
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Batch(Message):
    """The corrections of a day."""

    adjustments: list[Adjustment] = Field(max_length=500)


class Outcome(Output):
    """What Relay made of a message."""

    outcome: str


class PlanIn(Input):
    """The plan that a tenant wants."""

    plan: Literal["free", "team", "business"]


class PlanOut(Output):
    """The plan of a tenant and until when it is paid; without a date it is paid by contract, or free."""

    plan: str
    status: str
    paid_until: datetime | None


class StatementIn(Input):
    """The month to account for."""

    month: Month


class StatementOut(Output):
    """A statement, which has a text once the worker has written it."""

    id: int
    month: str
    status: str
    text: str | None
    finished_at: datetime | None


class UsageLine(Output):
    """How often a route was called on a day."""

    day: str
    route: str
    calls: int
