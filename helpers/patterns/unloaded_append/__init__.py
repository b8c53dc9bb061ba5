"""AM305: collections that are loaded only to be changed are not loaded, or are loaded by name."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.codemod.pattern import Pattern
from helpers.model import Applicability, Finding, Stage
from helpers.patterns.unloaded_append.examples import EXAMPLES
from helpers.patterns.unloaded_append.finder import findings

__all__ = ["UnloadedAppend"]


class UnloadedAppend(Pattern):
    """`author.books.append(Book(...))` becomes `db.add(Book(..., author=author))`."""

    CODE = "AM305"
    NAME = "unloaded_append"
    SUMMARY = "Collections are changed without being loaded in passing"
    WHY = (
        "To append to a collection that no query has loaded loads all of it first, unseen; under AsyncSession that "
        "fails. A new child that is given its parent instead needs no load at all, and ends in the same rows. Where "
        "that cannot be shown to be equal, as for many-to-many, removals and replacements, the collection is loaded "
        'by name in the line before: session.refresh(parent, ["children"]).'
    )
    STAGE = Stage.IMPLICIT_IO
    APPLICABILITY = Applicability.REVIEW
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """Every statement that changes a collection which may not be loaded."""
        yield from findings(project, self.CODE)
