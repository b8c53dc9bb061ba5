"""The panel of a plan without a browser: traits and clicks, on a small application whose tests are one file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.model import ChangeSet
from helpers.ui import WalkPlan
from helpers.workbook import Suite, SuiteResult, Workbook

Contents = Callable[[], dict[str, str]]
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:nbval")
TESTS = """
from pathlib import Path

def test_it_is_there():
    assert "def first(" in Path("first.py").read_text()

def test_it_queries():
    assert "{word}" in Path("first.py").read_text()
"""
BUTTONS = ("Show the diff", "Apply and run the tests", "Undo the last step")


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Tests outside the application that every step keeps green."""
    return judged_by(tmp_path, "User")


def judged_by(folder: Path, word: str) -> Suite:
    (folder / "test_first.py").write_text(TESTS.format(word=word), encoding="utf-8")
    return Suite((*PYTEST, str(folder / "test_first.py")))


@pytest.fixture
def panel(workbook: Workbook, suite: Suite) -> WalkPlan:
    return WalkPlan(workbook, suite)


def pressable(panel: WalkPlan) -> tuple[bool, ...]:
    """Whether the diff, the step and the undo can be pressed."""
    return tuple(not button.disabled for button in (panel.diff, panel.apply, panel.undo))


def lines(panel: WalkPlan) -> list[str]:
    return panel.picture.text.splitlines()


def test_the_plan_is_shown_with_what_is_next(panel: WalkPlan) -> None:
    head, first, *rest = lines(panel)
    assert head.split() == ["step", "stage", "what", "functions", "bridges", "after", "files", "lines", "tests"]
    assert first.startswith("next  1     query  Query becomes select(), still synchronous")
    assert not any(line.startswith(("next", "done")) for line in rest)
    assert panel.picture.html in panel.table.value


def test_the_next_step_is_chosen_and_nothing_is_written(panel: WalkPlan) -> None:
    assert panel.steps.value == 1
    assert pressable(panel) == (True, True, False)
    assert panel.bar.layout.display == "none"


def test_a_diff_is_shown_with_its_size_and_writes_nothing(panel: WalkPlan, contents: Contents) -> None:
    before = contents()
    panel.diff.click()
    assert "first.py" in panel.result.value
    assert "step 1: Query becomes select(), still synchronous: 2 files, " in panel.status.value
    assert "Nothing is written yet." in panel.status.value
    assert lines(panel)[1].split()[-4:-1] == ["0", "0", "2"]
    assert contents() == before


def test_a_step_is_written_and_the_tests_are_run_after_it(panel: WalkPlan, contents: Contents) -> None:
    panel.apply.click()
    assert "select(User)" in contents()["first"]
    assert "Step 1 is applied, and the tests are green: 2 passed." in panel.status.value
    assert lines(panel)[1].startswith("done  1 ")
    assert lines(panel)[1].endswith("  green: 2 passed")
    assert pressable(panel)[2] is True
    assert panel.bar.layout.display == "none"


def test_what_was_shown_is_what_is_written(panel: WalkPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    panel.diff.click()
    shown, written = panel.change_set, list[ChangeSet]()
    apply = Workbook.apply

    def watch(workbook: Workbook, change_set: ChangeSet) -> Any:
        written.append(change_set)
        return apply(workbook, change_set)

    monkeypatch.setattr(Workbook, "apply", watch)
    panel.apply.click()
    assert len(written) == 1
    assert written[0] is shown


def test_tests_that_turn_red_are_told_with_their_last_lines(workbook: Workbook, tmp_path: Path) -> None:
    panel = WalkPlan(workbook, judged_by(tmp_path, "db.query("))
    panel.apply.click()
    assert "Step 1 is applied, and the tests are RED: 1 passed, 1 failed." in panel.status.value
    assert "test_it_queries" in panel.result.value
    assert lines(panel)[1].endswith("  RED: 1 passed, 1 failed")


def test_undo_restores_the_files_and_forgets_the_tests(panel: WalkPlan, contents: Contents) -> None:
    before, planned = contents(), lines(panel)[1]
    panel.apply.click()
    panel.undo.click()
    assert contents() == before
    assert "Undone, byte for byte: step 1: Query becomes select()" in panel.status.value
    assert lines(panel)[1].split()[:9] == planned.split()[:9]
    assert "green" not in panel.table.value
    assert pressable(panel) == (True, True, False)


def test_every_step_can_be_walked_to_the_end(panel: WalkPlan) -> None:
    for number in [step.number for step in panel.left]:
        assert panel.steps.value == number
        panel.apply.click()
        assert "green" in panel.status.value
    assert panel.left == ()
    assert {line[:4] for line in lines(panel)[1:]} == {"done"}
    assert pressable(panel) == (False, False, True)


def test_a_later_step_can_be_looked_at_and_not_applied(panel: WalkPlan, contents: Contents) -> None:
    before, last = contents(), panel.left[-1].number
    assert last > 1
    panel.steps.value = last
    assert pressable(panel) == (True, False, False)
    panel.diff.click()
    assert f"step {last}: " in panel.status.value
    panel.apply.click()
    assert contents() == before


def test_another_choice_makes_the_diff_stale(panel: WalkPlan) -> None:
    panel.diff.click()
    panel.steps.value = panel.left[-1].number
    assert panel.change_set is None


def test_a_file_that_changed_since_the_diff_is_not_written_and_no_test_is_run(panel: WalkPlan, app: Path) -> None:
    panel.diff.click()
    (app / "first.py").write_text("mine = 1\n", encoding="utf-8")
    panel.apply.click()
    assert "first.py" in panel.status.value
    assert (app / "first.py").read_text(encoding="utf-8") == "mine = 1\n"
    assert "passed" not in panel.table.value


def test_a_command_that_is_not_there_is_one_line_and_the_step_can_be_undone(workbook: Workbook) -> None:
    panel = WalkPlan(workbook, Suite(("no-such-program",)))
    panel.apply.click()
    assert "no-such-program: cannot be started" in panel.status.value
    assert lines(panel)[1].startswith("done  1 ")
    assert pressable(panel)[2] is True


def test_an_undo_that_is_refused_says_why(panel: WalkPlan, app: Path) -> None:
    panel.apply.click()
    (app / "first.py").write_text("mine = 1\n", encoding="utf-8")
    panel.undo.click()
    assert "edited" in panel.status.value
    assert pressable(panel)[2] is True


def test_the_bar_fills_while_all_buttons_rest(panel: WalkPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, str, tuple[bool, ...]]] = []

    def run(workbook: Workbook, suite: Suite, progress: Callable[[int], None]) -> SuiteResult:
        for percent in (40, 100):
            progress(percent)
            seen.append((panel.bar.value, panel.bar.layout.display, pressable(panel)))
        return SuiteResult(0, passed=1)

    monkeypatch.setattr(Workbook, "run_suite", run)
    panel.apply.click()
    assert seen == [(40, "flex", (False, False, False)), (100, "flex", (False, False, False))]


def test_an_error_nobody_expected_is_one_line(panel: WalkPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> SuiteResult:
        raise OSError("disk <full>\nsecond line")

    monkeypatch.setattr(Workbook, "run_suite", fail)
    panel.apply.click()
    assert "Apply and run the tests: OSError: disk &lt;full&gt;" in panel.status.value
    assert "second line" not in panel.status.value


def test_the_status_is_read_out_and_everything_has_a_name(panel: WalkPlan) -> None:
    assert 'role="status"' in panel.status.value
    assert (panel.steps.description, panel.bar.description) == ("Step", "Tests")
    buttons = (panel.diff, panel.apply, panel.undo)
    assert tuple(button.description for button in buttons) == BUTTONS
    assert all(button.tooltip for button in buttons)


def test_without_a_kernel_the_panel_reads_as_the_plan(panel: WalkPlan) -> None:
    first, *table = panel._repr_mimebundle_()["text/plain"].splitlines()
    assert first == "Run this cell to walk the plan here:"
    assert table == lines(panel)


def test_an_application_with_nothing_left_says_so(tmp_path: Path, suite: Suite) -> None:
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "only.py").write_text("value = 1\n", encoding="utf-8")
    panel = WalkPlan(Workbook.open(tmp_path / "done"), suite)
    assert panel.picture.text == "Nothing is left to do."
    assert pressable(panel) == (False, False, False)
