"""Columns that the database computes: behind a flush they are read again when they are next touched."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.columns import columns, eager_defaults
from helpers.analysis.commits import Commit, Commits
from helpers.analysis.flow import Flow, named, rebinds
from helpers.analysis.mapped_objects import Instance, MappedObjects, added_to
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.analysis.uses import Place, Uses
from helpers.codemod.lines import line_before
from helpers.codemod.refreshing import held, if_held
from helpers.model import Edit


@dataclass(frozen=True, eq=False)
class Stale:
    """An object with columns that a flush left unread, where it is used next; no edit where one cannot be written."""

    name: str
    columns: tuple[str, ...]
    place: Place
    edit: Edit | None


@dataclass(frozen=True, eq=False)
class Updates:
    """Questions about one module; `modern`: an insert brings back what the database made, as from 2.0 on."""

    project: Project
    module: Module
    instances: MappedObjects
    modern: bool

    def behind(self, flush: Commit) -> Iterator[Stale]:
        """The objects that were changed or added before a flush, and whose computed columns are used behind it."""
        for name in self.project.scopes(self.module).bindings(flush.function):
            first = next((part for part in named(flush.function, name) if isinstance(part.ctx, ast.Load)), None)
            found = self.instances.of(first, self.module) if first is not None else None
            if found is not None and (unread := self._unread(found, flush, name)):
                yield from self._used(flush, name, found, unread)

    def _unread(self, found: Instance, flush: Commit, name: str) -> frozenset[str]:
        """The columns of the object that the flush leaves to be read again."""
        if eager_defaults(found.entity):
            return frozenset()
        known = columns(self.project.symbols, found.entity).values()
        before = list(Flow(self.project.scopes(self.module)).before(flush.statement))
        since = before[: next((at for at, item in enumerate(before) if _flushes(item)), len(before))]
        if found.state == "new":
            added = any(next(added_to(item, name), None) is not None for item in since)
            made = {column.name for column in known if column.made_on_insert}
            return frozenset() if self.modern or not added else frozenset(made - _given(flush.function, name))
        changed = any(_sets(item, name) for item in since)
        return frozenset(column.name for column in known if column.made_on_update) if changed else frozenset()

    def _used(self, flush: Commit, name: str, found: Instance, unread: frozenset[str]) -> Iterator[Stale]:
        """The first use behind the flush, when it reads one of the columns or hands the object on."""
        flow = Flow(self.project.scopes(self.module))
        uses = Uses(flow)
        straight: list[ast.stmt] = []
        for statement in flow.after(flush.statement):
            straight.append(statement)
            if rebinds(statement, name) or _flushes(statement):
                break
        reading = (item for item in straight if self._reads(item, name, unread))
        place = uses.first(reading, name)
        if place is None or _refreshes(place, name) or self._refreshed(straight, place, name):
            return
        if found.optional and not uses.not_none(name, place):
            yield Stale(name, tuple(sorted(unread)), Place(place), None)
            return
        text = f"{flush.session}.refresh({name}, [{', '.join(repr(one) for one in sorted(unread))}])".replace("'", '"')
        if found.state == "unknown":
            text = if_held(flush.session, name, text)
        edit = line_before(self.project.sources[self.module.path], place, text)
        yield Stale(name, tuple(sorted(unread)), Place(place), edit)

    def _refreshed(self, straight: list[ast.stmt], place: ast.stmt, name: str) -> bool:
        return any(_refreshes(item, name) for item in straight if item.lineno < place.lineno)

    def _reads(self, statement: ast.stmt, name: str, unread: frozenset[str]) -> bool:
        return any(self._read(part, unread) for part in named(statement, name))

    def _read(self, node: ast.Name, unread: frozenset[str]) -> bool:
        """One of the columns is read, or the object leaves the function, where all of them may be."""
        parents = self.module.nodes.parents
        parent = parents.get(node)
        match parent:
            case ast.Attribute(attr=attr, ctx=ast.Load()):
                return attr in unread
            case ast.Return() | ast.Yield():
                return True
            case ast.Tuple():
                return isinstance(parents.get(parent), ast.Return)
            case ast.Call(func=ast.Attribute(attr="refresh")):
                return True
        return False


def _flushes(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("flush", "commit", "rollback")
    )


def _refreshes(statement: ast.stmt, name: str) -> bool:
    statement = held(statement)
    call = statement.value if isinstance(statement, ast.Expr) else None
    named_first = isinstance(call, ast.Call) and bool(call.args) and isinstance(call.args[0], ast.Name)
    return (
        isinstance(call, ast.Call)
        and named_first
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "refresh"
        and getattr(call.args[0], "id", "") == name
    )


def _sets(statement: ast.stmt, name: str) -> bool:
    """Whether a statement sets an attribute of the object, by an assignment or by setattr()."""
    for part in ast.walk(statement):
        target: ast.AST | None = None
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
            target = part.value
        elif isinstance(part, ast.Call) and getattr(part.func, "id", "") == "setattr":
            target = next(iter(part.args), None)
        if isinstance(target, ast.Name) and target.id == name:
            return True
    return False


def _given(function: ast.AST, name: str) -> frozenset[str]:
    """The columns that the constructor of an object, or an assignment, gives a value."""
    found: set[str] = set()
    for part in ast.walk(function):
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Call) and rebinds(part, name):
            found |= {keyword.arg for keyword in part.value.keywords if keyword.arg}
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
            found |= {part.attr} if isinstance(part.value, ast.Name) and part.value.id == name else set()
    return frozenset(found)


def flushes(project: Project, module: Module, *, commits: bool) -> Iterator[Commit]:
    """The statements of a module that flush, and those that commit when objects are kept."""
    for method in ("flush", "commit") if commits else ("flush",):
        yield from Commits(project, method).of_module(module)
