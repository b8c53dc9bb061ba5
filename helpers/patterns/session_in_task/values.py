"""Arguments that are plain values: numbers, texts, columns of an object, instances of classes that are not mapped."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.meaning import subscripted
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.scopes import Binding
from helpers.analysis.symbols import Definition, External, Module, dotted_name

PLAIN = frozenset(
    {"int", "str", "bool", "float", "bytes", "None", "Decimal", "UUID", "date", "datetime", "time", "Path"}
)
_HOLDS = frozenset(
    {"list", "tuple", "set", "dict", "frozenset", "Sequence", "Iterable", "Optional", "Union", "Literal"}
)
_HOLDS_TOO = frozenset({"List", "Tuple", "Set", "Dict", "Mapping", "Collection"})
_MAKERS = frozenset({"str", "int", "float", "bool", "len", "round", "repr", "sum", "max", "min", "abs", "bytes"})
_DEEPEST = 6


@dataclass(frozen=True, eq=False)
class Values:
    """Answers for one project. What is not surely plain may be an object of a session."""

    project: Project

    def plain(self, value: ast.expr, module: Module, depth: int = 0) -> bool:
        """Whether an expression surely gives something that no session knows."""
        if depth > _DEEPEST:
            return False
        match value:
            case ast.Constant() | ast.JoinedStr() | ast.Compare() | ast.Lambda():
                return True
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts) | ast.BoolOp(values=parts):
                return all(self.plain(part, module, depth + 1) for part in parts)
            case ast.Dict(values=parts):
                return all(self.plain(part, module, depth + 1) for part in parts)
            case ast.BinOp(left=left, right=right) | ast.IfExp(body=left, orelse=right):
                return self.plain(left, module, depth + 1) and self.plain(right, module, depth + 1)
            case ast.Name():
                return self._name(value, module, depth)
            case ast.Attribute():
                return self._attribute(value, module, depth)
            case ast.Call():
                return self._call(value, module)
        return False

    def annotated(self, annotation: ast.expr | None, module: Module) -> bool:
        """Whether an annotation names plain types alone, however deep."""
        parts = list(subscripted(annotation)) if annotation is not None else []
        return bool(parts) and all(self._type(part, module) for part in parts)

    def _type(self, part: ast.expr, module: Module) -> bool:
        if isinstance(part, ast.Constant):
            return True  # None, and what stands in Literal
        if isinstance(part, ast.Subscript):
            last = (dotted_name(part.value) or "").rpartition(".")[2]
            inner = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
            return last in _HOLDS | _HOLDS_TOO and all(self.annotated(one, module) for one in inner)
        name = dotted_name(part) or ""
        if name.rpartition(".")[2] in PLAIN or name == "...":
            return True
        found = self.project.resolve(module, name, part)
        return isinstance(found, Definition) and isinstance(found.node, ast.ClassDef) and self._is_free(found)

    def _is_free(self, owner: Definition) -> bool:
        """A class of the project that is not mapped and whose attributes are not either, as far as they are told."""
        if self.project.mapped.entity(owner):
            return False
        notes = [
            (item.annotation, one.module)
            for one in self.project.bases(owner)
            for item in getattr(one.node, "body", ())
            if isinstance(item, ast.AnnAssign)
        ]
        typed = [self.project.sessions.annotated(note, where) for note, where in notes]
        return not any(one and one.owner and self.project.mapped.entity(one.owner) for one in typed)

    def _name(self, node: ast.Name, module: Module, depth: int) -> bool:
        bindings = self.project.scopes(module).lookup(node.id, node)
        if bindings:
            return all(self._bound(binding, module, depth) for binding in bindings)
        found = self.project.symbols.resolve(module, node.id)
        if isinstance(found, Definition) and isinstance(found.node, ast.expr):
            return self.plain(found.node, found.module, depth + 1)
        return isinstance(found, Definition | External | Module)

    def _bound(self, binding: Binding, module: Module, depth: int) -> bool:
        if isinstance(binding.node, ast.arg):
            return self.annotated(binding.node.annotation, module)
        if binding.kind in ("import", "definition"):
            return True
        return binding.kind == "value" and binding.value is not None and self.plain(binding.value, module, depth + 1)

    def _attribute(self, node: ast.Attribute, module: Module, depth: int) -> bool:
        owner = self.project.instances.of(node.value, module)
        entity = self.project.mapped.entity(owner) if owner else None
        if entity is not None:
            return node.attr in entity.columns
        if owner is not None:
            given = list(self.project.attributes(owner, node.attr))
            notes = [self.annotated(one.annotation, one.module) for one in given if one.annotation is not None]
            values = [
                self.plain(one.value, one.module, depth + 1) for one in given if one.annotation is None and one.value
            ]
            return bool(notes + values) and all(notes + values)
        found = self.project.resolve(module, dotted_name(node) or "", node)
        return isinstance(found, External | Module | Definition)

    def _call(self, call: ast.Call, module: Module) -> bool:
        if dotted_name(call.func) in _MAKERS:
            return True
        functions = [one.callee for one in self.project.callgraph.at.get(call, ()) if one.kind == "call"]
        if functions:
            nodes = [(one.node, one.module) for one in functions if isinstance(one.node, FunctionNode)]
            return all(self.annotated(node.returns, where) for node, where in nodes)
        owner = self.project.instances.of(call, module)
        return owner is not None and self._is_free(owner)
