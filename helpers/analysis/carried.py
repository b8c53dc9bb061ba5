"""What an expression may carry along: a session, or objects of mapped classes, itself or inside what it gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.assigned import assigned_in
from helpers.analysis.mapped_objects import MappedObjects
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_DEEPEST = 8
_VALUES = (ast.Constant, ast.JoinedStr, ast.Compare)


@dataclass(eq=False)
class Carried:
    """Answers for one project. What nothing is known of carries nothing: a person would not see it either."""

    project: Project
    _of_class: dict[ast.AST, bool] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.objects = MappedObjects(self.project)

    def by_call(self, call: ast.Call, module: Module) -> str:
        """The first that a call is given of them, the object whose method it is included; empty where there is none."""
        func = call.func
        if isinstance(func, ast.Attribute) and self._is_object(func.value, module, own=True):
            return ast.unparse(func.value)
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        found = next((found for one in given if (found := self.of(one, module))), None)
        return ast.unparse(found) if found is not None else self._taken(call)

    def _taken(self, call: ast.Call) -> str:
        """The parameter of a function that is called which is one of them by its annotation."""
        for edge in self.project.callgraph.at.get(call, ()):
            arguments = getattr(edge.callee.node, "args", None)
            for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs] if arguments else ():
                if one.annotation is not None and self.told(one.annotation, edge.callee.module):
                    return str(one.arg)
        return ""

    def of(self, node: ast.expr, module: Module, depth: int = 0) -> ast.expr | None:
        """The part of an expression that is one of them and may be part of its value; None where there is none."""
        if depth > _DEEPEST or isinstance(node, _VALUES):
            return None
        if self._is_object(node, module):
            return node
        for part in self._parts(node, module):
            if found := self.of(part, module, depth + 1):
                return found
        return node if self._bound(node, module, depth) else None

    def _parts(self, node: ast.expr, module: Module) -> Iterator[ast.expr]:
        """The expressions inside that may be part of the value."""
        match node:
            case ast.Call():
                if not self._is_told(node, module):
                    yield from node.args
                    yield from (keyword.value for keyword in node.keywords)
            case ast.Lambda():
                yield from (one for one in ast.walk(node.body) if isinstance(one, ast.Name))
            case ast.IfExp(body=one, orelse=two):
                yield from (one, two)
            case ast.Dict(keys=keys, values=values):
                yield from (one for one in (*keys, *values) if one is not None)
            case ast.ListComp(elt=item) | ast.SetComp(elt=item) | ast.GeneratorExp(elt=item):
                yield item
            case ast.DictComp(key=key, value=value):
                yield from (key, value)
            case ast.Starred(value=value) | ast.Await(value=value) | ast.NamedExpr(value=value):
                yield value
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items) | ast.BoolOp(values=items):
                yield from items
            case ast.BinOp(left=left, right=right):
                yield from (left, right)
            case ast.Subscript(value=value):
                yield value

    def _is_told(self, call: ast.Call, module: Module) -> bool:
        """Whether a function says what it returns; what a class makes may hold what it is given."""
        edges = self.project.callgraph.at.get(call, ())
        return bool(edges) and all(
            edge.kind == "call" and getattr(edge.callee.node, "returns", None) is not None for edge in edges
        )

    def _bound(self, node: ast.expr, module: Module, depth: int) -> bool:
        """Whether a name is given something that carries one."""
        if not isinstance(node, ast.Name):
            return False
        bindings = self.project.scopes(module).lookup(node.id, node)
        values = [one.value for one in bindings if one.kind == "value" and one.value is not None]
        return any(self.of(value, module, depth + 1) for value in values)

    def _is_object(self, node: ast.expr, module: Module, *, own: bool = False) -> bool:
        """Whether it is one of them, several of them, or of a class whose instances hold them.

        The object that a method belongs to may hold a session: what uses that is seen to by itself.
        """
        if not own and self.project.sessions.tier(node, module) is not None:
            return True
        if self.objects.of(node, module) or self.objects.of_each(node, module):
            return True
        known = self.project.instances.of(node, module) or self.project.instances.items(node, module)
        return known is not None and self._holds(known, own=own)

    def _holds(self, owner: Definition, *, own: bool) -> bool:
        if self.project.mapped.entity(owner) is not None:
            return True
        return not own and self._fields(owner)

    def _fields(self, owner: Definition) -> bool:
        """Whether a class says of an attribute that it is one of them."""
        if owner.node not in self._of_class:
            self._of_class[owner.node] = False  # a class that holds its own kind
            self._of_class[owner.node] = any(self._keeps(one) for one in self.project.bases(owner))
        return self._of_class[owner.node]

    def _keeps(self, owner: Definition) -> bool:
        fields = (item for item in getattr(owner.node, "body", ()) if isinstance(item, ast.AnnAssign))
        given = (one for values in assigned_in(owner).values() for one in values if one.value is not None)
        return any(self.told(item.annotation, owner.module) for item in fields) or any(
            self.project.sessions.tier(one.value, one.module) is not None or self.objects.of(one.value, one.module)
            for one in given
            if one.value is not None
        )

    def told(self, annotation: ast.expr, module: Module) -> bool:
        """Whether an annotation names a session or a mapped class, or a class that holds one."""
        typed = self.project.sessions.annotated(annotation, module)
        if typed is not None and typed.what == "session":
            return True
        named = (part for part in ast.walk(annotation) if isinstance(part, ast.Name | ast.Attribute))
        found = (self.project.resolve(module, dotted_name(part) or "", part) for part in named)
        classes = (one for one in found if isinstance(one, Definition) and isinstance(one.node, ast.ClassDef))
        return any(self.project.mapped.entity(one) is not None or self._fields(one) for one in classes)
