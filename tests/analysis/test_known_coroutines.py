"""The tables of what gives a coroutine say what the installed SQLAlchemy says of itself."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import sqlalchemy.ext.asyncio as installed

from helpers.analysis.coroutines import known

CLASSES = [name for name in known.COROUTINES if name != "async_sessionmaker"]
SQLMODEL = {"exec"}


def methods(owner: type) -> dict[str, Any]:
    """The public methods of a class, as they were written."""
    found = {name: inspect.unwrap(getattr(owner, name)) for name in dir(owner) if not name.startswith("_")}
    return {name: value for name, value in found.items() if callable(value)}


def told(name: str) -> dict[str, Any]:
    scoped = methods(installed.async_scoped_session) if name == "AsyncSession" else {}
    return {**scoped, **methods(getattr(installed, name))}


@pytest.mark.parametrize("name", CLASSES)
def test_the_coroutine_methods_are_those_of_the_class(name: str) -> None:
    assert known.COROUTINES[name] - SQLMODEL == {
        method for method, value in told(name).items() if inspect.iscoroutinefunction(value)
    }


@pytest.mark.parametrize("name", CLASSES)
def test_the_generators_are_those_of_the_class(name: str) -> None:
    found = {method for method, value in told(name).items() if inspect.isasyncgenfunction(value)}
    # stream() of a connection is a generator below a decorator that makes it awaitable
    assert known.GENERATORS.get(name, frozenset()) == found - known.EITHER.get(name, frozenset()) - {"begin"}


@pytest.mark.parametrize("name", known.EITHER)
def test_what_is_awaited_or_entered_has_both_ways(name: str) -> None:
    owner = getattr(installed, name)
    for method in known.EITHER[name]:
        result = inspect.signature(getattr(owner, method)).return_annotation
        assert str(result).startswith(("Async", "AsyncIterator["))


def test_every_class_that_a_method_gives_is_known() -> None:
    assert set(known.GIVES.values()) <= known.COROUTINES.keys()
    assert {owner for owner, _ in known.GIVES} <= known.COROUTINES.keys()


@pytest.mark.parametrize(
    "name", ["gather", "create_task", "run_until_complete", "schedule_job", "spawn_later", "add_db_task"]
)
def test_who_sees_to_a_coroutine_is_known_by_name(name: str) -> None:
    assert known.takes(name)


@pytest.mark.parametrize(
    "name", ["str", "append", "model_validate", "JSONResponse", "len", "AsyncSession", "save_async", "update_task"]
)
def test_who_does_not_is_not(name: str) -> None:
    assert not known.takes(name)
