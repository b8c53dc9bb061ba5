"""AM306: what reads a dynamic relationship runs its statement on the session."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.codemod.pattern import Pattern
from helpers.model import Applicability, Finding, Stage
from helpers.patterns.dynamic_relationship.examples import EXAMPLES
from helpers.patterns.dynamic_relationship.finder import findings

__all__ = ["DynamicRelationship"]


class DynamicRelationship(Pattern):
    """`author.awards.filter(...).all()` becomes `db.scalars(author.awards.filter(...).statement).all()`."""

    CODE = "AM306"
    NAME = "dynamic_relationship"
    SUMMARY = "Dynamic relationships are read by running their statement on the session"
    WHY = (
        'A relationship with lazy="dynamic" is a query that runs when it is iterated, counted or asked for its first '
        "row. Nothing can be awaited there. The statement behind it is the same select() with the same parent, order "
        "and filters, and running it on the session leaves one place for an await. To append and to remove loads "
        "nothing and stays. Once nothing reads the query any more, the relationship can become write-only."
    )
    STAGE = Stage.IMPLICIT_IO
    APPLICABILITY = Applicability.SAFE
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """Every use of a dynamic relationship of an object that runs SQL: a fix, or the reason why it is left."""
        yield from findings(project, self.CODE)
