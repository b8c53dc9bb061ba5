"""AM601: which functions become asynchronous together, and what holds a family back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, flipped, found, reasons

SHELF = "class Shelf:\n    def __init__(self, s: Session):\n        self.s = s\n\n"


def test_a_service_class_and_who_uses_it_in_another_file(tmp_path: Path) -> None:
    files = {
        "service.py": SHELF.replace("class", "from sqlalchemy.orm import Session\n\n\nclass")
        + "    def save(self):\n        self.s.commit()\n",
        "app.py": "from sqlalchemy.orm import Session\n\nfrom service import Shelf\n\n\n"
        "def route(s: Session):\n    shelf = Shelf(s)\n    return shelf.save()\n",
    }
    after = flipped(tmp_path, files)
    assert "    async def save(self):\n        await self.s.commit()\n" in after["service.py"]
    assert "def __init__(self, s: AsyncSession):" in after["service.py"]
    assert "async def route(s: AsyncSession):\n    shelf = Shelf(s)\n    return await shelf.save()\n" in after["app.py"]


def test_an_unannotated_helper_follows_its_callers(tmp_path: Path) -> None:
    text = "def find(s):\n    return s.get(Author, 1)\n\n\ndef f(s: Session):\n    return find(s)\n"
    assert "async def find(s):\n    return await s.get(Author, 1)\n" in body(tmp_path, text)
    assert "    return await find(s)\n" in body(tmp_path, text)


def test_a_function_that_only_hands_a_session_on_keeps_its_colour(tmp_path: Path) -> None:
    text = SHELF + "    def save(self):\n        self.s.commit()\n\n\ndef make(s: Session):\n    return Shelf(s)\n"
    assert "\ndef make(s: AsyncSession):\n    return Shelf(s)\n" in body(tmp_path, text)


def test_a_protocol_and_what_satisfies_it_have_one_colour(tmp_path: Path) -> None:
    text = (
        "from typing import Protocol\n\n\nclass Saves(Protocol):\n    def save(self) -> None: ...\n\n\n"
        + SHELF
        + "    def save(self) -> None:\n        self.s.commit()\n\n\n"
        "def run(one: Saves):\n    one.save()\n"
    )
    after = flipped(tmp_path, {"app.py": "from sqlalchemy.orm import Session\n" + text})["app.py"]
    assert "    async def save(self) -> None: ...\n" in after
    assert "async def run(one: Saves):\n    await one.save()\n" in after


ROUTES = """\
from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from models import Author

router = APIRouter()


def current(s: Session = Depends()):
    return s.get(Author, 1)


@router.get("/")
def route(s: Session = Depends(), user=Depends(current)):
    s.commit()
    return user
"""


def test_routes_and_dependencies_are_awaited_by_fastapi(tmp_path: Path) -> None:
    after = flipped(tmp_path, {"app.py": ROUTES})["app.py"]
    assert "async def current(s: AsyncSession = Depends()):" in after
    assert '@router.get("/")\nasync def route(s: AsyncSession = Depends(), user=Depends(current)):\n' in after


LEFT = {
    "a property": (SHELF + "    @property\n    def n(self):\n        return self.s.scalar(1)\n", "property"),
    "a method that Python calls": (
        SHELF + "    def __len__(self):\n        return self.s.scalar(1)\n",
        "Python calls __len__",
    ),
    "a decorator that may call it": (
        "import functools\n\n\n@functools.cache\ndef f(s: Session):\n    return s.get(Author, 1)\n",
        "`functools.cache` would keep the coroutine",
    ),
    "a base from outside": (
        "import threading\n\n\nclass Worker(threading.Thread):\n    s: Session\n\n"
        "    def run(self):\n        self.s.commit()\n",
        "`Thread`, a base from outside",
    ),
    "a generator in another, whose value is used": (
        "def each(s: Session):\n    found = yield from s.scalars(1)\n    print(found)\n",
        "cannot `yield from`",
    ),
    "a generator that returns a value": (
        "def each(s: Session):\n    yield s.scalar(1)\n    return 2\n",
        "cannot return a value",
    ),
    "a call while the module is imported": (
        "def f(s: Session):\n    return s.get(Author, 1)\n\n\nf(None)\n",
        "while the module is imported",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_a_family_that_cannot_follow_is_left_with_its_reason(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, text) == text
    assert any(reason in one for one in reasons(tmp_path, text)), reasons(tmp_path, text)


def test_one_place_that_cannot_follow_holds_all_that_share_its_session(tmp_path: Path) -> None:
    text = (
        "def a(s: Session):\n    return s.get(Author, 1)\n\n\n"
        "def b(s: Session):\n    return [a(s) for _ in (lambda: a(s),)]\n"
    )
    assert body(tmp_path, text) == text
    told = {item.symbol: item.message for item in found(tmp_path, {"app.py": (tmp_path / "app.py").read_text()})}
    assert told["a"].startswith("it goes together with app.py:")


def test_families_that_share_nothing_do_not_hold_each_other(tmp_path: Path) -> None:
    text = "def a(s: Session):\n    s.commit()\n\n\ndef b(s: Session):\n    return [lambda: s.commit()]\n"
    after = body(tmp_path, text)
    assert "async def a(s: AsyncSession):\n    await s.commit()\n" in after
    assert "def b(s: Session):\n    return [lambda: s.commit()]\n" in after
    assert "from sqlalchemy.orm import Session\n" in (tmp_path / "app.py").read_text()


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    once = flipped(tmp_path, {"app.py": ROUTES})
    assert flipped(tmp_path, once) == once


def test_a_quoted_annotation_that_is_no_session_is_in_nobodys_way(tmp_path: Path) -> None:
    text = 'def f(s: Session, one: "Author") -> "Author":\n    return s.get("Author", one)\n'
    assert 'async def f(s: AsyncSession, one: "Author") -> "Author":' in body(tmp_path, text)


def test_a_decorator_that_awaits_what_is_asynchronous_stays(tmp_path: Path) -> None:
    text = "from tenacity import retry\n\n\n@retry\ndef f(s: Session):\n    s.commit()\n"
    assert "@retry\nasync def f(s: AsyncSession):\n    await s.commit()\n" in body(tmp_path, text)


def test_types_alone_are_no_flip(tmp_path: Path) -> None:
    text = "def note(s: Session):\n    s.add(1)\n"
    assert body(tmp_path, text) == text
    assert reasons(tmp_path, text)[0].startswith("nothing here is awaited")


def test_a_plain_function_is_no_finding(tmp_path: Path) -> None:
    assert reasons(tmp_path, "def f(key):\n    return key.name\n") == []
