"""Which fields schemas read, and which schema a route's answer is read into."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from helpers.analysis.callees import Callees
from helpers.analysis.project import Project, load_project
from helpers.analysis.routes import routes
from helpers.analysis.schemas import Schemas, is_graphql
from helpers.analysis.symbols import Definition
from helpers.analysis.transactions import Transactions

SCHEMAS = """from typing import ClassVar
import strawberry
from pydantic import BaseModel, Field, field_validator, model_validator
from sqlmodel import SQLModel

class Base(BaseModel):
    id: int

class Inner(BaseModel):
    name: str

class Outer(Base):
    size: ClassVar[int] = 1
    inner: "list[Inner] | None" = None
    other: int = Field(validation_alias="written")

    @field_validator("inner", mode="before")
    @classmethod
    def early(cls, value): ...

    @field_validator("other")
    @classmethod
    def late(cls, value): ...

    @model_validator(mode="before")
    @classmethod
    def whole(cls, value): ...

class Row(SQLModel, table=True):
    id: int

class Plain:
    id: int

@strawberry.type
class Node:
    id: int

@strawberry.input
class Given:
    id: int
"""


def project_of(folder: Path, text: str) -> Project:
    (folder / "app.py").write_text(text, encoding="utf-8")
    return load_project(folder)


def class_of(project: Project, name: str) -> Definition:
    module = project.module("app.py")
    [node] = [node for node in module.nodes.of(ast.ClassDef) if node.name == name]
    return Definition(module, name, node)


def test_fields_are_those_of_the_bases_and_under_their_other_names(tmp_path: Path) -> None:
    project = project_of(tmp_path, SCHEMAS)
    fields = Schemas(project).fields(class_of(project, "Outer"))
    assert {field.name for field in fields} == {"id", "inner", "other", "written"}
    assert [one.name for field in fields for one in field.nested] == ["Inner"]


def test_validators_that_see_what_was_read_run_before(tmp_path: Path) -> None:
    project = project_of(tmp_path, SCHEMAS)
    found = {function.name: names for function, _, names in Schemas(project).before(class_of(project, "Outer"))}
    assert found == {"early": ("inner",), "whole": ()}


@pytest.mark.parametrize(("name", "is_one"), [("Outer", True), ("Row", False), ("Plain", False), ("Node", False)])
def test_what_is_a_schema(tmp_path: Path, name: str, is_one: bool) -> None:
    project = project_of(tmp_path, SCHEMAS)
    assert Schemas(project).is_schema(class_of(project, name)) is is_one


@pytest.mark.parametrize(("name", "is_one"), [("Node", True), ("Given", False), ("Plain", False)])
def test_what_is_a_graphql_type(tmp_path: Path, name: str, is_one: bool) -> None:
    assert is_graphql(class_of(project_of(tmp_path, SCHEMAS), name).node) is is_one


@pytest.mark.parametrize(
    ("decorator", "returns", "model"),
    [
        ('@router.get("/x", response_model=Out)', "", "Out"),
        ('@router.post("/x")', " -> Out", "Out"),
        ('@router.get("/x", response_model=None)', " -> Out", None),
        ('@router.get("/x")', "", None),
    ],
)
def test_the_model_of_a_route(tmp_path: Path, decorator: str, returns: str, model: str | None) -> None:
    [route] = routes(project_of(tmp_path, f"{decorator}\ndef f(){returns}:\n    return 1\n"))
    assert (ast.unparse(route.model) if route.model else None) == model


@pytest.mark.parametrize("decorator", ["@router.websocket('/x')", "@cache", "@router.get", "@cache.get(3)"])
def test_what_is_no_route(tmp_path: Path, decorator: str) -> None:
    assert [*routes(project_of(tmp_path, f"{decorator}\ndef f():\n    return 1\n"))] == []


@pytest.mark.parametrize(
    ("factories", "expires"),
    [
        ("make = sessionmaker(expire_on_commit=False)", False),
        ("make = sessionmaker()", True),
        ("make = sessionmaker(expire_on_commit=False)\nother = sessionmaker(expire_on_commit=True)", True),
        ("", True),
    ],
)
def test_a_commit_expires_unless_every_factory_says_otherwise(tmp_path: Path, factories: str, expires: bool) -> None:
    project = project_of(tmp_path, f"from sqlalchemy.orm import sessionmaker\n{factories}\n")
    assert Transactions(project, Callees(project)).expires is expires


@pytest.mark.parametrize(
    ("body", "commits"),
    [
        ("x = 1\n    db.commit()", True),
        ("x = 1\n    save(db)", True),
        ("x = 1\n    with db.begin():\n        pass", True),
        ("x = 1\n    db.flush()", False),
        ("db.commit()", False),
        ("x = 1\n    return x", False),
    ],
)
def test_a_commit_behind_a_line(tmp_path: Path, body: str, commits: bool) -> None:
    project = project_of(tmp_path, f"def save(db):\n    db.commit()\n\n\ndef f(db):\n    {body}\n")
    module = project.module("app.py")
    function = module.nodes.of(ast.FunctionDef)[-1]
    transactions = Transactions(project, Callees(project))
    assert transactions.between(function, module, 6, None) is commits
