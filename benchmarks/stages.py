"""Green to green on Relay: each pattern alone, then all of them in order, judged by Relay's own suite after each.

    python -m benchmarks.stages [NAME ...] [--alone | --in-order] [--quick]

Prints one line for each state: how much was applied and refused, whether suite, mypy and ruff are clean, and the
route whose number of SQL statements grew most. Exit 1 when a state is not clean or a route grew by more than one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from helpers.workbook import Workbook

REPOSITORY = Path(__file__).parent.parent
RELAY = REPOSITORY / "sample_app"
Counts = Mapping[str, list[int]]
Judged = tuple[tuple[str, ...], Counts]


@dataclass(frozen=True)
class Growth:
    """The request whose statements grew most: `by` may be negative when all became fewer."""

    by: int
    where: str


@dataclass(frozen=True)
class State:
    """One state of Relay and what its judges say; `faults` is empty when it is clean."""

    name: str
    applied: int
    refused: int
    faults: tuple[str, ...]
    growth: Growth
    statements: int

    def line(self) -> str:
        """The state as one line of the report."""
        verdict = "green" if not self.faults else "RED " + "; ".join(self.faults)
        grown = f"{self.growth.by:+d} {self.growth.where}" if self.growth.by > 0 else "none"
        return (
            f"{self.name:<28} applied {self.applied:>4}  refused {self.refused:>4}  {verdict}  "
            f"{self.statements} statements, most grown: {grown}"
        )

    @property
    def clean(self) -> bool:
        """Whether the application still works, with no route more than one statement dearer."""
        return not self.faults and self.growth.by <= 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the states that were asked for. 1 when one is not clean."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("names", nargs="*", help="patterns, all of them without any")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--alone", action="store_true", help="each pattern alone, nothing in order")
    which.add_argument("--in-order", action="store_true", help="all in order, none alone")
    parser.add_argument("--quick", action="store_true", help="of the states in order, judge the last one only")
    asked = parser.parse_args(arguments)
    names = asked.names or [pattern.NAME for pattern in Workbook.patterns()]
    before = steady(judged(RELAY)[1], judged(RELAY)[1])
    compared = Compared(before, Judge({}))
    clean = True
    states = [] if asked.in_order else [(name,) for name in names]
    for state in (alone(name, compared) for (name,) in states):
        print(state.line(), flush=True)
        clean &= state.clean
    for state in () if asked.alone else in_order(names, compared, last_only=asked.quick):
        print(state.line(), flush=True)
        clean &= state.clean
    return 0 if clean else 1


@dataclass(frozen=True)
class Judge:
    """Judges every text of Relay once: a pattern that changes nothing, or is the first in order, costs no time."""

    known: dict[str, Judged]

    def __call__(self, root: Path) -> Judged:
        """What `judged` says, now or of the same files before."""
        texts = [path.read_bytes() for path in sorted(root.rglob("*.py"))]
        key = hashlib.sha256(b"\0".join(texts)).hexdigest()
        if key not in self.known:
            self.known[key] = judged(root)
        return self.known[key]


@dataclass(frozen=True)
class Compared:
    """The statements before, and who judges what came after."""

    before: Counts
    judge: Judge


def alone(name: str, compared: Compared) -> State:
    """Relay with one pattern applied."""
    with Workbook.open(RELAY, scratch=True) as book:
        return _applied(book, name, compared)


def in_order(names: Sequence[str], compared: Compared, *, last_only: bool = False) -> Iterator[State]:
    """Relay with one pattern after the other applied to the same copy."""
    with Workbook.open(RELAY, scratch=True) as book:
        for number, name in enumerate(names, 1):
            if last_only and number < len(names):
                book.apply(book.preview([name]))
            else:
                yield replace(_applied(book, name, compared), name=f"{number}. {name}")


def _applied(book: Workbook, name: str, compared: Compared) -> State:
    change = book.preview([name])
    book.apply(change)
    faults, after = compared.judge(book.root)
    grown = growth(compared.before, after)
    return State(name, len(change.applied), len(change.skipped), faults, grown, sum(map(sum, after.values())))


def judged(root: Path) -> Judged:
    """What suite, mypy and ruff hold against the copy of Relay in `root`, and its statements by test and route."""
    with tempfile.NamedTemporaryFile(suffix=".json") as counted:
        env = {"RELAY_ROOT": str(root), "STATEMENTS_FILE": counted.name, "PYTHONPATH": str(REPOSITORY)}
        suite = ["pytest", "-q", "-p", "no:cacheprovider", "-p", "benchmarks.statement_counter"]
        faults = (
            _run(suite, RELAY, env)
            + _run(["mypy", "--no-incremental"], root)
            + _run(["ruff", "check", "-q", "relay"], root)
        )
        counts: dict[str, list[int]] = json.loads(Path(counted.name).read_text() or "{}")
    return faults, counts


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    env = {**os.environ, **(environment or {})}
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode == 0:
        return ()
    sys.stderr.write(f"{done.stdout[-4000:]}{done.stderr[-1000:]}\n")
    return (f"{command[0]}: {(done.stdout.strip() or done.stderr.strip()).splitlines()[-1]}",)


def steady(first: Counts, second: Counts) -> Counts:
    """What two runs of the same code agree on: tests that race or poll count differently each time, and say nothing."""
    return {key: counts for key, counts in first.items() if second.get(key) == counts}


def growth(before: Counts, after: Counts) -> Growth:
    """The request of one test that needs most statements more than before; requests are paired in their order."""
    grown = [
        Growth(late - early, key)
        for key, early_counts in before.items()
        for early, late in _paired(early_counts, after.get(key, []))
    ]
    return max(grown, key=lambda item: item.by, default=Growth(0, ""))


def _paired(early: list[int], late: list[int]) -> Iterator[tuple[int, int]]:
    """Requests one by one; where their number differs, as in a test that polls, the dearest of each side."""
    if len(early) == len(late):
        yield from zip(early, late, strict=True)
    elif late:
        yield max(early), max(late)


if __name__ == "__main__":
    sys.exit(main())
