"""Runs sides under other interpreters, so that an example is proved on every SQLAlchemy that applications have."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from packaging.specifiers import SpecifierSet

from helpers.errors import WorkbookError
from helpers.lab import _probe
from helpers.lab.runner import Json, Probe
from helpers.model import Example

SideName = Literal["before", "after"]
_TAG = re.compile(r"(?P<side>before|after|both)(?P<versions>[<>=!~].+)")


class InterpreterError(WorkbookError):
    """Another interpreter cannot run the lab's code, or stopped in the middle of it."""


class Worker:
    """A process of another interpreter that answers the lab's jobs; callable as a probe, to be used in a `with`."""

    def __init__(self, python: Path, *, patience: float = 60) -> None:
        """`python` is an interpreter that has SQLAlchemy 1.4 or later; `patience` counts seconds for one job."""
        self.python, self.patience = python, patience

    def __enter__(self) -> Self:
        # -I: the application's environment alone, no path, no variables and no folder of ours
        command = [str(self.python), "-I", str(Path(_probe.__file__).resolve())]
        # 1.4.46 nags once per process about 2.0, in whichever job comes first
        environment = {**os.environ, "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def __call__(self, job: dict[str, Json]) -> dict[str, Json]:
        """The report on `job`; raises InterpreterError when the code took the process down or took too long."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps({**job, "patience": self.patience}) + "\n")
            self._process.stdin.flush()
            report: dict[str, Json] = json.loads(self._process.stdout.readline())
        except (OSError, json.JSONDecodeError) as error:
            fact = f"stopped, or gave no report within {self.patience:g} seconds"
            raise InterpreterError(str(self.python), fact, "run it by hand; is SQLAlchemy installed there?") from error
        return report


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
