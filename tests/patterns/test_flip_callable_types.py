"""The flip of types that say what a value holds: `Callable[[Session], str]`, aliases, protocols, decorators."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.patterns.flipping import HEAD, MODELS, body, flipped, proved, reasons

TYPES = (
    "import asyncio\nfrom collections.abc import Awaitable, Callable, Iterator\nfrom contextlib import contextmanager\n"
    "from functools import partial, wraps\n"
    "from typing import Any, Concatenate, ContextManager, Generic, Optional, ParamSpec, Protocol, TypeVar\n\n"
    'P = ParamSpec("P")\nT = TypeVar("T")\n'
)
FIND = "\n\ndef find(s: Session) -> str:\n    return s.get_one(Author, 1).name\n"
TWICE = "\n\ndef twice(step: {}, s: Session) -> str:\n    return step(s) + step(s)\n"
NAME = "\n\ndef name(s: Session) -> str:\n    return twice(find, s)\n"
LOGGED = (
    "\n\ndef logged(f: Callable[P, T]) -> Callable[P, T]:\n    @wraps(f)\n"
    "    def inner(*args: P.args, **kwargs: P.kwargs) -> T:\n        return f(*args, **kwargs)\n\n    return inner\n"
)
KEPT = (
    "\n\nclass Kept(Generic[P, T]):\n"
    "    def __init__(self, f: Callable[Concatenate[Session, P], T], most: int) -> None:\n"
    "        self._f = f\n        self._most = most\n\n"
    "    def __call__(self, s: Session, *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:\n"
    "        return self._f(s, *args, **kwargs), self._most\n\n\n"
    "def kept(most: int) -> Callable[[Callable[Concatenate[Session, P], T]], Kept[P, T]]:\n"
    "    def decorate(f: Callable[Concatenate[Session, P], T]) -> Kept[P, T]:\n        return Kept(f, most)\n\n"
    "    return decorate\n"
)
CHANGED = {
    "a parameter": (
        FIND + TWICE.format("Callable[[Session], str]") + NAME,
        "async def twice(step: Callable[[AsyncSession], Awaitable[str]], s: AsyncSession) -> str:\n",
    ),
    "a parameter that may be None": (
        FIND
        + TWICE.format("Optional[Callable[[Session], str]]").replace("return", "return '' if step is None else")
        + NAME,
        "step: Optional[Callable[[AsyncSession], Awaitable[str]]], ",
    ),
    "a text": (
        FIND
        + TWICE.format('"Callable[[Session], str] | None"').replace("return", "return '' if step is None else")
        + NAME,
        'step: "Callable[[AsyncSession], Awaitable[str]] | None", ',
    ),
    "an alias": (
        "\nStep = Callable[[Session], object]\n"
        + FIND
        + TWICE.format("Step").replace("step(s) +", "str(step(s)) + str(step(s))[:0]  #")
        + NAME,
        "\nStep = Callable[[AsyncSession], Awaitable[object]]\n",
    ),
    "a protocol": (
        "\n\nclass Step(Protocol):\n    def __call__(self, s: Session) -> str: ...\n"
        + FIND
        + TWICE.format("Step")
        + NAME,
        "    async def __call__(self, s: AsyncSession) -> str: ...\n",
    ),
    "a table": (
        FIND + '\n\nTABLE: dict[str, Callable[[Session], str]] = {"find": find}\n\n\n'
        'def name(s: Session) -> str:\n    return TABLE["find"](s)\n',
        'TABLE: dict[str, Callable[[AsyncSession], Awaitable[str]]] = {"find": find}\n',
    ),
    "what an instance keeps": (
        FIND + "\n\nclass Step:\n    def __init__(self, run: Callable[[Session], str]) -> None:\n"
        "        self.run: Callable[[Session], str] = run\n\n    def do(self, s: Session) -> str:\n"
        "        return self.run(s)\n\n\ndef name(s: Session) -> str:\n    return Step(find).do(s)\n",
        "        self.run: Callable[[AsyncSession], Awaitable[str]] = run\n",
    ),
    "a decorator": (
        LOGGED
        + FIND.replace("def find", "@logged\ndef find")
        + "\n\ndef name(s: Session) -> str:\n    return find(s)\n",
        "def logged(f: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:\n",
    ),
    "a decorator of something that is run": (
        LOGGED
        + FIND.replace("def find", "@logged\ndef find")
        + "\n\ndef name(s: Session) -> str:\n    return find(s)\n"
        '\n\nif __name__ == "__main__":\n    find(Session(expire_on_commit=False))\n',
        "def logged(f: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:\n",
    ),
    "a class that decorates": (
        KEPT
        + FIND.replace("def find", "@kept(3)\ndef find")
        + "\n\ndef name(s: Session) -> str:\n    return find(s)[0]\n",
        "def kept(most: int) -> Callable[[Callable[Concatenate[AsyncSession, P], Awaitable[T]]], Kept[P, T]]:\n",
    ),
    "what is read in turn": (
        "\n\ndef names(s: Session) -> Iterator[str]:\n    yield s.get_one(Author, 1).name\n\n\n"
        "def each(read: Callable[[Session], Iterator[str]], s: Session) -> list[str]:\n"
        "    return [one for one in read(s)]\n\n\ndef name(s: Session) -> list[str]:\n    return each(names, s)\n",
        "async def each(read: Callable[[AsyncSession], AsyncIterator[str]], s: AsyncSession) -> list[str]:\n",
    ),
    "what is entered": (
        "\n\n@contextmanager\ndef author(s: Session) -> Iterator[Author]:\n    yield s.get_one(Author, 1)\n\n\n"
        "def enter(make: Callable[[Session], ContextManager[Author]], s: Session) -> str:\n    with make(s) as one:\n"
        "        return one.name\n\n\ndef name(s: Session) -> str:\n    return enter(author, s)\n",
        "make: Callable[[AsyncSession], AsyncContextManager[Author]], ",
    ),
    "a key": (
        "\n\ndef name(s: Session) -> list[int]:\n    def born(key: int) -> int:\n"
        "        return s.get_one(Author, key).born or 0\n\n"
        "    return sorted([1, 2], key=born) + [max([2, 1], key=born)]\n",
        "async def max_by(values: Iterable[T], key: Callable[[T], Awaitable[Any]], **default: Any) -> T:\n",
    ),
}


@pytest.mark.parametrize(("text", "written"), CHANGED.values(), ids=CHANGED)
def test_the_type_says_what_has_to_be_awaited(text: str, written: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.mypy]\nstrict = true\n", encoding="utf-8")
    assert written in "\n\n\n" + proved(tmp_path, TYPES + text, "name(session)")


def test_mypy_finds_nothing_in_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.mypy]\nstrict = true\n", encoding="utf-8")
    files = {f"app_{number}.py": HEAD + TYPES + text for number, (text, _) in enumerate(CHANGED.values())}
    models = MODELS + "    born: Mapped[int | None]\n"
    before = checked(tmp_path / "before", {**files, "models.py": models})
    after = checked(tmp_path / "after", {**flipped(tmp_path, files, models), "models.py": models})
    assert (before, after) == ("", "")


def checked(folder: Path, files: dict[str, str]) -> str:
    """What mypy says of some files, where it is strict; empty where it finds nothing."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder.parent / "cache"), *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode else ""


UNCHANGED = {
    "of functions that stay synchronous": (
        FIND + "\n\ndef shown(number: int) -> str:\n    return str(number)\n\n\n"
        "def plain(f: Callable[[int], str]) -> str:\n    return f(1)\n\n\n"
        "def name(s: Session) -> str:\n    return plain(shown) + find(s)\n",
        "def plain(f: Callable[[int], str]) -> str:\n    return f(1)\n",
    ),
    "of what is awaited already": (
        FIND + "\n\nasync def ask(number: int) -> str:\n    return str(number)\n\n\n"
        "async def asks(f: Callable[[int], Awaitable[str]]) -> str:\n    return await f(1)\n\n\n"
        "async def name(s: Session) -> str:\n    return await asks(ask) + find(s)\n",
        "async def asks(f: Callable[[int], Awaitable[str]]) -> str:\n    return await f(1)\n",
    ),
    "that says nothing of the result": (
        FIND + TWICE.format("Callable[..., Any]").replace("-> str", "-> Any") + NAME.replace("-> str", "-> Any"),
        "async def twice(step: Callable[..., Any], s: AsyncSession) -> Any:\n",
    ),
    "that nothing in sight gives a function": (
        FIND + "\n\ndef taken(f: Callable[[int], str]) -> str:\n    return f(1)\n\n\n"
        "def name(s: Session) -> str:\n    return find(s)\n",
        "def taken(f: Callable[[int], str]) -> str:\n    return f(1)\n",
    ),
}


@pytest.mark.parametrize(("text", "written"), UNCHANGED.values(), ids=UNCHANGED)
def test_a_type_stays(text: str, written: str, tmp_path: Path) -> None:
    assert written in body(tmp_path, TYPES + text)


def test_a_protocol_that_an_instance_satisfies_too_holds_the_family_back(tmp_path: Path) -> None:
    text = (
        "from typing import Protocol\n\n\nclass Step(Protocol):\n    def __call__(self, s: Session) -> str: ...\n\n\n"
        "class Fixed:\n    def __call__(self, s: Session) -> str:\n        return 'fixed'\n"
        + FIND
        + TWICE.format("Step")
        + "\n\ndef name(s: Session) -> str:\n    return twice(find, s) + twice(Fixed(), s)\n"
    )
    assert body(tmp_path, text) == (HEAD + text).split("\n\n\n", 1)[1]
    assert any("with others that are not in sight" in reason for reason in reasons(tmp_path, text))


def test_a_helper_has_no_types_where_nothing_checks_them(tmp_path: Path) -> None:
    text = (
        "def name(s: Session):\n    def born(key):\n        return s.get(Author, key)\n\n"
        "    return sorted([1], key=born)\n"
    )
    assert "async def sorted_by(values, key, *, reverse=False):\n" in body(tmp_path, text)
