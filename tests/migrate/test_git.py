"""A commit for each step: on a branch, of nothing else, and after an interruption from where it stopped."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from helpers.cli import main
from helpers.errors import JournalError, UsageError
from helpers.migrate.git import BRANCH
from helpers.workbook import Workbook
from tests.migrate.shop import lay_out, texts


def git(root: Path, *words: str) -> str:
    """What git says."""
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop in a repository of its own."""
    for kind in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{kind}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{kind}_EMAIL", "ada@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    root = lay_out(tmp_path / "shop")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "A shop")
    return root


def messages(root: Path) -> list[str]:
    """The first line of every commit since the shop's own, the oldest first."""
    return git(root, "log", "--reverse", "--format=%s", "main..HEAD").splitlines()


def test_every_step_is_a_commit_on_the_branch(shop: Path) -> None:
    assert main(["apply", str(shop), "--all", "--git", "--max-changes", "4"]) == 0
    assert git(shop, "symbolic-ref", "--short", "HEAD") == BRANCH
    assert git(shop, "status", "--porcelain") == ""
    found = messages(shop)
    assert len(found) == 9
    assert found[1] == "Step 2: an async face of the session that routes are given"
    assert found[3] == "Step 4: shop/routers/customers.py"
    body = git(shop, "log", "--format=%b", "-1", "HEAD~5")
    assert "- shop/routers/customers.py:sign_up\n" in body
    assert "- shop/routers/customers.py:sign_up -> shop/services/customers.py:find" in body
    assert git(shop, "show", "--stat", "--format=", "HEAD~7").splitlines()[0].split()[0] == "shop/async_face.py"


def test_one_step_alone_is_one_commit(shop: Path) -> None:
    assert main(["apply", str(shop), "--step", "1", "--git", "--max-changes", "4"]) == 0
    assert messages(shop) == ["Step 1: packages for an asynchronous engine"]


@pytest.mark.parametrize("path", ["shop/main.py", "notes.txt"])
def test_changes_that_nobody_committed_are_not_mixed_in(shop: Path, path: str) -> None:
    (shop / path).write_text("# mine\n", encoding="utf-8")
    before = texts(shop)
    with pytest.raises(JournalError, match=f"has changes that are not committed \\({path}\\)"):
        Workbook.open(shop).on_branch()
    assert main(["apply", str(shop), "--all", "--git"]) == 1
    assert texts(shop) == before
    assert git(shop, "symbolic-ref", "--short", "HEAD") == "main"


def test_outside_a_repository_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    root = lay_out(tmp_path)
    before = texts(root)
    with pytest.raises(UsageError, match="is in no git repository"):
        Workbook.open(root).on_branch()
    assert texts(root) == before


def test_what_was_written_and_not_committed_is_committed_first(shop: Path) -> None:
    assert main(["apply", str(shop), "--step", "1", "--git", "--max-changes", "4"]) == 0
    book = Workbook.open(shop)
    book.apply(book.preview_step(2, most=4))  # and then the process was killed
    assert main(["apply", str(shop), "--step", "3", "--git", "--max-changes", "4"]) == 0
    assert [line.partition(":")[0].lower() for line in messages(shop)] == ["step 1", "step 2", "step 3"]
    assert git(shop, "status", "--porcelain") == ""


def test_an_edit_over_what_was_written_is_not_taken_for_the_step(shop: Path) -> None:
    book = Workbook.open(shop)
    book.apply(book.preview_step(1, most=4))
    (shop / "requirements.txt").write_text("mine\n", encoding="utf-8")
    with pytest.raises(JournalError, match="has changes that are not committed"):
        Workbook.open(shop).on_branch()


def test_what_does_not_compile_is_not_committed(shop: Path) -> None:
    book = Workbook.open(shop)
    change_set = book.preview_step(1, most=4)
    book.apply(change_set)
    (shop / "shop" / "main.py").write_text("return\n", encoding="utf-8")
    bad = type(change_set)(change_set.step, (type(change_set.changes[0])("shop/main.py", b"", b"return\n"),), ())
    with pytest.raises(JournalError, match="does not compile"):
        book.commit(bad)
    assert messages(shop) == []
