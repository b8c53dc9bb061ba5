"""The committed notebooks: executed, in order, unsolved, the same on every machine, with few exceptions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.workbook import Workbook

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = sorted(path.name for path in FOLDER.glob("*.ipynb"))
# Cells whose output may differ between machines, and why.
IGNORED = {("00_start_here.ipynb", "self-check"): "versions"}
SILENT = {"setup"}


def read(name: str) -> Any:
    return nbformat.read(FOLDER / name, as_version=4)  # type: ignore[no-untyped-call]


def code(name: str) -> list[Any]:
    return [cell for cell in read(name).cells if cell.cell_type == "code"]


def texts(cell: Any) -> str:
    parts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(parts)


def cell_of(name: str, identifier: str) -> Any:
    (cell,) = [cell for cell in read(name).cells if cell.id == identifier]
    return cell


def test_the_first_two_lessons_are_there() -> None:
    assert {"00_start_here.ipynb", "20_legacy_query.ipynb"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_names_are_a_decade_and_words(name: str) -> None:
    assert re.fullmatch(r"\d\d_[a-z_]+\.ipynb", name)


@pytest.mark.parametrize("name", NAMES)
def test_every_code_cell_was_run_in_order(name: str) -> None:
    assert [cell.execution_count for cell in code(name)] == list(range(1, len(code(name)) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_cells_show_something_and_none_failed(name: str) -> None:
    assert [cell.id for cell in code(name) if not cell.outputs and cell.id not in SILENT] == []
    kinds = {output.output_type for cell in code(name) for output in cell.outputs}
    assert "error" not in kinds
    assert not any(output.get("name") == "stderr" for cell in code(name) for output in cell.outputs)


@pytest.mark.parametrize("name", NAMES)
def test_every_output_has_a_plain_text(name: str) -> None:
    assert [cell.id for cell in code(name) if cell.outputs and not texts(cell).strip()] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_kernel_is_the_usual_one_and_no_widget_state_is_kept(name: str) -> None:
    metadata = read(name).metadata
    assert metadata.kernelspec.name == "python3"
    assert "widgets" not in metadata


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_machine_or_of_a_moment_is_in_it(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    found = re.findall(r"0x[0-9a-f]{6,}|/tmp/|/home/|/root/|scratch-\w{8}|\d\d:\d\d:\d\d|\d+(?:\.\d+)? ?ms\b", text)
    assert found == []


def test_only_the_named_cells_are_not_compared() -> None:
    ignored = {
        (name, cell.id)
        for name in NAMES
        for cell in code(name)
        if "nbval" in " ".join(cell.metadata.get("tags", [])).lower() or "NBVAL" in cell.source
    }
    assert ignored == set(IGNORED)


def test_a_cell_that_is_not_compared_asserts_instead() -> None:
    assert all("assert " in cell_of(*place).source for place in IGNORED)


def test_the_first_diff_needs_no_reading() -> None:
    cells = read("00_start_here.ipynb").cells
    first = next(number for number, cell in enumerate(cells) if cell.cell_type == "code" and "+++ b/" in texts(cell))
    words = sum(len(cell.source.split()) for cell in cells[:first] if cell.cell_type == "markdown")
    assert words < 120


def test_links_between_notebooks_lead_somewhere() -> None:
    links = [
        link
        for name in NAMES
        for cell in read(name).cells
        if cell.cell_type == "markdown"
        for link in re.findall(r"\]\((?!\w+:)([^)#\s]+)\)", cell.source)
    ]
    assert links
    assert [link for link in links if not (FOLDER / link).exists()] == []


def test_the_attempt_is_committed_unsolved() -> None:
    cell = cell_of("20_legacy_query.ipynb", "your-attempt")
    assert texts(cell).startswith("Not yet")
    assert "✗" not in texts(cell)
    assert "NotImplementedError" in cell.source


def test_the_stub_shows_just_the_legacy_code_of_the_exercise() -> None:
    source = cell_of("20_legacy_query.ipynb", "your-attempt").source
    exercise = Workbook.exercise("legacy_query")
    assert [line for line in re.findall(r"return (.+)", exercise.legacy) if f"# {line}" not in source] == []
    assert all(f"def {name}(" in source for name in exercise.functions)


def test_the_committed_stub_is_not_yet_when_it_is_judged() -> None:
    stub = cell_of("20_legacy_query.ipynb", "your-attempt").source.partition("lesson.check")[0]
    assert Workbook.check(Workbook.exercise("legacy_query"), stub).outcome == "not yet"


def test_only_the_first_hint_is_given_away() -> None:
    exercise = Workbook.exercise("legacy_query")
    text = (FOLDER / "20_legacy_query.ipynb").read_text(encoding="utf-8")
    assert exercise.hints[0] in text
    assert exercise.hints[2] not in text
    assert "unique().all()" not in cell_of("20_legacy_query.ipynb", "your-attempt").source


def test_what_breaks_is_seen_to_break() -> None:
    text = texts(cell_of("20_legacy_query.ipynb", "what-breaks"))
    assert "MultipleResultsFound" in text
    assert "LIMIT" in text
    assert "both sides do the same" not in text
