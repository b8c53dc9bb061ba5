"""The plans that a tenant can choose from; prices are credits a month."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """What a plan costs and what it allows."""

    price: int
    calls_per_minute: int
    seats: int


PLANS = {
    "free": Plan(price=0, calls_per_minute=5, seats=0),
    "team": Plan(price=50, calls_per_minute=300, seats=5),
    "business": Plan(price=400, calls_per_minute=3_000, seats=50),
}
