"""Notebook 90: a plan, a walk of which every step is green, what is left with its reasons, and all of it taken back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

PATH = Path(__file__).resolve().parents[2] / "notebooks" / "90_whole_migration.ipynb"


@pytest.fixture(scope="module")
def cells() -> dict[str, Any]:
    """The notebook's cells by their names."""
    return {cell.id: cell for cell in nbformat.read(PATH, as_version=4).cells}  # type: ignore[no-untyped-call]


def text(cell: Any) -> str:
    return "\n".join(out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs)


def planned(shown: str) -> list[str]:
    """The stages of a plan's table, in their order."""
    return re.findall(r"^(?:next|done)? *\d+ +(implicit io|\w+)  +\S", shown, re.MULTILINE)


def walked(cells: dict[str, Any]) -> list[str]:
    return text(cells["loop"]).strip().splitlines()


def test_every_part_has_a_section(cells: dict[str, Any]) -> None:
    headings = [line for cell in cells.values() for line in cell.source.splitlines() if line.startswith("## ")]
    assert [int(line.split()[1]) for line in headings] == list(range(1, 11))


def test_the_plan_leads_over_the_face_to_slices(cells: dict[str, Any]) -> None:
    stages = planned(text(cells["plan-table"]))
    assert stages[0] in ("dependencies", "query")
    assert stages.index("tasks") < stages.index("face") < stages.index("slices")


def test_the_picture_has_a_bar_for_every_step_of_the_plan(cells: dict[str, Any]) -> None:
    steps = len(planned(text(cells["plan-table"])))
    picture = text(cells["plan-picture"])
    for caption in ("asynchronous functions after each step", "bridges open after each step"):
        bars = picture.partition(caption)[2].strip().partition("\n\n")[0].splitlines()
        assert len(bars) == steps


def test_the_step_that_is_read_has_signatures_awaits_and_a_bridge(cells: dict[str, Any]) -> None:
    shown = text(cells["step-diff"])
    for sign in (r"^\+async def \w+", r"^\+.*\bawait ", r"^\+.*get_async_db", r"^\+.*await .*run_sync\("):
        assert re.search(sign, shown, re.MULTILINE), sign


def test_every_step_of_the_walk_passes_as_many_tests_as_there_were(cells: dict[str, Any]) -> None:
    passed = re.search(r"(\d+) passed$", text(cells["baseline"]).strip())
    assert passed
    assert int(passed[1]) > 600
    assert {line.rpartition(": ")[2] for line in walked(cells)} == {f"{passed[1]} passed"}


def test_the_suite_is_the_original_one_and_never_the_copys(cells: dict[str, Any]) -> None:
    assert 'lesson.original.root / "tests"' in cells["baseline"].source
    assert "error::RuntimeWarning" in cells["baseline"].source


def test_each_step_is_a_commit_of_its_own(cells: dict[str, Any]) -> None:
    first, *commits = re.findall(r"^(?!\s*\d+ files).+", text(cells["log"]), re.MULTILINE)
    assert first == "Relay as it was"
    assert [line.partition(":")[0].lower() for line in commits] == [
        " ".join(line.split()[:2]) for line in walked(cells)
    ]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("again", r"^0 files to change$"),
        ("audited", r"^0 coroutines that nobody awaits$"),
        ("exception", r"^1 finding before, 0 after, 1 listed with its reason$"),
        ("undone", r"every byte as before$"),
    ],
)
def test_the_end_is_said_in_one_line(cells: dict[str, Any], cell: str, said: str) -> None:
    assert re.search(said, text(cells[cell]).strip())
    assert "assert " in cells[cell].source


def test_as_many_writes_are_taken_back_as_there_were_steps(cells: dict[str, Any]) -> None:
    assert text(cells["undone"]).startswith(f"{len(walked(cells))} writes taken back, ")


def test_what_is_left_has_a_reason_each(cells: dict[str, Any]) -> None:
    caption, _, *rows = text(cells["left-table"]).splitlines()
    assert int(caption.split()[0]) == len(rows)
    assert [row for row in rows if not re.search(r"  manual  +\S", row)] == []


def test_the_kinds_of_bridges_are_counted_and_those_that_are_no_threads_are_named(cells: dict[str, Any]) -> None:
    threads, session, loop, *named = text(cells["bridges-left"]).strip("\n").splitlines()
    assert threads.endswith("handed to a thread")
    assert len(named) == int(session.split()[0]) + int(loop.split()[0])


def test_the_panel_begins_where_the_plan_began(cells: dict[str, Any]) -> None:
    shown = text(cells["panel"])
    assert "\nnext  1 " in shown
    assert planned(shown) == planned(text(cells["plan-table"]))


def test_nothing_of_the_text_counts_what_the_plan_may_count_anew(cells: dict[str, Any]) -> None:
    prose = "\n".join(cell.source for cell in cells.values() if cell.cell_type == "markdown")
    assert re.findall(r"\b\d+ (?:steps|functions|bridges|files|tests|places)\b", prose) == []
