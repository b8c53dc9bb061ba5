"""Runs the lab's jobs in processes of their own, so that no code under test can take a notebook's kernel along."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from helpers.errors import WorkbookError
from helpers.lab import _probe

Json = Any
"""Plain JSON data: None, bool, int, float, str, list and dict of these."""
Probe = Callable[[dict[str, Json]], dict[str, Json]]
"""What turns a job into a report: `here`, or a `Worker` of another interpreter."""


# what -I does, which would not let the hash seed be chosen: no folder of ours on the path
_ALONE = "import sys; del sys.path[0]; import runpy; runpy.run_path(sys.argv[1], run_name='__main__')"


def _environment() -> dict[str, str]:
    """The variables of a worker: none that change how Python runs, but a hash seed, so that sets keep their order."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # 1.4.46 nags once per process about 2.0, in whichever job comes first
    return {**kept, "PYTHONHASHSEED": "0", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}


class InterpreterError(WorkbookError):
    """An interpreter cannot run the lab's code, or the code took its process along."""


class Worker:
    """A process of an interpreter that answers the lab's jobs; callable as a probe, to be used in a `with`."""

    def __init__(self, python: Path, *, patience: float = 60) -> None:
        """`python` is an interpreter that has SQLAlchemy 1.4 or later; `patience` counts seconds for one job."""
        self.python, self.patience = python, patience

    def __enter__(self) -> Self:
        command = [str(self.python), "-s", "-c", _ALONE, str(Path(_probe.__file__).resolve())]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=_environment(),
            start_new_session=True,  # an interrupt of the kernel is for the kernel; who waits ends the group
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if hasattr(os, "killpg"):  # the job, too, which is a child of the worker
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        with suppress(BrokenPipeError):  # a job that was written to a process that had gone
            self._process.communicate()

    def __call__(self, job: dict[str, Json]) -> dict[str, Json]:
        """The report on `job`; raises InterpreterError when the code took its process down or took too long."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps({**job, "patience": self.patience}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            raise InterpreterError(str(self.python), "stopped", "run it by hand; is SQLAlchemy installed there?")
        if not line.strip():
            fact = f"ended its process, or did not end within {self.patience:g} seconds"
            raise InterpreterError(job["call"], fact, f"run it by hand with {self.python}")
        report: dict[str, Json] = json.loads(line)
        return report


class Here:
    """A worker of the interpreter that runs the workbook, for as long as that runs; started when it is first asked."""

    def __init__(self) -> None:
        self._worker: Worker | None = None
        self._turn = threading.Lock()  # a panel may ask while a cell is running

    def __call__(self, job: dict[str, Json]) -> dict[str, Json]:
        """The report on `job`; what the code printed is printed. Raises InterpreterError as a worker does."""
        with self._turn:
            worker = self._worker = self._worker or Worker(Path(sys.executable)).__enter__()
            try:
                report = worker(job)
            except BaseException:  # an interrupt leaves an answer on its way, which is not that of the next job
                self.close()
                raise
        print(report["printed"], end="")
        return report

    def close(self) -> None:
        """End the process; the next job starts another."""
        if self._worker:
            self._worker.__exit__(None, None, None)
        self._worker = None


here = Here()
atexit.register(here.close)
