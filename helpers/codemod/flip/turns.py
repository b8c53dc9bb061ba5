"""Functions of one request that share a session take turns at it, as they did when none of them could wait."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.flow import mentions
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.blocks import first_line, footed, headed
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.closing import Closing
from helpers.codemod.flip.sharing import Shared, Sharing, turn
from helpers.codemod.refused import Refused
from helpers.codemod.statements import documented
from helpers.model import Edit, ImportName

PATTERN = "sync_function"
# they mean another thing in a function inside
_OF_THE_FUNCTION = frozenset({"super", "__class__", "locals", "vars", "dir", "eval", "exec"})


@dataclass(frozen=True, eq=False)
class Turns:
    """Answers for one project."""

    project: Project

    @cached_property
    def sharing(self) -> Sharing:
        """Who shares a session."""
        return Sharing(self.project)

    @cached_property
    def closing(self) -> Closing:
        """Who closes it."""
        return Closing(self.project)

    def changes(self, function: FunctionNode, module: Module) -> Iterator[Change]:
        """What a function needs that shares a session, and those that close one. Refused where it cannot take turns."""
        shared = self.sharing.of(function)
        if shared is None or function not in self.sharing.takers:
            return
        edits = self._shielded(function, module, shared) if shared.shielded else self._locked(function, module, shared)
        message = f"`{shared.by}` runs it beside others, and one at a time they use `{shared.text}`"
        yield Change(PATTERN, module, function, message, edits, (ImportName("asyncio"),))
        yield from self.closing.changes()

    def ties(self) -> Iterator[tuple[tuple[ast.AST, Module], tuple[ast.AST, Module]]]:
        """Each function that takes turns with each that closes a session: they change together."""
        functions = self.project.callgraph.functions
        for taker in self.sharing.takers:
            yield from (((taker, functions[taker].module), one) for one in self.closing.functions)

    def _locked(self, function: FunctionNode, module: Module, shared: Shared) -> tuple[Edit, ...]:
        """Its body in a turn. Who is not cancelled when others fail comes to the end of it."""
        return headed(self.project.sources[module.path], _body(function), f"async with {turn(shared.text)}:")

    def _shielded(self, function: FunctionNode, module: Module, shared: Shared) -> tuple[Edit, ...]:
        """Its body in a turn that goes on to its end when the function is cancelled: else its connection is lost."""
        source, body = self.project.sources[module.path], _body(function)
        names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        if used := sorted(names & _OF_THE_FUNCTION):
            raise Refused(f"`{used[0]}` means another thing in a function inside: take its turn at the session by hand")
        name = next((one for one in ("in_turn", "work", "take_turn") if not mentions(function, one)), None)
        if name is None:
            raise Refused("take its turn at the session by hand")
        start, end = source.segment(function.returns) if function.returns else (0, 0)
        gives = f" -> {source.text[start:end]}" if function.returns and "\n" not in source.text[start:end] else ""
        gap = (
            "\n"
            if documented(function) and first_line(body[0], source) == (function.body[0].end_lineno or 0) + 1
            else ""
        )
        head = f"{gap}async def {name}(){gives}:\n"
        for rebound in self._rebound(function, module):
            head += f"    nonlocal {rebound}\n"
        head += f"    async with {turn(shared.text)}:"
        return (*headed(source, body, head), footed(source, body[-1], f"\nreturn await asyncio.shield({name}())"))

    def _rebound(self, function: FunctionNode, module: Module) -> list[str]:
        """The parameters that the body gives another value."""
        bindings = self.project.scopes(module).bindings(function)
        return [name for name, ways in bindings.items() if len(ways) > 1 and isinstance(ways[0].node, ast.arg)]


def _body(function: FunctionNode) -> list[ast.stmt]:
    """The statements of a function, its docstring left out. Refused where there are none, or they share its line."""
    body = function.body[1:] if documented(function) else function.body
    if not body or body[0].lineno == function.lineno:
        raise Refused("give its body lines of its own")
    return body
