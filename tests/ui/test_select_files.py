"""The panel without a browser: traits and clicks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.errors import UsageError
from helpers.model import ChangeSet, JournalEntry
from helpers.ui import SelectFiles
from helpers.workbook import Workbook

Contents = Callable[[], dict[str, str]]


@pytest.fixture
def panel(workbook: Workbook) -> SelectFiles:
    return SelectFiles(workbook, "legacy_query")


def buttons(panel: SelectFiles) -> dict[str, bool]:
    """Which buttons can be pressed."""
    return {button.description: not button.disabled for button in (panel.preview, panel.apply, panel.undo)}


def test_only_files_with_something_to_convert_are_offered_with_counts(panel: SelectFiles) -> None:
    assert panel.files.options == (
        ("first.py  (1 to convert)", "first.py"),
        ("kept.py  (1 to convert, 1 by hand)", "kept.py"),
    )


def test_nothing_can_be_pressed_before_a_file_is_chosen(panel: SelectFiles) -> None:
    assert buttons(panel) == {"Preview": False, "Apply": False, "Undo": False}


def test_a_preview_shows_the_diff_and_writes_nothing(panel: SelectFiles, contents: Contents) -> None:
    before = contents()
    panel.files.value = ("first.py",)
    panel.preview.click()
    assert "first.py" in panel.result.value
    assert "kept.py" not in panel.result.value
    assert "1 place in 1 file. Nothing is written yet." in panel.status.value
    assert buttons(panel) == {"Preview": True, "Apply": True, "Undo": False}
    assert contents() == before


def test_refusals_of_the_chosen_files_are_listed_with_their_reason(panel: SelectFiles) -> None:
    panel.files.value = ("kept.py",)
    panel.preview.click()
    assert "rename" in panel.result.value
    assert "1 left with a reason" in panel.status.value


def test_apply_writes_what_was_previewed_and_undo_restores_it(panel: SelectFiles, contents: Contents) -> None:
    before = contents()
    panel.files.value = ("first.py", "kept.py")
    panel.preview.click()
    panel.apply.click()
    after = contents()
    assert {name for name in before if before[name] != after[name]} == {"first", "kept"}
    assert "select(User)" in after["first"]
    assert panel.files.options == ()
    assert buttons(panel) == {"Preview": False, "Apply": False, "Undo": True}
    panel.undo.click()
    assert contents() == before
    assert len(panel.files.options) == 2
    assert buttons(panel)["Undo"] is False


def test_the_diff_stays_in_sight_after_it_was_applied_and_goes_with_the_undo(panel: SelectFiles) -> None:
    panel.files.value = ("first.py",)
    panel.preview.click()
    shown = panel.result.value
    panel.apply.click()
    assert panel.result.value == shown
    panel.undo.click()
    assert panel.result.value == ""


def test_another_choice_makes_a_preview_stale(panel: SelectFiles, contents: Contents) -> None:
    before = contents()
    panel.files.value = ("first.py",)
    panel.preview.click()
    panel.files.value = ("kept.py",)
    assert buttons(panel)["Apply"] is False
    panel.apply.click()
    assert contents() == before


def test_a_file_that_changed_since_the_preview_is_not_written_and_named(panel: SelectFiles, app: Path) -> None:
    panel.files.value = ("first.py",)
    panel.preview.click()
    (app / "first.py").write_text("mine = 1\n", encoding="utf-8")
    panel.apply.click()
    assert "first.py" in panel.status.value
    assert (app / "first.py").read_text(encoding="utf-8") == "mine = 1\n"
    assert buttons(panel)["Apply"] is False


def test_an_undo_that_is_refused_says_why_and_can_be_tried_again(panel: SelectFiles, app: Path) -> None:
    panel.files.value = ("first.py",)
    panel.preview.click()
    panel.apply.click()
    (app / "first.py").write_text("mine = 1\n", encoding="utf-8")
    panel.undo.click()
    assert "edited" in panel.status.value
    assert buttons(panel)["Undo"] is True


def test_all_buttons_rest_while_one_works(panel: SelectFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, bool]] = []
    preview = Workbook.preview

    def watch(*arguments: Any, **options: Any) -> ChangeSet:
        seen.append(buttons(panel))
        return preview(*arguments, **options)

    monkeypatch.setattr(Workbook, "preview", watch)
    panel.files.value = ("first.py",)
    panel.preview.click()
    assert seen == [{"Preview": False, "Apply": False, "Undo": False}]


def test_an_error_nobody_expected_is_one_line_and_the_buttons_come_back(
    panel: SelectFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> JournalEntry:
        raise OSError("disk <full>\nsecond line")

    monkeypatch.setattr(Workbook, "apply", fail)
    panel.files.value = ("first.py",)
    panel.preview.click()
    panel.apply.click()
    assert "Apply: OSError: disk &lt;full&gt;" in panel.status.value
    assert "second line" not in panel.status.value
    assert buttons(panel)["Preview"] is True


def test_the_status_is_read_out_and_everything_has_a_name(panel: SelectFiles) -> None:
    assert 'role="status"' in panel.status.value
    assert panel.files.description == "Files"
    assert all(button.description and button.tooltip for button in (panel.preview, panel.apply, panel.undo))


def test_without_a_kernel_the_panel_reads_as_text(panel: SelectFiles) -> None:
    text = panel._repr_mimebundle_()["text/plain"]
    assert "first.py  (1 to convert)" in text


def test_an_unknown_pattern_is_refused_at_once(workbook: Workbook) -> None:
    with pytest.raises(UsageError, match="no_such_pattern"):
        SelectFiles(workbook, "no_such_pattern")


FLIPPED = """from models import User
from sqlalchemy.orm import Session


def name(db: Session):
    return db.get(User, 1).name


def shout(db: Session):
    return name(db).upper()
"""


@pytest.fixture
def flipping(app: Path) -> SelectFiles:
    (app / "first.py").write_text(FLIPPED, encoding="utf-8")
    (app / "kept.py").unlink()
    return SelectFiles(Workbook.open(app), "sync_caller")


def test_a_pattern_of_the_flip_is_applied_with_the_others_and_counts_its_own_places(flipping: SelectFiles) -> None:
    assert flipping.files.options == (("first.py  (1 to convert)", "first.py"),)
    flipping.files.value = ("first.py",)
    flipping.preview.click()
    flipping.apply.click()
    text = flipping.workbook.source("first.py")
    assert "async def name(db: AsyncSession)" in text
    assert "(await name(db)).upper()" in text


def test_any_other_pattern_is_applied_alone(panel: SelectFiles) -> None:
    assert panel.together == ("legacy_query",)
