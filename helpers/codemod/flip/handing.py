"""The sessions that a function and what it calls use: made there, handed on by it, or out of sight."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.callees import Callee, arguments, decorated
from helpers.analysis.callgraph import Edge, Function
from helpers.analysis.colouring import AWAITED, BLOCKS, MISSING, awaits
from helpers.analysis.flow import own_nodes
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.scopes import Scopes
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Module

_METHODS = AWAITED | BLOCKS | MISSING


@dataclass(frozen=True, eq=False)
class Handing:
    """Answers for one project."""

    project: Project

    def sessions(self, function: FunctionNode, module: Module) -> list[str]:
        """The sessions that a function has from elsewhere and uses or hands on, as its own text names them."""
        found: dict[str, None] = {}
        for node in self._used(function, module):
            found.setdefault(self._named(node, function, module))
        return list(found)

    def guessed(self, function: FunctionNode, module: Module) -> str:
        """A session with a method that is called on it, and of which nothing but its name tells; empty without one."""
        for node in (one for statement in function.body for one in ast.walk(statement)):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS
            if called and self.project.sessions.tier(node.func.value, module) is Tier.BY_NAME:  # type: ignore[attr-defined]
                return ast.unparse(node.func.value)  # type: ignore[attr-defined]  # a call of an attribute
        return ""

    def unseen(self, function: FunctionNode, module: Module) -> str | None:
        """Why a session that is used on the way down from a function may be none that it names; None otherwise."""
        below = self.project.callgraph.reached(function)
        for one in below:
            if one.node is not function and isinstance(one.node, FunctionNode):
                for node in self._outer(one, below):
                    place = f"{one.module.path}:{node.lineno}"
                    return f"they may share `{ast.unparse(node)[:40]}` at {place}: hand the session to {one.symbol}"
        return None

    def _used(self, function: FunctionNode, module: Module) -> Iterator[ast.expr]:
        """The expressions in a function that are sessions and not its own, in its inner functions too."""
        for statement in function.body:
            for node in ast.walk(statement):
                held = isinstance(getattr(node, "ctx", None), ast.Load) or isinstance(node, ast.Call)
                if held and self.project.sessions.tier(node, module) and not self._own(node, function, module):  # type: ignore[arg-type]
                    yield node  # type: ignore[misc]  # an expression
                if isinstance(node, ast.Call):
                    for edge in self.project.callgraph.at.get(node, ()):
                        given = self._given(node, edge)
                        yield from (one for one in given if not self._own(one, function, module))

    def _given(self, call: ast.Call, edge: Edge) -> Iterator[ast.expr]:
        """What a call gives for the sessions that a function of the project takes."""
        callee = edge.callee
        if edge.kind not in ("call", "constructor") or not isinstance(callee.node, FunctionNode):
            return
        takes = self._parameters(callee)
        bound = callee.node in self.project.callgraph.targets.members.owners
        bound = bound and not decorated(callee.node, "staticmethod")
        for argument, value in arguments(call, Callee(callee.node, callee.module, bound=bound)):
            if argument.arg in takes and not isinstance(value, ast.Constant):
                yield value

    def _parameters(self, function: Function) -> set[str]:
        """The names of the parameters that are sessions."""
        node = function.node
        assert isinstance(node, FunctionNode)
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        annotated = self.project.sessions.annotated
        found = {
            one.arg
            for one in every
            if one.annotation and (typed := annotated(one.annotation, function.module)) and typed.what == "session"
        }
        uses = self.project.session_uses.by_function.get(node, ())
        names = {one.node.id for one in uses if isinstance(one.node, ast.Name) and one.tier > Tier.BY_NAME}
        return found | (names & {one.arg for one in every})

    def _own(self, node: ast.expr, function: FunctionNode, module: Module) -> bool:
        """Whether a function, or one inside it, makes the session itself."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        if not isinstance(node, ast.Name):
            return isinstance(node, ast.Call) and self._makes(node, module)
        bindings = self.project.scopes(module).lookup(node.id, node)
        inside = set(ast.walk(function))
        calls = [one.value for one in bindings if isinstance(one.value, ast.Call) and one.node in inside]
        made = bool(bindings) and len(calls) == len(bindings) and all(self._makes(one, module) for one in calls)
        return made or self._inner(node, function, module)

    def _makes(self, call: ast.Call, module: Module) -> bool:
        """Whether a call makes a session, or an object that has one; a plain function may give one that is there."""
        edges = [edge for edge in self.project.callgraph.at.get(call, ()) if edge.kind != "reference"]
        if not edges:
            return self.project.sessions.of(call, module) is not None or self._begins(call, module)
        return all(edge.kind == "constructor" or self.project.generators.gives(edge.callee.node) for edge in edges)

    def _begins(self, call: ast.Call, module: Module) -> bool:
        """`SessionLocal.begin()`."""
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "begin"):
            return False
        made = self.project.sessions.of(call.func.value, module)
        return made is not None and made.opened is not None

    def _inner(self, name: ast.Name, function: FunctionNode, module: Module) -> bool:
        """Whether a name is a parameter of a function or lambda inside, which is handed it there."""
        scopes = self.project.scopes(module)
        inside = {one for statement in function.body for one in ast.walk(statement)}
        bindings = scopes.lookup(name.id, name)
        return bool(bindings) and all(isinstance(one.node, ast.arg) and one.node in inside for one in bindings)

    def _named(self, node: ast.expr, function: FunctionNode, module: Module) -> str:
        """The text of a session; of a local name that is given one, the text of that."""
        bindings = self.project.scopes(module).bindings(function).get(node.id, ()) if isinstance(node, ast.Name) else ()
        if len(bindings) == 1 and bindings[0].kind == "value" and bindings[0].value is not None:
            return self._named(bindings[0].value, function, module)
        return ast.unparse(node)

    def _outer(self, function: Function, below: tuple[Function, ...]) -> Iterator[ast.expr]:
        """The sessions that a function talks to the database with, and was not handed, nor has made."""
        node, module = function.node, function.module
        assert isinstance(node, FunctionNode)
        for use in self.project.session_uses.by_function.get(node, ()):
            if use.tier is Tier.BY_NAME or not (awaits(use) or use.role == "passed") or use.typed.what == "factory":
                continue  # what a factory opens is nobody else's
            if not self._own(use.node, node, module) and not self._handed(use.node, function, below):
                yield use.node

    def _handed(self, node: ast.expr, function: Function, below: tuple[Function, ...]) -> bool:
        """Whether a session is a parameter, or is kept by an object that is made on the way."""
        if isinstance(node, ast.Name):
            bindings = self.project.scopes(function.module).lookup(node.id, node)
            around = {one for outer in below for one in own_nodes_of(outer)}
            return bool(bindings) and all(isinstance(one.node, ast.arg) and one.node in around for one in bindings)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self":
            owner = self.project.scopes(function.module).owner(node)
            leaving = (edge for one in below for edge in self.project.callgraph.calls_from.get(one.node, ()))
            made = {edge.callee.node for edge in leaving if edge.kind == "constructor"}
            return any(one in made for one in getattr(owner, "body", ()))
        return False


def own_nodes_of(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function with its parameters."""
    if isinstance(function.node, FunctionNode):
        yield from ast.walk(function.node.args)
        yield from (node for statement in function.node.body for node in own_nodes(statement))


def is_plain(text: str, function: FunctionNode, scopes: Scopes) -> bool:
    """Whether a text names the same session anywhere in a function: attributes and constant keys of a name."""
    node = ast.parse(text, mode="eval").body
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
            return False
        node = node.value
    if not isinstance(node, ast.Name):
        return False
    bound = scopes.bindings(function).get(node.id, ())
    return all(isinstance(one.node, ast.arg) for one in bound)
