"""The file that a process writes: each record when it is first seen, and now and then how often which test met it."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from typing import Any, Callable, NamedTuple, Tuple

OUT, ROOT = os.environ.get("WORKBOOK_TRACE_OUT", ""), os.environ.get("WORKBOOK_TRACE_ROOT", "")
IS_TEST = re.compile(os.environ.get("WORKBOOK_TRACE_TESTS") or "(?!)").search
FLUSH_EVERY = 2000

# (path, line, first line of the function, its name, the library that called it)
Frame = Tuple[str, int, int, str, str]


class Source(NamedTuple):
    """What loads objects: kind, the method, the application's lines, and the attribute of a lazy load."""

    kind: str
    api: str
    frames: tuple[Frame, ...]
    attribute: str = ""


class Touch(NamedTuple):
    """An implicit load; equal ones are counted."""

    owner: str
    declared: str
    attribute: str
    kind: str
    target: str
    frames: tuple[Frame, ...]
    through: tuple[str, ...]
    endpoint: Frame | None
    schema: str
    sources: tuple[Source, ...]
    expired: tuple[str, Frame | None] | None


class Stack(NamedTuple):
    """The application's frames above an IO, innermost first; `loop` says whose coroutine it held up, if any."""

    frames: tuple[Frame, ...]
    implicit: bool
    loop: str


class Log:
    """This process's file: each record when it is first seen, and now and then how often which test met it."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew, as the child of a fork has to: the file, what was seen, and the lock are the parent's."""
        self.lock, self.path = threading.RLock(), ""
        self.numbers: dict[Any, int] = {}
        self.tests: dict[str, int] = {}
        self.counts: dict[int, dict[int, int]] = {}
        self.totals: dict[str, int] = {}
        self.unwritten = 0

    def add(self, record: Any) -> None:
        """Count a record; write it if it is new."""
        with self.lock:
            number = self.numbers.get(record)
            if number is None:
                number = self.numbers[record] = len(self.numbers)
                self.write({"record": number, "is": type(record).__name__, "test": self.test(), **record._asdict()})
            met = self.counts.setdefault(number, {})
            test = self.test()
            met[test] = met.get(test, 0) + 1

    def total(self, name: str) -> None:
        """Count an event."""
        with self.lock:
            self.totals[name] = self.totals.get(name, 0) + 1
            self.unwritten += 1
            if self.unwritten >= FLUSH_EVERY:
                self.flush()

    def failed(self, where: str, error: Exception) -> None:
        """Count something that went wrong in the recorder itself."""
        try:
            self.total("failed")
            self.write({"failed": f"{where}: {error!r}"})
        except Exception:
            pass

    def test(self) -> int:
        """The number of the test that runs; -1 outside of tests."""
        name = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
        if not name:
            return -1
        if name not in self.tests:
            self.tests[name] = len(self.tests)
            self.write({"test": self.tests[name], "name": name})
        return self.tests[name]

    def flush(self) -> None:
        """Write what was counted since the last time."""
        with self.lock:
            if self.totals or self.counts:
                self.write({"totals": self.totals, "counts": self.counts})
            self.totals, self.counts, self.unwritten = {}, {}, 0

    def end(self) -> None:
        """The process is leaving in good order."""
        try:
            with self.lock:
                self.flush()
                if self.path:
                    self.write({"end": True})
        except Exception:
            pass

    def open(self) -> None:
        """Say that this process has SQLAlchemy, if it has not."""
        if not self.path:
            self.path = os.path.join(OUT, f"t.{os.getpid()}.{time.time_ns()}.jsonl")
            self.write({"python": sys.version.split()[0], "sqlalchemy": sys.modules["sqlalchemy"].__version__})

    def write(self, record: dict[str, Any]) -> None:
        """One line, in one system call. The file is not kept open: applications close descriptors and use them anew."""
        self.open()
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, json.dumps(record, separators=(",", ":"), default=str).encode() + b"\n")
        finally:
            os.close(handle)


LOG = Log()


def guarded(hook: Callable[..., Any]) -> Callable[..., None]:
    """A hook that raises nothing and returns nothing: the application must not notice it."""

    def call(*arguments: Any, **keywords: Any) -> None:
        try:
            hook(*arguments, **keywords)
        except Exception as error:
            LOG.failed(hook.__name__, error)

    return call
