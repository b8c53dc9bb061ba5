"""Runs an application's own tests, by its own command, and counts what became of them."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from helpers.errors import UsageError

LAST_LINES = 30
"""Lines of the output that a red run keeps."""
_COLOUR = re.compile(r"\x1b\[[\d;]*m")  # notebooks ask every program for colours
_PERCENT = re.compile(r"\[\s*(\d+)%\]\s*$")
_WORST_FIRST = {"error": "errors", "failure": "failed", "skipped": "skipped"}
_ORDER = (*_WORST_FIRST.values(), "passed")

Progress = Callable[[int], None]
"""Is told how many per cent of the tests have run."""


@dataclass(frozen=True)
class Suite:
    """A test command that ends in pytest, what it needs in its environment, and the seconds that it may take."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 1800


@dataclass(frozen=True)
class SuiteResult:
    """How many tests became what, as pytest reports it; `output` has the last lines of a red run."""

    exit: int
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    seconds: float = 0.0
    output: str = ""

    @property
    def green(self) -> bool:
        """Whether the command ended well and a test passed: a run of no tests proves nothing."""
        return self.exit == 0 and self.passed > 0 and not (self.failed or self.errors)

    def __str__(self) -> str:
        counts = [(self.passed, "passed"), (self.failed, "failed"), (self.errors, "errors"), (self.skipped, "skipped")]
        told = ", ".join(f"{count} {word}" for count, word in counts if count or word == "passed")
        return told if self.green or self.failed or self.errors else f"{told}, ended with {self.exit}"


def run_suite(root: Path, suite: Suite, progress: Progress = lambda percent: None) -> SuiteResult:
    """Run the suite in the folder `root`. UsageError when its command cannot be started.

    pytest is asked for its report through PYTEST_ADDOPTS, so the command may be any that ends in pytest. What takes
    longer than the suite may is stopped, with the processes that it started, and is red.
    """
    lines: deque[str] = deque(maxlen=LAST_LINES)
    with tempfile.TemporaryDirectory(prefix="suite-") as folder:
        report = Path(folder, "junit.xml")
        started = time.monotonic()
        with _started(root, suite, report) as process, _stopped_late(process, suite.seconds, lines):
            for line in process.stdout or ():
                lines.append(_COLOUR.sub("", line).rstrip())
                if percent := _PERCENT.search(lines[-1]):
                    progress(int(percent[1]))
        result = _result(process.returncode, report, time.monotonic() - started)
    return result if result.green else replace(result, output="\n".join(lines))


@contextlib.contextmanager
def _started(root: Path, suite: Suite, report: Path) -> Iterator[subprocess.Popen[str]]:
    """The process, which leads a group of its own; an exception in the block ends the group, the block's end waits."""
    try:
        process = subprocess.Popen(
            list(suite.command),
            cwd=root,
            env=_environment(suite, report),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
    except OSError as error:
        fact = f"cannot be started ({error.strerror})"
        raise UsageError(suite.command[0], fact, "name the test command as you would type it") from error
    with process:
        try:
            yield process
        except BaseException:
            _stop(process)
            raise


def _environment(suite: Suite, report: Path) -> dict[str, str]:
    # Bytecode of a file that was rewritten within a second would be taken for that of the new one: none is written.
    given = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **suite.environment}
    given.pop("PYTEST_CURRENT_TEST", None)
    options = [*filter(None, [given.get("PYTEST_ADDOPTS")]), f"--junitxml={shlex.quote(str(report))}"]
    return {**given, "PYTEST_ADDOPTS": " ".join(options)}


@contextlib.contextmanager
def _stopped_late(process: subprocess.Popen[str], seconds: float, lines: deque[str]) -> Iterator[None]:
    def late() -> None:
        lines.append(f"stopped after {seconds:g} seconds")
        _stop(process)

    timer = threading.Timer(seconds, late)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _stop(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _result(code: int, report: Path, seconds: float) -> SuiteResult:
    count = Counter(_outcomes(report).values())
    return SuiteResult(code, count["passed"], count["failed"], count["errors"], count["skipped"], seconds)


def _outcomes(report: Path) -> dict[tuple[str | None, str | None], str]:
    """What became of each test; one that is reported twice, for its call and its teardown, keeps the worse."""
    try:
        cases = ElementTree.parse(report).iter("testcase")
    except (OSError, ElementTree.ParseError):  # nothing was run, or the run was stopped while it wrote
        return {}
    outcomes: dict[tuple[str | None, str | None], str] = {}
    for case in cases:
        name = (case.get("classname"), case.get("name"))
        outcomes[name] = min(outcomes.get(name, "passed"), _outcome(case), key=_ORDER.index)
    return outcomes


def _outcome(case: ElementTree.Element) -> str:
    return next((word for tag, word in _WORST_FIRST.items() if case.find(tag) is not None), "passed")
