"""Which expressions hold an object of a mapped class, whether that may be None, and whether its row is there."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from helpers.analysis.declarations import members
from helpers.analysis.mapped_object_types import (
    Called,
    Instance,
    added_to,
    agree,
    function_of,
    joint,
    no_value,
    stored,
)
from helpers.analysis.mapping import Entity
from helpers.analysis.meaning import EntityRef, subscripted
from helpers.analysis.parameters import FunctionNode, default_of, dependency, passed_to
from helpers.analysis.scopes import Binding
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

__all__ = ["Called", "Instance", "MappedObjects", "added_to"]
_MAYBE = frozenset({"first", "one_or_none", "get", "scalar", "scalar_one_or_none"})
_ONE = frozenset({"one", "scalar_one", "get_one"})
_LINKS = frozenset({"all", "scalars", "fetchall", "unique", "filter", "filter_by", "where", "order_by", "join"}) | {
    *("outerjoin", "options", "limit", "offset", "distinct", "group_by", "having", "select_from", "yield_per"),
    *("execution_options", "with_for_update", "populate_existing", "enable_eagerloads", "params"),
}
_RUNS = frozenset({"scalars", "execute", "exec", "scalar"})
_LISTS = frozenset(
    {"list", "List", "Sequence", "Iterable", "Iterator", "Generator", "set", "Set", "tuple", "Tuple", "Collection"}
)
_DEEPEST = 30


@dataclass(eq=False)
class MappedObjects:
    """Answers for all expressions of one project; each is worked out once."""

    project: Project
    _known: dict[tuple[ast.AST, bool], Instance | None] = field(default_factory=dict, repr=False)
    _deep: int = 0

    def of(self, node: ast.expr, module: Module) -> Instance | None:
        """The object that `node` holds; None for anything else and for what cannot be told."""
        return self._asked(node, module, many=False)

    def of_each(self, node: ast.expr, module: Module) -> Instance | None:
        """The objects that iterating `node` gives."""
        return self._asked(node, module, many=True)

    def _asked(self, node: ast.expr, module: Module, *, many: bool) -> Instance | None:
        key = (node, many)
        if key not in self._known and self._deep < _DEEPEST:
            self._known[key] = None  # what depends on itself is told by the rest
            self._deep += 1
            self._known[key] = self._each(node, module) if many else self._one(node, module)
            self._deep -= 1
        return self._known.get(key)

    def _one(self, node: ast.expr, module: Module) -> Instance | None:
        match node:
            case ast.Name():
                return self._name(node, module, many=False)
            case ast.Call():
                return (
                    self._made(node, module) or self._loaded(node, module) or self._returned(node, module, many=False)
                )
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                return self.of(value, module)
            case ast.Attribute():
                return self._related(node, module, many=False)
            case ast.IfExp(body=one, orelse=two):
                given = [item for item in (one, two) if not no_value(item)]
                found = agree(self.of(item, module) for item in given)
                return replace(found, optional=True) if found and len(given) < 2 else found
            case ast.Subscript(value=value, slice=ast.Constant()):
                return self.of_each(value, module)
        return None

    def _each(self, node: ast.expr, module: Module) -> Instance | None:
        match node:
            case ast.Name():
                return self._name(node, module, many=True)
            case ast.Call(func=ast.Name(id="list" | "sorted" | "reversed" | "set" | "tuple" | "iter"), args=[one, *_]):
                return self.of_each(one, module)
            case ast.Call():
                return self._rows(node, module) or self._returned(node, module, many=True)
            case ast.Attribute():
                return self._related(node, module, many=True)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return agree(self.of(item, module) for item in items)
        return None

    def _name(self, node: ast.Name, module: Module, *, many: bool) -> Instance | None:
        bindings = self.project.scopes(module).lookup(node.id, node)
        given = [one for one in bindings if not no_value(one.value)]
        held = len(bindings) > 1 and self._added(node, module)
        found = agree(stored(self._bound(binding, module, many=many), held=held) for binding in given)
        return replace(found, optional=True) if found and len(given) < len(bindings) else found

    def _added(self, node: ast.Name, module: Module) -> bool:
        function = self.project.scopes(module).function(node)
        return function is not None and any(added_to(function, node.id))

    def _bound(self, binding: Binding, module: Module, *, many: bool) -> Instance | None:
        if isinstance(binding.node, ast.arg):
            return self._parameter(binding.node, module, many=many)
        value = binding.value
        if value is None or binding.kind not in ("value", "item", "context"):
            return None
        if binding.kind == "value":
            return self._asked(value, module, many=many)
        return self.of_each(value, module) if not many else None

    def _parameter(self, argument: ast.arg, module: Module, *, many: bool) -> Instance | None:
        parents = self.project.scopes(module).parents
        function = parents[parents[argument]]
        if not isinstance(function, FunctionNode) or argument.arg in ("self", "cls"):
            return None
        passed = passed_to(self.project, function, argument, module)
        given = [self._asked(value, where, many=many) for where, value in passed]
        injected = self._injected(function, argument, module)
        state = joint({one.state if one else "unknown" for one in [*given, *injected]})
        told = self.annotated(argument.annotation, module, many=many) if argument.annotation else None
        known = told or agree([*given, *injected])
        return replace(known, state=state) if known else None

    def _injected(self, function: FunctionNode, argument: ast.arg, module: Module) -> list[Instance | None]:
        called = self._depends(default_of(function, argument), argument.annotation, module)
        if called is None:
            return []
        callee, where = called
        found = function_of(self.project.resolve(where, dotted_name(callee) or "", callee))
        return [self.function(found, many=False) if found else None]

    def _depends(
        self, default: ast.expr | None, annotation: ast.expr | None, module: Module
    ) -> tuple[ast.expr, Module] | None:
        if given := dependency(default):
            return given, module
        found = self.project.symbols.resolve(module, dotted_name(annotation) or "") if annotation else None
        if isinstance(found, Definition) and isinstance(found.node, ast.expr):
            annotation, module = found.node, found.module
        if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
            given = next((one for item in annotation.slice.elts[1:] if (one := dependency(item))), None)
            return (given, module) if given else None
        return None

    def annotated(self, annotation: ast.expr, module: Module, *, many: bool = False) -> Instance | None:
        """The object that an annotation promises; of `list[X]` and its like, what it holds, when `many`."""
        parts = list(subscripted(annotation))
        told = [part for part in parts if not no_value(part)]
        if len(told) != 1:
            return None
        part = told[0]
        if many:
            if not (isinstance(part, ast.Subscript) and _last(part.value) in _LISTS):
                return None
            first = part.slice.elts[0] if isinstance(part.slice, ast.Tuple) else part.slice
            return self.annotated(first, module)
        found = self.project.symbols.resolve(module, dotted_name(part) or "")
        if isinstance(found, Definition) and isinstance(found.node, ast.Subscript | ast.BinOp):
            itself = any(one is part for one in ast.walk(found.node))  # `Session = Annotated[Session, ...]`
            return None if itself else self.annotated(found.node, found.module)
        entity = self.project.mapped.entity(found) if isinstance(found, Definition) else None
        return Instance(entity, optional=len(told) < len(parts)) if entity else None

    def _made(self, node: ast.Call, module: Module) -> Instance | None:
        meaning = self.project.meanings.of(node.func, module)
        if isinstance(meaning, EntityRef) and meaning.entity:
            return Instance(meaning.entity, state="new")
        return None

    def _loaded(self, node: ast.Call, module: Module) -> Instance | None:
        """What `session.get(X, id)`, `session.query(X)...first()` and `session.scalars(select(X)...).one()` give."""
        if not isinstance(node.func, ast.Attribute):
            return None
        name, receiver = node.func.attr, node.func.value
        if name not in _MAYBE | _ONE:
            return None
        if name in ("get", "get_one") and len(node.args) > 1 and self._entity(node.args[0], module):
            entity = self._entity(node.args[0], module)
        elif name == "scalar" and node.args:
            entity = self._selected(node.args[0], module)
        else:
            rows = self.of_each(receiver, module)
            entity = rows.entity if rows else None
        return Instance(entity, optional=name in _MAYBE, state="stored") if entity else None

    def _rows(self, node: ast.Call, module: Module) -> Instance | None:
        """The objects of `session.query(X)...` and `session.scalars(select(X)...)`, and of results made of them."""
        if not isinstance(node.func, ast.Attribute):
            return None
        name, receiver = node.func.attr, node.func.value
        if name == "query" and len(node.args) == 1:
            entity = self._entity(node.args[0], module)
        elif name in _RUNS and node.args:
            entity = self._selected(node.args[0], module)
        elif name in _LINKS and isinstance(receiver, ast.Call | ast.Name):
            return self.of_each(receiver, module)
        else:
            return None
        return Instance(entity, state="stored") if entity else None

    def _selected(self, node: ast.expr, module: Module, depth: int = 0) -> Entity | None:
        """The only entity of a `select(X)...` chain, also of one that a local name holds."""
        if isinstance(node, ast.Name) and depth < _DEEPEST:
            values = [one.value for one in self.project.scopes(module).lookup(node.id, node) if one.kind == "value"]
            if any(value is not None and _grown(value, node.id) for value in values):
                return None  # what depends on itself is not followed: each step would ask for all the others again
            found = {self._selected(value, module, depth + 1) for value in values if value is not None}
            return found.pop() if len(found) == 1 else None
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if self.project.meanings.is_sqlalchemy(node.func, module, "select"):
                break
            node = node.func.value
            if isinstance(node, ast.Name):
                return self._selected(node, module, depth + 1) if depth < _DEEPEST else None
        if not (isinstance(node, ast.Call) and self.project.meanings.is_sqlalchemy(node.func, module, "select")):
            return None
        return self._entity(node.args[0], module) if len(node.args) == 1 else None

    def _entity(self, node: ast.expr, module: Module) -> Entity | None:
        meaning = self.project.meanings.of(node, module)
        return meaning.entity if isinstance(meaning, EntityRef) else None

    def _related(self, node: ast.Attribute, module: Module, *, many: bool) -> Instance | None:
        owner = self.of(node.value, module)
        relation = self.project.mapped.relationship(owner.entity, node.attr) if owner else None
        if owner is None or relation is None or relation.target is None:
            return None
        target = self.project.mapped.by_name(relation.target)
        if target is None or bool(self.project.mapped.many(owner.entity, relation)) is not many:
            return None
        optional = not many and not self._promises(owner.entity, node.attr)
        return Instance(target, optional=optional, state=owner.state)

    def _promises(self, entity: Entity, name: str) -> bool:
        """Whether the annotation of a relationship rules None out: `Mapped[X]` with neither Optional nor None."""
        bodies = [one.node for one in (entity.definition, *entity.bases) if isinstance(one.node, ast.ClassDef)]
        given = (annotation for body in bodies for key, annotation, _ in members(body) if key == name)
        text = ast.unparse(annotation) if (annotation := next(given, None)) is not None else ""
        return "Mapped[" in text and "None" not in text and "Optional" not in text

    def _returned(self, node: ast.Call, module: Module, *, many: bool) -> Instance | None:
        found = self.called(node, module)
        return self.function(found, many=many) if found else None

    def called(self, node: ast.Call, module: Module) -> Called | None:
        """The project's function that a call calls, methods of known objects among them."""
        found = function_of(self.project.resolve(module, dotted_name(node.func) or "", node.func))
        if found or not isinstance(node.func, ast.Attribute):
            return found
        owner = self._owner(node.func.value, module)
        for one in self.project.bases(owner) if owner else ():
            for item in getattr(one.node, "body", ()):
                if isinstance(item, FunctionNode) and item.name == node.func.attr:
                    return Called(item, one.module)
        return None

    def _owner(self, node: ast.expr, module: Module) -> Definition | None:
        typed = self.project.sessions.of(node, module)
        return typed.owner if typed else None

    def function(self, called: Called, *, many: bool) -> Instance | None:
        """What a function gives: its annotation says what, its returned values say whether a session holds it."""
        function, module = called.node, called.module
        results = [node for node in self.project.scopes(module).results(function) if isinstance(node.value, ast.expr)]
        given = [
            self._result(node.value, called, many=many)
            for node in results
            if node.value is not None and not no_value(node.value)
        ]
        told = self._promised(function, module, many=many)
        known = told or agree(given)
        if known is None:
            return None
        state = joint({one.state if one else "unknown" for one in given})
        maybe = known.optional or len(given) < len(results) or (told is None and not results)
        return replace(known, optional=maybe, state=state)

    def _promised(self, function: FunctionNode, module: Module, *, many: bool) -> Instance | None:
        if function.returns is None:
            return None
        generator = any(isinstance(node, ast.Yield) for node in self.project.scopes(module).results(function))
        return self.annotated(function.returns, module, many=many or generator)

    def _result(self, value: ast.expr, called: Called, *, many: bool) -> Instance | None:
        found = self._asked(value, called.module, many=many)
        added = isinstance(value, ast.Name) and any(added_to(called.node, value.id))
        return replace(found, state="added") if found and found.state == "new" and added else found


def _grown(node: ast.expr, name: str) -> bool:
    """Whether a statement is made of the one that `name` holds: `query = query.where(...)`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return isinstance(node, ast.Name) and node.id == name


def _last(node: ast.expr) -> str:
    return (dotted_name(node) or "").rpartition(".")[2]
