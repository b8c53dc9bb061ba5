"""Eager loading at the relationship itself, where objects come from too many places to name them."""

from __future__ import annotations

import ast

from helpers.analysis.dataflow.values import Step
from helpers.analysis.declarations import called, class_value
from helpers.analysis.project import Project
from helpers.analysis.spread import spread_names
from helpers.analysis.symbols import Definition, Module
from helpers.codemod.imports import NameBinder
from helpers.model import Edit, Fix, ImportName
from helpers.patterns.lazy_relationship.layout import Layout
from helpers.patterns.lazy_relationship.refusal import Refused

_LAZY = 'lazy="selectin"'


def eager(project: Project, step: Step, depth: int = 0) -> tuple[Fix, Module, ast.AST]:
    """The fix, its module and the node that it changes. Refused where the text is of another kind.

    A `depth` is given to a relationship that leads back to where its owner was loaded from.
    """
    for one in (step.owner.definition, *step.owner.bases):
        value = class_value(one.node, step.name)
        if step.kind == "relationship" and isinstance(value, ast.Call):
            return _relationship(project, one.module, value, step, depth)
        if step.kind == "subclass" and isinstance(args := class_value(one.node, "__mapper_args__"), ast.Dict):
            return _subclass(project, one.module, args)
    if depth:
        raise Refused("it leads back to what its owner was loaded from: load it there, with a depth")
    return _backref(project, step)


def _relationship(
    project: Project, module: Module, call: ast.Call, step: Step, depth: int
) -> tuple[Fix, Module, ast.AST]:
    if step.target is not None and (step.target.is_a(step.owner) or step.owner.is_a(step.target)):
        raise Refused("it leads to its own class, to any depth: load it where it is needed, with a depth")
    for keyword in call.keywords:
        names = spread_names(keyword.value, module, step.owner.definition.node) if keyword.arg is None else ()
        if names is None or "lazy" in names:
            raise Refused("its arguments are made elsewhere")
    layout = Layout(project.sources[module.path], project.line_length)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if depth and (called(call) == "Relationship" or given.keys() & {"lazy", "join_depth"}):
        raise Refused(f"it leads back to what its owner was loaded from: give it lazy and join_depth={depth} yourself")
    if called(call) == "Relationship":  # SQLModel's
        return Fix((_sqlmodel(layout, call, given.get("sa_relationship_kwargs")),)), module, call
    if (lazy := given.get("lazy")) is not None:
        return Fix((_replaced(project, module, lazy),)), module, call
    written = f"{_LAZY}, join_depth={depth}" if depth else _LAZY
    return Fix((layout.argument(call, written),)), module, call


def _replaced(project: Project, module: Module, lazy: ast.expr) -> Edit:
    if not (isinstance(lazy, ast.Constant) and lazy.value in ("select", True)):
        raise Refused(f"it says lazy={ast.unparse(lazy)} itself")
    start, stop = project.sources[module.path].segment(lazy)
    return Edit(start, stop, '"selectin"')


def _sqlmodel(layout: Layout, call: ast.Call, passed: ast.expr | None) -> Edit:
    if passed is None:
        return layout.argument(call, 'sa_relationship_kwargs={"lazy": "selectin"}')
    if isinstance(passed, ast.Dict) and not any(getattr(key, "value", None) == "lazy" for key in passed.keys):
        at = layout.source.segment(passed)[0] + 1
        return Edit(at, at, '"lazy": "selectin"' + (", " if passed.keys else ""))
    raise Refused("its arguments are made elsewhere")


def _subclass(project: Project, module: Module, args: ast.Dict) -> tuple[Fix, Module, ast.AST]:
    keys = [getattr(key, "value", None) for key in args.keys]
    if "polymorphic_load" in keys:
        raise Refused("its mapper says how the subclass is loaded itself")
    at = project.sources[module.path].segment(args)[0] + 1
    return Fix((Edit(at, at, '"polymorphic_load": "selectin", '),)), module, args


def _backref(project: Project, step: Step) -> tuple[Fix, Module, ast.AST]:
    """`backref="books"` of the other side becomes `backref("books", lazy="selectin")`."""
    for entity in project.mapped.all:
        for item in getattr(entity.definition.node, "body", ()):
            value = getattr(item, "value", None)
            if isinstance(value, ast.Call) and (fix := _back(project, entity.definition, value, step)):
                return fix
    raise Refused("its declaration is not written out")


def _back(project: Project, owner: Definition, call: ast.Call, step: Step) -> tuple[Fix, Module, ast.AST] | None:
    back = next((keyword.value for keyword in call.keywords if keyword.arg == "backref"), None)
    source = project.sources[owner.module.path]
    if isinstance(back, ast.Call) and back.args and getattr(back.args[0], "value", None) == step.name:
        if any(keyword.arg == "lazy" for keyword in back.keywords):
            raise Refused("its backref says how it is loaded itself")
        edit = Layout(source, project.line_length).argument(back, _LAZY)
        return Fix((edit,)), owner.module, back
    if isinstance(back, ast.Constant) and back.value == step.name:
        text, add = NameBinder(owner.module.tree, source.text).name("sqlalchemy.orm", "backref")
        adds: tuple[ImportName, ...] = (add,) if add else ()
        start, stop = source.segment(back)
        edit = Edit(start, stop, f"{text}({source.text[start:stop]}, {_LAZY})")
        return Fix((edit,), adds), owner.module, back
    return None
