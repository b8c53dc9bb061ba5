"""Decides each use of a dynamic relationship."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.mapped_objects import MappedObjects
from helpers.analysis.nearby import only_session
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.relationships import find_declared
from helpers.codemod.imports import NameBinder
from helpers.codemod.pattern import fingerprint
from helpers.model import Applicability, Edit, Finding, Fix, ImportName
from helpers.patterns.dynamic_relationship.reads import Read, reads


def findings(project: Project, code: str) -> Iterator[Finding]:
    """A finding for each use that runs SQL."""
    instances = MappedObjects(project)
    for path, source in project.sources.items():
        module = project.module(path)
        binder = NameBinder(module.tree, source.text)
        for read in reads(project, instances, module):
            if read.how:
                yield _Decision(project, code, read, binder).finding()


@dataclass(frozen=True, eq=False)
class _Decision:
    project: Project
    code: str
    read: Read
    binder: NameBinder

    def finding(self) -> Finding:
        """The fix, or the reason why the use is left."""
        read = self.read
        source = self.project.sources[read.module.path]
        start, _ = source.segment(read.attribute)
        line, column = source.position(start)
        symbol = self.project.scopes(read.module).symbol(read.attribute)
        reason = self._doubt()
        fix = None if reason else self._fix()
        message = reason or f"`{ast.unparse(read.attribute)}` runs when it is read; its statement is run on the session"
        mark = fingerprint(self.code, read.module.path, symbol, f"{ast.unparse(read.whole)} {line - self._first()}")
        applicability = Applicability.SAFE if fix else Applicability.MANUAL
        return Finding(self.code, read.module.path, line, column, symbol, message, applicability, fix, mark)

    def _first(self) -> int:
        function = self.project.scopes(self.read.module).function(self.read.attribute)
        return getattr(function, "lineno", 0)

    def _doubt(self) -> str:
        """Why the use stays as it is; empty when it can be rewritten."""
        read = self.read
        if read.how not in ("iterate", "all", "first", "one", "one_or_none", "count"):
            return f"`{ast.unparse(read.attribute)}` is a query: {read.how}"
        if read.owner.state in ("new", "unknown", "added"):
            return f"`{ast.unparse(read.attribute)}`: nothing tells that a session holds the object with its row"
        if not self._session():
            return f"`{ast.unparse(read.attribute)}`: nothing tells which session it belongs to"
        _, end = self.project.sources[read.module.path].segment(read.whole)
        behind = self.project.sources[read.module.path].segment(read.built)[1]
        if "#" in self.project.sources[read.module.path].text[behind:end]:
            return f"`{ast.unparse(read.attribute)}`: a comment stands between its links"
        return ""

    def _session(self) -> str:
        function = self.project.scopes(self.read.module).function(self.read.attribute)
        known = isinstance(function, FunctionNode)
        return only_session(self.project, function, self.read.module) if known and function else ""  # type: ignore[arg-type]

    def _fix(self) -> Fix:
        read, session = self.read, self._session()
        source = self.project.sources[read.module.path]
        start, end = source.segment(read.whole)
        behind = source.segment(read.built)[1]
        unique = ".unique()" if self._may_repeat() else ""
        if read.how == "count":
            return self._count(session, (start, behind, end))
        tail = {"iterate": f".statement){unique}", "first": f".limit(1).statement){unique}.first()"}.get(
            read.how, f".statement){unique}.{read.how}()"
        )
        return Fix((Edit(start, start, f"{session}.scalars("), Edit(behind, end, tail)))

    def _count(self, session: str, offsets: tuple[int, int, int]) -> Fix:
        start, behind, end = offsets
        select, first = self.binder.name("sqlalchemy", "select")
        func, second = self.binder.name("sqlalchemy", "func")
        head = f"{session}.execute({select}({func}.count()).select_from("
        adds: tuple[ImportName, ...] = tuple(add for add in (first, second) if add)
        edits = (Edit(start, start, head), Edit(behind, end, ".statement.subquery())).scalar_one()"))
        return Fix(edits, adds)

    def _may_repeat(self) -> bool:
        """Whether the rows may hold an object twice, which a query gives once."""
        read = self.read
        declared = find_declared(self.project, read.owner.entity, read.relation.name)
        secondary = declared is None or any(keyword.arg == "secondary" for keyword in declared.call.keywords)
        joined = self.project.mapped.joins_a_collection(read.target) is not False if read.target else True
        return secondary or joined
