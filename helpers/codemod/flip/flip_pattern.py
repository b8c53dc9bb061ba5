"""What the patterns of the flip have in common: they tell one kind of change of families that turn as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.codemod.flip.findings import findings
from helpers.codemod.pattern import Pattern
from helpers.model import Applicability, Finding, Stage


class FlipPattern(Pattern):
    """A base without a code of its own; see `helpers.codemod.flip.plan` for what decides."""

    STAGE = Stage.FLIP
    APPLICABILITY = Applicability.REVIEW

    def find(self, project: Project) -> Iterator[Finding]:
        """The pattern's part in the flip of every family, or what holds it back."""
        yield from findings(project, type(self))
