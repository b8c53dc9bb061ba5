"""The journal's own folder: an append-only list of what happened to each entry, and the bytes that were replaced."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from helpers.errors import JournalError
from helpers.migrate.disk import sync_folder
from helpers.model import FileRecord, JournalEntry, digest

State = Literal["prepared", "committed", "rolled back", "undoing", "undone"]
_VERSION = 1
_REMEDY = "restore the files by version control and delete .workbook"


@dataclass(frozen=True)
class Records:
    """What lies in `folder`: `journal.jsonl`, `blobs/` by SHA-256, and a .gitignore that hides all of it."""

    folder: Path

    @property
    def _log(self) -> Path:
        return self.folder / "journal.jsonl"

    def create(self) -> None:
        """Make the folder where there is none."""
        (self.folder / "blobs").mkdir(parents=True, exist_ok=True)
        (self.folder / ".gitignore").write_bytes(b"*\n")

    def read(self) -> dict[int, tuple[JournalEntry, State]]:
        """Every entry by number, with the last that happened to it. JournalError when the list is damaged."""
        found: dict[int, tuple[JournalEntry, State]] = {}
        data = self._log.read_bytes() if self._log.exists() else b""
        for number, line in enumerate(data.split(b"\n")[:-1], start=1):  # a line without its end was never finished
            try:
                record = json.loads(line)
                if record["version"] != _VERSION:
                    raise ValueError(record["version"])
                known = found[record["number"]][0] if record["state"] != "prepared" else _entry(record)
                found[record["number"]] = known, record["state"]
            except (ValueError, KeyError, TypeError):
                raise JournalError(f"{self._log}:{number}", "is damaged", _REMEDY) from None
        return found

    def prepare(self, entry: JournalEntry) -> None:
        """Note what is about to be written."""
        files = [[record.path, record.before, record.after] for record in entry.files]
        self._append(entry.number, "prepared", {"written": entry.written, "title": entry.title, "files": files})

    def note(self, entry: JournalEntry, state: State) -> None:
        """Note what happened to an entry."""
        self._append(entry.number, state, {})

    def _append(self, number: int, state: State, details: Mapping[str, object]) -> None:
        record = {"version": _VERSION, "number": number, "state": state, **details}
        with self._log.open("ab+") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            stream.truncate(stream.read(end).rfind(b"\n") + 1)
            stream.write(json.dumps(record).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(self.folder)

    def keep(self, data: bytes | None) -> None:
        """Store bytes under their digest; there is nothing to store of no file."""
        if data is None:
            return
        blob = self.folder / "blobs" / digest(data)
        if blob.exists() and blob.read_bytes() == data:
            return
        passing = blob.with_suffix(".part")
        with passing.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        passing.rename(blob)
        sync_folder(blob.parent)

    def blob(self, name: str) -> bytes | None:
        """The bytes with this digest, None for the empty one. JournalError when they are gone or damaged."""
        if not name:
            return None
        path = self.folder / "blobs" / name
        data = path.read_bytes() if path.is_file() else None
        if data is None or digest(data) != name:
            raise JournalError(str(path), "is lost or damaged", _REMEDY)
        return data


def _entry(record: Mapping[str, Any]) -> JournalEntry:
    files = tuple(FileRecord(*item) for item in record["files"])
    return JournalEntry(record["number"], record["written"], record["title"], files)
