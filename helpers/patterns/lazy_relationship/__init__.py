"""AM302: relationships that are loaded when they are read are loaded with the query instead, still synchronously."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.codemod.pattern import Pattern
from helpers.model import Applicability, Finding, Stage
from helpers.patterns.lazy_relationship.examples import EXAMPLES
from helpers.patterns.lazy_relationship.examples_late import LATE
from helpers.patterns.lazy_relationship.finder import findings

__all__ = ["LazyRelationship"]


class LazyRelationship(Pattern):
    """`select(Quote)` becomes `select(Quote).options(selectinload(Quote.lines))` where the lines are read."""

    CODE = "AM302"
    NAME = "lazy_relationship"
    SUMMARY = "Relationships that are read later are loaded with the query"
    WHY = (
        "Reading an attribute cannot be awaited: under AsyncSession a relationship that no query has loaded raises "
        "MissingGreenlet, far from the query, in a response model or a template. An eager option at the query that "
        "loads the object works the same today, usually with fewer statements: selectinload for collections, one "
        "more statement for all of them, joinedload for what there is one of, none at all."
    )
    STAGE = Stage.IMPLICIT_IO
    APPLICABILITY = Applicability.SAFE
    REPEATS = True  # what is loaded in one place shows what is loaded in none
    EXAMPLES = (*EXAMPLES, *LATE)

    def find(self, project: Project) -> Iterator[Finding]:
        """Every query whose objects are asked for more than it loads, as a fix or with the reason why it is left."""
        yield from findings(self.CODE, project)
