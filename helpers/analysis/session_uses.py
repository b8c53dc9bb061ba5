"""What becomes of every session, factory and engine: which call is made on it, or where it goes from there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from helpers.analysis.nodes import children
from helpers.analysis.overrides import overriding
from helpers.analysis.session_types import Tier, Typed
from helpers.analysis.symbols import Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

Role = Literal["method", "mapped", "attribute", "entered", "passed", "bound", "given", "tested", "called", "other"]
_PARTIAL = ("partial", "functools.partial")
_HOLDERS = ("session", "factory")
_TESTS = (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.If, ast.IfExp, ast.While, ast.Assert)


@dataclass(frozen=True, eq=False)
class SessionUse:
    """One place that reads a session or what makes one.

    `call` is the call of a method on it (`db.commit()`), of the `map` that calls it, of the factory, or what it is an
    argument of.
    """

    node: ast.expr
    module: Module
    typed: Typed
    role: Role
    name: str = ""
    call: ast.Call | None = None

    @property
    def tier(self) -> Tier:
        """How surely it is one."""
        return self.typed.tier


@dataclass(frozen=True, eq=False)
class SessionUses:
    """Answers for all expressions of one project."""

    project: Project

    @cached_property
    def all(self) -> tuple[SessionUse, ...]:
        """Every use, module by module; a session that an inner expression already tells is told once."""
        modules = self.project.symbols.modules.values()
        return tuple(use for module in modules for use in self._in_module(module))

    @cached_property
    def by_function(self) -> Mapping[ast.AST, tuple[SessionUse, ...]]:
        """Function, or a module's tree, to the uses in its own code, defaults and annotations left out."""
        found: dict[ast.AST, list[SessionUse]] = {}
        for use in self.all:
            around = self.project.callgraph.around(use.node, use.module)
            found.setdefault(around.node, []).append(use)
        return {node: tuple(uses) for node, uses in found.items()}

    def _in_module(self, module: Module) -> Iterator[SessionUse]:
        nodes: list[ast.expr] = [*module.nodes.of(ast.Name), *module.nodes.of(ast.Attribute)]
        nodes += [*module.nodes.of(ast.Call), *module.nodes.of(ast.Subscript)]
        for node in nodes:
            if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del) or self._in_annotation(node, module):
                continue
            typed = self.project.sessions.of(node, module)
            if typed is not None and typed.what in _HOLDERS and not self._generator(node, module):
                yield self._use(node, module, typed)

    def _generator(self, node: ast.expr, module: Module) -> bool:
        """Whether it calls a generator of the project: that gives sessions, and is none."""
        if not isinstance(node, ast.Call):
            return False
        found = self.project.callgraph.targets.called(node, module)
        return any(is_generator(one.node) for one in found)

    def _in_annotation(self, node: ast.AST, module: Module) -> bool:
        parents = self.project.scopes(module).parents
        child, above = node, parents.get(node)
        while isinstance(above, ast.expr):
            child, above = above, parents.get(above)
        if isinstance(above, ast.arg):
            return True
        if isinstance(above, ast.AnnAssign):
            return above.annotation is child
        return isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef) and above.returns is child

    def _use(self, node: ast.expr, module: Module, typed: Typed) -> SessionUse:
        parents = self.project.scopes(module).parents
        top: ast.AST = node
        above = parents[node]
        while isinstance(above, ast.IfExp) and above.test is not top:
            top, above = above, parents[above]
        if isinstance(above, ast.Attribute):
            call = parents.get(above)
            if isinstance(call, ast.Call) and call.func is above:
                return SessionUse(node, module, typed, "method", above.attr, call)
            if mapping := _mapping(above, parents):
                return SessionUse(node, module, typed, "mapped", above.attr, mapping)
            return SessionUse(node, module, typed, "attribute", above.attr)
        role, call = self._where(top, above, parents)
        return SessionUse(node, module, typed, role, call=call)

    def _where(self, top: ast.AST, above: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> tuple[Role, ast.Call | None]:
        if isinstance(above, ast.Call):
            return ("called" if above.func is top else "passed"), above
        if isinstance(above, ast.keyword):
            call = parents[above]
            return ("passed", call) if isinstance(call, ast.Call) else ("other", None)
        if isinstance(above, ast.withitem):
            return "entered", None
        if isinstance(above, ast.Assign | ast.AnnAssign | ast.NamedExpr) and above.value is top:
            return ("bound" if _plain_targets(above) else "other"), None
        if isinstance(above, ast.Return | ast.Yield):
            return "given", None
        if isinstance(above, ast.Lambda) and overriding(above, parents) == "value":
            return "given", None
        if isinstance(above, _TESTS):
            return ("given" if isinstance(above, ast.BoolOp) and not _tested(above, parents) else "tested"), None
        return "other", None


def _mapping(method: ast.Attribute, parents: Mapping[ast.AST, ast.AST]) -> ast.Call | None:
    """The `map(db.get, ...)` or `map(partial(db.get, User), ...)` around a method."""
    above = parents.get(method)
    bound = isinstance(above, ast.Call) and above.args[:1] == [method] and dotted_name(above.func) in _PARTIAL
    given, call = (above, parents.get(above)) if bound and above is not None else (method, above)
    maps = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "map"
    return call if maps and isinstance(call, ast.Call) and call.args[:1] == [given] else None


def is_generator(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether calling it gives an iterator of what it yields."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack += children(node)
    return False


def _plain_targets(node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return all(
        isinstance(one, ast.Name)
        or (isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id in ("self", "cls"))
        for one in targets
    )


def _tested(node: ast.BoolOp, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether the value of `a and b` is only asked for its truth."""
    above = parents[node]
    return isinstance(above, ast.If | ast.While | ast.Assert) or (
        isinstance(above, ast.UnaryOp | ast.BoolOp) and (isinstance(above, ast.UnaryOp) or _tested(above, parents))
    )
