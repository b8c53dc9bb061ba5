"""Whether an expression is one object, and not a list of them or a statement: only an object can be refreshed."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.parameters import FunctionNode
from helpers.analysis.scopes import Binding
from helpers.analysis.symbols import Module
from helpers.patterns.lazy_relationship.sites import Survey

_ONE = frozenset({"first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none", "get", "get_one"})
_DEEPEST = 8


@dataclass(frozen=True, eq=False)
class Single:
    """Answers for the expressions of one project."""

    survey: Survey

    def is_one(self, node: ast.expr, module: Module, depth: int = 0) -> bool:
        """Whether `node` is surely one object, or None."""
        if depth > _DEEPEST:
            return False
        match node:
            case ast.Constant(value=None):
                return True
            case ast.Name():
                bindings = self.survey.project.scopes(module).lookup(node.id, node)
                return bool(bindings) and all(self._bound(one, module, depth) for one in bindings)
            case ast.IfExp(body=one, orelse=two):
                return self.is_one(one, module, depth + 1) and self.is_one(two, module, depth + 1)
            case ast.BoolOp(values=values):
                return all(self.is_one(value, module, depth + 1) for value in values)
            case ast.Call():
                return self._call(node, module, depth)
        return False

    def _bound(self, binding: Binding, module: Module, depth: int) -> bool:
        if isinstance(binding.node, ast.arg):
            return self._annotated(binding.node.annotation, module)
        if isinstance(binding.node, ast.AnnAssign) and self._annotated(binding.node.annotation, module):
            return True
        if binding.value is None or binding.kind not in ("value", "context"):
            return False
        return self.is_one(binding.value, module, depth + 1)

    def _call(self, call: ast.Call, module: Module, depth: int) -> bool:
        callees = self.survey.flows.callees
        if made := callees.made_class(call, module):
            return self.survey.project.mapped.entity(made) is not None
        if functions := callees.functions(call, module):
            return all(self._function(one.function, one.module, depth) for one in functions)
        return isinstance(call.func, ast.Attribute) and call.func.attr in _ONE

    def _function(self, function: FunctionNode, module: Module, depth: int) -> bool:
        if function.returns is not None:
            return self._annotated(function.returns, module)
        results = self.survey.project.scopes(module).results(function)
        values = [item.value for item in results if item.value is not None]
        return bool(values) and all(self.is_one(value, module, depth + 1) for value in values)

    def _annotated(self, annotation: ast.expr | None, module: Module) -> bool:
        """Whether an annotation names a mapped class, alone or with None; what a context manager yields counts."""
        if annotation is None or self.survey.flows.annotated(annotation, module) is None:
            return False
        words = {part.id for part in ast.walk(annotation) if isinstance(part, ast.Name)}
        return not words & {"list", "List", "Sequence", "dict", "Dict", "tuple", "set", "Iterable", "Select", "Query"}
