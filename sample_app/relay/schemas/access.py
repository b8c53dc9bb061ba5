"""Members, their keys, licences and the dashboard."""

from typing import Literal

from pydantic import EmailStr

from relay.schemas.common import Input, Output

Role = Literal["viewer", "billing", "owner"]


class MemberIn(Input):
    """A new member and what the member may do."""

    email: EmailStr
    role: Role = "viewer"


class MemberOut(Output):
    """A person who works for the tenant."""

    id: int
    email: str
    role: str


class KeyOut(Output):
    """A new key, shown this once."""

    id: int
    key: str


class SeatIn(Input):
    """Who gets a seat."""

    email: EmailStr


class SeatOut(Output):
    """A taken seat."""

    number: int
    email: str


class LicenceOut(Output):
    """A licence with its seats."""

    id: int
    product: str
    seats_total: int
    seats_free: int
    seats: list[SeatOut]


class Dashboard(Output):
    """What a tenant sees first; a part that could not be read is null."""

    tenant: str
    role: str
    widgets: dict[str, object]
