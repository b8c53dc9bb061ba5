"""The statements that change the collection of an object, and what is known of both."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.declarations import Relationship
from helpers.analysis.flow import Flow, header, rebinds
from helpers.analysis.mapped_objects import Instance, MappedObjects
from helpers.analysis.nearby import only_session
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.relationships import Declared, find_declared
from helpers.analysis.symbols import Module

_METHODS = frozenset({"append", "extend", "remove", "insert", "add", "discard", "clear", "pop", "update"})
_LOADED_ON_TOUCH = frozenset({"select", "raise_on_sql", "raise"})


@dataclass(frozen=True, eq=False)
class Change:
    """One statement `parent.children.append(child)`, or another method, or an assignment (`method` is `=`)."""

    statement: ast.stmt
    attribute: ast.Attribute
    method: str
    call: ast.Call | None
    parent: Instance
    relation: Declared
    function: FunctionNode
    module: Module

    @property
    def name(self) -> str:
        """The parent's name; empty where it is no plain name."""
        return self.attribute.value.id if isinstance(self.attribute.value, ast.Name) else ""


def changes(project: Project, instances: MappedObjects, module: Module) -> Iterator[Change]:
    """Every such statement in the functions of a module."""
    for node in module.nodes.of(ast.Attribute):
        found = _statement(node, module)
        function = project.scopes(module).function(node)
        if found is None or not isinstance(function, FunctionNode):
            continue
        owner = instances.of(node.value, module)
        relation = project.mapped.relationship(owner.entity, node.attr) if owner else None
        if owner is None or relation is None or not _loads_on_touch(relation, owner):
            continue
        declared = find_declared(project, owner.entity, node.attr)
        if declared is not None and project.mapped.many(owner.entity, relation):
            statement, method, call = found
            yield Change(statement, node, method, call, owner, declared, function, module)


def _loads_on_touch(relation: Relationship, owner: Instance) -> bool:
    """Whether touching it may load it: a query loads what the mapping says with the object, making one does not."""
    return relation.lazy in _LOADED_ON_TOUCH or (relation.with_its_owner and owner.state != "stored")


def _statement(node: ast.Attribute, module: Module) -> tuple[ast.stmt, str, ast.Call | None] | None:
    parents = module.nodes.parents
    parent = parents.get(node)
    if isinstance(parent, ast.Assign | ast.AugAssign) and isinstance(node.ctx, ast.Store):
        return parent, "=", None
    call = parents.get(parent) if isinstance(parent, ast.Attribute) and parent.attr in _METHODS else None
    if isinstance(call, ast.Call) and isinstance(parent, ast.Attribute) and call.func is parent:
        statement = parents.get(call)
        if isinstance(statement, ast.Expr):
            return statement, parent.attr, call
    return None


@dataclass(frozen=True, eq=False)
class Surely:
    """What the code around a change tells of the collection."""

    project: Project
    instances: MappedObjects
    change: Change

    @property
    def _flow(self) -> Flow:
        return Flow(self.project.scopes(self.change.module))

    def unloaded_new(self) -> bool:
        """Whether the parent is new and was not flushed: its collection is empty and nothing loads it."""
        if self.change.parent.state != "new":
            return False
        since = list(self._flow.before(self.change.statement))
        made = next((at for at, item in enumerate(since) if self._binds(item)), len(since))
        flushed = any(
            isinstance(part, ast.Attribute) and part.attr in ("flush", "commit")
            for statement in since[:made]
            for part in header(statement)
        )
        return not flushed

    def _binds(self, statement: ast.stmt) -> bool:
        return any(rebinds(part, self.change.name) for part in header(statement))

    def touched_before(self) -> bool:
        """Whether the function names the collection before, in a refresh too: that is what loads it."""
        change = self.change
        return self._refreshed() or any(
            isinstance(part, ast.Attribute)
            and part.attr == change.attribute.attr
            and part is not change.attribute
            and (part.lineno, part.col_offset) < (change.attribute.lineno, change.attribute.col_offset)
            and ast.unparse(part.value) == ast.unparse(change.attribute.value)
            for part in ast.walk(change.function)
        )

    def _refreshed(self) -> bool:
        change = self.change
        return any(
            isinstance(part, ast.Call)
            and part.lineno < change.statement.lineno
            and isinstance(part.func, ast.Attribute)
            and part.func.attr == "refresh"
            and bool(part.args)
            and ast.unparse(part.args[0]) == change.name
            and any(isinstance(one, ast.Constant) and one.value == change.attribute.attr for one in ast.walk(part))
            for part in ast.walk(change.function)
        )

    def touched_behind(self) -> bool:
        """Whether the function names it again: then it is loaded there."""
        change = self.change
        return any(
            isinstance(part, ast.Attribute)
            and part.attr == change.attribute.attr
            and (part.lineno, part.col_offset) > (change.attribute.lineno, change.attribute.col_offset)
            for part in ast.walk(change.function)
        )

    def loaded_with_query(self) -> bool:
        """Whether what gives the parent its value, here or in the function it comes from, names the collection."""
        names = self._values()
        texts = [ast.unparse(value) for value in names]
        for value in names:
            called = self.instances.called(value, self.change.module) if isinstance(value, ast.Call) else None
            texts += [ast.unparse(called.node)] if called else []
        return any(
            f".{self.change.attribute.attr})" in text or f".{self.change.attribute.attr}." in text for text in texts
        )

    def loaded_here(self) -> bool:
        """Whether a call in this function gives the parent its value, so that nobody has changed it meanwhile."""
        values = self._values()
        return bool(values) and all(isinstance(value, ast.Call) for value in values)

    def _values(self) -> list[ast.expr]:
        node = self.change.attribute.value
        if not isinstance(node, ast.Name):
            return []
        bindings = self.project.scopes(self.change.module).lookup(node.id, node)
        return [one.value for one in bindings if one.value is not None and one.kind == "value"]

    def session(self) -> str:
        """The only session of the function, as source text; empty where there is none or more than one."""
        return only_session(self.project, self.change.function, self.change.module)

    def inside_try(self) -> bool:
        """Whether a handler around may wait for what the load in passing would have raised."""
        return any(
            isinstance(around, ast.Try) and around.handlers for around, _ in self._flow.around(self.change.statement)
        )
