"""What a value that holds a function is said to take and to return, once every function that gets there has changed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.callable_types import CallableType, FunctionNode, callable_types
from helpers.analysis.callees import decorated
from helpers.analysis.project import Project
from helpers.analysis.source import Located
from helpers.analysis.symbols import External, Module, dotted_name
from helpers.codemod.flip.awaiting import RUN
from helpers.codemod.flip.change import Change, Outcome
from helpers.codemod.flip.session_types import ASYNC_NAMES, PATTERN, SessionTypes, replacement
from helpers.codemod.flip.typing_names import abc_module
from helpers.model import Edit

_MANAGERS = {"ContextManager": "AsyncContextManager", "AbstractContextManager": "AbstractAsyncContextManager"}
_TYPING = frozenset({"typing", "collections.abc", "contextlib"})
_AWAITED = frozenset({"Awaitable", "Coroutine", "Any"})
_NEEDING = ("create_task", "run", "run_until_complete", "run_coroutine_threadsafe")  # they take nothing but coroutines
_RUNS = ("asyncio.run(", RUN)


@dataclass(eq=False)
class CallableTypes:
    """Answers for one project. `Callable[[Session], int]` becomes `Callable[[AsyncSession], Awaitable[int]]`."""

    project: Project
    types: SessionTypes

    @cached_property
    def _all(self) -> tuple[CallableType, ...]:
        return tuple(callable_types(self.project))

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        """Add to families that change what the types of values need, each place once."""
        changing = [one for one in outcomes if one.changes and not one.obstacles]
        if not changing:
            return
        family = {node: one for one in reversed(changing) for node in one.functions}
        made = {node for outcome in changing for one in outcome.changes for node in _made_asynchronous(one)}
        run = {node for outcome in changing for node in self._run(outcome.changes)}
        done = {(one.module.path, edit) for outcome in changing for one in outcome.changes for edit in one.edits}
        for one in self._all:
            owner = next((family[node] for node in one.functions or () if node in family), None)
            if owner is None or not all(_follows(node, family) for node in one.functions or ()):
                continue
            for change in [*self._sessions(one), *self._results(one, made, run)]:
                if not done.issuperset((change.module.path, edit) for edit in change.edits):
                    done.update((change.module.path, edit) for edit in change.edits)
                    owner.changes.append(change)
        for outcome in outcomes:
            if outcome.only_types and done.issuperset((o.module.path, e) for o in outcome.changes for e in o.edits):
                outcome.changes, outcome.obstacles = [], []  # somebody passes a session after all

    def _sessions(self, one: CallableType) -> Iterator[Change]:
        """The class of sessions, where the type names it; types of values inside are seen to by themselves."""
        source = self.project.sources[one.module.path]
        inner = [other.node for other in self._all if other.module is one.module and other.node is not one.node]
        told = one.node.slice if isinstance(one.node, ast.Subscript) else one.node
        for node, old in self.types.named(told, one.module):
            if any(_contains(other, node) and _contains(one.node, other) for other in inner):
                continue
            new = replacement(old)
            text, add = self.types.binder(one.module).name(*new)
            message = f"{new[1]} takes the place of {old.rpartition('.')[2]}"
            edits = (Edit(*source.segment(node), text),)
            yield Change(PATTERN, one.module, node, message, edits, (add,) if add else (), (old,))

    def _results(self, one: CallableType, made: set[ast.AST], run: set[ast.AST]) -> Iterator[Change]:
        """The result of what is awaited, read in turn or entered from now on."""
        functions, result = one.functions or (), one.result
        if not any(node in made for node in functions) or not all(_is_asynchronous(node, made) for node in functions):
            return
        kinds = {self._kind(node) for node in functions}
        name = self._typing(result, one.module) if result is not None else ""
        table = {"generator": ASYNC_NAMES, "manager": _MANAGERS}.get("".join(kinds), {})
        if result is not None and name in table:
            yield self._renamed(result, one.module, table[name])
        elif isinstance(one.node, ast.FunctionDef) and kinds == {"plain"}:
            start = self.project.sources[one.module.path].segment(one.node)[0]
            message = "it stands for functions that become asynchronous"
            yield Change("sync_function", one.module, one.node, message, (Edit(start, start, "async "),))
        elif result is not None and kinds == {"plain"} and name not in _AWAITED:
            meant = {*functions, *(node for wrapper in functions for node in self._wrapped(wrapper))}
            yield self._awaited(result, one.module, "Awaitable" if meant.isdisjoint(run) else "Coroutine")

    def _kind(self, function: FunctionNode) -> str:
        if decorated(function, "contextmanager", "asynccontextmanager"):
            return "manager"
        return "generator" if self.project.generators.gives(function) else "plain"

    def _awaited(self, result: ast.expr, module: Module, name: str) -> Change:
        """`Awaitable[R]` or `Coroutine[Any, Any, R]` for `R`."""
        source, binder = self.project.sources[module.path], self.types.binder(module)
        text, *adds = binder.name(abc_module(source.tree), name)
        text += "["
        if name == "Coroutine":
            anything, add = binder.name("typing", "Any")
            text, adds = f"{text}{anything}, {anything}, ", [*adds, add]
        start, end = source.segment(result)
        edits = (Edit(start, start, text), Edit(end, end, "]"))
        message = f"{name} says that what is called has to be awaited"
        return Change(PATTERN, module, result, message, edits, tuple(add for add in adds if add))

    def _renamed(self, result: ast.expr, module: Module, name: str) -> Change:
        """Another name for what the result is."""
        node = result.value if isinstance(result, ast.Subscript) else result
        source, old = self.project.sources[module.path], self._dotted(node, module)
        text, add = self.types.binder(module).name(old.rpartition(".")[0], name)
        edits = [Edit(*source.segment(node), text)]
        parts = result.slice if isinstance(result, ast.Subscript) else None
        if name == "AsyncGenerator" and isinstance(parts, ast.Tuple) and len(parts.elts) == 3:
            edits.append(Edit(source.segment(parts.elts[1])[1], source.segment(parts.elts[2])[1], ""))
        message = f"{name} takes the place of {old.rpartition('.')[2]}"
        return Change(PATTERN, module, result, message, tuple(edits), (add,) if add else (), (old,))

    def _typing(self, node: ast.expr, module: Module) -> str:
        """The name of a type of the standard library, its arguments left out; empty for any other type."""
        base, _, last = self._dotted(node.value if isinstance(node, ast.Subscript) else node, module).rpartition(".")
        return last if base in _TYPING else ""

    def _dotted(self, node: ast.expr, module: Module) -> str:
        found = self.project.symbols.resolve(module, dotted_name(node) or "")
        return found.name.replace("typing_extensions.", "typing.") if isinstance(found, External) else ""

    def _wrapped(self, wrapper: ast.AST) -> Iterator[ast.AST]:
        yield from (one.function for one in self.project.decorators.wrapped.get(wrapper, ()))

    def _run(self, changes: Sequence[Change]) -> Iterator[ast.AST]:
        """What is called for something that takes nothing but a coroutine, now or once it has changed."""
        calls: list[ast.AST] = [
            one.node  # type: ignore[misc]  # a call
            for one in changes
            if any(edit.text in _RUNS for edit in one.edits)
        ]
        given = [call.args[0] for name in _NEEDING for _, call in self.project.calls.get(name, ()) if call.args]
        for call in (*calls, *given):
            for edge in self.project.callgraph.at.get(call, ()):
                yield edge.callee.node
                yield from self._wrapped(edge.callee.node)


def _made_asynchronous(change: Change) -> Iterator[ast.AST]:
    if isinstance(change.node, FunctionNode) and any(edit.text == "async " for edit in change.edits):
        yield change.node


def _is_asynchronous(node: ast.AST, made: set[ast.AST]) -> bool:
    return node in made or isinstance(node, ast.AsyncFunctionDef)


def _follows(node: ast.AST, family: dict[ast.AST, Outcome]) -> bool:
    """Whether a function changes with a family, or has changed before."""
    return node in family or isinstance(node, ast.AsyncFunctionDef)


def _contains(outer: Located, inner: Located) -> bool:
    start, end = (outer.lineno, outer.col_offset), (outer.end_lineno or 0, outer.end_col_offset or 0)
    return start <= (inner.lineno, inner.col_offset) and (inner.end_lineno or 0, inner.end_col_offset or 0) <= end
