"""Runs sides under other interpreters, so that an example is proved on every SQLAlchemy that applications have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from packaging.specifiers import SpecifierSet

from helpers.lab.worker import Probe, Worker
from helpers.model import Example

SideName = Literal["before", "after"]
_TAG = re.compile(r"(?P<side>before|after|both)(?P<versions>[<>=!~].+)")


class Workers:
    """The workers of several versions, each started when it is first asked for; to be used in a `with`."""

    def __init__(self, interpreters: Mapping[str, Callable[[str], Path]]) -> None:
        """`interpreters` finds, or makes, for each version of SQLAlchemy the interpreter that has it."""
        self._interpreters, self._started = interpreters, dict[str, Worker]()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def probe(self, version: str) -> Probe:
        """What runs jobs on SQLAlchemy `version`; raises KeyError when no interpreter was given for it."""
        if version not in self._started:
            self._started[version] = self._stack.enter_context(Worker(self._interpreters[version](version)))
        return self._started[version]


def cannot_run(example: Example, version: str) -> frozenset[SideName]:
    """The sides of `example` whose tags say that SQLAlchemy `version` cannot run them.

    A tag names a side and the versions that run it: `before<2.1`, `after>=2.0`, `both>=2.0,<2.1`; other tags are passed
    over.
    """
    found: set[SideName] = set()
    for tag in example.tags:
        match = _TAG.fullmatch(tag.replace(" ", ""))
        if match and version not in SpecifierSet(match["versions"]):
            both: tuple[SideName, ...] = ("before", "after")
            found.update(side for side in both if match["side"] in (side, "both"))
    return frozenset(found)
