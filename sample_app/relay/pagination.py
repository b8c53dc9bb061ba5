"""Pages of a query: the parameters that ask for one and the slice that answers."""

from typing import Annotated, Generic, TypeVar

from fastapi import Query as QueryParameter
from sqlalchemy.orm import Query

T = TypeVar("T")

MAX_PAGE_SIZE = 100


class PageRequest:
    """Which page is wanted, counted from 1, and how many items it holds; a FastAPI dependency."""

    def __init__(
        self,
        page: Annotated[int, QueryParameter(ge=1, le=1_000_000)] = 1,
        size: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE_SIZE)] = 25,
    ) -> None:
        self.page = page
        self.size = size

    @property
    def offset(self) -> int:
        """How many items come before the page."""
        return (self.page - 1) * self.size


class Slice(Generic[T]):
    """One page of results and the number of all results."""

    def __init__(self, items: list[T], *, total: int, wanted: PageRequest) -> None:
        self.items = items
        self.total = total
        self.page = wanted.page
        self.pages = -(-total // wanted.size)


def paginate(query: Query[T], wanted: PageRequest) -> Slice[T]:
    """Run a query twice: once to count all its rows, once for the rows of the wanted page."""
    total = query.order_by(None).count()
    items = query.limit(wanted.size).offset(wanted.offset).all()
    return Slice(items, total=total, wanted=wanted)
