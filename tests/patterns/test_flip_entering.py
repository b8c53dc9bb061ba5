"""The flip of context manager classes, of annotations that are quoted, and of f-strings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, flipped, proved, reasons

UNIT = (
    "class Unit:\n    def __init__(self, s: Session):\n        self.s = s\n\n"
    "    def __enter__(self):\n        return self.s\n\n"
    "    def __exit__(self, kind, error, trace):\n        if kind is None:\n            self.s.commit()\n"
    "        else:\n            self.s.rollback()\n\n\n"
)
ADD = "    with Unit(s) as inner:\n        inner.add(Author(id=70, name='Ada'))\n"
ENTERED = {
    "where it is made": ("def add(s: Session):\n" + ADD, "    async with Unit(s) as inner:\n"),
    "in a variable": (
        "def add(s: Session):\n    unit = Unit(s)\n    with unit as inner:\n"
        "        inner.add(Author(id=70, name='Ada'))\n",
        "    async with unit as inner:\n",
    ),
    "beside another": (
        "from contextlib import suppress\n\n\ndef add(s: Session):\n    with suppress(KeyError), Unit(s) as inner:\n"
        "        inner.add(Author(id=70, name='Ada'))\n        raise KeyError\n",
        "    with suppress(KeyError):\n        async with Unit(s) as inner:\n",
    ),
    "through a class below it": (
        "class Careful(Unit):\n    pass\n\n\ndef add(s: Session):\n    with Careful(s) as inner:\n"
        "        inner.add(Author(id=70, name='Ada'))\n",
        "    async with Careful(s) as inner:\n",
    ),
}


@pytest.mark.parametrize(("text", "written"), ENTERED.values(), ids=ENTERED)
def test_a_class_is_entered_asynchronously(text: str, written: str, tmp_path: Path) -> None:
    after = proved(tmp_path, UNIT + text, "add(session)")
    assert written in after
    assert "    async def __aenter__(self):\n" in after
    assert "    async def __aexit__(self, kind, error, trace):\n" in after


LEFT = {
    "it is handed on": (
        UNIT + "def add(s: Session, outside):\n    outside(Unit(s))\n" + ADD,
        "who enters it is not followed",
    ),
    "its class is handed on": (
        UNIT + "def add(s: Session, outside):\n    outside(Unit)\n" + ADD,
        "who enters it there is not followed",
    ),
    "it has a base from outside": (
        "from contextlib import ContextDecorator\n\n\n" + UNIT.replace("Unit:", "Unit(ContextDecorator):"),
        "a base from outside, may enter it",
    ),
    "it is entered by name": (
        UNIT + "def add(s: Session):\n    unit = Unit(s)\n    unit.__enter__()\n    s.flush()\n",
        "is called by its name",
    ),
    "it serves both colours": (
        UNIT.replace("\n\n\n", "\n\n    async def __aenter__(self):\n        return self\n\n\n"),
        "entered by both colours",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_a_class_that_may_be_entered_unseen_is_left(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, text) == text
    assert any(reason in one for one in reasons(tmp_path, text)), reasons(tmp_path, text)


def test_a_class_without_io_is_entered_as_before(tmp_path: Path) -> None:
    text = (
        "class Timer:\n    def __enter__(self):\n        return self\n\n    def __exit__(self, *error):\n"
        "        pass\n\n\n"
        "def f(s: Session):\n    with Timer():\n        s.flush()\n"
    )
    assert "    with Timer():\n        await s.flush()\n" in body(tmp_path, text)


QUOTED = {
    "a name": ('"Session"', '"AsyncSession"'),
    "one of several": ("'Session | None'", "'AsyncSession | None'"),
    "inside of another": ('"Optional[Session]"', '"Optional[AsyncSession]"'),
    "quoted inside": ('Optional["Session"]', 'Optional["AsyncSession"]'),
    "under a module": ('"orm.Session"', '"AsyncSession"'),
}


@pytest.mark.parametrize(("before", "after"), QUOTED.values(), ids=QUOTED)
def test_a_quoted_annotation_names_the_new_class(before: str, after: str, tmp_path: Path) -> None:
    text = (
        "from typing import Optional\nfrom sqlalchemy import orm\nfrom sqlalchemy.orm import Session\n\n\n"
        "def f(s: {}):\n    s.commit()\n\n\ndef g(s: Session):\n    s.commit()\n"
    )
    found = flipped(tmp_path, {"app.py": text.format(before)})["app.py"]
    assert f"async def f(s: {after}):\n    await s.commit()\n" in found


def test_an_annotation_over_two_texts_is_left(tmp_path: Path) -> None:
    text = 'def f(s: "Ses" "sion"):\n    s.commit()\n'
    assert body(tmp_path, text) == text


FIND = "def find(s: Session, key: int):\n    return s.get(Author, key)\n\n\ndef told(s: Session):\n"
TEXTS = {
    "the same twice": (
        "    return f'{find(s, 1).name} find(s, 1) {find(s, 1).name}'\n",
        "    return f'{(await find(s, 1)).name} find(s, 1) {(await find(s, 1)).name}'\n",
    ),
    "with a format": (
        "    return f'{{}} é {find(s, 1).name!r:>{s.get(Author, 2).id * 9}}'\n",
        "    return f'{{}} é {(await find(s, 1)).name!r:>{(await s.get(Author, 2)).id * 9}}'\n",
    ),
    "over several lines": (
        "    return f'''{find(s, 1).name}\n    {find(s, 2).name} {\n    find(s, 2).id}'''\n",
        "    return f'''{(await find(s, 1)).name}\n    {(await find(s, 2)).name} {\n    (await find(s, 2)).id}'''\n",
    ),
    "in two parts": (
        "    return (f'{find(s, 1).name} '\n            f'{find(s, 1).name}')\n",
        "    return (f'{(await find(s, 1)).name} '\n            f'{(await find(s, 1)).name}')\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), TEXTS.values(), ids=TEXTS)
def test_calls_in_an_f_string_are_awaited_there(before: str, after: str, tmp_path: Path) -> None:
    assert after in proved(tmp_path, FIND + before, "told(session)")
