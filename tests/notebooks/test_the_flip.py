"""Notebooks 50 and 51: a section for each pattern of the flip, what fails is seen to fail, attempts are unsolved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.workbook import Workbook

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
CALLS, ENGINES = "50_functions_and_calls.ipynb", "51_types_and_engines.ipynb"
EXERCISES = {CALLS: "sync_function", ENGINES: "session_factory"}


def cells(name: str) -> dict[str, Any]:
    """The notebook's cells by their names."""
    return {cell.id: cell for cell in nbformat.read(FOLDER / name, as_version=4).cells}  # type: ignore[no-untyped-call]


def text(name: str, cell: str) -> str:
    outputs = cells(name)[cell].outputs
    return "\n".join(out.get("text") or out.get("data", {}).get("text/plain", "") for out in outputs)


@pytest.mark.parametrize(
    ("name", "cell", "seen"),
    [
        (CALLS, "function-fails", "'coroutine' object is not iterable"),
        (CALLS, "call-fails", "'AsyncSession.commit'"),
        (CALLS, "call-breaks", "1 statement became 2"),
        (CALLS, "caller-fails", "'somebody'"),
        (ENGINES, "type-fails", "'coroutine' object has no"),
        (ENGINES, "factory-fails", "asynchronous context manager protocol"),
        (ENGINES, "factory-breaks", "MissingGreenlet"),
        (ENGINES, "engine-fails", "requires an async driver"),
    ],
)
def test_what_breaks_is_seen_to_break(name: str, cell: str, seen: str) -> None:
    assert seen in text(name, cell)
    assert "verdict       different" in text(name, cell)


def test_a_commit_that_nobody_awaits_gives_the_same_answer() -> None:
    assert "value         same" in text(CALLS, "call-fails")
    assert "exception     same" in text(CALLS, "call-fails")


def test_the_type_checker_is_silent_until_it_is_told_the_truth() -> None:
    said = text(ENGINES, "type-checked")
    assert said.startswith("Success: no issues found")
    assert 'forgot to use "await"' in said


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        (CALLS, "function-after"),
        (CALLS, "call-after"),
        (CALLS, "caller-after"),
        (ENGINES, "type-after"),
        (ENGINES, "factory-after"),
        (ENGINES, "engine-after"),
    ],
)
def test_the_afters_do_the_same(name: str, cell: str) -> None:
    assert "verdict       same" in text(name, cell)
    assert "different" not in text(name, cell)


def test_one_pattern_of_the_flip_alone_changes_nothing_and_says_what_is_missing() -> None:
    assert "goes together with" in text(CALLS, "alone-refused")


@pytest.mark.parametrize("name", EXERCISES)
def test_the_attempt_is_committed_unsolved_and_shows_the_legacy_code(name: str) -> None:
    source = cells(name)["your-attempt"].source
    exercise = Workbook.exercise(EXERCISES[name])
    assert text(name, "your-attempt").startswith("Not yet")
    body = [line for line in exercise.legacy.splitlines() if re.match(r'    (?!""")\s*\w', line)]
    assert [line for line in body if f"    # {line[4:]}" not in source] == []
    assert exercise.hints[2] not in (FOLDER / name).read_text(encoding="utf-8")
