"""Shapes that every router shares."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

T = TypeVar("T")

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Input(BaseModel):
    """A request body; a field that nobody knows is an error rather than a silent loss."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """A response body, read from the attributes of a model."""

    model_config = ConfigDict(from_attributes=True)


class Page(Output, Generic[T]):
    """One page of a longer list."""

    items: list[T]
    total: int
    page: int
    pages: int


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str = Field(examples=["No customer 12"])


def download(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    """Describe what a route sends that is not JSON."""
    return {200: {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the refusals of a route for the API docs."""
    return {status: {"model": Problem} for status in statuses}
