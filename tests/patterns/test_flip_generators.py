"""The flip of generators: every way to read one that becomes asynchronous, and what may not be read that way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, proved, reasons

EACH = "def each(s: Session):\n    for key in (2, 1, 4):\n        yield s.get(Author, key).name\n\n\n"
CLEANING = (
    "def each(s: Session):\n    try:\n        yield s.get(Author, 1).name\n    finally:\n        s.info.clear()\n\n\n"
)
READ = {
    "a list": ("    return list(each(s))\n", "    return [item async for item in each(s)]\n"),
    "a tuple": ("    return tuple(each(s))\n", "    return tuple([item async for item in each(s)])\n"),
    "a set": ("    return set(each(s))\n", "    return set([item async for item in each(s)])\n"),
    "sorted": (
        "    return sorted(each(s), key=len, reverse=True)\n",
        "    return sorted([item async for item in each(s)], key=len, reverse=True)\n",
    ),
    "joined": ("    return ', '.join(each(s))\n", "    return ', '.join([item async for item in each(s)])\n"),
    "a sum": (
        "    return sum(len(name) for name in each(s))\n",
        "    return sum([len(name) async for name in each(s)])\n",
    ),
    "a list comprehension": (
        "    return [name.upper() for name in each(s) if name]\n",
        "    return [name.upper() async for name in each(s) if name]\n",
    ),
    "a dict comprehension": (
        "    return {name: len(name) for name in each(s)}\n",
        "    return {name: len(name) async for name in each(s)}\n",
    ),
    "awaited inside of the comprehension too": (
        "    return sum(len(name) + s.get(Author, 1).id for name in each(s))\n",
        "    return sum([len(name) + (await s.get(Author, 1)).id async for name in each(s)])\n",
    ),
    "the first, or something else": (
        "    return next(each(s), '').upper()\n",
        "    return (await anext(each(s), '')).upper()\n",
    ),
    "unpacked": ("    a, *rest = each(s)\n    return rest, a\n", "    a, *rest = [item async for item in each(s)]\n"),
    "too many to unpack": (
        "    try:\n        a, b = each(s)\n    except ValueError:\n        return 'three'\n    return a\n",
        "        a, b = [item async for item in each(s)]\n",
    ),
    "spread": ("    return [1, *each(s)]\n", "    return [1, *[item async for item in each(s)]]\n"),
    "kept in a variable": (
        "    names = each(s)\n    told = [name for name in names]\n    return told, list(names)\n",
        "    told = [name async for name in names]\n    return told, [item async for item in names]\n",
    ),
    "left early where nothing waits for its end": (
        "    for name in each(s):\n        if name:\n            return name\n    return None\n",
        "    async for name in each(s):\n        if name:\n            return name\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), READ.values(), ids=READ)
def test_a_generator_is_read_in_the_same_way(before: str, after: str, tmp_path: Path) -> None:
    assert after in proved(tmp_path, EACH + "def read(s: Session):\n" + before, "read(session)")


GIVEN = {
    "yielded from": (
        EACH + "def more(s: Session):\n    yield 'first'\n    yield from each(s)\n"
        "    yield from (name for name in 'ab')\n"
        "\n\ndef read(s: Session):\n    return list(more(s))\n",
        "    async for item in each(s):\n        yield item\n    for item in (name for name in 'ab'):\n"
        "        yield item\n",
    ),
    "yielded from what is awaited": (
        "def names(s: Session):\n    return [s.get(Author, 1).name]\n\n\n"
        "def more(s: Session):\n    item = 'first'\n    yield item\n    yield from names(s)\n"
        "\n\ndef read(s: Session):\n    return list(more(s))\n",
        "    for element in await names(s):\n        yield element\n",
    ),
    "given back as it is": (
        EACH + "def through(s: Session):\n    return each(s)\n\n\ndef read(s: Session):\n    return list(through(s))\n",
        "async def through(s: AsyncSession):\n    async for item in each(s):\n        yield item\n",
    ),
    "announced by a base": (
        "class Base:\n    def lines(self):\n        raise NotImplementedError\n\n"
        "    def total(self):\n        return sum(len(line) for line in self.lines())\n\n\n"
        "class Names(Base):\n    def __init__(self, s: Session):\n        self.s = s\n\n"
        "    def lines(self):\n        yield self.s.get(Author, 1).name\n\n\n"
        "def read(s: Session):\n    return Names(s).total()\n",
        "    def lines(self):\n        raise NotImplementedError\n\n    async def total(self):\n",
    ),
}


@pytest.mark.parametrize(("text", "written"), GIVEN.values(), ids=GIVEN)
def test_a_generator_is_handed_on(text: str, written: str, tmp_path: Path) -> None:
    assert written in proved(tmp_path, text, "read(session)")


def test_what_came_with_a_later_python_is_not_written(tmp_path: Path) -> None:
    tmp_path.joinpath("pyproject.toml").write_text('[project]\nrequires-python = ">=3.9"\n')
    assert any(
        "Python 3.10" in one for one in reasons(tmp_path, EACH + "def f(s: Session):\n    return next(each(s), '')\n")
    )


def test_a_response_streams_an_asynchronous_generator(tmp_path: Path) -> None:
    text = (
        "from starlette.responses import StreamingResponse\n\n\n" + EACH + "def export(s: Session):\n"
        "    def lines():\n        for name in each(s):\n            yield name\n\n"
        "    return StreamingResponse(lines(), media_type='text/plain')\n"
    )
    after = body(tmp_path, text)
    assert "    async def lines():\n        async for name in each(s):\n" in after
    assert "    return StreamingResponse(lines(), media_type='text/plain')\n" in after


LEFT = {
    "any may stop before its end": (EACH + "def f(s: Session):\n    return any(each(s))\n", "write the loop out"),
    "a loop that is left early over one that cleans up": (
        CLEANING + "def f(s: Session):\n    for name in each(s):\n        return name\n",
        "may be left early",
    ),
    "the first, which may not be there": (
        EACH + "def f(s: Session):\n    return next(each(s))\n",
        "`next()` raises StopIteration",
    ),
    "the first of one that cleans up": (
        CLEANING + "def f(s: Session):\n    return next(each(s))\n",
        "may stop reading each before its end",
    ),
    "one that cleans up is yielded from": (
        CLEANING + "def f(s: Session):\n    yield from each(s)\n",
        "would do so later",
    ),
    "what `yield from` gives is used": (
        EACH + "def f(s: Session):\n    found = yield from each(s)\n    print(found)\n",
        "write the loop out",
    ),
    "it is handed to another function": (
        EACH + "def f(s: Session, outside):\n    return outside(each(s))\n",
        "read it with `async for`",
    ),
    "it is read step by step": (
        EACH + "def f(s: Session):\n    names = each(s)\n    return names.send(None)\n",
        "read it with `async for`",
    ),
    "a list grows while it is read": (
        EACH + "def f(s: Session):\n    told = []\n    told.extend(each(s))\n    return told\n",
        "read it with `async for`",
    ),
    "a function that does more gives it back": (
        EACH + "def f(s: Session):\n    print('now')\n    return each(s)\n",
        "read it with `async for`",
    ),
    "a function that is handed on gives it back": (
        EACH + "def through(s: Session):\n    return each(s)\n\n\ndef f(app):\n"
        "    app.dependency_overrides[each] = through\n",
        "read it with `async for`",
    ),
    "it has two names": (
        EACH + "def f(s: Session):\n    names = a, b, c = each(s)\n    return names\n",
        "read it with `async for`",
    ),
    "another class gives an iterator in its place, in two ways": (
        "class Names:\n    def __init__(self, s: Session):\n        self.s = s\n\n"
        "    def lines(self):\n        yield self.s.get(Author, 1).name\n\n\n"
        "class Fixed(Names):\n    def lines(self):\n        if self.s is None:\n            return []\n"
        "        return iter(['a'])\n\n\n"
        "def f(s: Session):\n    return [line for line in Names(s).lines()]\n",
        "only one is a generator function",
    ),
    "it is read in a comprehension inside another": (
        EACH + "def f(s: Session):\n    return [[name for name in each(s)] for turn in (1, 2)]\n",
        "comprehension inside another",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_a_generator_that_is_read_otherwise_holds_the_family(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, text) == text
    assert any(reason in one for one in reasons(tmp_path, text)), reasons(tmp_path, text)
