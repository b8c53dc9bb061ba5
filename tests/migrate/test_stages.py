"""Patterns one after the other: what each is shown, what comes out together, and what stays when files are barred."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.errors import UsageError
from helpers.workbook import MODELS, Workbook

APP = """\
from models import Author
from sqlalchemy.orm import Session


def titles(session: Session):
    authors = session.query(Author).order_by(Author.id).all()
    return [[book.title for book in author.books] for author in authors]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "models.py").write_text(MODELS, encoding="utf-8")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    return folder


def one_by_one(root: Path, names: list[str]) -> str:
    """What `app.py` becomes when each pattern is applied on its own."""
    with Workbook.open(root) as book:
        for name in names:
            book.apply(book.preview([name]))
    return (root / "app.py").read_text(encoding="utf-8")


def test_a_pattern_sees_what_those_before_it_wrote(root: Path) -> None:
    change_set = Workbook.open(root).preview(["legacy_query", "lazy_relationship"])
    after = {change.path: change.after.decode() for change in change_set.changes}
    assert "session.scalars(select(Author)" in after["app.py"]
    assert "selectinload(Author.books)" in after["app.py"]
    assert [finding.code for finding in change_set.applied] == ["AM201", "AM302"]
    assert after["app.py"] == one_by_one(root, ["legacy_query", "lazy_relationship"])


def test_the_order_is_that_of_the_stages_whatever_was_typed(root: Path) -> None:
    book = Workbook.open(root)
    assert book.preview(["AM302", "AM201"]).changes == book.preview(["AM201", "AM302"]).changes


def test_several_patterns_are_one_write_that_one_undo_takes_back(root: Path) -> None:
    book = Workbook.open(root)
    before = (root / "app.py").read_bytes()
    book.apply(book.preview(["legacy_query", "lazy_relationship"]))
    assert len(book.history()) == 1
    book.undo()
    assert (root / "app.py").read_bytes() == before


def test_a_preview_of_everything_reads_and_writes_nothing(root: Path) -> None:
    book = Workbook.open(root)
    found = book.scan()
    book.preview()
    assert (root / "app.py").read_text(encoding="utf-8") == APP
    assert book.scan() == found


def test_a_project_that_was_changed_in_memory_reads_as_one_that_was_written(root: Path) -> None:
    book = Workbook.open(root)
    change_set = book.preview(["legacy_query"])
    changed = load_project(root).changed(change_set.changes)
    book.apply(change_set)
    written = load_project(root)
    assert {path: source.data for path, source in changed.sources.items()} == {
        path: source.data for path, source in written.sources.items()
    }
    assert [path for path in changed.sources if changed.sources[path].text != written.sources[path].text] == []


def test_a_barred_file_stays_through_all_stages_with_the_reason(root: Path) -> None:
    change_set = Workbook.open(root).preview(
        ["legacy_query", "lazy_relationship"], barred={"app.py": "it is read-only"}
    )
    assert change_set.changes == ()
    first = change_set.skipped[0]
    assert (first.finding.code, first.reason) == ("AM201", "it is read-only")


def test_a_file_that_cannot_be_read_is_told_once(root: Path) -> None:
    (root / "bad.py").write_text("def (:\n", encoding="utf-8")
    skipped = Workbook.open(root).preview(["legacy_query", "lazy_relationship"]).skipped
    assert [skip.finding.path for skip in skipped].count("bad.py") == 1


def test_a_finding_of_a_later_stage_can_be_chosen_alone(root: Path) -> None:
    one_by_one(root, ["legacy_query"])
    book = Workbook.open(root)
    [finding] = book.scan(["lazy_relationship"])
    change_set = book.preview(["legacy_query", "lazy_relationship"], findings=[finding.fingerprint])
    assert change_set.applied == (finding,)


def test_a_fingerprint_that_no_stage_finds_is_a_usage_error(root: Path) -> None:
    with pytest.raises(UsageError, match="is no finding of this application"):
        Workbook.open(root).preview(["legacy_query", "lazy_relationship"], findings=["abc"])


def test_every_file_of_a_second_run_of_everything_is_left(root: Path) -> None:
    book = Workbook.open(root)
    book.apply(book.preview())
    assert book.preview().changes == ()
