"""The outcome of each test of a run, read from JUnit XML, and what changed between two runs."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WORST_FIRST = ("error", "failure", "skipped")
WORDS = {"error": "error", "failure": "failed", "skipped": "skipped"}
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


@dataclass(frozen=True)
class Outcome:
    """What became of one test: passed, failed, error or skipped, with the first line of its message."""

    word: str
    message: str = ""


@dataclass(frozen=True)
class Red:
    """A test that was fine and is no longer; `after` is `missing` where it did not run at all."""

    test: str
    before: str
    after: str
    message: str = ""


def read_outcomes(path: Path) -> dict[str, Outcome]:
    """Outcome by node id; a test reported twice (its call, then its teardown) keeps the worse. Empty without a file."""
    if not path.exists():
        return {}
    outcomes: dict[str, Outcome] = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = node_id(case.get("classname", ""), case.get("name", ""))
        outcomes[name] = _worse(outcomes.get(name), _outcome(case))
    return outcomes


def node_id(classname: str, name: str) -> str:
    """One identifier for a test; addresses in parameter names differ from run to run, so they are blotted out."""
    return ADDRESS.sub("0x…", f"{classname}::{name}" if classname else name)


def counts(outcomes: Mapping[str, Outcome]) -> dict[str, int]:
    """How many tests passed, failed, were errors or were skipped."""
    return dict(Counter(outcome.word for outcome in outcomes.values()))


def turned_red(before: Mapping[str, Outcome], after: Mapping[str, Outcome]) -> tuple[Red, ...]:
    """Tests that passed or were skipped before, and failed, broke or vanished after."""
    red = []
    for test, old in before.items():
        new = after.get(test, Outcome("missing"))
        if old.word in ("passed", "skipped") and new.word in ("failed", "error", "missing"):
            red.append(Red(test, old.word, new.word, new.message))
    broken = [Red(test, "absent", new.word, new.message) for test, new in after.items() if test not in before]
    return tuple(red + [item for item in broken if item.after in ("failed", "error")])


def red_without_baseline(after: Mapping[str, Outcome], *, known: Sequence[str], passed: int) -> tuple[Red, ...]:
    """Failures that are not known ones, and one more line where fewer tests passed than are known to."""
    red = [
        Red(test, "unknown", outcome.word, outcome.message)
        for test, outcome in after.items()
        if outcome.word in ("failed", "error") and not any(part in test for part in known)
    ]
    found = counts(after).get("passed", 0)
    if found < passed and not red:
        red.append(Red("(all tests)", f"{passed} passed", f"{found} passed"))
    return tuple(red)


def _outcome(case: ElementTree.Element) -> Outcome:
    for tag in WORST_FIRST:
        element = case.find(tag)
        if element is not None:
            lines = (element.get("message") or element.text or "").strip().splitlines()
            return Outcome(WORDS[tag], lines[0] if lines else "")
    return Outcome("passed")


def _worse(old: Outcome | None, new: Outcome) -> Outcome:
    order = (*WORDS.values(), "passed")
    return new if old is None or order.index(new.word) < order.index(old.word) else old
