"""Objects that are used after a commit: until now the use loaded them again, from now on a refresh says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.commits import Commit, Commits
from helpers.analysis.detached import Detached
from helpers.analysis.mapped_objects import MappedObjects
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.pattern import fingerprint
from helpers.codemod.refreshing import Refreshing, Use
from helpers.model import Applicability, Edit, Finding, Fix
from helpers.patterns.expire_on_commit.factories import GROUP


def reloads(project: Project, code: str) -> Iterator[Finding]:
    """A finding for each object that a function uses behind a commit of the session that holds it."""
    commits, instances, detached = Commits(project), MappedObjects(project), Detached(project)
    for module in project.symbols.modules.values():
        finder = _Reloads(project, module, code, instances, commits, detached)
        for commit in commits.of_module(module):
            yield from finder.of(commit)


@dataclass(frozen=True, eq=False)
class _Reloads:
    project: Project
    module: Module
    code: str
    instances: MappedObjects
    commits: Commits
    detached: Detached

    def of(self, commit: Commit) -> Iterator[Finding]:
        """The findings behind one commit: one for each refresh, one for all that is left there to a person."""
        refreshing = Refreshing(self.project, self.module, self.instances, self._commits, self.detached)
        left: list[str] = []
        for use in refreshing.uses(commit):
            if use.edit is None:
                left.append(_words(use))
            else:
                message = f"`{use.name}` is used after a commit, which loaded it again until now: a refresh says so"
                yield self._finding(commit, use.name, use.place.anchor, (message, use.edit))
        if left:
            message = f"loaded again until now when used after this commit: {'; '.join(left)}"
            yield self._finding(commit, "", commit.statement, (message, None))

    def _commits(self, statement: ast.stmt, session: str) -> bool:
        return session in self.commits.sessions(statement, self.module)

    def _finding(self, commit: Commit, name: str, place: ast.stmt, told: tuple[str, Edit | None]) -> Finding:
        message, edit = told
        source = self.project.sources[self.module.path]
        line, column = source.position(source.segment(place)[0])
        symbol = self.project.scopes(self.module).symbol(commit.statement)
        mark = fingerprint(self.code, self.module.path, symbol, f"{name} {ast.unparse(place)} {self._nth(commit)}")
        applicability = Applicability.REVIEW if edit else Applicability.MANUAL
        fix = Fix((edit,), group=GROUP) if edit else None
        return Finding(self.code, self.module.path, line, column, symbol, message, applicability, fix, mark)

    def _nth(self, commit: Commit) -> int:
        """Which of the function's commits it is: a name for it that survives moved lines."""
        return [one.statement for one in self.commits.of_function(commit.function, self.module)].index(commit.statement)


def _words(use: Use) -> str:
    return f"{'each object of ' if use.many else ''}`{use.name}` ({use.reason})"
