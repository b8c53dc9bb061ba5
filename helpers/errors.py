"""Errors that carry their remedy: place, fact, remedy, in one line."""

from __future__ import annotations


class WorkbookError(Exception):
    """Base of every error a person may see. `str(error)` is `place: fact; remedy` on one line."""

    def __init__(self, place: str, fact: str, remedy: str) -> None:
        self.place, self.fact, self.remedy = place, fact, remedy
        super().__init__(f"{place}: {fact}; {remedy}")


class UsageError(WorkbookError):
    """What was asked makes no sense here: an unknown code, a path that does not exist. Exit code 2."""


class SourceError(WorkbookError):
    """A file cannot be read as Python source: it does not decode or does not parse."""


class ChangedOnDiskError(WorkbookError):
    """A file is no longer what the preview showed, so it is not written."""


class JournalError(WorkbookError):
    """The journal cannot be followed: an entry is damaged or a file was edited after it was written."""
