"""Tickets and their threads, the customers' portal, and the planning of people."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, EmailStr, Field, model_validator

from relay.schemas.common import Input, Name, Output
from relay.schemas.crm import CustomerName, LineOut
from relay.schemas.tenant import Slug

TicketStatus = Literal["open", "closed"]


class NoteIn(Input):
    """Something to say, perhaps in answer to another note; it may close the ticket or open it again."""

    author: Name
    body: str = Field(min_length=1, max_length=10_000)
    answers: int | None = None
    status: TicketStatus | None = None


class NoteOut(Output):
    """A note with all answers to it, and the answers to those."""

    kind: Literal["note"]
    id: int
    author: str
    body: str
    created_at: datetime
    replies: list["NoteOut"]


class StatusChangeOut(Output):
    """That a ticket was closed or opened again."""

    kind: Literal["status"]
    id: int
    author: str
    before: str
    after: str
    created_at: datetime


class TicketOut(Output):
    """A ticket with its thread."""

    id: int
    subject: str
    status: str
    customer: CustomerName | None
    people: list[str]
    timeline: list[Annotated[NoteOut | StatusChangeOut, Field(discriminator="kind")]]


class TicketHit(Output):
    """A ticket in the result of a search, with the entry that matched last."""

    id: int
    subject: str
    status: str
    matched: str


class AccessOut(Output):
    """Who may sign in to the portal now; the password is in the mail."""

    contact_id: int
    email: str


class PortalSignIn(Input):
    """The address and password of a contact, and whose customer it is."""

    slug: Slug
    email: EmailStr
    password: str = Field(min_length=1, max_length=200)


class PortalToken(Output):
    """The token, shown this once."""

    token: str
    expires_at: datetime


class PortalQuote(Output):
    """A quote as the customer sees it: nothing about how it came to be."""

    reference: str
    title: str
    status: str
    total_cents: int
    valid_until: date | None
    lines: list[LineOut]


class BookingIn(Input):
    """Time of a person for a project."""

    person: Name
    project_id: int
    starts_at: AwareDatetime
    ends_at: AwareDatetime

    @model_validator(mode="after")
    def end_after_the_start(self) -> Self:
        """Refuse a booking that ends before it starts."""
        if self.ends_at <= self.starts_at:
            raise ValueError("a booking ends after its start")
        return self


class BookingOut(Output):
    """A booking with the names of what it joins."""

    id: int
    person: str
    project_code: str
    starts_at: datetime
    ends_at: datetime


class FreeTime(Output):
    """A stretch of working time that nothing is booked in."""

    starts_at: datetime
    ends_at: datetime
