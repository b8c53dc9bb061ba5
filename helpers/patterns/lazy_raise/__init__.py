"""AM303: relationships that nothing loads by touching them refuse to be loaded that way."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.codemod.pattern import Pattern
from helpers.model import Applicability, Finding, Stage
from helpers.patterns.lazy_raise.examples import EXAMPLES
from helpers.patterns.lazy_raise.finder import findings

__all__ = ["LazyRaise"]


class LazyRaise(Pattern):
    """`relationship()` becomes `relationship(lazy="raise_on_sql")`, so that the tests find what still loads lazily."""

    CODE = "AM303"
    NAME = "lazy_raise"
    SUMMARY = "Relationships refuse to be loaded by touching them"
    WHY = (
        "Under AsyncSession a lazy load fails where it happens: in a template, a response model, a log line, and only "
        'with the data that leads there. lazy="raise_on_sql" makes it fail today, synchronously, in the application\'s '
        "own tests, with the relationship's name. It changes nothing for what is loaded with the query, for objects "
        "that are in the session already, and for the cascades of a delete."
    )
    STAGE = Stage.IMPLICIT_IO
    APPLICABILITY = Applicability.REVIEW
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """Every relationship without a strategy of its own: a fix where nothing reads it, or the place that does."""
        yield from findings(project, self.CODE)
