"""The flip of partials that are called: what they give is awaited, with the session that was bound beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, proved, reasons

TOP = "from functools import partial\n\n\n"
FIND = "def find(s: Session, least: int, id: int):\n    return s.get(Author, max(id, least)).name\n\n\n"
METHODS = (
    "class Shelf:\n    def find(self, db, least, id):\n"
    "        if db.get(Author, id) is None:\n            return None\n"
    "        return db.get(Author, max(id, least)).name\n\n"
    "    def all(self, db: Session, numbers):\n        find = partial(self.find, db, 2)\n        {}\n\n\n"
    "class Other:\n    def find(self, method):\n        return method\n\n"
    "    def go(self):\n        return self.find('get')\n\n\n"
)
FOLLOWS = {
    "in a list": (
        FIND
        + "def run(s: Session):\n    name = partial(find, s, 2)\n    return [name(each) for each in (1, 2, 3)][:2]\n",
        "run(session)",
        "    return [await name(each) for each in (1, 2, 3)][:2]\n",
    ),
    "of a method, whose session no annotation tells": (
        METHODS.format("return [find(number) for number in numbers]"),
        "Shelf().all(session, [1, 2, 99])",
        "        return [await find(number) for number in numbers]\n",
    ),
    "in a loop, and in the order of the loop": (
        METHODS.format("for number in numbers:\n            if find(number) is None:\n                return number"),
        "Shelf().all(session, [1, 99, 2])",
        "            if await find(number) is None:\n",
    ),
    "of a partial": (
        FIND + "def run(s: Session):\n    first = partial(find, s)\n    return partial(first, 2)(1)\n",
        "run(session)",
        "    return await partial(first, 2)(1)\n",
    ),
}


@pytest.mark.parametrize(("text", "call", "written"), FOLLOWS.values(), ids=FOLLOWS)
def test_a_partial_that_is_called_is_awaited(text: str, call: str, written: str, tmp_path: Path) -> None:
    after = proved(tmp_path, TOP + text, call)
    assert written in after, after


LEFT = {
    "handed on": (
        FIND + "def run(s: Session, keep):\n    keep(partial(find, s, 2))\n",
        "find is handed to `keep`",
    ),
    "kept by its name and handed on": (
        METHODS.format("return keep(find)"),
        "Shelf.find is handed to `keep`",
    ),
    "given back": (
        FIND + "def run(s: Session):\n    return partial(find, s, 2)\n",
        "given back, and who calls it then is not followed",
    ),
    "called in a lambda": (
        FIND + "def run(s: Session, keep):\n    name = partial(find, s, 2)\n    keep(lambda number: name(number))\n",
        "it stands in a lambda, which cannot await",
    ),
    "called in what is read later": (
        METHODS.format("return (find(number) for number in numbers)"),
        "which may not be read to its end",
    ),
    "one of two functions": (
        FIND
        + "def other(s, least, id):\n    return id\n\n\n"
        + "def run(s: Session, plain):\n    name = partial(other if plain else find, s, 2)\n    return name(1)\n",
        "the session is passed to `partial`, which may need a synchronous one",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_a_partial_that_goes_elsewhere_is_left(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, TOP + text) == TOP + text
    assert any(reason in one for one in reasons(tmp_path, TOP + text)), reasons(tmp_path, TOP + text)


def test_a_partial_of_what_stays_synchronous_is_called(tmp_path: Path) -> None:
    text = (
        "def add(one, two):\n    return one + two\n\n\n"
        "def run(s: Session):\n    more = partial(add, 1)\n    return s.get(Author, more(0))\n"
    )
    assert "    return await s.get(Author, more(0))\n" in body(tmp_path, TOP + text)
