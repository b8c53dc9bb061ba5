"""The least value that an index or a bound of a slice can have, as far as the code says it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module, dotted_name
from helpers.patterns.legacy_query.shape import single_value

_DECLARES = frozenset({"Query", "Path", "Body", "Field", "Form", "Header", "conint"})
_NAMED = {"PositiveInt": 1, "NonNegativeInt": 0}


@dataclass(frozen=True)
class Bounds:
    """Answers for the expressions of one module."""

    project: Project
    module: Module

    def least(self, node: ast.expr, depth: int = 0) -> int | None:
        """The least integer that `node` can be; None when nothing says that it is one."""
        if depth > 8:
            return None
        match node:
            case ast.Constant(value=int(value)) if not isinstance(node.value, bool):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
                return -value
            case ast.BinOp(left=left, op=operation, right=right):
                return self._combined(left, operation, right, depth)
            case ast.IfExp(body=one, orelse=two):
                return _least([self.least(one, depth + 1), self.least(two, depth + 1)])
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._called(name, args, depth)
            case ast.Name():
                return self._named(node, depth)
        return None

    def _combined(self, left: ast.expr, operation: ast.operator, right: ast.expr, depth: int) -> int | None:
        one, two = self.least(left, depth + 1), self.least(right, depth + 1)
        if one is None:
            return None
        if isinstance(operation, ast.Sub) and isinstance(right, ast.Constant) and isinstance(right.value, int):
            return one - right.value
        if two is None or (isinstance(operation, ast.Mult) and min(one, two) < 0):
            return None
        if isinstance(operation, ast.Add):
            return one + two
        return one * two if isinstance(operation, ast.Mult) else None

    def _called(self, name: str, args: list[ast.expr], depth: int) -> int | None:
        if any(isinstance(arg, ast.Starred) for arg in args):
            return None
        known = [self.least(arg, depth + 1) for arg in args]
        if name == "len" and len(args) == 1:
            return 0
        if name == "max" and len(args) > 1:
            return max((value for value in known if value is not None), default=None)
        return _least(known) if name == "min" and len(args) > 1 else None

    def _named(self, node: ast.Name, depth: int) -> int | None:
        bindings = self.project.scopes(self.module).lookup(node.id, node)
        if len(bindings) == 1 and isinstance(bindings[0].node, ast.arg):
            return self._declared(bindings[0].node)
        if len(bindings) == 1 and bindings[0].kind == "item" and bindings[0].value is not None:
            return self._counted(bindings[0].value, depth)
        found = single_value(self.project, self.module, node)
        return Bounds(self.project, found[0]).least(found[1], depth + 1) if found else None

    def _counted(self, iterable: ast.expr, depth: int) -> int | None:
        """What `for x in range(...)` starts from."""
        if not (isinstance(iterable, ast.Call) and getattr(iterable.func, "id", "") == "range" and iterable.args):
            return None
        if len(iterable.args) == 1:
            return 0
        step = self.least(iterable.args[2], depth + 1) if len(iterable.args) > 2 else 1
        return self.least(iterable.args[0], depth + 1) if step and step > 0 else None

    def _declared(self, argument: ast.arg) -> int | None:
        """What `Query(ge=0)`, `PositiveInt` and their like promise of a parameter."""
        function = self.project.scopes(self.module).parents[self.project.scopes(self.module).parents[argument]]
        given = [argument.annotation, _default(function, argument)]
        for node in [part for one in given if one is not None for part in ast.walk(one)]:
            name = (dotted_name(node.func if isinstance(node, ast.Call) else node) or "").rpartition(".")[2]
            if name in _NAMED:
                return _NAMED[name]
            if isinstance(node, ast.Call) and name in _DECLARES:
                for keyword in node.keywords:
                    if keyword.arg in ("ge", "gt") and (value := self.least(keyword.value)) is not None:
                        return value + (keyword.arg == "gt")
        return None


def _default(function: ast.AST, argument: ast.arg) -> ast.expr | None:
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(reversed(positional), reversed(arguments.defaults), strict=False)]
    pairs += [(arg, value) for arg, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value]
    return next((value for arg, value in pairs if arg is argument), None)


def _least(known: list[int | None]) -> int | None:
    values = [value for value in known if value is not None]
    return min(values) if len(values) == len(known) and values else None
