"""Functions that a builtin applies: keys of `sorted`, `max` and `min`, and what `map` runs for each item."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.callgraph import Edge
from helpers.analysis.project import Project
from helpers.analysis.symbols import dotted_name
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.in_turn import InTurn
from helpers.codemod.flip.mapped import Mapped
from helpers.codemod.refused import Refused

PATTERN = "sync_caller"


def is_partial(call: ast.Call) -> bool:
    """Whether a call binds arguments of a function beforehand."""
    return (dotted_name(call.func) or "").rpartition(".")[2] == "partial"


@dataclass(frozen=True, eq=False)
class Applied:
    """One function that one call of a builtin runs."""

    project: Project
    edge: Edge

    def changes(self) -> Iterator[Change]:
        """What the call becomes. Refused where it cannot be told in which order things happen then."""
        module, call = self.edge.caller.module, self.edge.site
        assert isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        self._together(call)
        parents = self.project.scopes(module).parents
        awaiting = Awaiting(self.project.sources[module.path], parents, self.project.loops.kept)
        if awaiting.is_kept(call):
            raise Refused(f"{self.edge.callee.symbol} is handed to `{call.func.id}` in a test that stays synchronous")
        if call.func.id in ("map", "filter"):
            yield from self._mapped(call, awaiting)
            return
        key = next(one.value for one in call.keywords if one.arg == "key")
        if awaiting.by_key(key) is not call:
            raise Refused(f"`{call.func.id}` compares several arguments by what has to be awaited: compute it first")
        yield from InTurn(self.project, module).changes(call)

    def _together(self, call: ast.Call) -> None:
        edges = [one for one in self.project.callgraph.at.get(call, ()) if one.kind == "applied"]
        for one in edges:
            plain = one.callee.node not in self.project.colouring.asynchronous and not one.callee.is_async
            if plain or self.project.generators.gives(one.callee.node):
                raise Refused(f"this may also call {one.callee.symbol}, which is not awaited")

    def _mapped(self, call: ast.Call, awaiting: Awaiting) -> Iterator[Change]:
        module, symbol = self.edge.caller.module, self.edge.callee.symbol
        yield from Mapped(self.project, module, symbol).changes(call, awaiting)
