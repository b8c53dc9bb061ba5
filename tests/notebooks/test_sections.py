"""Every pattern has one section, found by its code: it fails, before and after, what must not change, and your turn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.workbook import Workbook

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = sorted(path.name for path in FOLDER.glob("*.ipynb"))
CODES = [pattern.CODE for pattern in Workbook.patterns()]
START = "00_start_here.ipynb"


@dataclass(frozen=True)
class Section:
    """The cells of a notebook from a heading with a pattern's code to the next heading of that level."""

    notebook: str
    code: str
    cells: tuple[Any, ...]

    def runs(self, label: str) -> list[Any]:
        """The code cells that follow the first text which says `label`, up to the next text."""
        for number, cell in enumerate(self.cells):
            if cell.cell_type == "markdown" and re.search(label, cell.source):
                return list(takewhile(lambda one: one.cell_type == "code", self.cells[number + 1 :]))
        return []


def cells_of(name: str) -> list[Any]:
    return list(nbformat.read(FOLDER / name, as_version=4).cells)  # type: ignore[no-untyped-call]


def headings(cell: Any) -> list[tuple[int, str]]:
    lines = cell.source.splitlines() if cell.cell_type == "markdown" else []
    return [(len(match[1]), match[2]) for line in lines if (match := re.match(r"(#+) (.*)", line))]


def sections(name: str) -> Iterator[Section]:
    cells = cells_of(name)
    for number, cell in enumerate(cells):
        for level, text in headings(cell):
            for code in re.findall(r"AM\d{3}", text):
                rest = takewhile(lambda one: all(depth > level for depth, _ in headings(one)), cells[number + 1 :])  # noqa: B023
                yield Section(name, code, (cell, *rest))


SECTIONS = [section for name in NAMES for section in sections(name)]


def section(code: str) -> Section:
    (found,) = [one for one in SECTIONS if one.code == code]
    return found


def shown(cell: Any) -> str:
    parts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(parts)


def minutes(name: str) -> int:
    found = re.search(r"\*\*Time:\*\* (?:\d+ to )?(\d+) minutes", cells_of(name)[0].source)
    assert found, "the first cell does not say how long it takes"
    return int(found[1])


def test_every_pattern_has_one_section_and_no_section_is_about_none() -> None:
    assert sorted(one.code for one in SECTIONS) == CODES


@pytest.mark.parametrize("code", CODES)
def test_it_is_seen_to_fail_live(code: str) -> None:
    assert re.search(r"\w+Error|MissingGreenlet|[a-z] +different", shown(section(code).runs("See it fail")[0]))


@pytest.mark.parametrize("code", CODES)
def test_before_and_after_are_run_and_compared(code: str) -> None:
    runs = section(code).runs("Before and after")
    assert any(".same\n" in f"{cell.source}\n" and "assert" in cell.source for cell in runs)
    assert any(shown(cell).strip() for cell in runs)


@pytest.mark.parametrize("code", CODES)
def test_what_must_not_change_is_shown(code: str) -> None:
    assert shown(section(code).runs("must not (?:change|touch)")[0]).strip()


@pytest.mark.parametrize("code", CODES)
def test_there_is_a_panel_or_an_exercise_about_it(code: str) -> None:
    found = section(code)
    pattern = Workbook.explain(code)
    panel = any(f'"{pattern.NAME}")' in cell.source and "SelectFiles(" in cell.source for cell in found.cells)
    exercise = any(cell.cell_type == "code" and shown(cell).startswith("Not yet") for cell in found.cells)
    assert panel or exercise


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_takes_at_most_25_minutes_and_says_so(name: str) -> None:
    assert 0 < minutes(name) <= 25


def test_the_first_notebook_leads_to_all_others_and_says_how_long_they_take() -> None:
    text = "\n".join(cell.source for cell in cells_of(START) if cell.cell_type == "markdown")
    rows = dict(re.findall(r"^\| \[`\w+`\]\((\w+\.ipynb)\) \|.*\| (\d+) minutes \|$", text, re.MULTILINE))
    assert rows == {name: str(minutes(name)) for name in NAMES if name != START}
