"""Calls on what only its name makes a session, in functions that become asynchronous and in what they call."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.callgraph import Edge
from helpers.analysis.colouring import AWAITED, BLOCKS, MISSING
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Module
from helpers.codemod.refused import Refused

_METHODS = AWAITED | BLOCKS | MISSING


@dataclass(frozen=True, eq=False)
class Guessed:
    """Answers for one project.

    Nothing awaits such a call: where the name tells the truth, it is lost without a word. Where it does not, an await
    would fail. So whoever leads there is left until a type tells.
    """

    project: Project

    def obstacles(self, function: ast.AST) -> tuple[()]:
        """Nothing. Refused where a function, or what it calls, makes such a call."""
        place = self._calls.get(self._end(function))
        if place is None:
            return ()
        module, call = place
        assert isinstance(call.func, ast.Attribute)
        text = ast.unparse(call.func.value)[:40]
        raise Refused(
            f"nothing but its name tells that `{text}` at {module.path}:{call.lineno} is a session, and "
            f"`.{call.func.attr}()` would have to be awaited: annotate it"
        )

    def _end(self, function: ast.AST) -> ast.AST:
        """The function with the call that a function leads to; itself where it has one, or where another tells it."""
        at = function
        while at not in self._calls and (edge := self._ways.get(at)):
            at = edge.callee.node
            if at in self.project.colouring.asynchronous:
                return function  # which goes the same way, and tells it itself
        return at

    @cached_property
    def _ways(self) -> Mapping[ast.AST, Edge]:
        return self.project.callgraph.reaching(self._calls)

    @cached_property
    def _calls(self) -> Mapping[ast.AST, tuple[Module, ast.Call]]:
        """Function to the first of its calls on what only its name makes a session."""
        found: dict[ast.AST, tuple[Module, ast.Call]] = {}
        for module in self.project.symbols.modules.values():
            for call in module.nodes.of(ast.Call):
                if self._guessed(call, module):
                    around = self.project.callgraph.around(call, module).node
                    if isinstance(around, FunctionNode) and around not in self.project.listeners.inside:
                        found.setdefault(around, (module, call))
        return found

    def _guessed(self, call: ast.Call, module: Module) -> bool:
        if not (isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS):
            return False
        if isinstance(self.project.scopes(module).parents.get(call), ast.Await) or self.project.callgraph.at.get(call):
            return False
        return _fits(call) and self.project.sessions.tier(call.func.value, module) is Tier.BY_NAME


def _fits(call: ast.Call) -> bool:
    """Whether a session's method takes such arguments: `request.session.get("user")` asks a dictionary."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name == "get":
        given = len(call.args) + len(call.keywords)
        return given > 1 or any(isinstance(one, ast.Starred) for one in call.args)
    return name != "delete" or not any(isinstance(one, ast.Constant | ast.JoinedStr) for one in call.args)
