"""What each verb does, prints and returns on an application in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.errors import UsageError
from helpers.model import Applicability, Example, Stage
from helpers.workbook import Pattern, Workbook

LINE = re.compile(r"^\S+\.py:\d+:\d+ AM\d{3} \S+ (applied|refused|safe|review|manual) \S.*$")
ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Any]
Read = Callable[[Path], dict[str, bytes]]


def diff_bytes(root: Path) -> bytes:
    """What diff prints, before anything decodes it."""
    return subprocess.run([sys.executable, "-m", "helpers", "diff", root], cwd=ROOT, capture_output=True).stdout


def git(root: Path, *words: str, patch: bytes) -> None:
    """Run git in a folder that is in no repository."""
    outside = os.environ | {"GIT_CEILING_DIRECTORIES": str(root.parent)}
    subprocess.run(["git", *words], cwd=root, env=outside, input=patch, capture_output=True, check=True)


class Loud(Pattern):
    """A pattern that says a lot and finds nothing."""

    CODE, NAME, SUMMARY, WHY = "AM999", "loud", "Something becomes something else", "Because it must."
    STAGE, APPLICABILITY = Stage.CLEAN_UP, Applicability.REVIEW
    EXAMPLES = (Example("Two rows", "def f(s):\n    return 1\n", "def f(s):\n    return 2\n", "f(s)"),)


def test_scan_prints_one_line_for_each_finding_sorted_by_place(run: Run, application: Path) -> None:
    code, out, err = run("scan", application, "--select", "legacy_query")
    lines = out.splitlines()
    assert code == 1
    assert [line.split()[0] for line in lines] == ["shop/admin.py:7:12", "shop/users.py:9:12", "shop/users.py:13:12"]
    assert all(LINE.match(line) for line in lines)
    assert err == "3 findings: 2 safe, 0 review, 1 manual\n"


def test_scan_says_that_functions_wait_for_the_stages_before_the_flip(run: Run, application: Path) -> None:
    code, out, err = run("scan", application)
    assert " AM601 anything manual " in out
    assert (code, err.count("\n")) == (1, 1)
    assert err.endswith(
        "what waits for an earlier stage is manual until that is done: `workbook plan PATH` puts them in order\n"
    )


def test_scan_says_nothing_of_waiting_where_no_earlier_stage_can_be_applied(run: Run, application: Path) -> None:
    run("apply", application, "--select", "legacy_query")
    _, out, err = run("scan", application, "--select", "legacy_query,sync_function")
    assert {line.split()[3] for line in out.splitlines() if " AM601 " in line} >= {"manual"}
    assert "waits" not in err


def test_scan_of_an_application_without_findings_prints_nothing_and_returns_0(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("x = 1\n")
    assert run("scan", tmp_path)[:2] == (0, "")


def test_scan_without_the_ignored_patterns_finds_nothing(run: Run, application: Path) -> None:
    codes = {line.split()[1] for line in run("scan", application).out.splitlines()}
    assert {"AM201", "AM601"} <= codes
    assert run("scan", application, "--ignore", ",".join(codes))[:2] == (0, "")


@pytest.mark.parametrize("words", [["AM201"], ["legacy_query"], ["AM001,legacy_query"], ["AM001", "--select", "AM201"]])
def test_select_takes_names_and_codes_by_comma_or_repeated(run: Run, application: Path, words: list[str]) -> None:
    assert len(run("scan", application, "--select", *words).out.splitlines()) == 3


def test_scan_writes_nothing(run: Run, application: Path, files: Read) -> None:
    before = files(application)
    run("scan", application)
    assert files(application) == before


def test_apply_rewrites_and_tells_changes_and_refusals_by_their_places_before(run: Run, application: Path) -> None:
    code, out, err = run("apply", application, "--select", "legacy_query")
    assert code == 0
    assert [line.split()[:4] for line in out.splitlines()] == [
        ["shop/admin.py:7:12", "AM201", "first", "applied"],
        ["shop/users.py:9:12", "AM201", "everyone", "applied"],
        ["shop/users.py:13:12", "AM201", "anything", "refused"],
    ]
    assert all(LINE.match(line) for line in out.splitlines())
    assert err.startswith("applied 2 in 2 files, refused 1; ")
    users = (application / "shop" / "users.py").read_text()
    assert "from sqlalchemy import select\n" in users
    assert "db.query(User)" not in users
    assert "    return db.query(*columns).all()\n" in users


def test_apply_all_takes_every_pattern(run: Run, application: Path) -> None:
    assert run("apply", application, "--all").err.startswith("applied 8 in 2 files")
    assert "async def first(db: AsyncSession)" in (application / "shop" / "admin.py").read_text(encoding="utf-8")


def test_a_second_apply_changes_nothing(run: Run, application: Path, files: Read) -> None:
    run("apply", application, "--select", "legacy_query")
    once = files(application)
    code, out, err = run("apply", application, "--select", "legacy_query")
    assert (code, err) == (0, "applied 0 in 0 files, refused 1\n")
    assert [line.split()[3] for line in out.splitlines()] == ["refused"]
    assert files(application) == once


def test_apply_to_chosen_files_leaves_the_others_alone(run: Run, application: Path) -> None:
    before = (application / "shop" / "users.py").read_bytes()
    code, out, _ = run("apply", application, "--select", "legacy_query", "--files", "admin.py", "models.py")
    assert (code, len(out.splitlines())) == (0, 1)
    assert (application / "shop" / "users.py").read_bytes() == before
    assert b"select(User)" in (application / "shop" / "admin.py").read_bytes()


def test_undo_takes_back_the_last_apply_alone(run: Run, application: Path, files: Read) -> None:
    run("apply", application, "--all", "--files", "admin.py")
    once = (application / "shop" / "admin.py").read_bytes()
    users = (application / "shop" / "users.py").read_bytes()
    run("apply", application, "--all")
    assert run("undo", application) == (0, "shop/users.py restored\n", "took back 1 write\n")
    assert (application / "shop" / "admin.py").read_bytes() == once
    assert (application / "shop" / "users.py").read_bytes() == users


def test_undo_all_restores_every_byte_and_removes_the_journal(run: Run, application: Path, files: Read) -> None:
    before = files(application)
    run("apply", application, "--all", "--files", "admin.py")
    run("apply", application, "--all")
    code, out, err = run("undo", application, "--all")
    assert (code, err) == (0, "took back 2 writes\n")
    assert sorted(out.splitlines()) == ["shop/admin.py restored", "shop/users.py restored"]
    assert files(application) == before
    assert not (application / ".workbook").exists()


def test_undo_all_where_nothing_was_applied_is_done_already(run: Run, application: Path, files: Read) -> None:
    before = files(application)
    assert run("undo", application, "--all")[:2] == (0, "")
    assert files(application) == before


def test_undo_where_nothing_was_applied_is_not_done(run: Run, application: Path) -> None:
    code, out, err = run("undo", application)
    assert (code, out) == (1, "")
    assert err == f"{application}: there is nothing to undo; apply something first\n"


def test_undo_keeps_what_was_edited_since(run: Run, application: Path) -> None:
    run("apply", application, "--all")
    users = application / "shop" / "users.py"
    users.write_text(users.read_text() + "# mine\n")
    code, out, err = run("undo", application, "--all")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("shop/users.py: was edited after it was written; ")
    assert users.read_text().endswith("# mine\n")


def test_diff_shows_what_apply_would_do_and_writes_nothing(run: Run, application: Path, files: Read) -> None:
    before = files(application)
    code, out, err = run("diff", application, "--select", "legacy_query")
    assert code == 1
    assert "--- a/shop/users.py\n+++ b/shop/users.py\n" in out
    assert "-    return db.query(User).all()\n+    return " in out
    assert [line.split()[3] for line in out.splitlines() if LINE.match(line)] == ["applied", "applied", "refused"]
    assert err == "would apply 2 in 2 files, refused 1\n"
    assert files(application) == before


def test_diff_tells_the_same_lines_as_apply(run: Run, application: Path) -> None:
    told = [line for line in run("diff", application, "--all").out.splitlines() if LINE.match(line)]
    assert run("apply", application, "--all").out.splitlines() == told


def test_diff_of_an_application_without_findings_is_empty(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("x = 1\n")
    assert run("diff", tmp_path)[:2] == (0, "")


def test_git_applies_what_diff_prints(run_process: Run, application: Path, files: Read, tmp_path: Path) -> None:
    """Also where Latin-1, form feeds and other odd line ends stand in a file, and no newline at its end."""
    users, admin = application / "shop" / "users.py", application / "shop" / "admin.py"
    users.write_bytes(users.read_bytes().replace(b"\n", b"\r\n") + b"\x0c\r\n# \x1c end\r\n")
    admin.write_bytes(b"# -*- coding: latin-1 -*-\n# caf\xe9 \x85 \x0c\n" + admin.read_bytes().removesuffix(b"\n"))
    run_process("apply", application, "--all")
    applied = files(application / "shop")
    run_process("undo", application, "--all")
    git(application, "apply", patch=diff_bytes(application))
    assert files(application / "shop") == applied
    assert b"select(User)" in applied["admin.py"]
    assert b"select(User)" in applied["users.py"]


def test_explain_tells_the_facts_and_both_sides_of_each_example(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workbook, "explain", staticmethod(lambda code: Loud))
    code, out, err = run("explain", "loud")
    assert (code, err) == (0, "")
    assert out.startswith("AM999 loud: Something becomes something else\n\nstage: clean up\napplicability: review\n")
    assert "Because it must.\n" in out
    assert "Two rows\n\nbefore:\n\ndef f(s):\n    return 1\n\nafter:\n\ndef f(s):\n    return 2\n" in out


@pytest.mark.parametrize("pattern", [pattern.NAME for pattern in Workbook.patterns()])
def test_every_pattern_can_be_explained_by_name_and_code(run: Run, pattern: str) -> None:
    by_name = run("explain", pattern)
    assert by_name.code == 0
    assert run("explain", Workbook.explain(pattern).CODE) == by_name


def test_unreadable_files_can_be_explained_like_any_finding(run: Run) -> None:
    assert run("explain", "AM001").out.startswith("AM001 unreadable_file: ")


def test_no_pattern_may_be_explained_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="is no pattern's name or code"):
        Workbook.explain("AM000")
