"""Notebook 40: a section for each of its patterns, what fails is seen to fail, the attempt is unsolved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.workbook import Workbook

PATH = Path(__file__).resolve().parents[2] / "notebooks" / "40_constructors_and_tasks.ipynb"


@pytest.fixture(scope="module")
def cells() -> dict[str, Any]:
    """The notebook's cells by their names."""
    return {cell.id: cell for cell in nbformat.read(PATH, as_version=4).cells}  # type: ignore[no-untyped-call]


def text(cell: Any) -> str:
    return "\n".join(out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs)


@pytest.mark.parametrize("code", ["AM401", "AM402", "AM501"])
def test_each_pattern_has_a_section(cells: dict[str, Any], code: str) -> None:
    headings = [line for cell in cells.values() for line in cell.source.splitlines() if line.startswith("## ")]
    assert len([line for line in headings if code in line]) == 1


@pytest.mark.parametrize(
    ("cell", "seen"),
    [
        ("init-fails", "'coroutine' object has no"),
        ("init-forgotten", "AttributeError"),
        ("property-fails", "'some books'"),
        ("task-fails", "'Bram Vos'"),
    ],
)
def test_what_breaks_is_seen_to_break(cells: dict[str, Any], cell: str, seen: str) -> None:
    assert seen in text(cells[cell])
    assert "verdict       different" in text(cells[cell])


@pytest.mark.parametrize("cell", ["init-after", "init-first-use", "property-after", "task-after"])
def test_the_afters_do_the_same(cells: dict[str, Any], cell: str) -> None:
    assert "verdict       same" in text(cells[cell])


def test_the_attempt_is_committed_unsolved_and_shows_the_legacy_code(cells: dict[str, Any]) -> None:
    source = cells["your-attempt"].source
    exercise = Workbook.exercise("session_in_task")
    assert text(cells["your-attempt"]).startswith("Not yet")
    body = [line.strip() for line in exercise.legacy.splitlines() if re.match(r"    \w", line)]
    assert [line for line in body if f"# {line}" not in source] == []
    assert exercise.hints[2] not in PATH.read_text(encoding="utf-8")
