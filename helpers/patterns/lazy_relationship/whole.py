"""Whole refreshes: `session.refresh(x)` throws away all that was loaded of an object, and only its columns are sure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.dataflow.values import Root
from helpers.analysis.scopes import Function

if TYPE_CHECKING:
    from helpers.patterns.lazy_relationship.sites import Need, Site, Survey


@dataclass(frozen=True, eq=False)
class WholeRefreshes:
    """Answers for the objects of one survey."""

    survey: Survey

    @cached_property
    def _lines(self) -> dict[tuple[Root, Function | None], list[int]]:
        found: dict[tuple[Root, Function | None], list[int]] = {}
        for module, call in self.survey.project.calls.get("refresh", ()):
            if is_whole(call):
                function = self.survey.project.scopes(module).function(call)
                for ref in self.survey.flows.of(call.args[0], module):
                    if not ref.path:
                        found.setdefault((ref.root, function), []).append(call.lineno)
        return found

    def between(self, root: Root, function: Function | None, *, after: int, need: Need) -> list[int]:
        """The lines of a function that refresh the object behind line `after` and before something is read of it."""
        end = reading_line(function, need)
        lines = self._lines.get((root, function), ())
        return [line for line in lines if line > after and (end is None or line < end)]

    def follow(self, site: Site, need: Need) -> bool:
        """Whether an object is refreshed anywhere on its way from where it is loaded or made to the reader."""
        return any(self.between(site.root, one, after=line, need=need) for one, line in self._levels(site, need))

    def _levels(self, site: Site, need: Need) -> Iterator[tuple[Function | None, int]]:
        yield site.function, site.call.lineno
        for call in reversed(need.via):
            yield self.survey.callers.around(call), call.lineno


def is_whole(call: ast.Call) -> bool:
    """Whether a call of `refresh` names no attributes."""
    return len(call.args) == 1 and not call.keywords


def reading_line(function: Function | None, need: Need) -> int | None:
    """The line on which something is read, where that stands in the function; None where it is read further on."""
    node = need.reading.node
    if node is None or function is None or node is function:
        return None
    return need.reading.line if any(part is node for part in ast.walk(function)) else None
