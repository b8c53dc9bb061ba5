"""The types of the GraphQL schema, each around a row whose relationships are read when they are asked for."""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar, cast

import strawberry

from relay.graphql.context import RelayInfo
from relay.models import Customer, Lead, Project, Quote

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


def field(resolver: Resolver) -> Resolver:
    """Make a method a field of its GraphQL type, with its docstring as the description."""
    return cast(Resolver, strawberry.field(resolver=resolver, description=resolver.__doc__))


@strawberry.type(name="Customer", description="A company or person that the tenant sells to.")
class CustomerNode:
    """A customer, its tags and its quotes."""

    row: strawberry.Private[Customer]
    id: int
    name: str
    email: str | None

    @classmethod
    def of(cls, row: Customer) -> "CustomerNode":
        """Put a row into its type."""
        return cls(row=row, id=row.id, name=row.name, email=row.email)

    @field
    def tags(self) -> list[str]:
        """The words that the tenant put on the customer."""
        return [tag.name for tag in self.row.tags]

    @field
    def quotes(self) -> list["QuoteNode"]:
        """All quotes, drafts included."""
        return [QuoteNode.of(quote) for quote in self.row.quotes]

    @field
    async def open_quotes(self, info: RelayInfo) -> int:
        """How many quotes nobody has decided on."""
        return await info.context.open_quotes.load(self.id)


@strawberry.type(name="Quote", description="An offer; amounts are whole cents.")
class QuoteNode:
    """A quote and whom it is for."""

    row: strawberry.Private[Quote]
    id: int
    number: int
    title: str
    status: str
    valid_until: date | None

    @classmethod
    def of(cls, row: Quote) -> "QuoteNode":
        """Put a row into its type."""
        return cls(
            row=row, id=row.id, number=row.number, title=row.title, status=row.status, valid_until=row.valid_until
        )

    @field
    def reference(self) -> str:
        """The number as the customer reads it."""
        return self.row.reference

    @field
    def total_cents(self) -> int:
        """The sum after the discount."""
        return self.row.total_cents

    @field
    async def customer(self, info: RelayInfo) -> CustomerNode | None:
        """None when the customer was deleted."""
        row = await info.context.customers.load(self.row.customer_id) if self.row.customer_id else None
        return CustomerNode.of(row) if row else None


@strawberry.type(name="Project", description="Work for a customer.")
class ProjectNode:
    """A project, the quote it started from and how far it is."""

    row: strawberry.Private[Project]
    code: str
    name: str
    status: str

    @classmethod
    def of(cls, row: Project) -> "ProjectNode":
        """Put a row into its type."""
        return cls(row=row, code=row.code, name=row.name, status=row.status)

    @field
    def progress(self) -> int:
        """Finished tasks in percent."""
        return self.row.progress

    @field
    def quote(self) -> QuoteNode | None:
        """The quote that the project started from."""
        return QuoteNode.of(self.row.quote) if self.row.quote else None


@strawberry.type(name="Lead", description="Somebody who may become a customer.")
class LeadNode:
    """A lead and what brought it here."""

    row: strawberry.Private[Lead]
    id: int
    person: str
    company: str
    email: str | None
    status: str
    score: int

    @classmethod
    def of(cls, row: Lead) -> "LeadNode":
        """Put a row into its type."""
        scalars = {field: getattr(row, field) for field in ("id", "person", "company", "email", "status", "score")}
        return cls(row=row, **scalars)

    @field
    def origin(self) -> str:
        """The campaign that won the lead, or that it walked in."""
        return self.row.origin
