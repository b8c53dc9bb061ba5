"""Figures over many customers and quotes; amounts are whole cents."""

from datetime import datetime

from relay.schemas.common import Output


class Overview(Output):
    """The state of the business on one page."""

    customers_by_status: dict[str, int]
    open_quotes: int
    open_quotes_cents: int
    oldest_open_quote: datetime | None
    quotes_without_customer: int
    has_late_projects: bool


class MonthOfSales(Output):
    """What was sold in a month, before discounts."""

    year: int
    month: int
    quotes: int
    cents: int


class BestCustomer(Output):
    """A customer and the value of its accepted quotes, before discounts."""

    customer_id: int
    name: str
    quotes: int
    cents: int
