"""The result of a comparison, as text and as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from benchmarks.tests_kept.difference import Kept


def lines(kept: Kept) -> Iterator[str]:
    """Every difference with its place, those that take nothing from a check marked, and a summary."""
    for one in kept.differences:
        yield f"  beside {one.line}" if one.harmless else one.line
    yield summary(kept)


def summary(kept: Kept) -> str:
    """The figures on one line."""
    before, after = kept.before, kept.after
    return (
        f"{before.tests} tests with {before.checks} checks before, {after.tests} with {after.checks} after: "
        f"{len(kept.faults)} weaker or other, {len(kept.differences) - len(kept.faults)} beside"
    )


def document(kept: Kept) -> dict[str, Any]:
    """The comparison as plain data for JSON."""
    rows = [
        {
            "path": one.place.path, "line": one.place.line, "test": one.test, "what": one.what, "word": one.word,
            "before": one.before, "after": one.after, "harmless": one.harmless,
        }
        for one in kept.differences
    ]  # fmt: skip
    sides = {"before": dataclasses.asdict(kept.before), "after": dataclasses.asdict(kept.after)}
    return {"version": 1, "kept": not kept.faults, **sides, "differences": rows}
