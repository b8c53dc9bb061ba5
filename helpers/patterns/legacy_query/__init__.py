"""AM201: chains that start with `session.query(...)` become `select()` on the same, still synchronous session."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.codemod.pattern import Pattern
from helpers.model import Applicability, Finding, Stage
from helpers.patterns.legacy_query.examples import EXAMPLES
from helpers.patterns.legacy_query.finder import Finder, numbered
from helpers.patterns.legacy_query.guards import Guards
from helpers.patterns.legacy_query.held.decide import Held

__all__ = ["LegacyQuery"]


class LegacyQuery(Pattern):
    """`db.query(User).filter(...).first()` becomes `db.scalars(select(User).where(...).limit(1)).first()`."""

    CODE = "AM201"
    NAME = "legacy_query"
    SUMMARY = "Query chains become select() on the same session"
    WHY = (
        "AsyncSession has no query(): a Query runs SQL when it is iterated, counted or indexed, and nothing can be "
        "awaited there. select() separates the statement from running it, means the same today on the synchronous "
        "session, and leaves one place in each chain for an await. The exact meaning matters: first() replaces a "
        "limit, scalar() refuses a second row, and Query silently removes repeated entities, which select() does "
        "only when asked with unique()."
    )
    STAGE = Stage.QUERY
    APPLICABILITY = Applicability.SAFE
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """Every chain on a session, as a fix or with the reason why it is left."""
        guards = Guards(project)
        held = Held(self.CODE, project, guards)
        modules = [project.module(path) for path, source in project.sources.items() if "query" in source.text]
        finders = [Finder(self.CODE, project, module, guards, held) for module in modules]
        for finder in finders:
            finder.follow()
        for finder in finders:
            yield from finder.findings()
        yield from numbered([*held.findings()])
