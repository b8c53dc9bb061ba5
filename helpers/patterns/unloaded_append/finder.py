"""Decides each change of a collection: the other side is set, the collection is loaded by name, or a person looks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.columns import columns
from helpers.analysis.flushing import Flushing
from helpers.analysis.mapped_objects import MappedObjects
from helpers.analysis.project import Project
from helpers.codemod.imports import NameBinder
from helpers.codemod.lines import line_before
from helpers.codemod.pattern import fingerprint
from helpers.codemod.unloaded import if_unloaded
from helpers.model import Applicability, Finding, Fix, ImportName
from helpers.patterns.unloaded_append.changes import Change, Surely, changes
from helpers.patterns.unloaded_append.turning import turned


def findings(project: Project, code: str) -> Iterator[Finding]:
    """A finding for each statement that may load a collection only to change it."""
    instances, flushing = MappedObjects(project), Flushing(project)
    for module in project.symbols.modules.values():
        for change in changes(project, instances, module):
            if told := _told(instances, flushing, change):
                yield _finding(project, code, change, told)


def _told(instances: MappedObjects, flushing: Flushing, change: Change) -> tuple[str, Fix | None] | None:
    project = flushing.project
    surely = Surely(project, instances, change)
    if surely.unloaded_new() or surely.touched_before() or surely.loaded_with_query():
        return None
    session, names = surely.session(), ast.unparse(change.attribute)
    alone = not (surely.touched_behind() or surely.inside_try())
    if alone and (edits := turned(project, instances, change, session)):
        return f"`{names}` is loaded in passing; the child gets its parent instead, and nothing is loaded", Fix(edits)
    elsewhere = not surely.loaded_here() or change.parent.state != "stored"
    if reason := _doubt(change, session, flushed=not elsewhere or flushing.before_loads(change.function)):
        return f"`{names}` is loaded in passing if nothing loaded it before: {reason}", None
    source = project.sources[change.module.path]
    text = f"{session}.refresh({change.name}, [{', '.join(_names(project, change))}])"
    message, adds = f"`{names}` is loaded in passing: the load is written out", tuple[ImportName, ...]()
    if elsewhere:
        inspect, add = NameBinder(change.module.tree, source.text).name("sqlalchemy", "inspect")
        text, adds = if_unloaded(change.name, change.attribute.attr, text, inspect), (add,) if add else ()
        message = f"`{names}` is loaded in passing if nothing loaded it before: the load is written out for that case"
    edit = line_before(source, change.statement, text)
    return (message, Fix((edit,), adds)) if edit else (f"{message}, on a line of its own: `{text}`", None)


def _names(project: Project, change: Change) -> list[str]:
    """What is refreshed: the collection, and before 2.0 a key with it, without which nothing would be loaded."""
    old = project.sqlalchemy is None or project.sqlalchemy < (2, 0)
    known = columns(project.symbols, change.parent.entity).values() if old else ()
    keys = [column.name for column in known if column.primary_key]
    return [f'"{name}"' for name in (*keys[:1], change.attribute.attr)]


def _doubt(change: Change, session: str, *, flushed: bool) -> str:
    """Why the load cannot be written out without looking; empty when it can."""
    advice = "load it with the query that loads the object"
    if not session:
        return f"nothing tells which session it belongs to; {advice}"
    if not change.name:
        return f"the object has no name here; {advice}"
    if not flushed:
        return f"the object comes from elsewhere, where the collection may have been changed and not flushed; {advice}"
    return ""


def _finding(project: Project, code: str, change: Change, told: tuple[str, Fix | None]) -> Finding:
    message, fix = told
    source = project.sources[change.module.path]
    line, column = source.position(source.segment(change.statement)[0])
    symbol = project.scopes(change.module).symbol(change.statement)
    nth = change.statement.lineno - change.function.lineno
    mark = fingerprint(code, change.module.path, symbol, f"{ast.unparse(change.statement)} {nth}")
    applicability = Applicability.REVIEW if fix else Applicability.MANUAL
    return Finding(code, change.module.path, line, column, symbol, message, applicability, fix, mark)
