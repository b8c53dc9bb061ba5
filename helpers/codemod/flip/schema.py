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
from helpers.codemod.flip.typing_names import abc_module
from helpers.codemod.imports import NameBinder
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

PATTERN = "sync_engine"
_NAME = "in_a_loop_of_its_own"
_HELPER = f'''
def {_NAME}({{engine}}, {{function}}){{nothing}}:
    """Run what needs a synchronous connection, in a thread with its own loop."""

    async def run(){{nothing}}:
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
            text, adds = self._helper(source)
            edits.insert(0, Edit(at, at, text.replace("\n", source.newline)))
        message = "no loop runs around it: it runs in one of its own"
        return Change(PATTERN, use.module, call, message, tuple(edits), adds, bridge="loop")

    def _helper(self, source: Source) -> tuple[str, tuple[ImportName, ...]]:
        """The function, with its types where a type checker reads them, and what it imports."""
        text = _HELPER.lstrip("\n")
        needs = (ImportName("asyncio"), ImportName("concurrent.futures", "ThreadPoolExecutor"))
        if not self.project.type_checked:
            return text.format(engine="engine", function="function", nothing=""), needs
        binder = NameBinder(source.tree, source.text)
        engine, first = binder.name("sqlalchemy.ext.asyncio", "AsyncEngine")
        function, second = binder.name(abc_module(source.tree), "Callable")
        connection, third = binder.name("sqlalchemy.engine", "Connection")
        types = {"engine": f"engine: {engine}", "function": f"function: {function}[[{connection}], object]"}
        return text.format(**types, nothing=" -> None"), (*needs, *(add for add in (first, second, third) if add))

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
