"""Runs a call of an application, in a process of its own, on a copy of the application's own sample data."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import WorkbookError
from helpers.lab.runner import Observation, Side, run
from helpers.lab.worker import Worker


class SeedError(WorkbookError):
    """The application's own commands did not fill a database."""


@dataclass(frozen=True)
class Scenario:
    """A call to observe: `imports` as a module would write them, and an expression that may use `session`."""

    imports: str
    call: str


def seed(root: Path, commands: Sequence[Sequence[str]], *, variable: str = "DATABASE_URL") -> bytes:
    """The bytes of the SQLite file that the application's own commands fill.

    Each command is the words after `python`, run in `root`; `variable` tells it the database. SeedError when one fails.
    """
    with tempfile.TemporaryDirectory(prefix="seed-") as folder:
        path = Path(folder, "app.db")
        environment = {**os.environ, variable: f"sqlite:///{path.as_posix()}", "PYTHONDONTWRITEBYTECODE": "1"}
        for command in commands:
            done = subprocess.run(
                [sys.executable, *command], cwd=root, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                raise SeedError(" ".join(command), f"failed: {last}", f"run it by hand with {variable} set")
        return path.read_bytes()


def observe(root: Path, scenario: Scenario, template: bytes) -> Observation:
    """What the scenario does with the code below `root` on a copy of `template`; nothing it raises comes out.

    Each call starts a fresh process, so that two copies of one application never meet.
    """
    path = f"import sys\nsys.dont_write_bytecode = True\nsys.path.insert(0, {str(root)!r})\n"
    with Worker(Path(sys.executable)) as worker:
        return run(Side(path + scenario.imports, scenario.call, models=""), probe=worker, template=template)
