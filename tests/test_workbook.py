"""The facade: what is asked of an application, without a command line or a notebook around it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.errors import ChangedOnDiskError, JournalError, UsageError
from helpers.model import Applicability, Example, Stage
from helpers.workbook import FileFindings, Workbook

MODELS = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
USERS = """\
from sqlalchemy.orm import Session

from models import User


def one(db: Session) -> User | None:
    return db.query(User).first()


def same(db: Session) -> User | None:
    return db.query(User).first()


def anything(db: Session, *columns: object) -> object:
    return db.query(*columns).all()
"""
ADMIN = """\
from sqlalchemy.orm import Session

from models import User


def admin(db: Session) -> User:
    return db.query(User).one()
"""
FILES = {"models.py": MODELS, "users.py": USERS, "admin.py": ADMIN, "bad.py": "def broken(:\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three fixes, one chain that is left, one file that does not parse."""
    folder = tmp_path / "application"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def book(root: Path) -> Iterator[Workbook]:
    """The workbook of that application."""
    with Workbook.open(root) as opened:
        yield opened


ALL = [pattern.CODE for pattern in Workbook.patterns()]


def texts(root: Path) -> dict[str, str]:
    """The files of the application as they are now."""
    return {path.name: path.read_text(encoding="utf-8") for path in root.glob("*.py")}


def test_scan_finds_what_can_be_changed_what_is_left_and_what_cannot_be_read(book: Workbook) -> None:
    assert [(item.path, item.code, item.symbol, item.fix is not None) for item in book.scan(["legacy_query"])] == [
        ("admin.py", "AM201", "admin", True),
        ("bad.py", "AM001", "<module>", False),
        ("users.py", "AM201", "one", True),
        ("users.py", "AM201", "same", True),
        ("users.py", "AM201", "anything", False),
    ]


def test_unreadable_files_are_found_whatever_is_selected(book: Workbook) -> None:
    assert [item.code for item in book.scan(ignore=ALL)] == ["AM001"]
    assert [item.code for item in book.scan(["AM001"])] == ["AM001"]
    assert "AM001" in {item.code for item in book.scan(["legacy_query"])}


def test_unreadable_files_are_left_out_only_by_name(book: Workbook) -> None:
    assert {item.code for item in book.scan(["legacy_query"], ignore=["unreadable_file"])} == {"AM201"}


def test_scan_refuses_a_pattern_that_is_not_there(book: Workbook) -> None:
    with pytest.raises(UsageError, match="AM000: is no pattern's name or code"):
        book.scan(["AM000"])
    with pytest.raises(UsageError, match="AM000: is no pattern's name or code"):
        book.scan(ignore=["AM000"])


def test_preview_writes_nothing_and_loses_nothing(book: Workbook, root: Path) -> None:
    change_set = book.preview(["legacy_query"])
    assert [change.path for change in change_set.changes] == ["admin.py", "users.py"]
    assert (len(change_set.applied), len(change_set.skipped)) == (3, 2)
    assert {*change_set.applied, *(skip.finding for skip in change_set.skipped)} == set(book.scan(["legacy_query"]))
    assert all(skip.reason for skip in change_set.skipped)
    assert (change_set.step.title, change_set.step.stage) == ("legacy_query", Stage.QUERY)
    assert texts(root) == FILES
    assert not (root / ".workbook").exists()


def test_preview_of_chosen_files_holds_their_findings_alone(book: Workbook) -> None:
    change_set = book.preview(["legacy_query"], files=["admin.py"])
    assert [item.path for item in change_set.step.findings] == ["admin.py"]


def test_preview_of_files_that_are_not_there_is_refused(book: Workbook) -> None:
    with pytest.raises(UsageError, match=r"'nowhere\.py': matches no Python file"):
        book.preview(files=["admin.py", "nowhere.py"])


def test_a_file_without_findings_may_be_chosen(book: Workbook) -> None:
    assert book.preview(files=["models.py"]).step.findings == ()


def test_an_unreadable_file_may_be_chosen(book: Workbook) -> None:
    assert [skip.finding.path for skip in book.preview(files=["bad.py"]).skipped] == ["bad.py"]


def test_preview_of_chosen_findings_leaves_equal_ones_beside_them(book: Workbook) -> None:
    same = next(item for item in book.scan(["legacy_query"]) if item.symbol == "same")
    change_set = book.preview(findings=[same.fingerprint])
    assert change_set.applied == (same,)
    assert [line for line in change_set.diff().splitlines() if line.startswith("-    ")] == [
        "-    return db.query(User).first()"
    ]


def test_preview_of_no_findings_changes_nothing(book: Workbook) -> None:
    assert book.preview(findings=[]).changes == ()


def test_preview_refuses_a_finding_that_is_gone(book: Workbook) -> None:
    with pytest.raises(UsageError, match="abc: is no finding of this application; scan again"):
        book.preview(findings=["abc"])


def test_apply_writes_and_the_application_is_read_again(book: Workbook, root: Path) -> None:
    entry = book.apply(book.preview())
    assert entry is not None
    assert [record.path for record in entry.files] == ["admin.py", "users.py"]
    assert "select(User)" in texts(root)["admin.py"]
    assert [item.symbol for item in book.scan(["legacy_query"], ["AM001"])] == ["anything"]
    assert "select(User)" in book.source("admin.py")
    assert book.history() == (entry,)


def test_apply_of_nothing_leaves_no_trace(book: Workbook, root: Path) -> None:
    assert book.apply(book.preview(files=["models.py"])) is None
    assert not (root / ".workbook").exists()
    assert book.history() == ()


def test_a_second_apply_has_nothing_to_write(book: Workbook) -> None:
    book.apply(book.preview())
    assert book.preview().changes == ()


def test_apply_refuses_a_file_that_changed_after_the_preview(book: Workbook, root: Path) -> None:
    change_set = book.preview()
    (root / "users.py").write_text("x = 1\n")
    with pytest.raises(ChangedOnDiskError, match=r"users\.py: is not what the preview showed"):
        book.apply(change_set)
    assert texts(root) == FILES | {"users.py": "x = 1\n"}
    assert "users.py" not in {item.path for item in book.scan()}


def test_undo_takes_one_write_back_and_undo_all_the_others(book: Workbook, root: Path) -> None:
    first = book.apply(book.preview(["legacy_query"], files=["admin.py"]))
    book.apply(book.preview(["legacy_query"], files=["users.py"]))
    assert [record.path for record in book.undo().files] == ["users.py"]
    assert texts(root)["users.py"] == USERS
    assert len(book.scan(["legacy_query"])) == 4
    assert book.undo_all() == (first,)
    assert texts(root) == FILES
    assert not (root / ".workbook").exists()


def test_undo_of_nothing_is_refused(book: Workbook) -> None:
    with pytest.raises(JournalError, match="there is nothing to undo"):
        book.undo()
    assert book.undo_all() == ()


def test_recover_has_nothing_to_say_where_nothing_is_half_done(book: Workbook) -> None:
    assert book.recover() is None
    book.apply(book.preview())
    assert book.recover() is None


def test_a_read_only_file_is_taken_out_of_a_change_set_with_the_reason(book: Workbook, root: Path) -> None:
    (root / "users.py").chmod(0o444)
    change_set = book.preview(["legacy_query"])
    able = book.preview(["legacy_query"], barred=book.unwritable(change_set))
    assert [change.path for change in able.changes] == ["admin.py"]
    assert {item.path for item in able.applied} == {"admin.py"}
    assert len(able.skipped) == len(change_set.skipped) + 2
    assert able.skipped[-1].reason.startswith("is read-only; nothing was changed; ")
    book.apply(able)
    assert texts(root)["users.py"] == USERS


def test_where_every_file_can_be_written_none_is_barred(book: Workbook) -> None:
    assert book.unwritable(book.preview()) == {}


def test_apply_of_a_file_that_is_read_only_writes_none(book: Workbook, root: Path) -> None:
    (root / "users.py").chmod(0o444)
    with pytest.raises(JournalError, match="is read-only"):
        book.apply(book.preview())
    assert texts(root) == FILES


def test_files_counts_what_can_be_changed_and_what_is_left(book: Workbook) -> None:
    assert book.files(["legacy_query"]) == (
        FileFindings("admin.py", applicable=1, manual=0),
        FileFindings("bad.py", applicable=0, manual=1),
        FileFindings("users.py", applicable=2, manual=1),
    )


def test_source_is_the_text_of_a_readable_file_alone(book: Workbook, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("x = 1\n")
    assert book.source("users.py") == USERS
    for path in ("bad.py", "nowhere.py", "../outside.py", str(tmp_path / "outside.py")):
        with pytest.raises(UsageError, match="is not a readable Python file of the application"):
            book.source(path)


def test_a_scratch_copy_takes_the_writes_and_goes_when_it_is_closed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Workbook.open(root, scratch=True) as book:
        assert book.root != root
        book.apply(book.preview())
        assert "select(User)" in texts(book.root)["admin.py"]
    assert not book.root.exists()
    assert texts(root) == FILES


def test_closing_keeps_an_application_that_is_no_copy(root: Path) -> None:
    Workbook.open(root).close()
    assert texts(root) == FILES


@pytest.mark.parametrize("scratch", [False, True])
def test_only_a_folder_can_be_opened(root: Path, scratch: bool) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        Workbook.open(root / "users.py", scratch=scratch)
    with pytest.raises(UsageError, match="does not exist"):
        Workbook.open(root / "nowhere", scratch=scratch)


def test_a_folder_that_may_not_be_read_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read any folder, so the question is answered for it."""
    monkeypatch.setattr(os, "access", lambda *asked: False)
    with pytest.raises(UsageError, match="cannot be read; make the folder readable"):
        Workbook.open(root)


def test_an_application_without_python_has_no_findings(tmp_path: Path) -> None:
    with Workbook.open(tmp_path) as book:
        assert (book.scan(), book.files(), book.preview().changes) == ((), (), ())


def test_explain_knows_a_pattern_by_name_and_by_code() -> None:
    assert Workbook.explain("legacy_query") is Workbook.explain("AM201")
    assert Workbook.explain("legacy_query") in Workbook.patterns()
    assert Workbook.explain("AM001").APPLICABILITY is Applicability.MANUAL


@pytest.mark.parametrize("code", ["", "AM000", "Legacy_Query"])
def test_explain_refuses_what_is_no_pattern(code: str) -> None:
    with pytest.raises(UsageError, match="is no pattern's name or code"):
        Workbook.explain(code)


def test_compare_runs_both_sides_of_an_example() -> None:
    example = Example("two and two", "def f(s):\n    return 4\n", "def f(s):\n    return 5\n", "f(session)")
    assert Workbook.compare(example).check("value").outcome == "different"
