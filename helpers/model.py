"""The vocabulary that flows between the parts: plain, frozen data, standard library only."""

from __future__ import annotations

import difflib
import enum
import hashlib
import io
import os
from dataclasses import dataclass, field
from typing import Literal

Bridge = Literal["", "session", "thread", "loop"]
MOST_IN_A_STEP = 30
"""Functions that become asynchronous in one step of a plan, unless a person asks for more or fewer."""


class Applicability(enum.Enum):
    """How far a fix may be trusted without a reader."""

    SAFE = "safe"
    REVIEW = "review"
    MANUAL = "manual"


class Stage(enum.IntEnum):
    """The stages of a migration, in the order in which they are done."""

    DEPENDENCIES = 10
    QUERY = 20
    IMPLICIT_IO = 30
    CONSTRUCTORS = 40
    TASKS = 50
    FACE = 52
    SLICES = 54
    SHARED = 56
    STRICT = 58
    FLIP = 60
    CLEAN_UP = 70


@dataclass(frozen=True, order=True)
class Edit:
    """One replacement in a decoded text: `text` takes the place of characters [start, end)."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, order=True)
class ImportName:
    """A name a fix needs bound: `from module import name as alias`, or `import module as alias` without a name."""

    module: str
    name: str | None = None
    alias: str | None = None

    @property
    def bound(self) -> str:
        """The identifier this import binds in the module that has it."""
        return self.alias or self.name or self.module.partition(".")[0]


@dataclass(frozen=True)
class Fix:
    """What mends a finding: all of its edits or none.

    Imports that it needs (`adds`) or may leave unused (`drops`) ride on it. Fixes of the same `group` are applied
    all or none, in whatever files they are: a definition and its callers.
    """

    edits: tuple[Edit, ...]
    adds: tuple[ImportName, ...] = ()
    drops: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True)
class Finding:
    """One place where a pattern applies. `line` counts from 1, `column` from 1, in characters.

    `bridge` tells what keeps synchronous code running there: the session inside the asynchronous one, a thread of the
    pool, or a loop of its own around what is asynchronous.
    """

    code: str
    path: str
    line: int
    column: int
    symbol: str
    message: str
    applicability: Applicability
    fix: Fix | None = None
    fingerprint: str = ""
    bridge: Bridge = ""

    @property
    def place(self) -> str:
        """`path:line:column`, as editors and terminals link it."""
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Skipped:
    """A finding that a change set leaves as it was, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True)
class FileChange:
    """One file before and after, as bytes; `path` is relative to the root, with forward slashes.

    A file that is not there is None: before it is made, or after it is deleted.
    """

    path: str
    before: bytes | None
    after: bytes | None
    encoding: str = "utf-8"

    def diff(self) -> str:
        """The change as unified diff text, `a/path` to `b/path`; `/dev/null` for a file that is not there."""
        sides = ((self.before or b"").decode(self.encoding), (self.after or b"").decode(self.encoding))
        old, new = ([*io.StringIO(text, "\n")] for text in sides)
        lines = difflib.unified_diff(old, new, *self._names)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    @property
    def _names(self) -> tuple[str, str]:
        old = "/dev/null" if self.before is None else f"a/{self.path}"
        return old, "/dev/null" if self.after is None else f"b/{self.path}"

    def patch(self) -> bytes:
        """The same in the file's own bytes, as `git apply` and `patch` take it."""
        old, new = ([*io.BytesIO(data or b"")] for data in (self.before, self.after))
        a, b = map(os.fsencode, self._names)
        lines = difflib.diff_bytes(difflib.unified_diff, old, new, a, b)
        return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)


@dataclass(frozen=True)
class Step:
    """The smallest change that leaves the application working."""

    number: int
    stage: Stage
    findings: tuple[Finding, ...]
    title: str = ""
    symbols: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()
    needs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The steps that are left, in their order, and what no step changes, each with its reason."""

    steps: tuple[Step, ...]
    left: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class ChangeSet:
    """A step as files before and after; what was left alone stands in `skipped` with its reason."""

    step: Step
    changes: tuple[FileChange, ...]
    applied: tuple[Finding, ...]
    skipped: tuple[Skipped, ...] = ()

    def diff(self) -> str:
        """All file changes as one unified diff."""
        return "".join(change.diff() for change in self.changes)

    @property
    def lines(self) -> int:
        """How many lines the diff takes away and adds, together."""
        told = (line for change in self.changes for line in change.diff().split("\n")[2:])
        return sum(line.startswith(("-", "+")) for line in told)


@dataclass(frozen=True)
class FileRecord:
    """What the journal keeps of one written file: digests are SHA-256 in hexadecimal, empty for no file."""

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class JournalEntry:
    """One write or one undo. `written` is an ISO 8601 time in UTC."""

    number: int
    written: str
    title: str
    files: tuple[FileRecord, ...]


@dataclass(frozen=True)
class CheckResult:
    """One question, one answer, with its evidence."""

    check: str
    subject: str
    outcome: Literal["same", "different", "not applicable"]
    detail: str = ""


@dataclass(frozen=True)
class Example:
    """A before and an after over the lab's model set; `call` runs on equal databases on both sides.

    `before` and `after` are module texts; `given` is code both sides run first; `same_sql` is empty, or says why
    the SQL may differ.
    """

    title: str
    before: str
    after: str
    call: str
    given: str = ""
    same_sql: str = ""
    tags: tuple[str, ...] = field(default=())


def digest(data: bytes | None) -> str:
    """SHA-256 of `data`, in hexadecimal; empty for a file that is not there."""
    return "" if data is None else hashlib.sha256(data).hexdigest()
