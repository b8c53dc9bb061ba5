"""Run an application's own commands in a copy of it, with its environment and its servers."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.facts import App
from benchmarks.junit import Outcome, read_outcomes
from benchmarks.listening.running import variables as listener_variables

OURS = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYENV_VERSION", "PYTHONWARNINGS", "MYPYPATH")
WHERE = """
import importlib.util, sys
spec = importlib.util.find_spec(sys.argv[1])
print(spec and (spec.origin or list(spec.submodule_search_locations)[0]))
"""


class ShellError(Exception):
    """A command of the application failed where it has to work; `str()` says which and where its output is."""


@dataclass(frozen=True)
class Bench:
    """Where an application's commands run: its facts, its environment, its servers and a folder for output.

    With a folder `heard` a listener is in its tests, and writes there.
    """

    app: App
    venv: Path
    servers: Mapping[str, str]
    logs: Path
    timeout: float
    heard: Path | None = None

    def variables(self, tree: Path) -> dict[str, str]:
        """The environment of a command in `tree`, in which the tree's own package comes before any installed one."""
        root = tree / self.app.root
        inherited = {key: value for key, value in os.environ.items() if key not in OURS}
        own = {"APP": str(root), "VENV": str(self.venv), "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
        found = {**inherited, **self.servers, **own}
        return found if self.heard is None else listener_variables(self.heard, root, found)

    def run(self, name: str, commands: Sequence[str], tree: Path) -> int:
        """Run bash `commands` in `tree` until one fails, output added to a log called `name`. Returns the exit code."""
        script = "set -e -o pipefail\n" + "\n".join(commands)
        with self.log(name).open("ab") as output:
            process = subprocess.Popen(
                ["bash", "-c", script],
                cwd=tree / self.app.root,
                env=self.variables(tree),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            return _wait(process, self.timeout)

    def must(self, name: str, commands: Sequence[str], tree: Path) -> None:
        """`run`, and raise ShellError when it fails."""
        if commands and (code := self.run(name, commands, tree)):
            raise ShellError(f"{name}: exit {code} from {commands[-1]!r}; see {self.log(name)}")

    def junit(self, name: str) -> Path:
        """The file that keeps the outcomes of the run called `name`."""
        return self.logs / f"{name.replace(' ', '-')}.xml"

    def log(self, name: str) -> Path:
        """The file that keeps the output of the commands called `name`."""
        return self.logs / f"{name.replace(' ', '-')}.txt"


@dataclass(frozen=True)
class TestRun:
    """One run of an application's tests."""

    __test__ = False
    outcomes: Mapping[str, Outcome]
    seconds: float
    code: int


def check_imported_from(bench: Bench, tree: Path) -> None:
    """Raise ShellError unless the tests would import the application from `tree`, not from where it was installed."""
    python = bench.venv / "bin" / "python"
    done = subprocess.run(
        [python, "-c", WHERE, bench.app.package],
        cwd=tree / bench.app.root,
        env=bench.variables(tree),
        capture_output=True,
        text=True,
        check=False,
    )
    origin = done.stdout.strip()
    if not Path(origin).is_relative_to(tree):
        raise ShellError(
            f"{python}: imports {bench.app.package} from {origin or 'nowhere'}, not from the copy; check VENV"
        )


def run_tests(bench: Bench, name: str, tree: Path) -> TestRun:
    """Run the application's tests in `tree`; without any outcome the run itself broke, and ShellError says so."""
    check_imported_from(bench, tree)
    bench.must(f"{name} reset", bench.app.reset, tree)
    report = bench.junit(name)
    start = time.perf_counter()
    code = bench.run(name, [f"{bench.app.test} --junitxml={shlex.quote(str(report))}"], tree)
    seconds = time.perf_counter() - start
    outcomes = read_outcomes(report)
    if not outcomes:
        raise ShellError(f"{name}: the tests did not run, exit {code}; see {bench.log(name)}")
    return TestRun(outcomes, seconds, code)


def _wait(process: subprocess.Popen[bytes], timeout: float) -> int:
    try:
        return process.wait(timeout)
    except BaseException as error:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            return 124
        raise
