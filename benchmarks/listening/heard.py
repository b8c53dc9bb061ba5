"""Reads what the listener wrote, one file for each process, and tells what it means."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

Json = Any


@dataclass(frozen=True, order=True)
class Statements:
    """Statements of one driver, sent on one kind of thread from one line; `side` tells tests from the application."""

    driver: str
    asynchronous: bool
    thread: str
    place: str
    side: str
    count: int


@dataclass(frozen=True, order=True)
class Crossing:
    """Sessions that several threads used, from one place to another; `between` says who they are."""

    between: str
    threads: str
    first: str
    last: str
    asynchronous: bool
    count: int


@dataclass(frozen=True)
class Sessions:
    """How many there were, how many had several tasks one after the other, and those that crossed threads."""

    count: int = 0
    asynchronous: int = 0
    tasks: int = 0
    crossings: tuple[Crossing, ...] = ()

    @property
    def crossed(self) -> int:
        """How many crossed threads."""
        return sum(one.count for one in self.crossings)


@dataclass(frozen=True)
class Heard:
    """What one run of tests did. `together` are places that used one connection at once; `beside` is left out."""

    statements: tuple[Statements, ...] = ()
    beside: tuple[Statements, ...] = ()
    sessions: Sessions = Sessions()
    together: tuple[tuple[str, str, int], ...] = ()
    unawaited: tuple[tuple[str, str, str, int], ...] = ()
    failures: tuple[str, ...] = ()

    @property
    def sent(self) -> int:
        """All statements that count."""
        return sum(one.count for one in self.statements)

    @property
    def share(self) -> float | None:
        """The part of them that went through an asynchronous dialect; None where there was no statement."""
        asynchronous = sum(one.count for one in self.statements if one.asynchronous)
        return asynchronous / self.sent if self.sent else None

    def by_driver(self) -> dict[str, int]:
        """Statements by driver and kind of thread, the most first."""
        found: Counter[str] = Counter()
        for one in self.statements:
            found[f"{one.driver} on a {one.thread} thread"] += one.count
        return dict(found.most_common())

    def synchronous(self) -> dict[str, int]:
        """Where statements went through a synchronous dialect, the most first."""
        found: Counter[str] = Counter()
        for one in self.statements:
            if not one.asynchronous:
                found[one.place or "no line of the application"] += one.count
        return dict(found.most_common())


def read(folder: Path, beside: Sequence[str] = ()) -> Heard:
    """What all processes of a run wrote; statements from paths like one of `beside` are kept apart."""
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("heard.*.json"))]
    statements = _added(tuple(row) for document in documents for row in document["statements"])
    sent = [_statements(*key, count) for key, count in sorted(statements.items())]
    apart = [one for one in sent if any(fnmatchcase(one.place.partition(":")[0], pattern) for pattern in beside)]
    together = _added(tuple(row) for document in documents for row in document["together"])
    unawaited = _added(tuple(row) for document in documents for row in document["unawaited"])
    return Heard(
        tuple(one for one in sent if one not in apart),
        tuple(apart),
        sessions([life for document in documents for life in document["sessions"]]),
        tuple((*key, count) for key, count in sorted(together.items())),
        tuple((*key, count) for key, count in sorted(unawaited.items())),
        tuple(sorted({text for document in documents for text in document["failures"]})),
    )


def sessions(lives: Sequence[Json]) -> Sessions:
    """What became of sessions that were each written down with their first, last and all users."""
    crossings = Counter(found for life in lives for found in _crossing(life))
    tasks = [len({task for _, _, task, side in life["users"] if task and side != "unknown"}) for life in lives]
    return Sessions(
        len(lives),
        sum(bool(life["asynchronous"]) for life in lives),
        sum(number > 1 for number in tasks),
        tuple(Crossing(*key, count) for key, count in crossings.most_common()),
    )


def _statements(*row: Json) -> Statements:
    return Statements(*row)


def _crossing(life: Json) -> Iterator[tuple[str, str, str, str, bool]]:
    """How one session crossed threads, if it did."""
    users = [tuple(user) for user in life["users"]]
    if len({thread for thread, *_ in users}) > 1:
        kinds = " and ".join(f"{number} {kind}" for kind, number in sorted(_kinds(users).items()))
        first, last = life["first"][3], life["last"][3]
        yield _between(users), kinds, first, last, bool(life["asynchronous"])


def _kinds(users: Sequence[Sequence[Json]]) -> Counter[str]:
    return Counter(kind for _, kind in {(thread, kind) for thread, kind, _, _ in users})


def _between(users: Sequence[Sequence[Json]]) -> str:
    """Whether one side alone crossed, or the tests share a session with the application.

    A thread that a test has used is the tests'; what a library does in a task of its own shows no side.
    """
    tests = {user[0] for user in users if user[3] == "tests"}
    application = {user[0] for user in users if user[3] == "application"} - tests
    if len(application) > 1 or not tests:
        return "within the application"
    return "tests and application" if application else "within the tests"


def _added(rows: Iterable[Sequence[Json]]) -> Counter[tuple[Json, ...]]:
    found: Counter[tuple[Json, ...]] = Counter()
    for *key, count in rows:
        found[tuple(key)] += count
    return found
