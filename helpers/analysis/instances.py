"""Which class an expression is an instance of: by annotation, construction, loading, iteration or relationship."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.mapping import Entity
from helpers.analysis.meaning import EntityRef, subscripted
from helpers.analysis.scopes import Binding
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_GET = frozenset({"get", "get_one", "merge"})
_ONE = frozenset({"first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none"})
_MANY = frozenset(
    {"all", "scalars", "unique", "fetchall", "order_by", "limit", "offset", "filter", "filter_by", "options"}
)
_SAME_ITEMS = frozenset({"list", "tuple", "set", "sorted", "reversed", "iter", "filter"})
_OTHER_ROWS = frozenset({"with_entities", "with_only_columns", "add_columns", "add_entity", "values", "mappings"})
_COLLECTIONS = frozenset(
    {"list", "List", "Sequence", "Iterable", "Iterator", "set", "Set", "tuple", "Tuple", "Collection"}
)
_DEEPEST = 12


@dataclass(eq=False)
class Instances:
    """Answers for the expressions of one project; each is worked out once. None wherever nothing tells."""

    project: Project
    _one: dict[ast.AST, Definition | None] = field(default_factory=dict, repr=False)
    _deep: int = 0

    def of(self, node: ast.expr, module: Module) -> Definition | None:
        """The class that the value of `node` is an instance of, or of one below it; None may be one of its values."""
        if node not in self._one:
            self._one[node] = None  # a name that stands for itself ends here
            self._deep += 1
            self._one[node] = self._of(node, module) if self._deep < _DEEPEST else None
            self._deep -= 1
        return self._one[node]

    def items(self, node: ast.expr, module: Module) -> Definition | None:
        """The class of what iterating `node` gives."""
        self._deep += 1
        try:
            return self._items(node, module) if self._deep < _DEEPEST else None
        finally:
            self._deep -= 1

    def _of(self, node: ast.expr, module: Module) -> Definition | None:
        if isinstance(node, ast.Attribute) and (related := self._related(node, module, many=False)):
            return related
        typed = self.project.sessions.of(node, module)
        if typed is not None:
            return typed.owner
        if isinstance(node, ast.Attribute):
            return self._assigned(node, module)
        match node:
            case ast.Name():
                bindings = self.project.scopes(module).lookup(node.id, node)
                return _common(self._bound(binding, module) for binding in bindings if not _none(binding.value))
            case ast.Call():
                return self.loaded(node, module)
            case ast.Subscript(slice=ast.Constant() | ast.UnaryOp()):
                return self.items(node.value, module)
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                return self.of(value, module)
            case ast.IfExp(body=one, orelse=two):
                return _common(self.of(part, module) for part in (one, two) if not _none(part))
            case ast.BoolOp(values=values):
                return _common(self.of(part, module) for part in values)
        return None

    def _assigned(self, node: ast.Attribute, module: Module) -> Definition | None:
        """What every assignment to `x.attribute` in the class of `x` gives it."""
        owner = self.project.instances.of(node.value, module)
        given = list(self.project.attributes(owner, node.attr)) if owner else []
        return _common(
            self.of(one.value, one.module) for one in given if one.value is not None and not _none(one.value)
        )

    def _bound(self, binding: Binding, module: Module) -> Definition | None:
        if binding.value is None:
            return None
        if binding.kind == "value":
            return self.of(binding.value, module)
        return self.items(binding.value, module) if binding.kind == "item" else None

    def _items(self, node: ast.expr, module: Module) -> Definition | None:
        if isinstance(node, ast.Name):
            bindings = self.project.scopes(module).lookup(node.id, node)
            return _common(self._items_bound(binding, module) for binding in bindings)
        if isinstance(node, ast.Attribute):
            return self._related(node, module, many=True)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            return self.of(node.elt, module)
        if isinstance(node, ast.List | ast.Tuple | ast.Set) and node.elts:
            return _common(self.of(item, module) for item in node.elts)
        return self._called_items(node, module) if isinstance(node, ast.Call) else None

    def _items_bound(self, binding: Binding, module: Module) -> Definition | None:
        if isinstance(binding.node, ast.arg):
            return self._items_annotated(binding.node.annotation, module)
        if isinstance(binding.node, ast.AnnAssign):
            return self._items_annotated(binding.node.annotation, module)
        return self.items(binding.value, module) if binding.kind == "value" and binding.value else None

    def _called_items(self, node: ast.Call, module: Module) -> Definition | None:
        name = dotted_name(node.func) or ""
        if name in _SAME_ITEMS and node.args:
            return self.items(node.args[-1 if name == "filter" else 0], module)
        if isinstance(node.func, ast.Attribute) and (entity := self._statement(node, module, _MANY | {"query"})):
            return entity
        functions = [edge.callee for edge in self.project.callgraph.at.get(node, ()) if edge.kind == "call"]
        return _common(
            self._items_annotated(one.node.returns, one.module)
            for one in functions
            if isinstance(one.node, ast.FunctionDef | ast.AsyncFunctionDef)
        )

    def _items_annotated(self, annotation: ast.expr | None, module: Module) -> Definition | None:
        for part in subscripted(annotation) if annotation is not None else ():
            if isinstance(part, ast.Subscript) and (dotted_name(part.value) or "").rpartition(".")[2] in _COLLECTIONS:
                first = part.slice.elts[0] if isinstance(part.slice, ast.Tuple) else part.slice
                typed = self.project.sessions.annotated(first, module)
                return typed.owner if typed else None
        return None

    def loaded(self, call: ast.Call, module: Module) -> Definition | None:
        """`session.get(User, 1)`, `session.scalars(select(User)).first()`, `session.query(User).one()`."""
        if not isinstance(call.func, ast.Attribute):
            return None
        if call.func.attr in _GET and call.args and self.project.sessions.tier(call.func.value, module):
            entity = self._entity(call.args[0], module)
            return entity or (self.of(call.args[0], module) if call.func.attr == "merge" else None)
        return self._statement(call, module, _ONE) if call.func.attr in _ONE else None

    def _statement(self, call: ast.Call, module: Module, ends: frozenset[str]) -> Definition | None:
        """The one entity of the statement in a chain that ends in one of `ends` and gives entities, not rows."""
        if not (isinstance(call.func, ast.Attribute) and call.func.attr in ends):
            return None
        single = call.func.attr in ("scalar_one", "scalar_one_or_none")
        node: ast.expr = call
        while isinstance(node, ast.Call):
            func = node.func
            name = func.attr if isinstance(func, ast.Attribute) else dotted_name(func) or ""
            if name in _OTHER_ROWS:
                return None
            if name in ("query", "select") and (single or name == "query"):
                return self._entity(node.args[0], module) if len(node.args) == 1 else None
            if name in ("scalars", "scalar", "execute", "exec") and node.args:
                single = single or name != "execute"
                node = self._written_out(node.args[0], module)
            elif isinstance(func, ast.Attribute) and isinstance(func.value, ast.Call | ast.Name):
                node = self._written_out(func.value, module)
            else:
                return None
        return None

    def _written_out(self, node: ast.expr, module: Module) -> ast.expr:
        """The statement or result that a variable holds, where it is given once."""
        if isinstance(node, ast.Name):
            bindings = self.project.scopes(module).lookup(node.id, node)
            if len(bindings) == 1 and bindings[0].kind == "value" and bindings[0].value is not None:
                return bindings[0].value
        return node

    def _entity(self, node: ast.expr, module: Module) -> Definition | None:
        meaning = self.project.meanings.of(node, module)
        entity = meaning.entity if isinstance(meaning, EntityRef) else None
        return entity.definition if entity else None

    def _related(self, node: ast.Attribute, module: Module, *, many: bool) -> Definition | None:
        owner = self.of(node.value, module)
        return self.related(owner, node.attr, many=many) if owner else None

    def related(self, owner: Definition, name: str, *, many: bool) -> Definition | None:
        """The class that a relationship of a mapped class leads to; `many`: as one of a collection."""
        entity: Entity | None = self.project.mapped.entity(owner)
        relation = self.project.mapped.relationship(entity, name) if entity else None
        if entity is None or relation is None or self.project.mapped.many(entity, relation) is not many:
            return None
        target = self.project.mapped.by_name(relation.target) if relation.target else None
        return target.definition if target else None


def _common(found: Iterable[Definition | None]) -> Definition | None:
    """The one class of all; None where one is unknown or they differ."""
    classes = list(found)
    nodes = {one.node if one else None for one in classes}
    return classes[0] if len(nodes) == 1 else None


def _none(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
