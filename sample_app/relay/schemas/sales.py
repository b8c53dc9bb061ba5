"""Leads and campaigns, products with their suppliers, and prices."""

from datetime import datetime

from pydantic import Field

from relay.schemas.common import Input, Name, Output, Text


class ConversionIn(Input):
    """How a lead becomes a contact; the campaign that won it is remembered as a tag."""

    role: str | None = Field(default=None, max_length=80)
    city: str | None = Field(default=None, max_length=80)


class CampaignIn(Input):
    """A letter to all new leads with an address that are promising enough; `{person}` is replaced in its text."""

    name: Name
    text: str = Field(min_length=1, max_length=5000, examples=["Dear {person}, our spring prices are out."])
    min_score: int = Field(default=0, ge=0, le=1000)


class LeadOut(Output):
    """A lead with what brought it here."""

    id: int
    person: str
    company: str
    status: str
    score: int
    origin: str


class CampaignOut(Output):
    """A campaign and everybody whom it reached."""

    id: int
    name: str
    sent_at: datetime
    leads: list[LeadOut]


class OfferIn(Input):
    """What a supplier asks for a piece, and the quantity from which it delivers."""

    cost_cents: int = Field(ge=1, le=100_000_000)
    min_quantity: int = Field(default=1, ge=1, le=100_000)


class OfferOut(Output):
    """The offer of one supplier."""

    supplier_id: int
    cost_cents: int
    min_quantity: int


class ProductOut(Output):
    """A product with its suppliers, whoever is cheapest first."""

    id: int
    sku: str
    name: Text
    margin_percent: int
    supplier_names: list[str]
    offers: list[OfferOut]


class PriceOut(Output):
    """What a quantity of a product costs a customer, and since when Relay has believed so."""

    sku: str
    quantity: int
    supplier: str
    unit_cents: int
    total_cents: int
    as_of: datetime
