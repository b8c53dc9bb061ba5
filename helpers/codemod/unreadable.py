"""AM001: the facts of the finding that any scan may have, so that it is explained and ignored like any other."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.analysis.project import UNREADABLE, Project
from helpers.codemod.pattern import Pattern
from helpers.model import Applicability, Finding, Stage


class UnreadableFile(Pattern):
    """A file that does not decode, does not parse or leads out of the tree. The scanner adds these findings itself."""

    CODE = UNREADABLE
    NAME = "unreadable_file"
    SUMMARY = "A file that cannot be read as Python is left as it is"
    WHY = (
        "A file that does not decode, does not parse, or lies outside the folder by way of a symbolic link is named "
        "with its place and a remedy. Everything else goes on without it, but what it calls or defines stays unknown."
    )
    STAGE = Stage.DEPENDENCIES
    APPLICABILITY = Applicability.MANUAL

    def find(self, project: Project) -> Iterator[Finding]:
        """The files that could not be read."""
        yield from project.problems
