"""Writing all files or none, undo to the byte, and what is left when the process is killed in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import ChangedOnDiskError, JournalError, UsageError
from helpers.migrate import disk, journal
from helpers.migrate.journal import entries, recover, undo, undo_all, write
from helpers.model import ChangeSet, FileChange, Stage, Step

BEFORE = {"a.py": b"a = 1\r\n", "api/b.py": b"b = '\xe9'\n", "c.py": b""}
AFTER = {"a.py": b"a = 2\r\n", "api/b.py": b"b = '\xea'\n", "c.py": b"c = 1"}


class Killed(BaseException):
    """Stands for a process that ends: nothing of ours may catch it."""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    (root / "api").mkdir(parents=True)
    for path, data in BEFORE.items():
        (root / path).write_bytes(data)
    return root


def contents(root: Path) -> dict[str, bytes]:
    """Every file outside the journal, leftovers included."""
    files = (path for path in root.rglob("*") if path.is_file() and ".workbook" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def change_set(before: dict[str, bytes] = BEFORE, after: dict[str, bytes] = AFTER, title: str = "Query") -> ChangeSet:
    changes = tuple(FileChange(path, before[path], after[path]) for path in after)
    return ChangeSet(Step(1, Stage.QUERY, (), title), changes, ())


def refused(error: type[Exception], app: Path, *facts: str, do: Callable[[Path], object]) -> None:
    """`do` raises, names place and remedy on one line, and leaves every byte as it was."""
    before = contents(app)
    with pytest.raises(error) as caught:
        do(app)
    assert contents(app) == before
    assert "\n" not in str(caught.value)
    assert all(fact in str(caught.value) for fact in facts), str(caught.value)


def write_all(root: Path) -> object:
    return write(change_set(), root)


# --- write ------------------------------------------------------------------------------------------------------------


def test_all_files_are_written_and_noted(app: Path) -> None:
    entry = write(change_set(), app)
    assert contents(app) == AFTER
    assert (entry.number, entry.title, [record.path for record in entry.files]) == (1, "Query", list(AFTER))
    assert entries(app) == (entry,)


def test_the_journal_hides_itself_from_version_control(app: Path) -> None:
    write_all(app)
    assert (app / ".workbook" / ".gitignore").read_bytes() == b"*\n"


def test_a_file_keeps_its_mode(app: Path) -> None:
    (app / "a.py").chmod(0o754)
    write_all(app)
    assert (app / "a.py").stat().st_mode & 0o777 == 0o754
    undo(app)
    assert (app / "a.py").stat().st_mode & 0o777 == 0o754


def test_a_file_that_changed_since_the_preview_stops_all(app: Path) -> None:
    (app / "api" / "b.py").write_bytes(b"b = 3\n")
    refused(ChangedOnDiskError, app, "api/b.py: is not what the preview showed", "preview it again", do=write_all)
    assert not (app / ".workbook").exists()


def test_an_entry_of_before_survives_a_refused_write(app: Path) -> None:
    entry = write(change_set(), app)
    refused(ChangedOnDiskError, app, "a.py", do=write_all)
    assert entries(app) == (entry,)


def test_an_empty_change_set_is_refused(app: Path) -> None:
    refused(UsageError, app, "has no changes", do=lambda root: write(change_set(after={}), root))
    assert not (app / ".workbook").exists()


def test_a_path_that_is_no_folder_is_refused(app: Path) -> None:
    refused(UsageError, app, "is not a folder", do=lambda root: write(change_set(), root / "a.py"))


@pytest.mark.parametrize("path", ["../outside.py", "/etc/outside.py", ".git/hook.py", "api/../../outside.py", ""])
def test_a_path_outside_the_application_is_refused(app: Path, path: str) -> None:
    (app.parent / "outside.py").write_bytes(b"x")
    (app / ".git").mkdir()
    (app / ".git" / "hook.py").write_bytes(b"x")
    unsafe = change_set({path: b"x"}, {path: b"y"})
    refused(JournalError, app, "is not a file of the application", do=lambda root: write(unsafe, root))
    assert (app.parent / "outside.py").read_bytes() == b"x"


def test_a_virtual_environment_is_refused(app: Path) -> None:
    (app / "env" / "lib").mkdir(parents=True)
    (app / "env" / "pyvenv.cfg").touch()
    (app / "env" / "lib" / "x.py").write_bytes(b"x")
    unsafe = change_set({"env/lib/x.py": b"x"}, {"env/lib/x.py": b"y"})
    refused(JournalError, app, "env/lib/x.py: lies in a virtual environment", do=lambda root: write(unsafe, root))


@pytest.mark.parametrize("place", ["a.py", "api"])
def test_a_link_is_not_followed(app: Path, place: str) -> None:
    outside = app.parent / "outside"
    (app / place).rename(outside)
    (app / place).symlink_to(outside)
    refused(JournalError, app, "is reached by a symbolic link", "the file that the link leads to", do=write_all)
    assert (outside.read_bytes() if place == "a.py" else (outside / "b.py").read_bytes()) in BEFORE.values()


def test_a_journal_folder_that_leads_elsewhere_is_refused(app: Path) -> None:
    (app.parent / "elsewhere").mkdir()
    (app / ".workbook").symlink_to(app.parent / "elsewhere")
    refused(JournalError, app, ".workbook: is a symbolic link", do=write_all)
    assert list((app.parent / "elsewhere").iterdir()) == []


def test_a_read_only_file_stops_all(app: Path) -> None:
    (app / "api" / "b.py").chmod(0o444)
    refused(JournalError, app, "api/b.py: is read-only; nothing was changed; make it writable", do=write_all)
    assert not (app / ".workbook").exists()


def test_a_read_only_folder_stops_all(app: Path) -> None:
    (app / "api").chmod(0o555)
    refused(JournalError, app, "api/b.py: is in a read-only folder", do=write_all)
    (app / "api").chmod(0o755)


def test_a_file_that_is_gone_stops_all(app: Path) -> None:
    (app / "c.py").unlink()
    refused(JournalError, app, "c.py: is not there any more", do=write_all)


def fail_at(monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException) -> None:
    """From now on the replacement with this number fails, before it happens; the others work."""
    real, calls = os.replace, iter(range(1, 1000))

    def replace(source: Path, target: Path) -> None:
        if next(calls) == number:
            raise error
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_disk_that_fails_in_between_leaves_nothing_half_written(
    app: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fail_at(monkeypatch, number, OSError(28, "No space left on device"))
    place = list(AFTER)[number - 1]
    refused(JournalError, app, f"{place}: cannot be written (No space left on device)", do=write_all)
    assert entries(app) == ()
    write_all(app)
    assert contents(app) == AFTER


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_user_who_interrupts_finds_nothing_half_written(
    app: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fail_at(monkeypatch, number, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        write_all(app)
    leftovers = {path: data for path, data in contents(app).items() if path in BEFORE}
    assert (leftovers, recover(app)) == (BEFORE, None)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_undo_that_fails_in_between_restores_nothing(
    app: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    write_all(app)
    fail_at(monkeypatch, number, OSError(5, "Input/output error"))
    refused(JournalError, app, "cannot be written", do=undo)
    assert len(entries(app)) == 1
    undo(app)
    assert contents(app) == BEFORE


# --- two writers ------------------------------------------------------------------------------------------------------


def test_a_second_writer_is_turned_away(app: Path) -> None:
    write_all(app)
    with disk.exclusive(app / ".workbook" / "lock"):
        for do in (undo, undo_all, recover):
            refused(JournalError, app, "another process is writing; wait until it is done", do=do)
    undo(app)


def test_a_lock_file_that_a_dead_process_left_locks_nobody_out(app: Path) -> None:
    write_all(app)
    assert (app / ".workbook" / "lock").exists()
    undo(app)
    assert contents(app) == BEFORE


def test_a_lock_that_was_removed_while_it_was_taken_is_taken_again(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = app / "lock"
    real, calls = disk._acquire, iter(range(2))

    def acquire(path: Path) -> int:
        handle = real(path)
        if next(calls) == 0:
            path.unlink()
        return handle

    monkeypatch.setattr(disk, "_acquire", acquire)
    with disk.exclusive(lock), pytest.raises(JournalError, match="another process"):
        real(lock)


# --- undo -------------------------------------------------------------------------------------------------------------


def test_undo_restores_the_bytes_of_the_last_entry(app: Path) -> None:
    first = write(change_set(), app)
    second = write(change_set(AFTER, {"a.py": b"a = 3\n"}), app)
    assert undo(app) == second
    assert contents(app) == AFTER
    assert undo(app) == first
    assert contents(app) == BEFORE
    assert entries(app) == ()


def test_numbers_go_on_after_an_undo(app: Path) -> None:
    write_all(app)
    undo(app)
    assert write(change_set(), app).number == 2


@pytest.mark.parametrize("do", [undo, undo_all])
def test_an_edit_after_the_write_is_not_lost(app: Path, do: Callable[[Path], object]) -> None:
    write_all(app)
    (app / "api" / "b.py").write_bytes(b"mine\n")
    refused(JournalError, app, "api/b.py: was edited after it was written; nothing was restored", do=do)
    assert len(entries(app)) == 1


def test_all_edited_files_are_named(app: Path) -> None:
    write_all(app)
    (app / "a.py").write_bytes(b"mine\n")
    (app / "c.py").write_bytes(b"mine\n")
    refused(JournalError, app, "a.py, c.py: were edited", do=undo)


def test_an_edit_of_another_file_does_not_stop_undo(app: Path) -> None:
    write(change_set(BEFORE, {"a.py": b"a = 3\n"}), app)
    (app / "c.py").write_bytes(b"mine\n")
    undo(app)
    assert contents(app) == {**BEFORE, "c.py": b"mine\n"}


def test_a_file_that_was_deleted_after_the_write_is_named(app: Path) -> None:
    write_all(app)
    (app / "c.py").unlink()
    refused(JournalError, app, "c.py: is not there any more", do=undo)


def test_nothing_to_undo_is_said(app: Path) -> None:
    refused(JournalError, app, "there is nothing to undo; apply something first", do=undo)
    assert not (app / ".workbook").exists()
    write_all(app)
    undo(app)
    refused(JournalError, app, "there is nothing to undo", do=undo)


def test_undo_all_restores_everything_and_removes_the_journal(app: Path) -> None:
    first = write(change_set(), app)
    second = write(change_set(AFTER, {"a.py": b"a = 3\n"}), app)
    assert undo_all(app) == (second, first)
    assert contents(app) == BEFORE
    assert not (app / ".workbook").exists()


def test_undo_all_restores_nothing_when_an_early_file_was_edited(app: Path) -> None:
    write_all(app)
    write(change_set(AFTER, {"a.py": b"a = 3\n"}), app)
    (app / "c.py").write_bytes(b"mine\n")
    refused(JournalError, app, "c.py", do=undo_all)
    assert len(entries(app)) == 2


def test_undo_all_without_a_journal_does_nothing(app: Path) -> None:
    assert undo_all(app) == ()
    assert contents(app) == BEFORE


def test_undo_all_after_undo_removes_the_journal(app: Path) -> None:
    write_all(app)
    undo(app)
    assert undo_all(app) == ()
    assert not (app / ".workbook").exists()


def test_a_damaged_blob_is_named_and_nothing_is_restored(app: Path) -> None:
    entry = write(change_set(), app)
    (app / ".workbook" / "blobs" / entry.files[1].before).write_bytes(b"other")
    refused(JournalError, app, "is lost or damaged; restore the files by version control", do=undo)


@pytest.mark.parametrize("line", [b"{}\n", b"garbage\n", b'{"version": 2, "number": 1, "state": "undone"}\n', b"[]\n"])
def test_a_damaged_journal_is_named(app: Path, line: bytes) -> None:
    write_all(app)
    with (app / ".workbook" / "journal.jsonl").open("ab") as log:
        log.write(line)
    refused(JournalError, app, "journal.jsonl:3: is damaged", do=undo)


def test_a_line_that_was_cut_off_is_as_if_it_had_not_been(app: Path) -> None:
    entry = write(change_set(), app)
    with (app / ".workbook" / "journal.jsonl").open("ab") as log:
        log.write(b'{"version": 1, "number": 1, "st')
    assert entries(app) == (entry,)
    undo(app)
    assert (contents(app), entries(app)) == (BEFORE, ())


STEPS = st.lists(
    st.one_of(st.just("undo"), st.dictionaries(st.sampled_from(list(BEFORE)), st.binary(max_size=5), min_size=1)),
    max_size=12,
)


@settings(max_examples=20)  # each write waits for the disk a dozen times
@given(STEPS)
def test_any_sequence_of_writes_and_undos_is_a_stack_of_bytes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str | dict[str, bytes]]
) -> None:
    root = tmp_path_factory.mktemp("app")
    (root / "api").mkdir()
    for path, data in BEFORE.items():
        (root / path).write_bytes(data)
    stack = [BEFORE]
    for step in steps:
        if isinstance(step, dict):
            write(change_set(stack[-1], step), root)
            stack.append({**stack[-1], **step})
        elif len(stack) > 1:
            undo(root)
            stack.pop()
        assert contents(root) == stack[-1]
        assert len(entries(root)) == len(stack) - 1
    undo_all(root)
    assert contents(root) == BEFORE


# --- killed -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def killed_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object], int], bool]:
    """Run something in which the process ends at the n-th call that reaches the disk; False when it got through."""

    def run(do: Callable[[], object], number: int) -> bool:
        calls = iter(range(1, 1000))
        with monkeypatch.context() as patch:
            for name in ("replace", "fsync"):
                real = getattr(os, name)

                def call(*arguments: object, real: Callable[..., object] = real) -> object:
                    if next(calls) == number:
                        raise Killed
                    return real(*arguments)

                patch.setattr(os, name, call)
            try:
                do()
            except Killed:
                return True
        return False

    return run


def test_a_write_killed_anywhere_is_finished_or_rolled_back(
    tmp_path: Path, killed_at: Callable[[Callable[[], object], int], bool]
) -> None:
    outcomes = set()
    for number in range(1, 100):
        root = tmp_path / str(number)
        (root / "api").mkdir(parents=True)
        for path, data in BEFORE.items():
            (root / path).write_bytes(data)
        if not killed_at(lambda root=root: write(change_set(), root), number):  # type: ignore[misc]
            break
        done = recover(root)
        assert contents(root) == (AFTER if entries(root) else BEFORE)
        assert recover(root) is None
        outcomes.add(done and done.partition(" the ")[0])
        undo_all(root)
        assert contents(root) == BEFORE
    assert outcomes == {None, "rolled back", "finished"}


def test_an_undo_killed_anywhere_is_finished(
    tmp_path: Path, killed_at: Callable[[Callable[[], object], int], bool]
) -> None:
    outcomes = set()
    for number in range(1, 100):
        root = tmp_path / str(number)
        (root / "api").mkdir(parents=True)
        for path, data in BEFORE.items():
            (root / path).write_bytes(data)
        write(change_set(), root)
        if not killed_at(lambda root=root: undo(root), number):  # type: ignore[misc]
            break
        outcomes.add(recover(root))
        assert contents(root) == (AFTER if entries(root) else BEFORE)
        undo_all(root)
        assert contents(root) == BEFORE
    assert outcomes == {None, "finished the interrupted undo 1 (Query)"}


def test_a_recovery_that_is_killed_itself_is_taken_up_again(
    tmp_path: Path, killed_at: Callable[[Callable[[], object], int], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 100):
        root = tmp_path / str(number)
        (root / "api").mkdir(parents=True)
        for path, data in BEFORE.items():
            (root / path).write_bytes(data)
        with monkeypatch.context() as patch:
            fail_at(patch, 3, Killed())
            with pytest.raises(Killed):
                write(change_set(), root)
        again = killed_at(lambda root=root: recover(root), number)  # type: ignore[misc]
        recover(root)
        assert (contents(root), entries(root)) == (BEFORE, ())
        if not again:
            break
    assert number > 3


def test_the_next_command_recovers_by_itself(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        fail_at(patch, 2, Killed())
        with pytest.raises(Killed):
            write_all(app)
    assert (app / "a.py").read_bytes() == AFTER["a.py"]
    write_all(app)
    assert contents(app) == AFTER
    assert len(entries(app)) == 1


def test_an_edit_after_a_killed_write_is_not_lost(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        fail_at(patch, 2, Killed())
        with pytest.raises(Killed):
            write_all(app)
    (app / "a.py").write_bytes(b"mine\n")
    with pytest.raises(JournalError, match=r"^a\.py: edited while the write 1 \(Query\) was unfinished; take the edit"):
        recover(app)
    assert (app / "a.py").read_bytes() == b"mine\n"


def test_recover_without_a_journal_makes_none(app: Path) -> None:
    assert recover(app) is None
    assert not (app / ".workbook").exists()


def test_a_process_that_is_really_killed_between_two_files_leaves_a_way_back(app: Path, repository: Path) -> None:
    program = f"""
        import os, signal
        from pathlib import Path
        from helpers.migrate import journal
        from helpers.model import ChangeSet, FileChange, Stage, Step

        real, calls = os.replace, []
        def replace(source, target):
            calls.append(target)
            if len(calls) == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            real(source, target)
        os.replace = replace
        changes = tuple(FileChange(path, before, after) for path, before, after in {_triples()!r})
        journal.write(ChangeSet(Step(1, Stage.QUERY, ()), changes, ()), Path({str(app)!r}))
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], cwd=repository, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert contents(app) != BEFORE
    assert recover(app) == "rolled back the interrupted write 1"
    assert contents(app) == BEFORE


def _triples() -> list[tuple[str, bytes, bytes]]:
    return [(path, BEFORE[path], AFTER[path]) for path in AFTER]


def test_the_journal_is_where_the_commands_expect_it() -> None:
    assert journal.FOLDER == ".workbook"
