"""Functions that give a generator, and whether they still do something when nobody reads on."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.flow import own_nodes
from helpers.analysis.session_uses import is_generator
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_READ_IN_TURN = frozenset({"Iterator", "Iterable", "Generator"})
_SIMPLE = (ast.Name, ast.Constant, ast.Attribute)


@dataclass(frozen=True, eq=False)
class Generators:
    """Answers for the functions of one project."""

    project: Project
    _asked: set[ast.AST] = field(default_factory=set, repr=False)

    def gives(self, function: ast.AST) -> bool:
        """Whether calling a function gives a generator: it yields, or does nothing but return another's.

        A method that only says what its overrides do gives one where they do.
        """
        if not isinstance(function, FunctionNode):
            return False
        if is_generator(function) or self.returned(function) is not None or self.announces(function):
            return True
        return self.ended(function) is not None

    def announces(self, function: FunctionNode) -> bool:
        """Whether a method has no body of its own, and those in its place give generators."""
        return is_empty(function) and any(
            isinstance(one, FunctionNode) and is_generator(one) for one in self.project.colouring.overrides(function)
        )

    def ended(self, function: ast.AST) -> ast.Return | None:
        """The `return` at the end of a method that stands for generators which become asynchronous.

        It returns what can be read in turn, and nothing else before: whoever calls it cannot tell it from the others.
        """
        if not isinstance(function, ast.FunctionDef) or is_generator(function) or is_empty(function):
            return None
        others = [
            one for one in self.project.colouring.overrides(function) if one in self.project.colouring.asynchronous
        ]
        if not any(isinstance(one, FunctionNode) and is_generator(one) for one in others):
            return None
        last = function.body[-1]
        own = [node for statement in function.body for node in own_nodes(statement)]
        only = [node for node in own if isinstance(node, ast.Return)] == [last] and _is_read_in_turn(function.returns)
        return last if only and isinstance(last, ast.Return) and last.value is not None else None

    def differs(self, function: FunctionNode) -> FunctionNode | None:
        """A method in the place of one that gives a generator, or the other way round, which does not."""
        gives = self.gives(function)
        others = (one for one in self.project.colouring.overrides(function) if isinstance(one, FunctionNode))
        return next((one for one in others if self.gives(one) is not gives), None)

    def returned(self, function: FunctionNode) -> ast.Return | None:
        """`return each(rows)`, where a function does nothing else and passes only what is there already."""
        body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
        only = body[0] if len(body) == 1 else None
        if not isinstance(only, ast.Return) or not isinstance(only.value, ast.Call) or function in self._asked:
            return None
        if function.decorator_list or self._handed_on(function):
            return None  # whoever gets it may tell a generator function from one that returns a generator
        arguments = [*only.value.args, *(keyword.value for keyword in only.value.keywords)]
        if not all(_plain(one) for one in [*arguments, only.value.func]):
            return None
        edges = [edge for edge in self.project.callgraph.at.get(only.value, ()) if edge.kind == "call"]
        self._asked.add(function)
        given = bool(edges) and all(self.gives(edge.callee.node) for edge in edges)
        self._asked.discard(function)
        return only if given else None

    def _handed_on(self, function: FunctionNode) -> bool:
        return any(edge.kind == "reference" for edge in self.project.callgraph.calls_to.get(function, ()))

    def cleans_up(self, function: ast.AST) -> bool:
        """Whether something still runs when a generator is left early: a `finally`, a `with`, an open cursor."""
        if not isinstance(function, FunctionNode):
            return True
        if function in self._asked:
            return False
        module = self.project.callgraph.functions[function].module
        self._asked.add(function)
        found = any(self._needs(node, module) for statement in function.body for node in own_nodes(statement))
        self._asked.discard(function)
        return found

    def _needs(self, node: ast.AST, module: Module) -> bool:
        if isinstance(node, ast.With | ast.AsyncWith | ast.Try):
            return any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(node))
        if isinstance(node, ast.Attribute | ast.keyword | ast.Constant):
            name = getattr(node, "attr", getattr(node, "arg", getattr(node, "value", "")))
            return name in ("yield_per", "stream_results")
        if not isinstance(node, ast.Call):
            return False
        below = [edge.callee.node for edge in self.project.callgraph.at.get(node, ()) if edge.kind == "call"]
        return any(self.gives(one) and self.cleans_up(one) for one in below)


def _is_read_in_turn(annotation: ast.expr | None) -> bool:
    """Whether a type promises no more than that one can read it in turn."""
    plain = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return plain is None or getattr(plain, "attr", getattr(plain, "id", "")) in _READ_IN_TURN


def is_empty(function: FunctionNode) -> bool:
    """Whether a body is a docstring, `...`, `pass` or `raise NotImplementedError` alone."""
    return all(
        isinstance(one, ast.Pass)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        or (isinstance(one, ast.Raise) and "NotImplemented" in ast.unparse(one))
        for one in function.body
    )


def _plain(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, _SIMPLE)
