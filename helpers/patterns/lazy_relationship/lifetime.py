"""What happens between the loading of an object and the reading: a commit that expires it, a write that stores it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.scopes import Function
from helpers.analysis.symbols import Module
from helpers.analysis.transactions import WRITES, Transactions
from helpers.patterns.lazy_relationship.sites import Need, Site, Survey

_CLOSES = frozenset({"close", "expunge_all"})
Level = tuple[Function | None, Module, ast.Call]


@dataclass(frozen=True, eq=False)
class Lifetime:
    """Answers for the sites of one project."""

    survey: Survey

    @cached_property
    def transactions(self) -> Transactions:
        """Where the project commits."""
        return Transactions(self.survey.project, self.survey.flows.callees)

    def expired(self, site: Site, need: Need) -> bool:
        """Whether a commit comes between loading and reading, and expires what was loaded."""
        if not self.transactions.expires:
            return False
        *inner, last = self.levels(site, need)
        if any(self._commits(level, None) for level in inner):
            return True
        function, _, _ = last
        node = need.reading.node
        if node is function:
            return self._commits(last, None)
        within = node is not None and function is not None and any(part is node for part in ast.walk(function))
        return within and self._commits(last, need.reading.line)

    def detached(self, site: Site, need: Need) -> bool:
        """Whether the session is closed between loading and reading in one function: then reading raises."""
        function, _, call = self.levels(site, need)[-1]
        if function is None or not _holds(function, need.reading.node) or need.reading.node is function:
            return False
        first, last = call.end_lineno or call.lineno, need.reading.line
        return any(
            isinstance(node, ast.Expr) and first < node.lineno < last and _closes(node.value)
            for node in ast.walk(function)
        )

    def stored(self, site: Site, need: Need) -> bool:
        """Whether an object that was made has been written to the database when something is read of it."""
        *inner, last = self.levels(site, need)
        if any(self.writes(level) for level in inner):
            return True
        function, module, call = last
        if function is None:
            return False
        lines = [one.lineno for one in self.transactions.calls(function, module, WRITES) if one.lineno > call.lineno]
        wrapped = self.transactions.wrapped(function, module, WRITES)
        if need.reading.node is function or not _holds(function, need.reading.node):
            return bool(lines) or (wrapped and bool(need.via))
        return any(line < need.reading.line for line in lines)

    def writes(self, level: Level) -> bool:
        """Whether a function writes behind a call, or its decorator does once it has returned."""
        function, module, call = level
        if function is None:
            return False
        inside = any(one.lineno > call.lineno for one in self.transactions.calls(function, module, WRITES))
        return inside or self.transactions.wrapped(function, module, WRITES)

    def levels(self, site: Site, need: Need) -> list[Level]:
        """The functions that an object passes through, the one that loads it first, each with the call inside it."""
        return [(site.function, site.module, site.call), *self._handed(need)]

    def _handed(self, need: Need) -> Iterator[Level]:
        for call in reversed(need.via):
            module = self.survey.module(call)
            if module is not None:
                yield self.survey.callers.around(call), module, call

    def _commits(self, level: Level, before: int | None) -> bool:
        function, module, call = level
        return self.transactions.between(function, module, call.end_lineno or call.lineno, before)


def _closes(call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _CLOSES


def _holds(function: Function, node: ast.AST | None) -> bool:
    return node is not None and any(part is node for part in ast.walk(function))
