"""AM304: attributes that must be read again when they are next touched: behind a rollback, an expiry, an update."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.codemod.pattern import Pattern
from helpers.model import Applicability, Finding, Stage
from helpers.patterns.stale_attribute.examples import EXAMPLES
from helpers.patterns.stale_attribute.finder import findings

__all__ = ["StaleAttribute"]


class StaleAttribute(Pattern):
    """`db.rollback()` and then `tenant.name` becomes `db.rollback()`, `db.refresh(tenant)`, `tenant.name`."""

    CODE = "AM304"
    NAME = "stale_attribute"
    SUMMARY = "Objects that a rollback, an expiry or an update made stale are refreshed by name"
    WHY = (
        "A rollback expires every object of its session, with expire_on_commit=False too, and so do expire_all() and "
        "expire(); an update expires the columns that the database computes, such as onupdate=func.now(). The next "
        "attribute that is read runs SQL that nobody wrote. Under AsyncSession that fails, and behind a rollback it "
        "fails inside the handler of another error. A refresh by name runs the same SQL where it can be awaited."
    )
    STAGE = Stage.IMPLICIT_IO
    APPLICABILITY = Applicability.REVIEW
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """Every object that is used behind such a statement, as a refresh or with the reason why it is left."""
        yield from findings(project, self.CODE)
