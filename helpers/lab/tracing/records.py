"""Reads what the recorder wrote, one file for each process, and adds up what is equal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = Any


@dataclass
class Met:
    """How often a record was met, and in which tests."""

    record: dict[str, Json]
    count: int = 0
    tests: set[str] = field(default_factory=set)


@dataclass
class Raw:
    """Everything that the processes of one run wrote. `cut` counts those that ended before they could say so."""

    touches: dict[str, Met] = field(default_factory=dict)
    stacks: dict[str, Met] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)
    processes: int = 0
    cut: int = 0
    python: set[str] = field(default_factory=set)
    sqlalchemy: set[str] = field(default_factory=set)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def with_tests(self) -> bool:
        """Whether the run had tests that have names; then what belongs to none of them happened at start-up."""
        return any(met.tests for met in (*self.touches.values(), *self.stacks.values()))


def read(folder: Path) -> Raw:
    """What lies in the folder that the recorder was given."""
    raw = Raw()
    for path in sorted(folder.glob("t.*.jsonl")):
        _add(raw, list(_lines(path)))
    return raw


def _lines(path: Path) -> Iterator[dict[str, Json]]:
    """The records of a file; a line that a killed process did not finish is passed over."""
    for line in path.read_bytes().splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def _add(raw: Raw, lines: list[dict[str, Json]]) -> None:
    tests = {line["test"]: line["name"] for line in lines if "name" in line}
    own: dict[int, Met] = {}
    raw.processes += 1
    raw.cut += not any("end" in line for line in lines)
    for line in lines:
        if "python" in line:
            raw.python.add(line["python"])
            raw.sqlalchemy.add(line["sqlalchemy"])
        elif "failed" in line:
            raw.failures[line["failed"]] += 1
        elif "record" in line:
            number, test = line.pop("record"), line.pop("test")
            own[number] = Met(line, tests={tests[test]} if test in tests else set())
        elif "totals" in line:
            raw.totals.update(line["totals"])
            for number, counts in line["counts"].items():
                met = own[int(number)]
                met.count += sum(counts.values())
                met.tests |= {tests[int(test)] for test in counts if int(test) in tests}
    for met in own.values():
        _merge(raw.touches if met.record["is"] == "Touch" else raw.stacks, met)


def _merge(into: dict[str, Met], met: Met) -> None:
    known = into.setdefault(json.dumps(met.record, sort_keys=True), Met(met.record))
    known.count += max(met.count, 1)
    known.tests |= met.tests
