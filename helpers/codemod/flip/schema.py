"""`metadata.create_all(engine)`: inside a connection of the asynchronous engine, or in a loop of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.engines import EngineUse
from helpers.analysis.project import Project
from helpers.analysis.source import Source
from helpers.analysis.symbols import Module
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

PATTERN = "sync_engine"
_NAME = "in_a_loop_of_its_own"
_HELPER = f'''
def {_NAME}(engine, function):
    """Run what needs a synchronous connection where no loop is to wait for: in a thread with a loop of its own."""

    async def run():
        async with engine.begin() as connection:
            await connection.run_sync(function)
        if engine.url.database not in (None, "", ":memory:"):
            await engine.dispose()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result()


'''


@dataclass(frozen=True, eq=False)
class SchemaChanges:
    """Answers for the places of one project that make or drop tables."""

    project: Project

    def changes(self, use: EngineUse) -> Iterator[Change]:
        """What one of them becomes. Refused where it cannot follow."""
        call, module = use.call, use.module
        assert call is not None
        statement = self.project.scopes(module).parents[call]
        if not isinstance(statement, ast.Expr) or len(call.args) + len(call.keywords) != 1:
            raise Refused(f"`{use.name}()` has to run inside a connection: rewrite it by hand")
        if self._bridged(use):
            yield self._in_loop(use, call)
        else:
            yield self._in_connection(use, call, statement)

    def _bridged(self, use: EngineUse) -> bool:
        """Whether no loop runs around it, while a module is imported or in a test that stays synchronous."""
        around = self.project.callgraph.around(use.node, use.module).node
        alone = self.project.loops.without(around) or around in self.project.ends
        return alone and around not in self.project.colouring.asynchronous

    def _in_connection(self, use: EngineUse, call: ast.Call, statement: ast.stmt) -> Change:
        source = self._source(use.module)
        Awaiting(source, self.project.scopes(use.module).parents).generators(call)
        start, end = source.segment(statement)
        indent = source.text[source.lines[statement.lineno - 1] : start]
        if indent.strip():
            raise Refused(f"`{use.name}()` has no line of its own")
        engine, method = ast.unparse(use.node), source.text[slice(*source.segment(call.func))]
        step = "\t" if indent.startswith("\t") else "    "
        text = (
            f"async with {engine}.begin() as connection:{source.newline}{indent}{step}"
            f"await connection.run_sync({method})"
        )
        return Change(PATTERN, use.module, call, "it runs inside a connection", (Edit(start, end, text),))

    def _in_loop(self, use: EngineUse, call: ast.Call) -> Change:
        """`in_a_loop_of_its_own(engine, metadata.create_all)`, with that function where the file first needs it."""
        source, (start, end) = self._source(use.module), self._source(use.module).segment(call)
        engine, method = (source.text[slice(*source.segment(node))] for node in (use.node, call.func))
        edits = [Edit(start, end, f"{_NAME}({engine}, {method})")]
        adds: tuple[ImportName, ...] = ()
        if self._first(use):
            if any(isinstance(node, ast.FunctionDef) and node.name == _NAME for node in source.tree.body):
                raise Refused(f"the file has a {_NAME}() of its own")
            at = line_of(source, self._top(use))
            edits.insert(0, Edit(at, at, _HELPER.lstrip("\n").replace("\n", source.newline)))
            adds = (ImportName("asyncio"), ImportName("concurrent.futures", "ThreadPoolExecutor"))
        message = "no loop runs around it: it runs in one of its own"
        return Change(PATTERN, use.module, call, message, tuple(edits), adds, bridge="loop")

    def _first(self, use: EngineUse) -> bool:
        uses = [one for one in self.project.engines.uses if one.module is use.module and one.role == "schema"]
        return min((one for one in uses if self._bridged(one)), key=lambda one: one.node.lineno) is use

    def _top(self, use: EngineUse) -> ast.AST:
        """The statement of the module that a use belongs to."""
        last: ast.AST = use.node
        for above in self.project.scopes(use.module).ancestors(use.node):
            if isinstance(above, ast.Module):
                break
            last = above
        return last

    def _source(self, module: Module) -> Source:
        return self.project.sources[module.path]


def line_of(source: Source, statement: ast.AST) -> int:
    """Where the first line of a statement begins, its decorators included."""
    decorators = getattr(statement, "decorator_list", [])
    first: int = min(node.lineno for node in [statement, *decorators])
    return source.lines[first - 1]
