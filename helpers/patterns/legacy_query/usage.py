"""How the code around a chain uses it: is it iterated, does it stand in `in_()`, what holds it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Chain

_EAGER = ("list", "tuple", "set", "frozenset", "sorted", "sum", "dict", "any", "all", "min", "max")
_LAZY = ("enumerate", "iter", "zip", "map", "filter")


@dataclass(frozen=True)
class Usage:
    """Questions about the place of one expression."""

    project: Project
    module: Module

    def _parent(self, node: ast.AST) -> ast.AST | None:
        return self.project.scopes(self.module).parents.get(node)

    def iterated(self, node: ast.expr) -> bool:
        """Whether the code around asks for the rows here: a loop, a list comprehension, `list(...)`, `x in ...`.

        A generator expression, `map()` and their like count where they are used up at once: a Query they hold runs when
        its first row is asked for, a result has run already.
        """
        parent = self._parent(node)
        match parent:
            case ast.For(iter=iterable):
                return iterable is node
            case ast.comprehension(iter=iterable):
                return iterable is node and self._comprehended(parent)
            case ast.Call(func=ast.Name(id=name)) if not self._shadowed(name, parent):
                return self._called(name, parent, node)
            case ast.Call(func=ast.Attribute(attr="join", value=ast.Constant())):
                return True
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[container]):
                return container is node
            case ast.Starred() | ast.YieldFrom() | ast.Assign(targets=[ast.Tuple() | ast.List()]):
                return True
        return False

    def _comprehended(self, part: ast.comprehension) -> bool:
        whole = self._parent(part)
        # only the first iterable of a generator expression is evaluated where it stands
        return not (isinstance(whole, ast.GeneratorExp) and whole.generators[0] is part) or self.iterated(whole)

    def _called(self, name: str, call: ast.Call, node: ast.expr) -> bool:
        if name in _EAGER:
            return call.args[:1] == [node] and (len(call.args) == 1 or name not in ("min", "max"))
        if name == "next":  # of an iterator, at once
            made = isinstance(node, ast.GeneratorExp) or isinstance(getattr(node, "func", None), ast.Name)
            return call.args[:1] == [node] and made  # a Query itself is no iterator
        given = call.args[1:] if name in ("map", "filter") else call.args if name == "zip" else call.args[:1]
        return name in _LAZY and node in given and self.iterated(call)

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
            case ast.comprehension() | ast.Call(func=ast.Name(id="enumerate" | "iter" | "zip" | "map" | "filter")):
                return "is iterated later"
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
