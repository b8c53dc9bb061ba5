"""What tracing costs: `python -m benchmarks.trace PATH -- COMMAND ...` runs the tests of a copy with and without it."""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from helpers.analysis.trace import Trace
from helpers.errors import WorkbookError
from helpers.lab.tracing.run import Options, trace

LEFT_OUT = shutil.ignore_patterns(".git", ".workbook", "node_modules", "__pycache__")


@dataclass(frozen=True)
class Cost:
    """One run: seconds on the wall, seconds of processors in all its processes, and its exit code."""

    wall: float
    cpu: float
    code: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when measured, 1 when the tests end differently with the recorder, 2 when nothing can be traced."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    at = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trace", description=__doc__)
    parser.add_argument("path", type=Path, metavar="PATH")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="take the cheapest of N (%(default)s)")
    options, command = parser.parse_args(words[:at]), words[at + 1 :]
    if not command:
        parser.error("write the test command after two hyphens, as it is run in PATH")
    try:
        runs = [measure(options.path.resolve(), command) for _ in range(options.repeat)]
    except WorkbookError as error:
        print(error, file=sys.stderr)
        return 2
    plain = min((run[0] for run in runs), key=lambda cost: cost.cpu)
    traced = min((run[1] for run in runs), key=lambda cost: cost.cpu)
    console = Console(width=None if sys.stdout.isatty() else 100)
    console.print(table(plain, traced))
    console.print(counts(runs[-1][2]))
    return int(any(run[0].code != run[1].code for run in runs))


def measure(path: Path, command: Sequence[str]) -> tuple[Cost, Cost, Trace]:
    """A run without the recorder, one with it, each in a fresh copy of `path`, and the trace. WorkbookError."""
    found: list[Trace] = []

    def plainly(copy: Path) -> int:
        return subprocess.run(command, cwd=copy, stdout=sys.stderr, check=False).returncode

    def traced(copy: Path) -> int:
        found.append(trace(copy, command, Options(sys.stderr.fileno())))
        return found[-1].exit

    return _cost(path, plainly), _cost(path, traced), found[0]


def _cost(path: Path, work: Callable[[Path], int]) -> Cost:
    with tempfile.TemporaryDirectory(prefix="trace-") as folder:
        copy = Path(folder, path.name)
        shutil.copytree(path, copy, symlinks=True, ignore=LEFT_OUT)
        wall, cpu = time.perf_counter(), _cpu()
        code = work(copy)
        return Cost(time.perf_counter() - wall, _cpu() - cpu, code)


def _cpu() -> float:
    """Seconds of processors in this process and all children that ended: merging the records counts, too."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def table(plain: Cost, traced: Cost) -> Table:
    """Both runs and what one costs in terms of the other."""
    found = Table("run", "wall s", "cpu s", "exit code", box=None, pad_edge=False)
    for column in found.columns[1:]:
        column.justify = "right"
    for name, cost in (("plain", plain), ("traced", traced)):
        found.add_row(name, f"{cost.wall:.1f}", f"{cost.cpu:.1f}", str(cost.code))
    found.add_row("traced / plain", f"{traced.wall / plain.wall:.2f}", f"{traced.cpu / plain.cpu:.2f}", "")
    return found


def counts(found: Trace) -> str:
    """What the trace holds, and whether it lists as many loads as the hooks counted."""
    check = found.check
    return (
        f"{check.hooked} loads hooked, {check.listed} listed with a line or an endpoint, {check.implicit} of"
        f" {check.statements} SQL statements entered through an attribute; {len(found.lazy_loads)} lazy loads,"
        f" {len(found.refreshes)} refreshes, {len(found.io_functions)} functions, {len(found.edges)} edges,"
        f" {len(found.on_loop)} stacks on a loop; {check.failed_hooks} hooks failed"
    )


if __name__ == "__main__":
    sys.exit(main())
