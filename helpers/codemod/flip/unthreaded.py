"""A function that was handed to a thread and awaited there is called where it was handed, once it is asynchronous."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.flow import named
from helpers.analysis.function_uses import Called
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.flip.applied import is_partial
from helpers.codemod.flip.change import Change
from helpers.codemod.refused import Refused
from helpers.codemod.statements import line_end, line_text
from helpers.model import Edit

PATTERN = "sync_caller"
_FIRST = frozenset(
    {"asyncio.to_thread", "starlette.concurrency.run_in_threadpool", "fastapi.concurrency.run_in_threadpool"}
    | {"anyio.to_thread.run_sync", "asyncio.threads.to_thread"}
)
_LOOPS = frozenset({"asyncio.get_event_loop", "asyncio.get_running_loop"})
_SESSION_IN_TASK = "AM501"


@dataclass(frozen=True, eq=False)
class Unthreaded:
    """Answers for one project."""

    project: Project

    def place(self, call: ast.Call, module: Module) -> int | None:
        """Which argument an awaited call runs on a thread; None for any other call."""
        if not isinstance(self.project.scopes(module).parents.get(call), ast.Await):
            return None
        if isinstance(call.func, ast.Attribute) and call.func.attr == "run_in_executor":
            return 1 if len(call.args) > 1 else None
        return 0 if call.args and self.project.meanings.external(call.func, module) in _FIRST else None

    def is_run(self, call: ast.Call, given: ast.AST, module: Module) -> bool:
        """Whether `given` is what such a call runs."""
        place = self.place(call, module)
        return place is not None and call.args[place] is given

    def answers(self, finding: tuple[str, int, int], module: Module) -> bool:
        """Whether what a pattern finds at a line and column, a session that goes to a thread, is no matter any more."""
        if finding[0] != _SESSION_IN_TASK:
            return False
        source = self.project.sources[module.path]
        for call in module.nodes.of(ast.Call):
            place = self.place(call, module)
            if place is None or not self._turns(call.args[place], module):
                continue
            held = self._value(call.args[place], module)
            if finding[1:] in {source.position(source.segment(one)[0]) for one in (call, call.args[place], held)}:
                return True
        return False

    def _turns(self, node: ast.expr, module: Module) -> bool:
        found = self.project.function_values.of(node, module) or self.project.callgraph.targets.functions(node, module)
        asynchronous = self.project.colouring.asynchronous
        return bool(found) and all(one in asynchronous or isinstance(one, ast.AsyncFunctionDef) for one in found)

    def _value(self, node: ast.expr, module: Module) -> ast.expr:
        bindings = self.project.scopes(module).lookup(node.id, node) if isinstance(node, ast.Name) else ()
        only = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "value" else None
        return only if only is not None else node

    def changes(self, called: Called, function: FunctionNode) -> Iterator[Change]:
        """What such a call becomes, and the loop that only it needed. Refused where that is not sure."""
        call, module = called.call, called.module
        place = self.place(call, module)
        if place is None:
            return
        node = call.args[place]
        if not self._turns(node, module) or self.project.generators.gives(function):
            raise Refused(f"what `{ast.unparse(call.func)}` runs may be another function: call it by its name")
        self._pool(call, place, module)
        symbol = self.project.callgraph.functions[function].symbol
        message = f"{symbol} becomes asynchronous and needs no thread"
        drops = [self.project.meanings.external(call.func, module) or "asyncio"]
        partial = isinstance(node, ast.Call) and is_partial(node)
        edits = self._of_partial(call, place, module) if partial else self._of_function(call, place, module)
        drops += ["functools.partial"] if partial else []
        yield Change(PATTERN, module, call, message, edits, drops=tuple(drops))
        yield from self._loop(call, module, message)

    def _pool(self, call: ast.Call, place: int, module: Module) -> None:
        """Refused where a call says more than which function runs: a limit, another process."""
        name = ast.unparse(call.func)
        if name.endswith("run_sync") and call.keywords:
            raise Refused(f"`{name}` is given `{call.keywords[0].arg}`, which nothing takes in its place")
        pool = call.args[0] if place else None
        if pool is None or (isinstance(pool, ast.Constant) and pool.value is None):
            return
        made = list(self._made(pool, module))
        if not made or not all(isinstance(one, ast.Call) and _last(one.func) == "ThreadPoolExecutor" for one in made):
            raise Refused(f"`{ast.unparse(pool)}` is not known to be a pool of threads")

    def _made(self, pool: ast.expr, module: Module) -> Iterator[ast.AST | None]:
        """Everything that a name of a pool may hold."""
        bindings = self.project.scopes(module).lookup(pool.id, pool) if isinstance(pool, ast.Name) else ()
        yield from (one.value for one in bindings)
        found = None if bindings else self.project.resolve(module, dotted_name(pool) or "", pool)
        if isinstance(found, Definition):
            yield found.node

    def _of_function(self, call: ast.Call, place: int, module: Module) -> tuple[Edit, ...]:
        """`to_thread(f, x)` as `f(x)`."""
        source, node = self.project.sources[module.path], call.args[place]
        (start, end), (first, last) = source.segment(call), source.segment(node)
        following = self._next(call, place, module)
        behind = Edit(last, end, "()") if following is None else Edit(last, following, "(")
        return (Edit(start, first, ""), behind)

    def _of_partial(self, call: ast.Call, place: int, module: Module) -> tuple[Edit, ...]:
        """`to_thread(partial(f, x), y)` as `f(x, y)`; as `partial(f, k=x)(y)` where the order would change."""
        source, node = self.project.sources[module.path], call.args[place]
        assert isinstance(node, ast.Call)
        (start, end), (first, last) = source.segment(call), source.segment(node)
        following = self._next(call, place, module)
        bound = [*node.args, *(one.value for one in node.keywords)]
        if node.keywords and following is not None:
            return (Edit(start, first, ""), Edit(last, following, "("))
        inner, inner_end = source.segment(node.args[0])
        more = self._next(node, 0, module)
        opening = Edit(start, inner, "")
        if following is None:
            behind = (Edit(inner_end, last, "()"),) if more is None else (Edit(inner_end, more, "("),)
            return (opening, *behind, Edit(last, end, ""))
        if more is None:
            return (opening, Edit(inner_end, following, "("))
        return (opening, Edit(inner_end, more, "("), Edit(source.segment(bound[-1])[1], following, ", "))

    def _next(self, call: ast.Call, place: int, module: Module) -> int | None:
        """Where the argument behind the one at `place` begins; None where none is behind it."""
        source = self.project.sources[module.path]
        behind: list[ast.expr | ast.keyword] = [*call.args[place + 1 :], *call.keywords]
        return min((source.offset(one.lineno, one.col_offset) for one in behind), default=None)

    def _loop(self, call: ast.Call, module: Module, message: str) -> Iterator[Change]:
        """The statement that gets the loop goes where nothing else uses that."""
        name = call.func.value if isinstance(call.func, ast.Attribute) else None
        scopes = self.project.scopes(module)
        function = scopes.function(call)
        if not isinstance(name, ast.Name) or function is None:
            return
        bindings = scopes.bindings(function).get(name.id, ())
        made = bindings[0].value if len(bindings) == 1 else None
        if not isinstance(made, ast.Call) or self.project.meanings.external(made.func, module) not in _LOOPS:
            return
        statement = scopes.parents[made]
        alone = isinstance(statement, ast.Assign) and len(statement.targets) == 1
        if alone and all(self._only(one, module) for one in named(function, name.id)):
            assert isinstance(statement, ast.stmt)
            yield Change(PATTERN, module, statement, message, (self._line(statement, module),), drops=("asyncio",))

    def _only(self, name: ast.Name, module: Module) -> bool:
        """Whether a name of a loop is given it, or runs what needs no thread any more."""
        parents = self.project.scopes(module).parents
        attribute = parents[name]
        call = parents.get(attribute)
        if isinstance(name.ctx, ast.Store):
            return True
        if not (isinstance(attribute, ast.Attribute) and isinstance(call, ast.Call) and call.func is attribute):
            return False
        place = self.place(call, module)
        return place is not None and self._turns(call.args[place], module)

    def _line(self, statement: ast.stmt, module: Module) -> Edit:
        """The line of a statement away, where a block is left without it. Refused where it shares its line."""
        source = self.project.sources[module.path]
        alone = line_text(source, statement.lineno).strip() == ast.get_source_segment(source.text, statement)
        block = getattr(self.project.scopes(module).parents[statement], "body", [])
        if not alone or block == [statement]:
            raise Refused("give the statement that gets the loop a line of its own")
        start = source.lines[statement.lineno - 1]
        end = line_end(source, statement.end_lineno or statement.lineno)
        return Edit(start, end + len(source.newline), "")


def _last(node: ast.expr) -> str:
    return (dotted_name(node) or "").rpartition(".")[2]
