"""Attributes that Pydantic, FastAPI or a template reads are told with schema, endpoint or the template's line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

RunTrace = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("no_bytecode")

SCHEMAS = """\
from pydantic import BaseModel, ConfigDict


class BookOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    title: str


class AuthorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    name: str
    books: list[BookOut]


class Counted(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    size: int
"""
API = """\
from fastapi import Depends, FastAPI, Request
from fastapi.templating import Jinja2Templates
from models import Author, Session
from schemas import AuthorOut, Counted

app = FastAPI()
templates = Jinja2Templates("templates")


def get_db():
    with Session() as db:
        yield db


def first(db):
    return db.query(Author).first()  # load


@app.get("/def", response_model=AuthorOut)  # def
def by_def(db=Depends(get_db)):
    return first(db)


@app.get("/async", response_model=AuthorOut)  # async
async def by_async(db=Depends(get_db)):
    return first(db)


@app.get("/property", response_model=list[Counted])  # property
def by_property(db=Depends(get_db)):
    return [first(db)]


@app.get("/page")
def page(request: Request, db=Depends(get_db)):
    return templates.TemplateResponse(request, "page.html", {"author": first(db)})


@app.get("/plain")
def plain(db=Depends(get_db)) -> str:
    return first(db).books[0].title  # plain
"""
PAGE = "<h1>{{ author.name }}</h1>\n{% for book in author.books %}{# template #}\n{{ book.title }}{% endfor %}\n"
CLIENT = """\
import sys

from fastapi.testclient import TestClient

from api import app

with TestClient(app) as client:
    assert client.get(sys.argv[1]).status_code == 200
"""


def ask(run_trace: RunTrace, path: str) -> Any:
    """Trace one request."""
    import sys

    return run_trace(
        sys.executable, "app.py", path, **{"schemas": SCHEMAS, "api": API, "app": CLIENT, "templates__page.html": PAGE}
    )


def test_model_validate_is_told_by_its_line_and_schema(run_trace: RunTrace) -> None:
    app = (
        "from models import *\nfrom schemas import AuthorOut\n\ndb = Session()\na = db.query(Author).first()  # load\n"
        "AuthorOut.model_validate(a)  # touch\n"
    )
    seen = run_trace(app=app, schemas=SCHEMAS)
    assert (seen.only.place.path, seen.only.place.line) == seen.marked("touch")
    assert (seen.only.schema, seen.only.through) == ("schemas.AuthorOut", ("pydantic",))
    assert seen.only.loaded_by[0].place.line == seen.marked("load").line


@pytest.mark.parametrize("kind", ["def", "async"])
def test_a_response_model_is_told_by_its_endpoint_and_schema(run_trace: RunTrace, kind: str) -> None:
    seen = ask(run_trace, f"/{kind}")
    assert seen.trace.exit == 0
    load = seen.only
    assert (load.name, load.place, load.schema) == ("Author.books", None, "schemas.AuthorOut")
    assert (load.endpoint.path, load.endpoint.line) == seen.marked(kind)
    assert load.endpoint.function == f"by_{kind}"
    assert [(x.kind, x.place.line) for x in load.loaded_by] == [("query", seen.marked("load").line)]
    assert seen.trace.check.hooked == seen.trace.check.listed == 1


def test_a_property_that_a_response_reads_is_told_with_the_endpoint(run_trace: RunTrace) -> None:
    seen = ask(run_trace, "/property")
    load = seen.only
    assert (load.place.path, load.place.function, load.schema) == ("models.py", "Author.size", "list[schemas.Counted]")
    assert (load.endpoint.path, load.endpoint.line) == seen.marked("property")


def test_a_template_is_told_by_its_own_line(run_trace: RunTrace) -> None:
    seen = ask(run_trace, "/page")
    assert (seen.only.place.path, seen.only.place.line, seen.only.endpoint) == ("templates/page.html", 2, None)
    assert seen.only.place.function == "<template>"


def test_an_endpoint_that_touches_by_itself_is_told_by_its_line_and_has_no_schema(run_trace: RunTrace) -> None:
    seen = ask(run_trace, "/plain")
    assert (seen.only.place.path, seen.only.place.line) == seen.marked("plain")
    assert (seen.only.endpoint, seen.only.schema) == (None, "")


def test_sql_of_an_async_endpoint_held_up_the_loop_and_that_of_a_def_endpoint_did_not(run_trace: RunTrace) -> None:
    seen = ask(run_trace, "/async")
    assert {one.frames[0].function for one in seen.trace.on_loop} >= {"first"}
    assert {one.origin for one in seen.trace.on_loop} == {"application"}
    assert not ask(run_trace, "/def").trace.on_loop


def test_the_loop_of_an_async_test_is_the_tests_own(run_trace: RunTrace) -> None:
    test = "import asyncio\n\nfrom service import load\n\n\nasync def main():\n    load()\n\n\nasyncio.run(main())\n"
    service = "from models import *\n\n\ndef load():\n    with Session() as db:\n        db.query(Author).all()\n"
    seen = run_trace(app="import tests.test_it\n", service=service, tests__test_it=test)
    assert {one.origin for one in seen.trace.on_loop} == {"tests"}


def test_sql_that_is_awaited_holds_up_no_loop_and_keeps_its_lines(run_trace: RunTrace) -> None:
    app = (
        "import asyncio\nfrom sqlalchemy import select\n"
        "from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine\n"
        "from models import Author, Base\n\n\nasync def work(db):\n"
        "    author = (await db.scalars(select(Author))).first()  # load\n"
        "    await db.run_sync(lambda sync: author.books)  # touch\n\n\n"
        "async def main():\n    engine = create_async_engine('sqlite+aiosqlite://')\n"
        "    async with engine.begin() as c:\n        await c.run_sync(Base.metadata.create_all)\n"
        "    async with AsyncSession(engine) as db:\n        db.add(Author(name='a'))\n        await db.commit()\n"
        "        db.expunge_all()\n        await work(db)\n    await engine.dispose()\n\n\nasyncio.run(main())\n"
    )
    seen = run_trace(app=app)
    assert not seen.trace.on_loop
    assert (seen.only.place.path, seen.only.place.line) == seen.marked("touch")
    assert seen.only.loaded_by[0].place.line == seen.marked("load").line
    assert "main" in {item.place.function for item in seen.trace.io_functions}
