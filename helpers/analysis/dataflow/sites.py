"""Where objects are loaded: `select(Entity)`, `session.query(Entity)`, `session.get(Entity, key)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from helpers.analysis.dataflow.values import NOTHING, Ref, Refs, Root
from helpers.analysis.mapping import Entity
from helpers.analysis.meaning import EntityRef
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project


def loaded(project: Project, call: ast.Call, module: Module) -> Refs | None:
    """The objects that a statement or `get` loads, one for each entity of a row; None for any other call."""
    if project.meanings.is_sqlalchemy(call.func, module, "select"):
        return _rows(project, call, call.args, module)
    if is_partial_get(call):
        entity = entity_named(project, call.args[1], module)
        return frozenset({Ref(Root("load", call, module, entity))}) if entity is not None else None
    if not isinstance(call.func, ast.Attribute) or not call.args:
        return None
    if call.func.attr == "query" and _mapped(project, call, module):
        return _rows(project, call, call.args, module)
    if call.func.attr in ("get", "get_one") and len(call.args) + len(call.keywords) > 1:
        entity = entity_named(project, call.args[0], module)
        if entity is not None and not project.sessions.refuted(call.func.value, module):
            return frozenset({Ref(Root("load", call, module, entity))})
    return None


def _mapped(project: Project, call: ast.Call, module: Module) -> bool:
    """Whether `x.query(...)` is a session's: its arguments are mapped, or the receiver is known."""
    assert isinstance(call.func, ast.Attribute)
    if project.sessions.refuted(call.func.value, module):
        return False
    known = project.sessions.tier(call.func.value, module) is not None
    return known or any(project.meanings.of(arg, module) is not None for arg in call.args)


def _rows(project: Project, call: ast.Call, columns: list[ast.expr], module: Module) -> Refs:
    found = [(place, entity_named(project, column, module)) for place, column in enumerate(columns)]
    width = len(columns)
    entities = [(place, entity) for place, entity in found if entity is not None]
    refs = (Ref(Root("load", call, module, entity, place, width)) for place, entity in entities)
    return frozenset(refs) if entities else NOTHING


def entity_named(project: Project, node: ast.expr, module: Module) -> Entity | None:
    """The entity that an argument of a statement stands for, an alias included."""
    meaning = project.meanings.of(node, module)
    return meaning.entity if isinstance(meaning, EntityRef) else None


def is_partial_get(call: ast.Call) -> bool:
    """Whether a call is `partial(session.get, Entity)`, which loads objects by the keys that it is given."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    first = call.args[0] if name == "partial" and len(call.args) > 1 else None
    return isinstance(first, ast.Attribute) and first.attr in ("get", "get_one")
