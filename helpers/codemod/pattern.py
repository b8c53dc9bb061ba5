"""The base class of every conversion pattern: facts a reader wants, and what it finds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import ClassVar

from helpers.analysis.project import Project
from helpers.model import Applicability, Example, Finding, Stage


class Pattern:
    """One conversion rule, named after what stands BEFORE. Subclasses fill the facts and write `find`."""

    CODE: ClassVar[str]
    NAME: ClassVar[str]
    SUMMARY: ClassVar[str]
    WHY: ClassVar[str]
    STAGE: ClassVar[Stage]
    APPLICABILITY: ClassVar[Applicability]
    REPEATS: ClassVar[bool] = False
    EXAMPLES: ClassVar[tuple[Example, ...]] = ()

    def find(self, project: Project) -> Iterator[Finding]:
        """Every place of `project` where the pattern applies, those it would not touch included, with the reason."""
        raise NotImplementedError


def fingerprint(code: str, path: str, symbol: str, text: str) -> str:
    """A name for a finding that survives moved lines and new white space: SHA-256 of where and what, 16 hex digits."""
    return hashlib.sha256("\0".join([code, path, symbol, "".join(text.split())]).encode()).hexdigest()[:16]
