"""The only way into an application's files: each change set is written whole, noted, and can be undone."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from helpers.errors import ChangedOnDiskError, JournalError, UsageError
from helpers.migrate.disk import content, exclusive, in_passing, new_file, plain_file, put
from helpers.migrate.records import Records, State
from helpers.model import ChangeSet, FileRecord, JournalEntry, digest

FOLDER = ".workbook"
_LOCK = "lock"


@dataclass(frozen=True)
class _Replacement:
    """One file of a change: where it is, what it holds and what it is to hold; None for no file."""

    path: str
    target: Path
    old: bytes | None
    new: bytes | None


def write(change_set: ChangeSet, root: Path) -> JournalEntry:
    """Write all files of a change set below `root`, or none, and return what the journal notes of it.

    ChangedOnDiskError when a file is not what the change set shows as before; JournalError when one cannot be written.
    """
    if not change_set.changes:
        raise UsageError(str(root), "the change set has no changes", "select findings that have a fix")
    root = _resolved(root)
    with _open(root) as records:
        replacements = [
            _Replacement(change.path, _place(root, change.path, change.before), change.before, change.after)
            for change in change_set.changes
        ]
        _check_unchanged(replacements)
        entry = JournalEntry(
            max(records.read(), default=0) + 1,
            datetime.now(UTC).isoformat(timespec="seconds"),
            change_set.step.title,
            tuple(FileRecord(item.path, digest(item.old), digest(item.new)) for item in replacements),
        )
        for item in replacements:
            records.keep(item.old)
        records.prepare(entry)
        _replace_all(replacements, records, entry, failed="rolled back")
        records.note(entry, "committed")
    return entry


def undo(root: Path) -> JournalEntry:
    """Restore the bytes from before the last entry and return it. JournalError when a file was edited since."""
    root = _resolved(root)
    if not (root / FOLDER).is_dir():
        raise JournalError(str(root), "there is nothing to undo", "apply something first")
    with _open(root) as records:
        return _undo_last(root, records)


def undo_all(root: Path) -> tuple[JournalEntry, ...]:
    """Restore the bytes from before the first entry and remove the journal; the entries, last one first.

    JournalError, and nothing is restored, when a file was edited after it was written.
    """
    root = _resolved(root)
    if not (root / FOLDER).is_dir():
        return ()
    with _open(root) as records:
        last: dict[str, FileRecord] = {}
        for entry in _in_force(records):
            last.update({record.path: record for record in entry.files})
        _restorations(root, records, last.values())
        undone = tuple(_undo_last(root, records) for _ in _in_force(records))
        shutil.rmtree(root / FOLDER)
    return undone


def recover(root: Path) -> str | None:
    """Finish or roll back what a killed process left half done, and say which; None when there is nothing to do."""
    root = _resolved(root)
    if not (root / FOLDER).is_dir():
        return None
    with _locked(root) as records:
        return _recover(root, records)


def entries(root: Path) -> tuple[JournalEntry, ...]:
    """The entries in force, the oldest first: what was written and not undone."""
    return _in_force(Records(_resolved(root) / FOLDER))


def _resolved(root: Path) -> Path:
    if not root.is_dir():
        raise UsageError(str(root), "is not a folder", "name the folder of the application")
    root = root.resolve()
    if (root / FOLDER).is_symlink():
        raise JournalError(str(root / FOLDER), "is a symbolic link", "remove it: the journal stays in the application")
    return root


@contextmanager
def _locked(root: Path) -> Iterator[Records]:
    with exclusive(root / FOLDER / _LOCK):
        yield Records(root / FOLDER)


@contextmanager
def _open(root: Path) -> Iterator[Records]:
    """The journal, made where there was none, with nothing half done in it, and no other writer."""
    fresh = not (root / FOLDER).exists()
    try:
        Records(root / FOLDER).create()
        with _locked(root) as records:
            _recover(root, records)
            yield records
    except Exception as error:
        if fresh and not _in_force(Records(root / FOLDER)):
            shutil.rmtree(root / FOLDER, ignore_errors=True)
        if isinstance(error, OSError):
            raise _unwritable(str(error.filename or root), error) from error
        raise


def _in_force(records: Records) -> tuple[JournalEntry, ...]:
    return tuple(entry for entry, state in records.read().values() if state in {"committed", "undoing"})


def _place(root: Path, path: str, known: bytes | str | None) -> Path:
    """Where a file of the application is, or is to be made where nothing is known to be there."""
    return plain_file(root, path) if known not in (None, "") else new_file(root, path)


def _check_unchanged(replacements: Iterable[_Replacement]) -> None:
    for item in replacements:
        if content(item.target) != item.old:
            fact = "is not what the preview showed; nothing was changed"
            raise ChangedOnDiskError(item.path, fact, "preview it again")


def _replace_all(replacements: list[_Replacement], records: Records, entry: JournalEntry, *, failed: State) -> None:
    """Replace every file; when one cannot be, or the user interrupts, put the others back and note `failed`."""
    for number, item in enumerate(replacements):
        try:
            put(item.target, item.new)
        except (OSError, KeyboardInterrupt) as error:
            for earlier in replacements[: number + 1]:
                if content(earlier.target) != earlier.old:
                    put(earlier.target, earlier.old)
            records.note(entry, failed)
            if isinstance(error, OSError):
                raise _unwritable(item.path, error) from error
            raise


def _unwritable(place: str, error: OSError) -> JournalError:
    fact = f"cannot be written ({error.strerror or error}); nothing was changed"
    return JournalError(place, fact, "make the file and its folder writable and try again")


def _undo_last(root: Path, records: Records) -> JournalEntry:
    found = _in_force(records)
    if not found:
        raise JournalError(str(root), "there is nothing to undo", "apply something first")
    entry = found[-1]
    replacements = _restorations(root, records, entry.files)
    records.note(entry, "undoing")
    _replace_all(replacements, records, entry, failed="committed")
    records.note(entry, "undone")
    return entry


def _restorations(root: Path, records: Records, files: Iterable[FileRecord]) -> list[_Replacement]:
    """How to put files back. JournalError, which names them, when some are not what the journal wrote."""
    found = []
    edited = []
    for record in files:
        target = _place(root, record.path, record.after)
        data = content(target)
        if digest(data) != record.after:
            edited.append(record.path)
        else:
            found.append(_Replacement(record.path, target, data, records.blob(record.before)))
    if edited:
        fact = "was edited after it was written" if len(edited) == 1 else "were edited after they were written"
        raise JournalError(", ".join(edited), f"{fact}; nothing was restored", "take the edit back, or keep it all")
    return found


def _recover(root: Path, records: Records) -> str | None:
    for entry, state in records.read().values():
        if state in {"prepared", "undoing"}:
            return _settle(root, records, entry, state)
    return None


def _settle(root: Path, records: Records, entry: JournalEntry, state: State) -> str:
    """A write that reached every file is finished; any other goes back to the bytes from before it, as an undo does."""
    whole = {record: record.before and record.after for record in entry.files}  # where empty, it may be there or not
    targets = {record: _place(root, record.path, known) for record, known in whole.items()}
    for target in targets.values():
        in_passing(target).unlink(missing_ok=True)
    now = {record: digest(content(target)) for record, target in targets.items()}
    what = f"{entry.number} ({entry.title})" if entry.title else str(entry.number)
    if state == "prepared" and all(now[record] == record.after for record in targets):
        records.note(entry, "committed")
        return f"finished the interrupted write {what}"
    edited = [record.path for record in targets if now[record] not in {record.before, record.after}]
    if edited:
        fact = f"edited while the write {what} was unfinished"
        raise JournalError(", ".join(edited), fact, "take the edit back, or delete .workbook to keep all as it is")
    for record, target in targets.items():
        if now[record] != record.before:
            put(target, records.blob(record.before))
    records.note(entry, "rolled back" if state == "prepared" else "undone")
    return f"{'rolled back the interrupted write' if state == 'prepared' else 'finished the interrupted undo'} {what}"
