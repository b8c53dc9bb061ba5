"""Counting routes, session calls and routes that block."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.analysis.census import Census, census
from helpers.analysis.project import load_project

HEAD = """from typing import Annotated
from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from services import work

router = APIRouter()
Db = Annotated[Session, Depends(object)]

"""
ROUTE = '@router.get("/x")\n'


def count(folder: Path, text: str, *, head: str = HEAD) -> Census:
    (folder / "routes.py").write_text(head + text, encoding="utf-8")
    return census(load_project(folder))


@pytest.mark.parametrize(
    "body",
    [
        "async def x(db: Session):\n    return db.get(int, 1)\n",
        "async def x(db: Db):\n    return work(db)\n",
        "async def x(db: Session):\n    return work(1, session=db)\n",
        "async def x(db: Session):\n    for i in range(3):\n        db.commit()\n",
    ],
)
def test_an_async_route_blocks_when_a_session_works_in_it(tmp_path: Path, body: str) -> None:
    found = count(tmp_path, ROUTE + body)
    assert [(route.symbol, route.asynchronous, route.blocks) for route in found.routes] == [("x", True, True)]
    assert len(found.blocking) == 1


@pytest.mark.parametrize(
    "body",
    [
        "def x(db: Session):\n    return db.get(int, 1)\n",
        "async def x():\n    return work(1)\n",
        "async def x(db: Session):\n    return 1\n",
        "async def x(db: Session):\n    return await work(db)\n",
        "async def x(names: dict):\n    return names.get(1)\n",
    ],
)
def test_a_route_does_not_block_in_a_thread_or_without_a_session_at_work(tmp_path: Path, body: str) -> None:
    found = count(tmp_path, ROUTE + body)
    assert len(found.routes) == 1
    assert found.blocking == ()


@pytest.mark.parametrize(
    "text",
    [
        "def x(db: Session):\n    pass\n",
        "@router.on_event('startup')\ndef x():\n    pass\n",
        "@cache.get\ndef x():\n    pass\n",
        "@cache.get(60)\ndef x():\n    pass\n",
        "settings.get('/x')\n",
    ],
)
def test_what_answers_no_request_is_no_route(tmp_path: Path, text: str) -> None:
    assert count(tmp_path, text).routes == ()


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "websocket", "api_route"])
def test_every_kind_of_route_counts(tmp_path: Path, method: str) -> None:
    assert len(count(tmp_path, f'@router.{method}("/x")\ndef x():\n    pass\n').routes) == 1


def test_calls_on_sessions_are_counted_by_name_and_calls_on_others_are_not(tmp_path: Path) -> None:
    body = ("db.query(int).all()", "db.query(str)", "db.commit()", "names.get(1)")
    found = count(tmp_path, "".join(["def x(db: Session, names: dict):\n", *(f"    {line}\n" for line in body)]))
    assert found.calls == {"query": 2, "commit": 1}
    assert found.session_calls == 3


def test_an_empty_application_has_nothing(tmp_path: Path) -> None:
    found = census(load_project(tmp_path))
    assert (found.files, found.lines, found.routes, found.session_calls) == (0, 0, (), 0)


def test_files_that_cannot_be_read_are_not_counted(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def (", encoding="utf-8")
    found = count(tmp_path, "x = 1\n", head="")
    assert (found.files, found.lines) == (1, 1)
