"""Sign-up, sign-in and the tenant's own profile."""

from datetime import datetime
from typing import Annotated

from pydantic import EmailStr, Field, StringConstraints

from relay.schemas.common import Input, Name, Output

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,39}$")]


class SignUp(Input):
    """A new tenant; the slug is what it signs in with."""

    slug: Slug
    name: Name
    email: EmailStr


class CodeRequestIn(Input):
    """Who wants a code."""

    slug: Slug


class SignIn(Input):
    """The code from the mail."""

    slug: Slug
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class ProfilePatch(Input):
    """What a tenant may change about itself; what is left out stays."""

    name: Name = Field(default="")
    email: EmailStr = Field(default="")


class TenantOut(Output):
    """A tenant as it sees itself."""

    id: int
    slug: str
    name: str
    email: str
    created_at: datetime


class ProfileOut(TenantOut):
    """The profile with a few numbers for the start page."""

    customers: int
    open_quotes: int


class SessionToken(Output):
    """The token, shown this once."""

    token: str
    expires_at: datetime
    tenant: TenantOut


class SessionOut(Output):
    """A place where the tenant is signed in."""

    id: int
    user_agent: str | None
    created_at: datetime
    expires_at: datetime
    current: bool
