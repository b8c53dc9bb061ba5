"""Customers with their contacts and tags, and quotes with their lines."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, EmailStr, Field, StringConstraints, field_validator

from relay.schemas.common import Input, Name, Output, Text

CustomerStatus = Literal["lead", "active", "former"]
QuoteStatus = Literal["draft", "sent", "accepted", "rejected", "expired"]
TagName = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^/?#]{1,40}$")]


class CustomerIn(Input):
    """A new customer."""

    name: Name
    email: EmailStr | None = None
    phone: str | None = Field(default=None, max_length=40)
    city: str | None = Field(default=None, max_length=80)
    status: CustomerStatus = "lead"
    notes: str | None = Field(default=None, max_length=10_000)
    tags: list[TagName] = Field(default=[], max_length=20)


class CustomerPatch(Input):
    """What may change about a customer; what is left out stays, `null` empties."""

    name: Name = Field(default="")
    email: EmailStr | None = None
    phone: str | None = Field(default=None, max_length=40)
    city: str | None = Field(default=None, max_length=80)
    status: CustomerStatus = "lead"
    notes: str | None = Field(default=None, max_length=10_000)


class CustomerFilters(BaseModel):
    """Which customers to list, and in which order."""

    search: str | None = Field(default=None, min_length=2, description="part of the name, address or a contact's name")
    status: CustomerStatus | None = None
    city: str | None = None
    tag: str | None = None
    without_email: bool = False
    order: Literal["name", "newest", "value"] = "name"


class ContactIn(Input):
    """A new contact of a customer."""

    name: Name
    role: str | None = Field(default=None, max_length=80)
    email: EmailStr | None = None
    is_main: bool = False


class ContactOut(Output):
    """A person at a customer."""

    id: int
    name: str
    role: str | None
    email: str | None
    is_main: bool


class CustomerLine(Output):
    """A customer as a line of a list."""

    id: int
    name: str
    email: str | None
    city: str | None
    status: str
    tags: list[str]

    @field_validator("tags", mode="before")
    @classmethod
    def name_tags(cls, tags: list[object]) -> list[object]:
        """Show a tag as its name."""
        return [getattr(tag, "name", tag) for tag in tags]


class CustomerOut(CustomerLine):
    """A customer in full."""

    phone: str | None
    notes: str | None
    main_contact: ContactOut | None
    contacts: list[ContactOut]
    open_quotes: int
    created_at: datetime
    updated_at: datetime


class Duplicate(Output):
    """An e-mail address that several customers share."""

    email: str
    customers: int


class TagOut(Output):
    """A tag and on how many customers it is."""

    id: int
    name: str
    customers: int


class TagIn(Input):
    """The new name of a tag."""

    name: TagName


class LineIn(Input):
    """A new position of a quote; the price is in cents and may be negative for a rebate."""

    description: Text
    quantity: int = Field(default=1, ge=1, le=100_000)
    unit_cents: int = Field(ge=-100_000_000, le=100_000_000)


class LineOut(Output):
    """A position of a quote."""

    id: int
    position: int
    description: str
    quantity: int
    unit_cents: int
    amount_cents: int


class QuoteIn(Input):
    """A new quote, with or without its lines."""

    customer_id: int
    title: Text
    discount_percent: int = Field(default=0, ge=0, le=100)
    valid_until: date | None = None
    lines: list[LineIn] = Field(default=[], max_length=200)


class QuotePatch(Input):
    """What may change about a draft; what is left out stays."""

    title: Text = Field(default="")
    discount_percent: int = Field(default=0, ge=0, le=100)
    valid_until: date | None = None


class QuoteFilters(BaseModel):
    """Which quotes to list, and in which order."""

    status: list[QuoteStatus] = []
    customer_id: int | None = None
    search: str | None = Field(default=None, min_length=2, description="part of the title or of a line")
    over_cents: int | None = Field(default=None, description="the lines sum up to more than this")
    overdue: bool = False
    order: Literal["number", "newest", "customer"] = "number"


class StatusIn(Input):
    """The status that a quote shall take."""

    status: QuoteStatus


class CustomerName(Output):
    """Just enough of a customer to link to it."""

    id: int
    name: str


class QuoteRow(Output):
    """A quote as a line of a list."""

    id: int
    number: int
    reference: str
    title: str
    status: str
    customer: CustomerName | None
    total_cents: int
    valid_until: date | None


class QuoteOut(QuoteRow):
    """A quote in full."""

    discount_percent: int
    subtotal_cents: int
    lines: list[LineOut]
    sent_at: datetime | None
    decided_at: datetime | None
    created_at: datetime


class Expired(Output):
    """How many quotes were closed because nobody answered in time."""

    expired: int
