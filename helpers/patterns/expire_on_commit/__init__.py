"""AM301: sessions keep what they loaded when they commit; what relied on the reload says so."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.codemod.pattern import Pattern
from helpers.model import Applicability, Finding, Stage
from helpers.patterns.expire_on_commit.examples import EXAMPLES
from helpers.patterns.expire_on_commit.factories import factories
from helpers.patterns.expire_on_commit.reloads import reloads
from helpers.patterns.expire_on_commit.requeries import requeries
from helpers.patterns.expire_on_commit.rereads import rereads

__all__ = ["ExpireOnCommit"]


class ExpireOnCommit(Pattern):
    """`sessionmaker(engine)` gets `expire_on_commit=False`, and a refresh stands where the reload was used."""

    CODE = "AM301"
    NAME = "expire_on_commit"
    SUMMARY = "Sessions keep loaded values after a commit; what relied on the reload is refreshed by name"
    WHY = (
        "A commit expires every object of its session, and the next attribute that is read, a primary key too, loads "
        "the row again: SQL that nobody wrote, which an AsyncSession cannot run there. With expire_on_commit=False "
        "objects keep their values. That changes what code sees that relied on the reload: collections in the order "
        "of the database, rows that another transaction or a trigger changed, values that a type or the database "
        "rounds. So the reload stays where an object is used after a commit, and is written out: session.refresh(). "
        "A query finds the objects that the session holds as they are: one behind a commit whose rows an UPDATE with "
        "synchronize_session=False, SQL text or a request of a test changed says populate_existing. "
        "For a row that somebody deleted meanwhile it raises InvalidRequestError, where the reload raised "
        "ObjectDeletedError: an exception handler of the whole application that waits for that one needs both."
    )
    STAGE = Stage.IMPLICIT_IO
    APPLICABILITY = Applicability.REVIEW
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """Every factory that expires on commit, and every object that is used after a commit of such a session."""
        found = list(factories(project, self.CODE))
        yield from found
        if any(finding.fix for finding in found):
            yield from reloads(project, self.CODE)
            yield from rereads(project, self.CODE)
            yield from requeries(project, self.CODE)
