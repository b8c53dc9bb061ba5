"""Notebook 21: its attempt is unsolved and fits the exercise, what breaks breaks, and a family goes whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.workbook import Workbook

PATH = Path(__file__).resolve().parents[2] / "notebooks" / "21_queries_that_travel.ipynb"
EXERCISE = Workbook.exercise("queries_that_travel")


def cell_of(identifier: str) -> Any:
    notebook = nbformat.read(PATH, as_version=4)  # type: ignore[no-untyped-call]
    (cell,) = [cell for cell in notebook.cells if cell.id == identifier]
    return cell


def texts(identifier: str) -> str:
    parts = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell_of(identifier).outputs]
    return "\n".join(parts)


def test_the_attempt_is_committed_unsolved() -> None:
    assert texts("your-attempt").startswith("Not yet")
    stub = cell_of("your-attempt").source.partition("lesson.check")[0]
    assert Workbook.check(EXERCISE, stub).outcome == "not yet"


def test_the_stub_shows_just_the_legacy_code_of_the_exercise() -> None:
    source = cell_of("your-attempt").source
    assert [line for line in re.findall(r"return (.+)", EXERCISE.legacy) if f"# return {line}" not in source] == []
    assert all(f"def {name}(" in source for name in EXERCISE.functions)


def test_only_the_first_hint_is_given_away() -> None:
    text = PATH.read_text(encoding="utf-8")
    assert EXERCISE.hints[0] in text
    assert EXERCISE.hints[2] not in text


def test_what_breaks_is_seen_to_break() -> None:
    assert "list of 2 became list of 4" in texts("what-breaks")
    assert "COUNT" in texts("what-breaks")
    assert "Boolean value of this clause is not defined" in texts("what-breaks")


def test_a_part_of_a_family_is_left_and_the_whole_is_applied() -> None:
    assert "relay/pagination.py alone: 0 places; goes together with" in texts("undo")
    assert "the whole family: relay/pagination.py, relay/services/customer.py, relay/services/quote.py" in texts("undo")


WRONG = {
    "run too early": ("query = select(Author)", "query = session.scalars(select(Author))"),
    "no unique": (".unique().all()", ".all()"),
    "count of what was read": (
        "session.execute(select(func.count()).select_from(query.subquery())).scalar_one()",
        "len(session.scalars(query).all())",
    ),
    "count of all": ("select_from(query.subquery())", "select_from(Author)"),
    "asked the statement": ("session.scalars(query).unique().all()", "query.all()"),
    "legacy": ("query = select(Author)", "query = session.query(Author)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_plausible_mistake_gets_its_own_hint(name: str) -> None:
    old, new = WRONG[name]
    assert old in EXERCISE.solution
    verdict = Workbook.check(EXERCISE, EXERCISE.solution.replace(old, new))
    wanted = next(mistake.hint for mistake in EXERCISE.mistakes if mistake.name == name)
    assert verdict.outcome == "failed"
    assert wanted in verdict.hints


def test_the_solution_passes() -> None:
    assert Workbook.check(EXERCISE, EXERCISE.solution).outcome == "passed"
