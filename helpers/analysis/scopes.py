"""Where a name inside a function gets its value: parameters, assignments, loops, with-items, in scopes around it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from helpers.analysis.nodes import children
from helpers.analysis.symbols import Module, import_bindings

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Kind = Literal["parameter", "value", "item", "context", "import", "definition", "changed"]


@dataclass(frozen=True, eq=False)
class Binding:
    """One way a name gets its value: `value` is the assigned expression, the iterable, the context manager or None."""

    kind: Kind
    node: ast.AST
    value: ast.expr | None = None
    target: str = ""


@dataclass(frozen=True, eq=False)
class Scopes:
    """The scopes of one module, with a parent for every node."""

    module: Module

    @cached_property
    def parents(self) -> Mapping[ast.AST, ast.AST]:
        """Child node to parent node."""
        return self.module.nodes.parents

    @cached_property
    def _bindings(self) -> dict[ast.AST, Mapping[str, tuple[Binding, ...]]]:
        return {}

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around `node`, innermost first."""
        parents = self.parents
        while (above := parents.get(node)) is not None:
            yield above
            node = above

    def functions(self, node: ast.AST) -> Iterator[Function]:
        """The functions whose names `node` sees, innermost first; defaults, decorators and annotations see outside."""
        child = node
        for parent in self.ancestors(node):
            if isinstance(parent, Function) and _inside(parent, child):
                yield parent
            child = parent

    def function(self, node: ast.AST) -> Function | None:
        """The innermost function around `node`."""
        return next(self.functions(node), None)

    def owner(self, node: ast.AST) -> ast.ClassDef | None:
        """The class whose method `node` is in, the innermost."""
        return next((parent for parent in self.ancestors(node) if isinstance(parent, ast.ClassDef)), None)

    def symbol(self, node: ast.AST) -> str:
        """`Class.method` or `function` around `node`; `<module>` outside of both."""
        around = [node, *self.ancestors(node)]
        named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return ".".join(reversed([item.name for item in around if isinstance(item, named)])) or "<module>"

    def lookup(self, name: str, at: ast.AST) -> tuple[Binding, ...]:
        """How the functions around `at` bind `name`, from the innermost that does; nothing when the module does."""
        for function in self.functions(at):
            if found := self.bindings(function).get(name):
                return found
        return ()

    def top_level(self, name: str) -> tuple[Binding, ...]:
        """Every way the module's own code binds `name`, loops and with-statements among them."""
        return self.bindings(self.module.tree).get(name, ())

    def results(
        self, function: ast.FunctionDef | ast.AsyncFunctionDef
    ) -> tuple[ast.Return | ast.Yield | ast.YieldFrom, ...]:
        """What a function gives: its own returns and yields, in the order of the text."""
        found = (node for node in _within(function.body) if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom))
        return tuple(found)

    def bindings(self, function: Function | ast.Module) -> Mapping[str, tuple[Binding, ...]]:
        """All names a function binds, each with every way it is bound."""
        if function not in self._bindings:
            found: dict[str, list[Binding]] = {}
            for binding in self._bound(function):
                found.setdefault(binding.target, []).append(binding)
            self._bindings[function] = {name: tuple(items) for name, items in found.items()}
        return self._bindings[function]

    def _bound(self, function: Function | ast.Module) -> Iterator[Binding]:
        if not isinstance(function, ast.Module):
            arguments = function.args
            plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
            yield from (Binding("parameter", argument, None, argument.arg) for argument in plain if argument)
        body = function.body if isinstance(function.body, list) else [function.body]
        for node in _within(body):
            yield from self._node(node)

    def _node(self, node: ast.AST) -> Iterator[Binding]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield Binding("definition", node, None, node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for name, _ in import_bindings(node, self.module):
                yield Binding("import", node, None, name)
        else:
            yield from _assigned(node)


def _assigned(node: ast.AST) -> Iterator[Binding]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _targets(target, "value", value, node)
        case ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
            yield from _targets(target, "value", node.value, node)
        case ast.AugAssign(target=target, value=value):
            yield from _targets(target, "changed", value, node)
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield from _targets(node.target, "item", node.iter, node)
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
            yield from _targets(target, "context", value, node)
        case (
            ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            yield Binding("changed", node, None, name)


def _targets(target: ast.expr, kind: Kind, value: ast.expr | None, node: ast.AST) -> Iterator[Binding]:
    if isinstance(target, ast.Name):
        yield Binding(kind, node, value, target.id)
    elif isinstance(target, ast.Tuple | ast.List):
        for part, given in _parts(target, value if kind == "value" else None):
            yield from _targets(part, kind if given else "changed", given, node)
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value, "changed", None, node)


def _parts(target: ast.Tuple | ast.List, value: ast.expr | None) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Each part of a target with what it is given, where both sides are written out with as many parts."""
    starred = any(isinstance(part, ast.Starred) for part in target.elts)
    written = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts) and not starred
    given = value.elts if written and isinstance(value, ast.Tuple | ast.List) else [None] * len(target.elts)
    yield from zip(target.elts, given, strict=True)


def _inside(function: Function, child: ast.AST) -> bool:
    return child is function.body if isinstance(function, ast.Lambda) else isinstance(child, ast.stmt)


def _within(body: list[ast.stmt] | list[ast.expr]) -> Iterator[ast.AST]:
    """Every node of a function's body that binds in it: nested functions and classes are named, not entered."""
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            below = list(children(node))
            below.reverse()
            stack += below
