"""Joins what the events and the updates of each module tell into findings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from helpers.analysis.commits import Commit
from helpers.analysis.detached import Detached
from helpers.analysis.mapped_objects import MappedObjects
from helpers.analysis.project import Project
from helpers.analysis.session_factories import keeps_objects
from helpers.analysis.symbols import Module
from helpers.codemod.pattern import fingerprint
from helpers.codemod.refreshing import Refreshing, Use
from helpers.model import Applicability, Edit, Finding, Fix
from helpers.patterns.stale_attribute.events import WORDS, Event, Events
from helpers.patterns.stale_attribute.updates import Stale, Updates, flushes

_WORDS = ("rollback", "expire", "flush", "commit")


def findings(project: Project, code: str) -> Iterator[Finding]:
    """Everything that the pattern finds in a project."""
    instances, events, detached = MappedObjects(project), Events(project), Detached(project)
    modern = project.sqlalchemy is None or project.sqlalchemy >= (2, 0)
    kept = keeps_objects(project)
    for path, source in project.sources.items():
        if any(word in source.text for word in _WORDS):
            module = project.module(path)
            finder = _Finder(project, module, code, instances, events, detached)
            yield from finder.behind_events()
            updates = Updates(project, module, instances, modern)
            for flush in flushes(project, module, commits=kept):
                yield from finder.behind_flush(flush, updates)


@dataclass(frozen=True, eq=False)
class _Finder:
    project: Project
    module: Module
    code: str
    instances: MappedObjects
    events: Events
    detached: Detached

    def behind_events(self) -> Iterator[Finding]:
        """What is used behind a rollback or an expiry."""
        refreshing = Refreshing(
            self.project,
            self.module,
            self.instances,
            self._again,
            self.detached,
            keys_count=True,
            loaded_only=True,
            returns_count=False,
        )
        for event in self.events.of_module(self.module):
            left: list[str] = []
            # Behind a rollback all that a session holds is stored; behind the others it may be new, and not refreshed.
            for use in replace(refreshing, guarded=event.kind == "rollback").uses(event.at):
                if use.edit is None:
                    left.append(_left(use))
                else:
                    message = f"`{use.name}` is used behind {WORDS[event.kind]}: the reload is written out"
                    yield self._finding(event.at, use.name, use.place.anchor, (message, use.edit))
            if left:
                yield self._finding(event.at, "", event.at.statement, (_reason(event, left), None))

    def _again(self, statement: ast.stmt, session: str) -> bool:
        return self.events.again(statement, session, self.module)

    def behind_flush(self, flush: Commit, updates: Updates) -> Iterator[Finding]:
        """What is used of the columns that the database computed."""
        for stale in updates.behind(flush):
            yield self._finding(flush, stale.name, stale.place.anchor, (_computed(flush, stale), stale.edit))

    def _finding(self, event: Commit, name: str, place: ast.stmt, told: tuple[str, Edit | None]) -> Finding:
        message, edit = told
        source = self.project.sources[self.module.path]
        line, column = source.position(source.segment(place)[0])
        symbol = self.project.scopes(self.module).symbol(event.statement)
        nth = event.statement.lineno - event.function.lineno
        mark = fingerprint(self.code, self.module.path, symbol, f"{name} {ast.unparse(event.statement)} {nth}")
        applicability = Applicability.REVIEW if edit else Applicability.MANUAL
        fix = Fix((edit,)) if edit else None
        return Finding(self.code, self.module.path, line, column, symbol, message, applicability, fix, mark)


def _left(use: Use) -> str:
    return f"{'each object of ' if use.many else ''}`{use.name}` ({use.reason})"


def _reason(event: Event, left: list[str]) -> str:
    return f"loaded again when used behind {WORDS[event.kind]}: {'; '.join(left)}"


def _computed(flush: Commit, stale: Stale) -> str:
    names = ", ".join(stale.columns)
    told = f"the database computes {names} of `{stale.name}`, which is used behind `{ast.unparse(flush.statement)}`"
    advice = f"refresh it there: `{flush.session}.refresh({stale.name}, [...])`"
    return f"{told}: the read is written out" if stale.edit else f"{told}; {advice}"
