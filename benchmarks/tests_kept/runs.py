"""Compares two runs of pytest: which tests there were, and what became of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.junit import ADDRESS, Outcome, read_outcomes
from benchmarks.tests_kept.difference import Difference, Place

_DESELECTED = re.compile(r"\((\d+) deselected\)|/ (\d+) deselected")


def compare_outcomes(before: Path, after: Path) -> Iterator[Difference]:
    """What two JUnit files differ in: tests that did not run, that were skipped, and others than before.

    A test that was red and is still red is no difference.
    """
    old, new = read_outcomes(before), read_outcomes(after)
    if not (old and new):
        missing = after if old else before
        yield Difference(Place(missing.name), "", "run", "gone", after="no test in it")
        return
    yield from _compare(after.name, old, new)


def compare_collected(before: Path, after: Path) -> Iterator[Difference]:
    """What two outputs of `pytest --collect-only -q` differ in: tests by their ids, and how many are deselected."""
    old, new = (collected(path.read_text(encoding="utf-8", errors="replace")) for path in (before, after))
    place = Place(after.name)
    for test, number in (Counter(old) - Counter(new)).items():
        yield Difference(place, test, "test", "gone", before=f"{number} times" if number > 1 else "")
    for test in Counter(new) - Counter(old):
        yield Difference(place, test, "test", "new", harmless=True)
    had, has = (deselected(path.read_text(encoding="utf-8", errors="replace")) for path in (before, after))
    if has > had:
        yield Difference(place, "", "deselected tests", "changed", str(had), str(has))


def collected(text: str) -> list[str]:
    """The node ids in an output of `--collect-only -q`, without addresses, which differ from run to run."""
    lines = (line.strip() for line in text.splitlines())
    return [ADDRESS.sub("0x…", line) for line in lines if "::" in line and not line.startswith(("ERROR", "<", "="))]


def deselected(text: str) -> int:
    """How many tests a run left out by its options."""
    return max((int(one or other) for one, other in _DESELECTED.findall(text)), default=0)


def _compare(file: str, old: Mapping[str, Outcome], new: Mapping[str, Outcome]) -> Iterator[Difference]:
    for test, was in old.items():
        now = new.get(test)
        if now is None:
            yield Difference(Place(file), test, "test", "gone", before=was.word)
        elif now.word != was.word and now.word != "passed":
            yield Difference(Place(file), test, "outcome", "changed", was.word, f"{now.word} {now.message}".strip())
    for test in new.keys() - old.keys():
        yield Difference(Place(file), test, "test", "new", harmless=True, after=new[test].word)
