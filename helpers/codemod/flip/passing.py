"""A session that is an argument of a value's call, or is bound to a function beforehand: whose parameter it becomes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.session_uses import SessionUse
from helpers.analysis.symbols import Module, dotted_name
from helpers.codemod.flip.unthreaded import Unthreaded

_BINDING = frozenset({"partial", "add_task", "BackgroundTask"})


@dataclass(frozen=True, eq=False)
class Passing:
    """Answers for one project."""

    project: Project

    def bound(self, use: SessionUse) -> bool:
        """Whether the call of `partial`, or of what calls a function later, gives a session to a parameter for one.

        What becomes of the function is told by the place that names it.
        """
        call = use.call
        place = self.place(call, use.module) if call is not None and call.args else None
        if call is None or place is None:
            return False
        node = call.args[place]
        functions = self.project.function_values.of(node, use.module) or self._methods(node, use.module)
        return bool(functions) and all(self._takes(one, use) for one in functions)

    def place(self, call: ast.Call, module: Module) -> int | None:
        """Where the function that a call binds or runs later stands among its arguments; None for any other call."""
        if (dotted_name(call.func) or "").rpartition(".")[2] in _BINDING:
            return 0
        return Unthreaded(self.project).place(call, module)

    def _methods(self, node: ast.expr, module: Module) -> tuple[FunctionNode, ...]:
        """The methods that `self.ask` means."""
        edges = self.project.callgraph.at.get(node, ())
        nodes = [edge.callee.node for edge in edges if edge.kind == "reference"]
        return tuple(node for node in nodes if isinstance(node, FunctionNode))

    def _takes(self, function: FunctionNode, use: SessionUse) -> bool:
        module = self.project.callgraph.functions[function].module
        return all(self._is_session(one, function, module) for one in self._parameters(function, use))

    def _is_session(self, argument: ast.arg | None, function: FunctionNode, module: Module) -> bool:
        """Whether a parameter is known to be a session, or is only handed on by a wrapper."""
        if argument is None:
            return False
        if argument is function.args.vararg:
            return function in self.project.decorators.wrapped
        annotated = argument.annotation and self.project.sessions.annotated(argument.annotation, module)
        if annotated:
            return annotated.what == "session"
        uses = self.project.session_uses.by_function.get(function, ())
        return any(isinstance(one.node, ast.Name) and one.node.id == argument.arg for one in uses)

    def _parameters(self, function: FunctionNode, use: SessionUse) -> Iterator[ast.arg | None]:
        """The parameter that a session is given for; None where that cannot be told."""
        call, node = use.call, use.node
        assert call is not None
        positional = [*function.args.posonlyargs, *function.args.args]
        if function in self.project.callgraph.targets.members.owners:
            positional = positional[1:]
        given = call.args[(self.place(call, use.module) or 0) + 1 :]
        if node in given:
            index = given.index(node)
            starred = any(isinstance(one, ast.Starred) for one in given[: index + 1])
            yield None if starred else positional[index] if index < len(positional) else function.args.vararg
        named = {one.arg: one for one in [*positional, *function.args.kwonlyargs]}
        yield from (named.get(one.arg or "") for one in call.keywords if one.value is node)
