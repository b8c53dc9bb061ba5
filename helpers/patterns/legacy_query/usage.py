"""How the code around a chain uses it: is it iterated, does it stand in `in_()`, what holds it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Chain

_ITERATING = frozenset(
    [
        "list",
        "tuple",
        "set",
        "frozenset",
        "sorted",
        "sum",
        "dict",
        "enumerate",
        "iter",
        "any",
        "all",
        "min",
        "max",
        "zip",
        "map",
        "filter",
    ]
)


@dataclass(frozen=True)
class Usage:
    """Questions about the place of one expression."""

    project: Project
    module: Module

    def _parent(self, node: ast.AST) -> ast.AST | None:
        return self.project.scopes(self.module).parents.get(node)

    def iterated(self, node: ast.expr) -> bool:
        """Whether the code around asks for the rows one by one: a loop, a comprehension, `list(...)`, `x in ...`."""
        parent = self._parent(node)
        match parent:
            case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
                return iterable is node
            case ast.Call(func=ast.Name(id=name), args=args):
                plain = name in _ITERATING and not self._shadowed(name, parent)
                return plain and node in args[1:] + ([] if name in ("map", "filter") else args[:1])
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[container]):
                return container is node
            case ast.Starred() | ast.YieldFrom():
                return True
            case ast.Assign(targets=[ast.Tuple() | ast.List()]):
                return True
        return False

    def made_into_dict(self, node: ast.expr) -> bool:
        """Whether the chain is handed to `dict(...)`."""
        parent = self._parent(node)
        return isinstance(parent, ast.Call) and getattr(parent.func, "id", "") == "dict"

    def _shadowed(self, name: str, at: ast.AST) -> bool:
        return (
            bool(self.project.scopes(self.module).lookup(name, at))
            or self.project.symbols.resolve(self.module, name) is not None
        )

    def in_operand(self, node: ast.expr) -> bool:
        """Whether the chain is the operand of `column.in_(...)`: it becomes part of that statement and is not run."""
        parent = self._parent(node)
        return (
            isinstance(parent, ast.Call)
            and isinstance(parent.func, ast.Attribute)
            and parent.func.attr in ("in_", "not_in", "notin_")
            and parent.args[:1] == [node]
        )

    def kept_in(self, node: ast.expr) -> str:
        """Words for where an unfinished chain goes."""
        parent = self._parent(node)
        match parent:
            case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
                return f"is kept in `{ast.unparse(target)}`"
            case ast.Return():
                return "is returned"
            case ast.Call():
                return f"is passed to `{ast.unparse(parent.func)[:40]}`"
            case ast.keyword():
                return "is passed as an argument"
            case ast.Expr():
                return "is built and not run"
        return "is used as a value"

    def grouping(self, chain: Chain) -> tuple[int, int] | None:
        """The offsets of `(` and behind `)` when a whole right side or returned value is this chain in parentheses."""
        parent = self._parent(chain.node)
        if not isinstance(parent, ast.Assign | ast.AnnAssign | ast.Return | ast.AugAssign):
            return None
        text = chain.source.text
        before, after = chain.start, chain.stop
        while before and text[before - 1].isspace():
            before -= 1
        while after < len(text) and text[after].isspace():
            after += 1
        if text[before - 1 : before] == "(" and text[after : after + 1] == ")":
            return before - 1, after + 1
        return None
