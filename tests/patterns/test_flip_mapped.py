"""The flip of methods of a session that `map` calls: awaited for each item, when its turn comes and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, proved, reasons

TOP = "from functools import partial\n\n\n"
FOLLOWS = {
    "in a loop that leaves out what is gone": (
        "def run(s: Session, ids):\n    names = []\n    for author in filter(None, map(partial(s.get, Author), ids)):\n"
        "        names.append(author.name)\n    return names\n",
        "    async for author in (each async for each in (await s.get(Author, item) for item in ids) if each):\n",
    ),
    "in a loop that ends early": (
        "def run(s: Session, ids):\n    for author in filter(None, map(partial(s.get, Author), ids)):\n"
        "        if author.id > 1:\n            return author.name\n    return ''\n",
        "(await s.get(Author, item) for item in ids)",
    ),
    "in a generator": (
        "def run(s: Session, ids):\n    for author in filter(None, map(partial(s.get, Author), ids)):\n"
        "        yield author.name\n",
        "    async for author in (each async for each in (await s.get(Author, item) for item in ids) if each):\n",
    ),
    "in a comprehension": (
        "def run(s: Session, ids):\n    return [one.name for one in filter(None, map(partial(s.get, Author), ids))]\n",
        "[one.name async for one in (each async for each in (await s.get(Author, item) for item in ids) if each)]\n",
    ),
    "with words": (
        "def run(s: Session, ids):\n    load = partial(str, 'x')\n"
        "    words = [one.id for one in map(partial(s.get, Author, populate_existing=True), ids) if one]\n"
        "    return load()[:0] + str(words)\n",
        "async for one in (await s.get(Author, item, populate_existing=True) for item in ids) if one]\n",
    ),
    "with options for what it loads": (
        "from sqlalchemy.orm import selectinload\n\n\ndef run(s: Session, ids):\n"
        "    return [len(one.books) for one in filter(None, map(\n"
        "        partial(s.get, Author, options=[selectinload(Author.books)]), ids))]\n",
        "(await s.get(Author, item, options=[selectinload(Author.books)]) for item in ids) if each)]\n",
    ),
    "with a function that sorts out": (
        "def old(author):\n    return author is not None and author.id > 1\n\n\n"
        "def run(s: Session, ids):\n    return [one.name for one in filter(old, map(partial(s.get, Author), ids))]\n",
        "(each async for each in (await s.get(Author, item) for item in ids) if old(each))]\n",
    ),
    "of all": (
        "def run(s: Session, ids):\n    return len(list(filter(None, map(partial(s.get, Author), ids))))\n",
        "len([item async for item in (each async for each in (await s.get(Author, item) for item in ids) if each)])\n",
    ),
    "of all, gone or not": (
        "def run(s: Session, ids):\n    return [one and one.id for one in list(map(partial(s.get, Author), ids))]\n",
        "in [await s.get(Author, item) for item in ids]]\n",
    ),
}


@pytest.mark.parametrize(("text", "written"), FOLLOWS.values(), ids=FOLLOWS)
def test_what_map_calls_is_awaited_in_turn(text: str, written: str, tmp_path: Path) -> None:
    after = proved(tmp_path, TOP + text, "run(session, [1, 99, 2, 3])")
    assert written in after, after


def test_what_map_calls_for_nothing_but_the_effect_is_awaited(tmp_path: Path) -> None:
    text = "def run(s: Session, authors):\n    for _ in map(s.refresh, authors):\n        pass\n"
    assert "    async for _ in (await s.refresh(item) for item in authors):\n" in body(tmp_path, text)


LEFT = {
    "read by somebody else": (
        "def run(s: Session, ids, keep):\n    keep(map(partial(s.get, Author), ids))\n",
        "becomes an asynchronous generator",
    ),
    "given back": (
        "def run(s: Session, ids):\n    return filter(None, map(partial(s.get, Author), ids))\n",
        "becomes an asynchronous generator",
    ),
    "over two lists": (
        "def run(s: Session, kinds, ids):\n    for one in map(s.get, kinds, ids):\n        print(one)\n",
        "gets several iterables",
    ),
    "a partial that is kept": (
        "def run(s: Session, ids):\n    load = partial(s.get, Author)\n    return list(map(load, ids))\n",
        "`.get` of a session is not known to be the same",
    ),
    "sorted out by what is computed": (
        "def run(s: Session, ids, by):\n"
        "    for one in filter(by(1), map(partial(s.get, Author), ids)):\n        print(one)\n",
        "write it as a comprehension first",
    ),
    "a map of its own": (
        "def map(function, values):\n    return values\n\n\n"
        "def run(s: Session, ids):\n    for one in map(partial(s.get, Author), ids):\n        print(one)\n",
        "`map` is not the builtin here",
    ),
    "a method that does another thing": (
        "def run(s: Session, ids):\n    for one in map(s.expire, ids):\n        print(one)\n",
        "`.expire` of a session is not known to be the same",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_what_is_not_read_in_turn_is_left(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, TOP + text) == TOP + text
    assert any(reason in one for one in reasons(tmp_path, TOP + text)), reasons(tmp_path, TOP + text)
