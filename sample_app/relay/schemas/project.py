"""Projects and their tasks."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from relay.schemas.common import Input, Name, Output, Text
from relay.schemas.crm import CustomerName

ProjectStatus = Literal["active", "done", "archived"]


class ProjectIn(Input):
    """A new project; from a quote it takes the customer, and its name unless one is given."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9-]{1,19}$")]
    name: Name | None = None
    quote_id: int | None = None


class ProjectPatch(Input):
    """What may change about a project, if it is still at the revision that the caller saw."""

    name: Name = Field(default="")
    status: ProjectStatus = "active"
    revision: int | None = None


class TaskIn(Input):
    """A new task."""

    title: Text
    due_on: date | None = None


class TaskPatch(Input):
    """What may change about a task; what is left out stays."""

    title: Text = Field(default="")
    due_on: date | None = None
    done: bool = False


class TaskOut(Output):
    """A task of a project."""

    id: int
    title: str
    done: bool
    due_on: date | None


class ProjectRow(Output):
    """A project as a line of a list."""

    id: int
    code: str
    name: str
    status: str
    progress: int


class ProjectOut(ProjectRow):
    """A project in full."""

    customer: CustomerName | None
    quote_reference: str | None
    tasks: list[TaskOut]
    revision: int
    created_at: datetime
    updated_at: datetime
