"""AM605: placeholder."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.codemod.flip.findings import findings
from helpers.codemod.pattern import Pattern
from helpers.model import Applicability, Finding, Stage


class SessionFactory(Pattern):
    """Placeholder."""

    CODE = "AM605"
    NAME = "session_factory"
    SUMMARY = "placeholder"
    WHY = "placeholder"
    STAGE = Stage.FLIP
    APPLICABILITY = Applicability.REVIEW

    def find(self, project: Project) -> Iterator[Finding]:
        """Every place."""
        yield from findings(project, type(self))
