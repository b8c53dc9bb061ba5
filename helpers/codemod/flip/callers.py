"""Whoever calls a function that becomes asynchronous awaits it; whoever is handed one must be known to await."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.callees import decorated
from helpers.analysis.callgraph import Edge
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.scopes import Binding
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import is_generator
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

PATTERN = "sync_caller"
# what FastAPI and Starlette are handed they await, if it is asynchronous
_AWAIT = frozenset(
    {"Depends", "Security", "add_task", "add_api_route", "add_exception_handler", "add_event_handler"}
    | {"add_api_websocket_route", "BackgroundTask", "fixture"}
)

_LOOK_AT = frozenset({"isinstance", "issubclass"})


_SERVERS = ("fastapi.", "starlette.")


def served(project: Project, maker: ast.expr, module: Module) -> bool:
    """Whether a function is FastAPI's or Starlette's, or a method of something that they make or annotate."""
    if project.meanings.external(maker, module).startswith(_SERVERS):
        return True
    if not isinstance(maker, ast.Attribute):
        return False
    name = dotted_name(maker.value) or ""
    found = project.resolve(module, name, maker)
    if isinstance(found, Definition) and isinstance(found.node, ast.Call):
        return project.meanings.external(found.node.func, found.module).startswith(_SERVERS)
    return any(
        project.meanings.external(told, module).startswith(_SERVERS)
        for binding in project.scopes(module).lookup(name, maker)
        for told in _told(binding)
    )


def _told(binding: Binding) -> Iterator[ast.expr]:
    """The class that a name is said to be an instance of."""
    if isinstance(binding.value, ast.Call):
        yield binding.value.func
    annotation = getattr(binding.node, "annotation", None)
    if annotation is not None:
        yield from (part for part in ast.walk(annotation) if isinstance(part, ast.Name | ast.Attribute))


@dataclass(frozen=True, eq=False)
class Callers:
    """Answers for the edges of one project."""

    project: Project

    def changes(self, edge: Edge) -> Iterator[Change]:
        """What the place of an edge to an asynchronous function needs. Refused where it cannot follow."""
        if edge.kind == "reference":
            self._handed(edge)
            return
        symbol = edge.callee.symbol
        if edge.tier is Tier.BY_NAME:
            raise Refused(
                f"nothing tells whether this is {edge.callee.qualified}, which becomes asynchronous: annotate it"
            )
        if edge.kind != "call" or not isinstance(edge.site, ast.Call):
            raise Refused(f"{symbol} runs here without being called, so that nothing can be awaited")
        assert isinstance(edge.callee.node, FunctionNode)
        module = edge.caller.module
        parents = self.project.scopes(module).parents
        awaiting = Awaiting(self.project.sources[module.path], parents, self.project.loops.kept)
        if is_generator(edge.callee.node):
            edit = self._read(edge.site, edge, awaiting)
            yield Change(PATTERN, module, edge.site, f"{symbol} becomes an asynchronous generator", (edit,))
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

    def _is_program(self, site: ast.Call, module: Module) -> bool:
        """Whether it is the one thing that `if __name__ == "__main__":` does."""
        parents = self.project.scopes(module).parents
        statement = parents[site]
        block = parents.get(statement)
        if not (isinstance(statement, ast.Expr) and isinstance(block, ast.If) and block.body == [statement]):
            return False
        named = any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(block.test))
        return named and isinstance(parents.get(block), ast.Module)

    def _read(self, site: ast.Call, edge: Edge, awaiting: Awaiting) -> Edit:
        """`for` and `with` over what a generator gives become asynchronous too."""
        module, symbol = edge.caller.module, edge.callee.symbol
        source, parents = self.project.sources[module.path], self.project.scopes(module).parents
        above = parents[site]
        awaiting.generators(site)
        managed = decorated(edge.callee.node, "contextmanager", "asynccontextmanager")  # type: ignore[arg-type]
        if managed and isinstance(above, ast.withitem):
            statement = parents[above]
            if isinstance(statement, ast.With) and len(statement.items) == 1:
                at = source.segment(statement)[0]
                return Edit(at, at, "async ")
        if not managed and isinstance(above, ast.For) and above.iter is site:
            if any(isinstance(node, ast.Break | ast.Return) for part in above.body for node in ast.walk(part)):
                raise Refused(f"the loop over {symbol} may be left early, and what ends it then runs later: rewrite it")
            at = source.segment(above)[0]
            return Edit(at, at, "async ")
        raise Refused(f"{symbol} becomes an asynchronous generator: read it with `async for` or `async with`")

    def _handed(self, edge: Edge) -> None:
        last = edge.given_to.rpartition(".")[2]
        if last in _LOOK_AT or self._overrides(edge):
            return
        if last in _AWAIT and (last == "fixture" or self._is_served(edge)):
            return
        to = f"handed to `{edge.given_to}`" if edge.given_to else "kept as a value"
        raise Refused(f"{edge.callee.symbol} is {to}, which may call it and not await it")

    def _is_served(self, edge: Edge) -> bool:
        """Whether it is FastAPI or Starlette that gets the function, and no namesake."""
        scopes = self.project.scopes(edge.caller.module)
        around = [one for one in (edge.site, *scopes.ancestors(edge.site)) if isinstance(one, ast.Call)]
        call = next((one for one in around if dotted_name(one.func) == edge.given_to), None)
        return call is not None and served(self.project, call.func, edge.caller.module)

    def _overrides(self, edge: Edge) -> bool:
        """`app.dependency_overrides[get_db] = ...`, on either side."""
        parents = self.project.scopes(edge.caller.module).parents
        above = parents.get(edge.site)
        if isinstance(above, ast.Assign):
            above = above.targets[0]
        return isinstance(above, ast.Subscript) and getattr(above.value, "attr", "") == "dependency_overrides"
