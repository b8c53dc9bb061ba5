"""What goes to a slot, and every call of a function: what else may stand where a Query is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition as Named
from helpers.analysis.symbols import Module
from helpers.patterns.legacy_query.held.callees import Callees, Function
from helpers.patterns.legacy_query.held.family import Kept, Local, Returned, Slot
from helpers.patterns.legacy_query.refusal import Refused

_HARMLESS = frozenset(
    ["staticmethod", "classmethod", "property", "cached_property", "abstractmethod", "override", "final", "overload"]
)


@dataclass(frozen=True, eq=False)
class Slots:
    """Answers for the slots of one project. Refused where not everything that goes there can be seen."""

    project: Project
    callees: Callees

    def given(self, slot: Slot) -> Iterator[tuple[ast.expr, Module]]:
        """Every expression whose value goes to a slot."""
        if isinstance(slot, Local):
            yield from self._given_local(slot)
        elif isinstance(slot, Returned):
            for result in self._results(slot.function):
                if result is not None:
                    yield result, slot.function.module
        elif isinstance(slot, Kept):
            for one in self._assigned(slot):
                if one[0] is not None:
                    yield one[0], one[1]
        elif isinstance(slot.node, ast.IfExp):
            yield from ((part, slot.module) for part in (slot.node.body, slot.node.orelse))
        elif isinstance(slot.node, ast.NamedExpr | ast.Await):
            yield slot.node.value, slot.module

    def _given_local(self, slot: Local) -> Iterator[tuple[ast.expr, Module]]:
        node = slot.definition.node
        if isinstance(node, ast.arg):
            yield from self._passed(node, slot)
        elif slot.definition.value is None:
            name, line = slot.definition.name, slot.definition.line
            raise Refused(f"`{name}` may hold something else there ({slot.module.path}:{line})")
        else:
            yield slot.definition.value, slot.module

    def _passed(self, argument: ast.arg, slot: Local) -> Iterator[tuple[ast.expr, Module]]:
        function = self.owner_of(argument, slot)
        default = default_of(function.node, argument)
        if argument in (function.node.args.vararg, function.node.args.kwarg):
            raise Refused(f"`*{argument.arg}` of `{function.node.name}` ({function.place}) takes it")
        calls = self.calls(function)
        if not calls:
            raise Refused(f"nothing in sight calls `{function.node.name}` ({function.place}), which takes a query")
        for module, call in calls:
            value = function.given(call, argument)
            spread = any(isinstance(one, ast.Starred) for one in call.args) or any(not one.arg for one in call.keywords)
            if value is not None:
                yield value, module
            elif spread or default is None or not is_none(default):
                name = function.node.name
                raise Refused(f"the call of `{name}` at {module.path}:{call.lineno} hides what it passes")

    def owner_of(self, argument: ast.arg, slot: Local) -> Function:
        """The function that has a parameter."""
        function = slot.flow.function
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            raise Refused(f"a lambda takes it as `{argument.arg}` ({slot.module.path}:{argument.lineno})")
        return self.callees.function(function, slot.module)

    def calls(self, function: Function) -> list[tuple[Module, ast.Call]]:
        """Every call of a function. Refused when it is handed on as a value, or when a call may be of another."""
        found: list[tuple[Module, ast.Call]] = []
        self.plain(function)
        self.ours(function)
        for module, node, sure in self.callees.uses(function):
            parent = self.project.scopes(module).parents.get(node)
            name, place = function.node.name, f"{module.path}:{node.lineno}"
            if not sure:
                raise Refused(f"`{ast.unparse(node)[:40]}` ({place}) may be `{name}` ({function.place}): annotate it")
            if not (isinstance(parent, ast.Call) and parent.func is node):
                raise Refused(f"`{name}` is handed on as a value ({place})")
            found.append((module, parent))
        return found

    def ours(self, function: Function) -> None:
        """Refused for what others may call without being seen: frameworks, Python itself, tests by text."""
        name = function.node.name
        if name.startswith("__"):
            raise Refused(f"`{name}` ({function.place}) is called by Python itself: it has no calls that can be seen")
        if outside := self.callees.framework(function):
            raise Refused(f"`{name}` ({function.place}) is a method of a `{outside}`, which may call it")
        if name in self.callees.replaced:
            module, call = self.callees.replaced[name]
            raise Refused(f"`{name}` is replaced or read by its name as text ({module.path}:{call.lineno})")

    def plain(self, function: Function) -> None:
        """Refused for a function with a decorator that may use what it returns."""
        if strange := [name for name in function.decorators if name not in _HARMLESS]:
            name = function.node.name
            raise Refused(f"`{name}` ({function.place}) is decorated by `{strange[0]}`, which may use what it returns")

    def _results(self, function: Function) -> Iterator[ast.expr | None]:
        for node in self.project.scopes(function.module).results(function.node):
            if not isinstance(node, ast.Return):
                raise Refused(f"`{function.node.name}` ({function.place}) is a generator")
            yield node.value

    def _assigned(self, slot: Kept) -> list[tuple[ast.expr | None, Module]]:
        owner = Named(slot.module, slot.owner.name, slot.owner)
        classes = [owner, *self.project.below(owner)]
        return [
            (one.value, one.module)
            for found in classes
            for one in self.project.attributes(found, slot.name)
            if one.value is not None
        ]


def default_of(function: ast.FunctionDef | ast.AsyncFunctionDef, argument: ast.arg) -> ast.expr | None:
    """The default of a parameter."""
    positional = [*function.args.posonlyargs, *function.args.args]
    pairs = [
        *zip(reversed(positional), reversed(function.args.defaults), strict=False),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    return next((default for one, default in pairs if one is argument), None)


def is_none(node: ast.expr) -> bool:
    """Whether an expression is None itself."""
    return isinstance(node, ast.Constant) and node.value is None
