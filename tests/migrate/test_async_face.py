"""The async face as a module: what `run` gives, where no loop runs and where one does, and whose session is used."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from helpers.codemod.flip.face_text import TEXT

TENANT: contextvars.ContextVar[str] = contextvars.ContextVar("TENANT", default="nobody")


@pytest.fixture(scope="module")
def face() -> ModuleType:
    """The module as an application would have it."""
    module = ModuleType("async_face")
    exec(TEXT % {"mark": '"""Async face', "base": "sqlalchemy.ext.asyncio"}, module.__dict__)
    return module


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    with Session(engine) as session:
        yield session
    engine.dispose()


def plainly(call: Callable[[], Any]) -> Any:
    return call()


def on_a_loop(call: Callable[[], Any]) -> Any:
    """Call a synchronous function where a loop runs, as libraries do with resolvers and validators."""

    async def main() -> Any:
        return call()

    return asyncio.run(main())


PLACES = pytest.mark.parametrize("called", [plainly, on_a_loop])


@PLACES
def test_a_caller_that_cannot_await_gets_what_the_coroutine_gives(
    called: Callable[..., Any], face: ModuleType, session: Session
) -> None:
    async def answer(db: Any) -> object:
        await asyncio.sleep(0)
        return await db.scalar(text("select 42"))

    assert called(lambda: face.run(answer(face.AsyncFace(session)))) == 42


@PLACES
def test_it_gets_the_error_as_well(called: Callable[..., Any], face: ModuleType) -> None:
    async def fails() -> None:
        raise LookupError("no such quote")

    with pytest.raises(LookupError, match="no such quote"):
        called(lambda: face.run(fails()))


@PLACES
def test_the_coroutine_sees_the_context_of_its_caller(called: Callable[..., Any], face: ModuleType) -> None:
    async def tenant() -> str:
        return TENANT.get()

    def asked() -> Any:
        TENANT.set("acme")
        return face.run(tenant())

    assert contextvars.copy_context().run(called, asked) == "acme"


@PLACES
def test_what_the_coroutine_wrote_is_in_the_callers_transaction(
    called: Callable[..., Any], face: ModuleType, session: Session
) -> None:
    session.execute(text("create table quotes (id integer)"))

    async def write(db: Any) -> None:
        await db.execute(text("insert into quotes values (1)"))

    called(lambda: face.run(write(face.AsyncFace(session))))
    assert session.scalar(text("select count(*) from quotes")) == 1
    session.rollback()
    assert session.scalar(text("select count(*) from quotes")) == 0


def test_where_no_loop_runs_no_thread_is_needed(face: ModuleType) -> None:
    async def thread() -> int:
        return threading.get_ident()

    made: Coroutine[Any, Any, int] = thread()
    assert face.run(made) == threading.get_ident()
