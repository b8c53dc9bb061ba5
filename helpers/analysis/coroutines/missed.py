"""Every coroutine of a project that nobody awaits, with the place that makes it and what becomes of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.coroutines.fates import Fates
from helpers.analysis.coroutines.known import ENTERED, ITERATED
from helpers.analysis.coroutines.made import Made, Makers
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import is_generator
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_CALLS_BACK = frozenset({"map", "filter", "sorted", "min", "max"})


@dataclass(frozen=True, eq=False)
class Missed:
    """A place that should be awaited and is not: `name` is what is called, `how` what becomes of it."""

    node: ast.expr
    module: Module
    name: str
    how: str
    tier: Tier = Tier.PROVED


@dataclass(frozen=True, eq=False)
class MissedAwaits:
    """Answers for one project."""

    project: Project

    def all(self) -> Iterator[Missed]:
        """Every missed await, module by module."""
        for module in self.project.symbols.modules.values():
            yield from self._calls(module)
            yield from self._properties(module)
            yield from self._entered(module)
            yield from self._iterated(module)

    @cached_property
    def _makers(self) -> Makers:
        return Makers(self.project)

    @cached_property
    def _fates(self) -> Fates:
        return Fates(self.project, self._makers)

    def _calls(self, module: Module) -> Iterator[Missed]:
        for call in module.nodes.of(ast.Call):
            if made := self._makers.at(call, module):
                yield from self._judged(call, module, made)
            elif isinstance(call.func, ast.Name) and call.func.id in _CALLS_BACK:
                yield from self._called_back(call, call.func.id, module)

    def _judged(self, node: ast.expr, module: Module, made: Made) -> Iterator[Missed]:
        if how := self._fates.of(node, module, made.kind):
            yield Missed(node, module, made.name, how, made.tier)

    def _called_back(self, call: ast.Call, name: str, module: Module) -> Iterator[Missed]:
        """`map(fetch, ids)` gives coroutines; a filter and a key take them for true, or compare them."""
        keys = [keyword.value for keyword in call.keywords if keyword.arg == "key"]
        first = call.args[:1] if name in ("map", "filter") else keys
        for function in first:
            made = self._makers.named(function, module)
            if made is None or made.kind != "coroutine":
                continue
            if name != "map":
                yield Missed(call, module, made.name, f"{name}() calls it and does not await it", made.tier)
            elif how := self._fates.of(call, module, "several"):
                yield Missed(call, module, made.name, how, made.tier)

    def _properties(self, module: Module) -> Iterator[Missed]:
        for node in module.nodes.of(ast.Attribute):
            if isinstance(node.ctx, ast.Load) and (made := self._makers.at(node, module)):
                yield from self._judged(node, module, made)

    def _entered(self, module: Module) -> Iterator[Missed]:
        """`with session:` of what only `async with` enters; calls that give such a thing are told already."""
        for statement in module.nodes.of(ast.With):
            for item in statement.items:
                value = item.context_expr
                if isinstance(value, ast.Call) and (self._makers.at(value, module) or self._manages(value, module)):
                    continue
                if self._makers.receivers.of(value, module) in ENTERED or self._has_only(value, module, "enter"):
                    yield Missed(value, module, f"`{ast.unparse(value)}`", "a plain `with` enters it")

    def _manages(self, call: ast.Call, module: Module) -> bool:
        """Whether it calls a generator of the project: `with` enters a manager made of it, not what it yields."""
        return any(is_generator(one.node) for one in self.project.callgraph.targets.called(call, module))

    def _iterated(self, module: Module) -> Iterator[Missed]:
        loops: list[ast.For | ast.comprehension] = [*module.nodes.of(ast.For), *module.nodes.of(ast.comprehension)]
        for loop in loops:
            value = loop.iter
            plain = isinstance(loop, ast.For) or not loop.is_async
            if not plain or (isinstance(value, ast.Call) and self._makers.at(value, module)):
                continue
            if self._makers.receivers.of(value, module) in ITERATED or self._has_only(value, module, "iter"):
                yield Missed(value, module, f"`{ast.unparse(value)}`", "a plain `for` iterates it")

    def _has_only(self, value: ast.expr, module: Module, protocol: str) -> bool:
        """Whether an instance of a class of the project has the asynchronous half of a protocol alone."""
        typed = self.project.sessions.of(value, module)
        if typed is None or typed.owner is None or typed.what != "instance":
            return False
        members = self.project.callgraph.targets.members
        owner = typed.owner
        return bool(members.nearest(owner, f"__a{protocol}__")) and not members.nearest(owner, f"__{protocol}__")
