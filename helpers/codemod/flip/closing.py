"""Whoever closes a session that functions of one request share waits until none of them is at its turn."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import SessionUse, is_generator
from helpers.analysis.symbols import Module, dotted_name
from helpers.codemod.blocks import footed, headed, step
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.sharing import turn
from helpers.codemod.refused import Refused
from helpers.model import ImportName

PATTERN = "sync_function"
_MESSAGE = "when a request ends early, another may still be at its turn"


@dataclass(frozen=True, eq=False)
class Closing:
    """Answers for one project."""

    project: Project

    def changes(self) -> tuple[Change, ...]:
        """What the places need that end a shared session. Refused where they are not in sight."""
        if isinstance(self._found, Refused):
            raise self._found
        return self._found

    @cached_property
    def _found(self) -> tuple[Change, ...] | Refused:
        try:
            found = tuple(change for function, module in self.functions for change in self._in(function, module))
        except Refused as refused:
            return refused
        return found or Refused("nothing tells where the session is closed that its resolvers share")

    @cached_property
    def functions(self) -> tuple[tuple[FunctionNode, Module], ...]:
        """Every generator that may open the session of a GraphQL request: its context, and what that depends on."""
        queue, found = list(self._contexts()), {}
        while queue:
            function, module = queue.pop()
            if function in found:
                continue
            found[function] = module
            for argument in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]:
                source = self.project.faces.source_of(argument, function, module)
                queue += self._named(source, module) if source is not None else ()
        return tuple((function, module) for function, module in found.items() if is_generator(function))

    def _contexts(self) -> Iterator[tuple[FunctionNode, Module]]:
        for module in self.project.symbols.modules.values():
            for keyword in module.nodes.of(ast.keyword):
                if keyword.arg == "context_getter":
                    yield from self._named(keyword.value, module)

    def _named(self, node: ast.expr, module: Module) -> list[tuple[FunctionNode, Module]]:
        """The function that an expression names, or that an alias of a dependency does."""
        found = self.project.callgraph.targets.functions(node, module)
        if not found and isinstance(value := self.project.faces.function(node, module), ast.Subscript):
            inner = [one for one in ast.walk(value) if isinstance(one, ast.Call) and _last(one.func) == "Depends"]
            where = self._module_of(value)
            named = [one.args[0] for one in inner if one.args]
            return [pair for one in named if where is not None for pair in self._named(one, where)]
        return [(one, self.project.callgraph.functions[one].module) for one in found]

    def _module_of(self, value: ast.AST) -> Module | None:
        modules = self.project.symbols.modules.values()
        return next((one for one in modules if any(value is made for made in one.definitions.values())), None)

    def _in(self, function: FunctionNode, module: Module) -> Iterator[Change]:
        """The places of one generator behind its `yield` that use a session."""
        scopes = self.project.scopes(module)
        yields = scopes.results(function)
        uses = [one for one in self.project.session_uses.by_function.get(function, ()) if one.tier > Tier.BY_NAME]
        if not uses:
            return
        statement = scopes.parents[yields[0]]
        if len(yields) != 1 or not isinstance(statement, ast.Expr):
            raise Refused(f"{function.name} closes the session that resolvers share: let it have one `yield`")
        behind = [one for one in uses if one.node.lineno > (statement.end_lineno or statement.lineno)]
        entered = [one for one in uses if one.role == "entered" and self._around(one, statement)]
        if entered and (behind or len(entered) > 1 or not self._is_made(entered[0])):
            raise Refused(f"{function.name} ends the session that resolvers share in several ways: rewrite it by hand")
        for use in entered:
            yield self._left(use, statement, module)
        for use in behind:
            yield self._ended(use, function)

    def _around(self, use: SessionUse, statement: ast.stmt) -> bool:
        item = self.project.scopes(use.module).parents[use.node]
        return self.project.scopes(use.module).parents[item] in set(
            self.project.scopes(use.module).ancestors(statement)
        )

    def _is_made(self, use: SessionUse) -> bool:
        """Whether `with` enters a session that is made there, and does no more than close it at its end."""
        made = isinstance(use.node, ast.Call) and not self.project.callgraph.at.get(use.node)
        return made and isinstance(self.project.scopes(use.module).parents[use.node], ast.withitem)

    def _left(self, use: SessionUse, statement: ast.stmt, module: Module) -> Change:
        """What `with` closes is closed before, in turn."""
        item = self.project.scopes(module).parents[use.node]
        name = item.optional_vars if isinstance(item, ast.withitem) else None
        if not isinstance(name, ast.Name):
            raise Refused("give the session that resolvers share a name where it is entered")
        source = self.project.sources[module.path]
        one = step(source, statement)
        foot = f"finally:\n{one}async with {turn(name.id)}:\n{one}{one}await {name.id}.close()"
        edits = (*headed(source, [statement], "try:"), footed(source, statement, foot))
        return Change(PATTERN, module, statement, _MESSAGE, edits, (ImportName("asyncio"),))

    def _ended(self, use: SessionUse, function: FunctionNode) -> Change:
        """A statement that calls a method of the session, in turn."""
        parents = self.project.scopes(use.module).parents
        statement = parents.get(use.call) if use.call is not None else None
        if use.role != "method" or not isinstance(statement, ast.Expr) or dotted_name(use.node) is None:
            raise Refused(
                f"{function.name} uses the session that resolvers share behind its `yield`: rewrite it by hand"
            )
        edits = headed(self.project.sources[use.module.path], [statement], f"async with {turn(ast.unparse(use.node))}:")
        return Change(PATTERN, use.module, statement, _MESSAGE, edits, (ImportName("asyncio"),))


def _last(node: ast.expr) -> str:
    return (dotted_name(node) or "").rpartition(".")[2]
