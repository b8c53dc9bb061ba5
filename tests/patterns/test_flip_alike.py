"""The flip of methods that stand for each other, where one is a generator and another returns what one can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, proved, reasons

TOP = "from abc import ABC, abstractmethod\nfrom collections.abc import Iterator\n\n\n"
ABOVE = (
    "class Store(ABC):\n    @abstractmethod\n    def lines(self, least: int) -> Iterator[tuple[str, int]]:\n"
    '        """Give all."""\n\n'
    "    def total(self, least: int) -> int:\n        {}\n\n\n"
)
READ = "return sum(count for _, count in self.lines(least))"
BELOW = (
    "\n\nclass Database(Store):\n    def __init__(self, s: Session):\n        self.s = s\n\n"
    "    def lines(self, least: int) -> Iterator[tuple[str, int]]:\n"
    "        for number in (1, 2):\n            yield self.s.get(Author, number).name, number\n\n\n"
    "def both(s: Session):\n    return Memory().total(2), Database(s).total(1)\n"
)


def family(*lines: str, read: str = READ, returns: str = " -> Iterator[tuple[str, int]]") -> str:
    """An abstract class, one that counts in memory with these lines, and one that asks the database."""
    text = "".join(f"        {line}\n" for line in lines)
    memory = (
        f"class Memory(Store):\n    counts = {{'a': 1, 'b': 2, 'c': 3}}\n\n    def lines(self, least: int){returns}:\n"
    )
    return TOP + ABOVE.format(read) + memory + text + BELOW


FOLLOWS = {
    "a generator expression": (
        family("return ((name, count) for name, count in self.counts.items() if count >= least)"),
        "        for name, count in self.counts.items():\n            if count >= least:\n"
        "                yield (name, count)\n",
    ),
    "something before": (
        family("counts = list(self.counts.items())", "return (one for one in counts if one[1] >= least)"),
        "        counts = list(self.counts.items())\n        for one in counts:\n",
    ),
    "names that are taken": (
        family("name = 'a'", "return ((name, count) for name, count in self.counts.items() if name)"),
        "        name = 'a'\n        for item in ((name, count) for name, count in self.counts.items() if name):\n"
        "            yield item\n",
    ),
    "a list": (family("return list(self.counts.items())"), "        for item in list(self.counts.items()):\n"),
    "an iterator, read by a loop": (
        family(
            "return iter(self.counts.items())",
            read="found = 0\n        for _, one in self.lines(least):\n            found += one\n        return found",
        ),
        "        async for _, one in self.lines(least):\n",
    ),
    "no type": (
        family("return self.counts.items()", returns=""),
        "    async def lines(self, least: int):\n        for item",
    ),
}


@pytest.mark.parametrize(("text", "written"), FOLLOWS.values(), ids=FOLLOWS)
def test_what_stands_for_a_generator_becomes_one(text: str, written: str, tmp_path: Path) -> None:
    after = proved(tmp_path, text, "both(session)")
    assert written in after, after
    assert "    @abstractmethod\n    def lines(self, least: int) -> AsyncIterator[tuple[str, int]]:\n" in after


LEFT = {
    "a return in the middle": (
        family("if least > 9:", "    return iter([])", "return iter(self.counts.items())"),
        "only one is a generator function",
    ),
    "a return inside a block": (
        family("with self.lock:", "    return iter(self.counts.items())"),
        "only one is a generator function",
    ),
    "a type that promises more": (
        family("return list(self.counts.items())", returns=" -> list[tuple[str, int]]"),
        "only one is a generator function",
    ),
    "a caller that counts them": (
        family("return iter(self.counts.items())", read="return len(self.lines(least))"),
        "read it with `async for`",
    ),
    "a caller that reads later": (
        family(
            "return iter(self.counts.items())",
            read="found = self.lines(least)\n        return sum(c for _, c in found)",
        ),
        "Store.lines does something when it is called: read it where it is called",
    ),
    "a caller that hands them on": (
        family("return iter(self.counts.items())", read="return self.lines(least)"),
        "Store.lines does something when it is called: read it where it is called",
    ),
    "an await in what is returned": (
        family("return ((self.s.get(Author, n).name, n) for n in (1, 2))").replace(
            "    counts = {", "    s: Session\n    counts = {"
        ),
        "which may not be read to its end",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_what_differs_from_a_generator_is_left(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, text) == text
    assert any(reason in one for one in reasons(tmp_path, text)), reasons(tmp_path, text)


def test_methods_that_stay_synchronous_may_differ(tmp_path: Path) -> None:
    text = family("return iter(self.counts.items())").replace("self.s.get(Author, number).name", "str(number)")
    text += "\n\ndef one(s: Session):\n    return s.get(Author, Memory().total(1))\n"
    after = body(tmp_path, text)
    assert "await s.get(Author, Memory().total(1))" in after and "async for" not in after
