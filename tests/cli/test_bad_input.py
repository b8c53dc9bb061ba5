"""Files and folders that are not as they should be, through the command line in a process of its own.

The tests may run as root, to whom permissions mean nothing: a read-only file is refused by its mode, which root has to
change like anybody else, and a disk that cannot be written is an `os.replace` that fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Read = Callable[[Path], dict[str, bytes]]

KILLED_AT_THE_SECOND_FILE = """
import os, signal
from helpers.migrate import journal
replace, calls = journal.put, []
def replace_or_die(target, data):
    calls.append(target)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(target, data)
journal.put = replace_or_die
"""

FULL_AT_THE_SECOND_FILE = """
import errno, os
replace, calls = os.replace, []
def replace_or_fail(*paths):
    calls.append(paths)
    if len(calls) == 2:
        raise OSError(errno.ENOSPC, "No space left on device")
    replace(*paths)
os.replace = replace_or_fail
"""

EDITED_AFTER_THE_PREVIEW = """
from helpers.workbook import Workbook
unwritable = Workbook.unwritable
def edit(book, change_set):
    with (book.root / "shop" / "users.py").open("a") as stream:
        stream.write("# mine\\n")
    return unwritable(book, change_set)
Workbook.unwritable = edit
"""


def lines_of(out: str, path: str) -> list[str]:
    """What was told about one file."""
    return [line for line in out.splitlines() if line.startswith(f"{path}:")]


@pytest.mark.parametrize(
    ("data", "place", "told"),
    [
        (b"def broken(:\n", "shop/bad.py:1:12", "does not parse"),
        (b"x = 1\nname = '\xff\xfe'\n", "shop/bad.py:2:1", "byte 0xff is not utf-8"),
        (b"# coding: klingon\n", "shop/bad.py:1:1", "has no usable encoding"),
        (b"x = '\0'\n", "shop/bad.py:1:1", "null byte"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_on(
    run_process: Run, application: Path, data: bytes, place: str, told: str
) -> None:
    bad = application / "shop" / "bad.py"
    bad.write_bytes(data)
    code, out, err = run_process("apply", application, "--select", "legacy_query")
    (line,) = lines_of(out, "shop/bad.py")
    assert code == 0
    assert line.startswith(f"{place} AM001 <module> refused ")
    assert told in line
    assert "; " in line
    assert err.startswith("applied 2 in 2 files, refused 2")
    assert bad.read_bytes() == data


def test_an_unreadable_file_is_a_finding_of_scan(run_process: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def broken(:\n")
    code, out, _ = run_process("scan", tmp_path)
    assert (code, len(lines_of(out, "bad.py"))) == (1, 1)


def test_a_latin_1_file_is_rewritten_to_the_byte(run_process: Run, application: Path) -> None:
    admin = application / "shop" / "admin.py"
    admin.write_bytes(b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + admin.read_bytes() + b"NAME = 'M\xfcller'\r\n")
    before = admin.read_bytes()
    assert run_process("apply", application, "--all").code == 0
    after = admin.read_bytes()
    assert after.startswith(b"# -*- coding: latin-1 -*-\n# caf\xe9\n")
    assert after.endswith(b"  # any of them\nNAME = 'M\xfcller'\r\n")
    assert b"select(User)" in after
    run_process("undo", application, "--all")
    assert admin.read_bytes() == before


def test_an_empty_file_is_no_finding(run_process: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.py").touch()
    assert run_process("scan", tmp_path)[:2] == (0, "")


def test_an_empty_folder_is_no_finding(run_process: Run, tmp_path: Path) -> None:
    assert run_process("apply", tmp_path, "--all") == (0, "", "applied 0 in 0 files, refused 0\n")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_file_is_named_and_the_rest_is_written(run_process: Run, application: Path) -> None:
    users = application / "shop" / "users.py"
    before = users.read_bytes()
    users.chmod(0o444)
    code, out, err = run_process("apply", application, "--select", "legacy_query")
    assert (code, err.splitlines()[-1]) == (1, "applied 1 in 1 file, refused 2; `workbook undo PATH` takes it back")
    line = lines_of(out, "shop/users.py")[0]
    assert line.endswith(" AM201 everyone refused is read-only; nothing was changed; make it writable and apply again")
    assert users.read_bytes() == before
    assert b"select(User)" in (application / "shop" / "admin.py").read_bytes()


def test_diff_tells_that_a_file_is_read_only(run_process: Run, application: Path) -> None:
    (application / "shop" / "users.py").chmod(0o444)
    out = run_process("diff", application).out
    assert "is read-only" in out
    assert "--- a/shop/users.py" not in out


def test_a_link_out_of_the_tree_is_named_and_not_followed(run_process: Run, application: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    shutil.copy(application / "shop" / "users.py", outside)
    before = outside.read_bytes()
    (application / "shop" / "link.py").symlink_to(outside)
    code, out, _ = run_process("apply", application, "--all")
    (line,) = lines_of(out, "shop/link.py")
    assert code == 0
    assert line.startswith("shop/link.py:1:1 AM001 <module> refused leads out of the tree; ")
    assert outside.read_bytes() == before


def test_a_link_inside_the_tree_is_left_and_what_it_leads_to_is_rewritten(run_process: Run, application: Path) -> None:
    link = application / "shop" / "link.py"
    link.symlink_to("admin.py")
    code, out, _ = run_process("apply", application, "--select", "legacy_query")
    assert code == 0
    assert lines_of(out, "shop/admin.py")[0].split()[3] == "applied"
    assert link.is_symlink()
    assert b"select(User)" in link.read_bytes()
    assert run_process("apply", application, "--select", "legacy_query").err == "applied 0 in 0 files, refused 1\n"


@pytest.mark.parametrize("name", ["two words.py", "ünïcode.py", "line\nbreak.py", "\x1b[31mred.py"])
def test_any_file_name_stays_on_one_line(run: Run, application: Path, name: str) -> None:
    shutil.copy(application / "shop" / "admin.py", application / name)
    code, out, _ = run("apply", application, "--select", "AM201")
    assert (code, len(out.splitlines())) == (0, 4)
    assert out.replace("\n", "").isprintable()
    assert b"select(User)" in (application / name).read_bytes()


def test_a_path_that_does_not_exist_is_told_in_one_line(run_process: Run, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    told = f"{missing}: does not exist; name the folder of the application\n"
    assert run_process("apply", missing, "--all") == (2, "", told)


def test_a_path_that_is_a_file_is_told_in_one_line(run_process: Run, application: Path) -> None:
    file = application / "shop" / "users.py"
    assert run_process("scan", file) == (2, "", f"{file}: is not a folder; name the folder of the application\n")


@pytest.mark.parametrize("verb", [["scan"], ["diff"], ["apply", "--all", "--files", "models.py"]])
def test_the_next_command_rolls_back_a_write_that_was_killed(
    run_process: Run, application: Path, files: Read, verb: list[str]
) -> None:
    before = files(application / "shop")
    selected = ("--select", "legacy_query")
    killed = run_process("apply", application, *selected, prepare=KILLED_AT_THE_SECOND_FILE)
    torn = files(application / "shop")
    assert (killed.code, killed.out) == (-9, "")
    assert sum(torn[path] != before[path] for path in before) == 1
    _, out, err = run_process(verb[0], application, *verb[1:])
    assert err.startswith(f"{application}: rolled back the interrupted write 1 (legacy_query)\n")
    assert "rolled back" not in out
    assert files(application / "shop") == before


def test_undo_after_a_killed_write_finds_nothing_left_to_undo(run_process: Run, application: Path, files: Read) -> None:
    before = files(application)
    run_process("apply", application, "--all", prepare=KILLED_AT_THE_SECOND_FILE)
    code, _, err = run_process("undo", application, "--all")
    assert (code, err.splitlines()[1:]) == (0, ["there was nothing to take back"])
    assert files(application) == before


def test_an_undo_that_was_killed_is_finished_by_the_next_command(
    run_process: Run, application: Path, files: Read
) -> None:
    before = files(application / "shop")
    run_process("apply", application, "--all")
    assert run_process("undo", application, prepare=KILLED_AT_THE_SECOND_FILE).code == -9
    assert "finished the interrupted undo 1" in run_process("scan", application).err
    assert files(application / "shop") == before


def test_a_full_disk_leaves_every_file_as_it_was(run_process: Run, application: Path, files: Read) -> None:
    before = files(application / "shop")
    code, out, err = run_process("apply", application, "--all", prepare=FULL_AT_THE_SECOND_FILE)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("shop/users.py: cannot be written (No space left on device); nothing was changed; ")
    assert files(application / "shop") == before


def test_a_file_that_changed_after_the_preview_is_not_overwritten(run_process: Run, application: Path) -> None:
    admin = (application / "shop" / "admin.py").read_bytes()
    code, out, err = run_process("apply", application, "--all", prepare=EDITED_AFTER_THE_PREVIEW)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("shop/users.py: is not what the preview showed; nothing was changed; ")
    assert (application / "shop" / "users.py").read_text().endswith("# mine\n")
    assert (application / "shop" / "admin.py").read_bytes() == admin


def test_a_damaged_journal_stops_a_write_and_not_a_scan(run_process: Run, application: Path, files: Read) -> None:
    run_process("apply", application, "--all")
    (application / ".workbook" / "journal.jsonl").write_text("{}\n")
    before = files(application)
    assert run_process("apply", application, "--all").code == 1
    code, out, err = run_process("scan", application, "--select", "legacy_query")
    assert (code, len(out.splitlines())) == (1, 1)
    assert "journal.jsonl:1: is damaged; " in err
    assert files(application) == before
