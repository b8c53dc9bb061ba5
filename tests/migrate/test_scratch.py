"""The copy that notebooks write to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.errors import UsageError
from helpers.migrate.scratch import make_scratch, remove_scratch


@pytest.fixture
def app(tmp_path: Path) -> Path:
    root = tmp_path / "relay"
    (root / "api").mkdir(parents=True)
    (root / "api" / "views.py").write_bytes(b"x = 1\r\n")
    return root


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def test_the_copy_has_the_files_and_the_name_of_the_application(app: Path, tmp_path: Path) -> None:
    copy = make_scratch(app, tmp_path / "scratch")
    assert (copy.name, files(copy)) == ("relay", {"api/views.py"})
    assert (copy / "api" / "views.py").read_bytes() == b"x = 1\r\n"


def test_two_copies_do_not_share_a_folder(app: Path, tmp_path: Path) -> None:
    first, second = make_scratch(app, tmp_path / "scratch"), make_scratch(app, tmp_path / "scratch")
    (first / "api" / "views.py").write_text("x = 2\n")
    assert (second / "api" / "views.py").read_bytes() == b"x = 1\r\n"


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/lib/x.py",
        "api/__pycache__/views.pyc",
        "relay.db",
        "data/relay.db-wal",
        ".workbook/journal.jsonl",
        "node_modules/x.js",
        ".mypy_cache/x",
        "relay.egg-info/PKG-INFO",
    ],
)
def test_what_is_not_source_stays_behind(app: Path, tmp_path: Path, path: str) -> None:
    (app / path).parent.mkdir(parents=True, exist_ok=True)
    (app / path).write_text("x")
    (app / ".venv").mkdir(exist_ok=True)
    (app / ".venv" / "pyvenv.cfg").touch()
    assert files(make_scratch(app, tmp_path / "scratch")) == {"api/views.py"}


def test_a_virtual_environment_of_any_name_stays_behind(app: Path, tmp_path: Path) -> None:
    (app / "my-env").mkdir()
    (app / "my-env" / "pyvenv.cfg").touch()
    assert not (make_scratch(app, tmp_path / "scratch") / "my-env").exists()


def test_links_that_lead_out_stay_behind_and_others_lead_into_the_copy(app: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("x = 1\n")
    (app / "out.py").symlink_to("../secret.py")
    (app / "absolute.py").symlink_to(app / "api" / "views.py")
    (app / "inside.py").symlink_to("api/views.py")
    copy = make_scratch(app, tmp_path / "scratch")
    assert files(copy) == {"api/views.py", "inside.py"}
    assert (copy / "inside.py").resolve().is_relative_to(copy)


def test_the_application_is_not_touched(app: Path, tmp_path: Path) -> None:
    copy = make_scratch(app, tmp_path / "scratch")
    (copy / "api" / "views.py").write_text("x = 2\n")
    remove_scratch(copy)
    assert files(app) == {"api/views.py"}
    assert (app / "api" / "views.py").read_bytes() == b"x = 1\r\n"


def test_a_copy_goes_to_the_users_cache_by_default(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    assert make_scratch(app).is_relative_to(tmp_path / "cache" / "async-migration-workbook")


def test_a_removed_copy_is_gone(app: Path, tmp_path: Path) -> None:
    copy = make_scratch(app, tmp_path / "scratch")
    remove_scratch(copy)
    remove_scratch(copy)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_is_no_copy_is_not_removed(app: Path) -> None:
    with pytest.raises(UsageError, match="is not a scratch copy"):
        remove_scratch(app)
    assert files(app) == {"api/views.py"}


def test_a_path_that_is_no_folder_is_refused(app: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        make_scratch(app / "api" / "views.py", tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()


def test_a_copy_into_the_application_itself_is_refused(app: Path) -> None:
    with pytest.raises(UsageError, match="lies in the application"):
        make_scratch(app, app / "scratch")
    assert files(app) == {"api/views.py"}


def test_a_copy_of_a_copy_can_be_removed(app: Path, tmp_path: Path) -> None:
    first = make_scratch(app, tmp_path / "scratch")
    second = make_scratch(first, tmp_path / "again")
    remove_scratch(second)
    assert files(first) == {"api/views.py"}


def test_a_copy_whose_process_is_gone_is_removed_with_the_next_one(app: Path, tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    orphan = make_scratch(app, tmp_path / "scratch")
    (orphan.parent / ".workbook-scratch").write_text(str(ended.pid))
    make_scratch(app, tmp_path / "scratch")
    assert not orphan.exists()


def test_a_copy_whose_process_runs_is_kept(app: Path, tmp_path: Path) -> None:
    copy = make_scratch(app, tmp_path / "scratch")
    make_scratch(app, tmp_path / "scratch")
    assert copy.exists()


def test_a_copy_that_says_no_process_is_kept(app: Path, tmp_path: Path) -> None:
    copy = make_scratch(app, tmp_path / "scratch")
    (copy.parent / ".workbook-scratch").write_text("")
    make_scratch(app, tmp_path / "scratch")
    assert copy.exists()
