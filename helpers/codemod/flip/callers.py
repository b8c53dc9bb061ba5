"""Whoever calls a function that becomes asynchronous awaits it; whoever is handed one must be known to await."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.callees import decorated
from helpers.analysis.callgraph import Edge
from helpers.analysis.faces import RUN
from helpers.analysis.function_uses import Called, UnfollowedError
from helpers.analysis.members import FunctionNode
from helpers.analysis.overrides import overriding
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Module
from helpers.codemod.flip.applied import Applied, is_partial
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.bridges import Bridges
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.entering import NAMES, Entering
from helpers.codemod.flip.generators import Reading
from helpers.codemod.flip.served import Served
from helpers.codemod.flip.unthreaded import Unthreaded
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

PATTERN = "sync_caller"


@dataclass(frozen=True, eq=False)
class Callers:
    """Answers for the edges of one project."""

    project: Project
    bridges: Bridges

    def changes(self, edge: Edge) -> Iterator[Change]:
        """What the place of an edge to an asynchronous function needs. Refused where it cannot follow."""
        if edge.kind == "reference":
            yield from self._handed(edge)
            return
        symbol = edge.callee.symbol
        if listens := self.project.listeners.inside.get(edge.caller.node):
            raise Refused(f"{edge.caller.symbol} listens to {listens}, and nobody awaits what it calls")
        if edge.callee.is_async or self._awaited_already(edge):
            return
        if edge.tier is Tier.BY_NAME:
            raise Refused(
                f"nothing tells whether this is {edge.callee.qualified}, which becomes asynchronous: annotate it"
            )
        if edge.kind == "applied":
            yield from Applied(self.project, edge).changes()
            return
        if getattr(edge.callee.node, "name", "") in NAMES:
            yield from Entering(self.project).entered(edge)
            return
        if edge.kind != "call" or not isinstance(edge.site, ast.Call):
            raise Refused(f"{symbol} runs here without being called, so that nothing can be awaited")
        assert isinstance(edge.callee.node, FunctionNode)
        module = edge.caller.module
        parents = self.project.scopes(module).parents
        above = parents[edge.site]
        if isinstance(above, ast.Call) and self.project.faces.named(above.func, module, RUN):
            return  # awaited when the face goes
        if bridge := self.bridges.around(edge.site, module):
            yield self.bridges.removed(bridge, edge)
            return
        awaiting = Awaiting(self.project.sources[module.path], parents, self.project.loops.kept)
        self._one_colour(edge)
        if self.project.generators.gives(edge.callee.node):
            if decorated(edge.callee.node, "contextmanager", "asynccontextmanager"):
                edit = self._entered(edge.site, edge, awaiting)
                yield Change(PATTERN, module, edge.site, f"{symbol} becomes asynchronous", (edit,))
            else:
                cleans_up = self.project.generators.cleans_up(edge.callee.node)
                all_of_it = self.project.callgraph.at.get(edge.site, ())
                at_once = any(self.project.generators.ended(one.callee.node) for one in all_of_it)
                yield from Reading(self.project, module, symbol, cleans_up, at_once).changes(edge.site)
            return
        if self._is_program(edge.site, edge.caller.module):
            start, end = self.project.sources[module.path].segment(edge.site)
            run = (Edit(start, start, "asyncio.run("), Edit(end, end, ")"))
            message = f"{symbol} becomes asynchronous and is run in a loop of its own"
            yield Change(PATTERN, module, edge.site, message, run, (ImportName("asyncio"),))
            return
        edits = awaiting.edits(edge.site)
        if edits:
            yield Change(PATTERN, module, edge.site, f"{symbol} becomes asynchronous and is awaited", edits)

    def _awaited_already(self, edge: Edge) -> bool:
        """Whether the name alone suggests the method, and what is called gives something to await by now."""
        parents = self.project.scopes(edge.caller.module).parents
        return edge.tier is Tier.BY_NAME and isinstance(parents.get(edge.site), ast.Await)

    def _one_colour(self, edge: Edge) -> None:
        """All that a call may mean is awaited, or nothing."""
        for other in self.project.callgraph.at.get(edge.site, ()):
            if other.kind == "call" and not (
                other.callee.node in self.project.colouring.asynchronous or other.callee.is_async
            ):
                raise Refused(f"this may also call {other.callee.symbol}, which stays synchronous")
            generators = self.project.generators
            if other.kind == "call" and generators.gives(other.callee.node) is not generators.gives(edge.callee.node):
                raise Refused(f"this may also call {other.callee.symbol}, and only one of them gives a generator")

    def _is_program(self, site: ast.Call, module: Module) -> bool:
        """Whether it is the one thing that `if __name__ == "__main__":` does."""
        parents = self.project.scopes(module).parents
        statement = parents[site]
        block = parents.get(statement)
        if not (isinstance(statement, ast.Expr) and isinstance(block, ast.If) and block.body == [statement]):
            return False
        named = any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(block.test))
        return named and isinstance(parents.get(block), ast.Module)

    def _entered(self, site: ast.Call, edge: Edge, awaiting: Awaiting) -> Edit:
        """`with` over what a context manager gives becomes asynchronous too."""
        module, symbol = edge.caller.module, edge.callee.symbol
        source, parents = self.project.sources[module.path], self.project.scopes(module).parents
        above = parents[site]
        awaiting.generators(site)
        if isinstance(above, ast.withitem):
            statement = parents[above]
            if isinstance(statement, ast.With):
                at = source.segment(statement)[0]
                return Edit(at, at, "async ")
        raise Refused(f"{symbol} becomes an asynchronous context manager: enter it with `async with`")

    def _handed(self, edge: Edge) -> Iterator[Change]:
        if isinstance(edge.site, ast.arg) or self._overrides(edge) or self._is_data(edge) or self._applied(edge):
            return  # a fixture; a dependency; another attribute of the same name; a key, which has an edge of its own
        heard = self.project.listeners.at.get(self.project.scopes(edge.caller.module).parents[edge.site])
        if heard is not None and heard.target is edge.site:
            return  # a class that is listened to is not made there
        assert isinstance(edge.callee.node, FunctionNode)
        try:
            for called in Served(self.project).calls(edge.site, edge.caller.module):
                self._in_sight(called, edge)
                if not edge.callee.is_async:
                    yield from Unthreaded(self.project).changes(called, edge.callee.node)
        except UnfollowedError as reason:
            if not edge.callee.is_async:
                raise Refused(f"{edge.callee.symbol} is {reason}, which may call it and not await it") from reason

    def _in_sight(self, called: Called, edge: Edge) -> None:
        """UnfollowedError where a protocol stands for what is called, and nothing tells all that it may be."""
        members = self.project.callgraph.targets.members
        for other in self.project.callgraph.at.get(called.call, ()) if not called.by else ():
            if other.callee.node is not edge.callee.node and members.is_callback(other.callee.node):
                place = f"{called.module.path}:{called.call.lineno}"
                raise UnfollowedError(f"called at {place} with others that are not in sight")

    def _applied(self, edge: Edge) -> bool:
        """Whether a builtin calls it at once."""
        above = (node for node in self.project.scopes(edge.caller.module).ancestors(edge.site))
        call = next((node for node in above if isinstance(node, ast.Call) and not is_partial(node)), None)
        edges = self.project.callgraph.at.get(call, ()) if call is not None else ()
        return any(one.kind == "applied" and one.callee is edge.callee for one in edges)

    def _is_data(self, edge: Edge) -> bool:
        """Whether the name alone suggests the method, and a mapped class or a row has data of that name."""
        return edge.tier is Tier.BY_NAME and getattr(edge.site, "attr", "") in self._data_names

    @cached_property
    def _data_names(self) -> frozenset[str]:
        found = {name for one in self.project.mapped.all for name in (*one.columns, *one.relationships, *one.others)}
        for _, call in self.project.calls.get("label", ()):
            found.update(str(one.value) for one in call.args if isinstance(one, ast.Constant))
        return frozenset(found)

    def _overrides(self, edge: Edge) -> bool:
        """`app.dependency_overrides[get_db] = ...`, on either side."""
        return bool(overriding(edge.site, self.project.scopes(edge.caller.module).parents))
