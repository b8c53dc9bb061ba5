"""The async face as a module: what `run` gives, where no loop runs and where one does, and whose session is used."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import ForeignKey, create_engine, select, text, update
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload
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


class Base(DeclarativeBase):
    pass


class Shelf(Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    items: Mapped[list[Item]] = relationship()


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))


@pytest.fixture
def shelves(session: Session, face: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The face while it rehearses the asynchronous engine, over a shelf with two items that nothing has loaded."""
    Base.metadata.create_all(session.connection())
    session.add(Shelf(items=[Item(), Item()]))
    session.commit()
    monkeypatch.setattr(face, "STRICT", True)
    return face.AsyncFace(session)


@pytest.mark.parametrize("given", [{}, {"execution_options": {"populate_existing": True}}])
def test_what_options_load_is_there_before_the_rows_are_read_on_the_loop(given: dict[str, Any], shelves: Any) -> None:
    async def sizes() -> list[int]:
        rows = await shelves.scalars(select(Shelf).options(selectinload(Shelf.items)), **given)
        pairs = await shelves.execute(select(Shelf, Shelf.id).options(selectinload(Shelf.items)), **given)
        return [len(one.items) for one in rows] + [len(one.items) for one, _ in pairs]

    assert asyncio.run(sizes()) == [2, 2]


def test_what_is_loaded_by_touching_it_is_an_error_there(shelves: Any) -> None:
    async def size() -> int:
        shelf = await shelves.get(Shelf, 1)
        return len(shelf.items)

    with pytest.raises(MissingGreenlet):
        asyncio.run(size())


def test_a_query_that_a_synchronous_function_makes_on_the_loop_may_load_what_its_options_name(shelves: Any) -> None:
    async def sizes() -> list[int]:
        found = shelves.sync_session.scalars(select(Shelf).options(selectinload(Shelf.items))).all()
        return [len(one.items) for one in found]

    assert asyncio.run(sizes()) == [2]


@PLACES
def test_a_statement_that_writes_is_none_of_its_business(called: Callable[..., Any], shelves: Any) -> None:
    called(lambda: shelves.sync_session.execute(update(Item).values(shelf_id=1)))
    assert called(lambda: shelves.sync_session.scalar(text("select count(*) from items"))) == 2


def test_where_no_loop_runs_no_thread_is_needed(face: ModuleType) -> None:
    async def thread() -> int:
        return threading.get_ident()

    made: Coroutine[Any, Any, int] = thread()
    assert face.run(made) == threading.get_ident()
