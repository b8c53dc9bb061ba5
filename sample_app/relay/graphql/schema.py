"""Queries, the one mutation and the router that answers them."""

from typing import Annotated

import strawberry
from fastapi.routing import APIRoute
from graphql import GraphQLError
from strawberry.extensions import MaskErrors, MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter
from strawberry.fastapi import GraphQLRouter

from relay.errors import RelayError
from relay.graphql.context import RelayInfo, get_context
from relay.graphql.types import CustomerNode, LeadNode, ProjectNode, QuoteNode, field
from relay.pagination import MAX_PAGE_SIZE, PageRequest
from relay.schemas.common import problems
from relay.schemas.crm import CustomerFilters, QuoteFilters
from relay.services import customer as customer_service
from relay.services import lead as lead_service
from relay.services import project as project_service
from relay.services import quote as quote_service

First = Annotated[int, strawberry.argument(description=f"how many at most, up to {MAX_PAGE_SIZE}")]


def page_of(first: int) -> PageRequest:
    """Return the first page of a list, of a size that is allowed."""
    return PageRequest(1, max(1, min(first, MAX_PAGE_SIZE)))


@strawberry.type
class Query:
    """What may be read; everything is the tenant's own."""

    @field
    def customers(self, info: RelayInfo, search: str | None = None, first: First = 25) -> list[CustomerNode]:
        """The customers in order of their names."""
        filters = CustomerFilters.model_construct(search=search)
        page = customer_service.list_customers(info.context.db, info.context.tenant, filters, wanted=page_of(first))
        return [CustomerNode.of(customer) for customer in page.items]

    @field
    def customer(self, info: RelayInfo, id: int) -> CustomerNode:
        """One customer; an error when there is none."""
        return CustomerNode.of(customer_service.get_customer(info.context.db, info.context.tenant, id))

    @field
    def quotes(self, info: RelayInfo, overdue: bool = False, first: First = 25) -> list[QuoteNode]:
        """The quotes in order of their numbers."""
        filters = QuoteFilters(overdue=overdue)
        page = quote_service.list_quotes(info.context.db, info.context.tenant, filters, wanted=page_of(first))
        return [QuoteNode.of(quote) for quote in page.items]

    @field
    def projects(self, info: RelayInfo, late: bool = False) -> list[ProjectNode]:
        """The projects in order of their codes."""
        projects = project_service.list_projects(info.context.db, info.context.tenant, status=None, late=late)
        return [ProjectNode.of(project) for project in projects]

    @field
    def leads(self, info: RelayInfo, first: First = 10) -> list[LeadNode]:
        """The leads that are worth a call, the most promising first."""
        return [LeadNode.of(lead) for lead in lead_service.hottest(info.context.db, info.context.tenant, first)]


@strawberry.type
class Mutation:
    """What may be changed."""

    @field
    def move_quote(self, info: RelayInfo, id: int, status: str) -> QuoteNode:
        """Move a quote one step on its way."""
        return QuoteNode.of(quote_service.change_status(info.context.db, info.context.tenant, id, status=status))


def is_internal(error: GraphQLError) -> bool:
    """Say whether an error is our fault: its words are for the log alone."""
    return error.original_error is not None and not isinstance(error.original_error, RelayError | GraphQLError)


schema = strawberry.Schema(
    Query,
    mutation=Mutation,
    extensions=[
        lambda: MaskErrors(should_mask_error=is_internal),
        lambda: QueryDepthLimiter(max_depth=8),
        lambda: MaxAliasesLimiter(max_alias_count=20),
        lambda: MaxTokensLimiter(max_token_count=2_000),
    ],
)
router = GraphQLRouter(
    schema,
    "/graphql",
    graphql_ide=None,
    allow_queries_via_get=False,
    subscription_protocols=(),
    context_getter=get_context,
    tags=["graphql"],
    responses=problems(401),
)
for route in router.routes:
    if isinstance(route, APIRoute):
        route.summary = "Query Relay"
        route.description = "Ask for customers, quotes, projects and leads in one GraphQL request."
