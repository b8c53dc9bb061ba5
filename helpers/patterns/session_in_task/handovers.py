"""Places that hand a function over to run later or beside: background tasks, threads, executors, tasks, schedulers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from helpers.analysis.project import Project
from helpers.analysis.symbols import External, Module, dotted_name

Way = Literal["later", "beside", "awaited", "together", "queue"]
# name of the call to (place of the function among the arguments, how it runs)
_FLAT: dict[str, tuple[int, Way]] = {
    "add_task": (0, "later"),
    "run_in_executor": (1, "beside"),
    "to_thread": (0, "beside"),
    "run_in_threadpool": (0, "beside"),
    "submit": (0, "beside"),
    "start_soon": (0, "beside"),
    "call_soon": (0, "beside"),
    "call_soon_threadsafe": (0, "beside"),
    "call_later": (1, "beside"),
}
_COROUTINES = frozenset({"create_task", "ensure_future", "run_coroutine_threadsafe"})
_TOGETHER = frozenset({"gather", "wait", "as_completed", "map"})
_PACKED = frozenset({"Thread", "Process", "Timer", "add_job", "BackgroundTask"})
_QUEUED = frozenset({"delay", "apply_async", "send", "enqueue", "send_with_options"})
_POOLS = ("executor", "pool", "concurrent.futures")


@dataclass(frozen=True, eq=False)
class HandOver:
    """A function and what it is given. `at` is the call that takes them, `holder` the one that lists the arguments.

    `packed` is the tuple or list that holds the arguments where they are given as one (`Thread(args=(db, 1))`).
    """

    module: Module
    at: ast.Call
    way: Way
    function: ast.expr
    holder: ast.Call
    args: tuple[ast.expr, ...] = ()
    keywords: tuple[ast.keyword, ...] = ()
    packed: ast.Tuple | ast.List | None = None

    @property
    def values(self) -> tuple[ast.expr, ...]:
        """Everything that the function is given."""
        return (*self.args, *(keyword.value for keyword in self.keywords))

    @property
    def by(self) -> str:
        """What takes the function, as written."""
        return dotted_name(self.at.func) or "the call"


@dataclass(frozen=True, eq=False)
class HandOvers:
    """Finds them in one module."""

    project: Project
    module: Module

    def all(self) -> Iterator[HandOver]:
        """Every hand-over of the module, in the order of the text."""
        for call in self.module.nodes.of(ast.Call):
            name = (dotted_name(call.func) or "").rpartition(".")[2] or _attribute(call.func)
            if name in _FLAT:
                yield from self._flat(call, *_FLAT[name])
            elif name == "run_sync" and "to_thread" in (dotted_name(call.func) or ""):
                yield from self._flat(call, 0, "beside")
            elif name in _COROUTINES and call.args:
                yield from self._coroutine(call, call.args[0], "beside")
            elif name in _TOGETHER and self._is_asyncio(call):
                yield from self._together(call)
            elif name in _PACKED:
                yield from self._packed(call)
            elif name in _QUEUED and isinstance(call.func, ast.Attribute):
                yield from self._queued(call, call.func)

    def _flat(self, call: ast.Call, place: int, way: Way) -> Iterator[HandOver]:
        targets = self.project.callgraph.targets
        if len(call.args) <= place or (_attribute(call.func) == "submit" and not self._is_pool(call)):
            return
        if any(targets.called(call, self.module)) and not targets.meant(call.args[place], self.module):
            return  # a function of the project that has such a name
        how: Way = "awaited" if isinstance(self._above(call), ast.Await) else way
        yield from self._unwrapped(call, call.args[place], how, tuple(call.args[place + 1 :]), tuple(call.keywords))

    def _unwrapped(
        self, call: ast.Call, function: ast.expr, way: Way, args: tuple[ast.expr, ...], words: tuple[ast.keyword, ...]
    ) -> Iterator[HandOver]:
        """A `partial` is opened: what it binds comes first."""
        inner = self._value_of(function)
        if isinstance(inner, ast.Call) and (dotted_name(inner.func) or "").rpartition(".")[2] == "partial":
            if inner.args:
                given = (*inner.args[1:], *args)
                yield HandOver(self.module, call, way, inner.args[0], inner, given, (*inner.keywords, *words))
            return
        yield HandOver(self.module, call, way, function, call, args, words)

    def _value_of(self, function: ast.expr) -> ast.expr:
        """What a variable that is handed over holds, where it is given once."""
        if isinstance(function, ast.Name):
            bindings = self.project.scopes(self.module).lookup(function.id, function)
            if len(bindings) == 1 and bindings[0].kind == "value" and bindings[0].value is not None:
                return bindings[0].value
        return function

    def _coroutine(self, call: ast.Call, made: ast.expr, way: Way) -> Iterator[HandOver]:
        if isinstance(made, ast.Call):
            yield HandOver(self.module, call, way, made.func, made, tuple(made.args), tuple(made.keywords))

    def _together(self, call: ast.Call) -> Iterator[HandOver]:
        for argument in call.args:
            plain = argument.value if isinstance(argument, ast.Starred) else argument
            if isinstance(plain, ast.ListComp | ast.GeneratorExp | ast.SetComp):
                plain = plain.elt
            yield from self._coroutine(call, plain, "together")

    def _packed(self, call: ast.Call) -> Iterator[HandOver]:
        words = {keyword.arg: keyword.value for keyword in call.keywords}
        name = (dotted_name(call.func) or "").rpartition(".")[2]
        first = {"Thread": 1, "Process": 1, "Timer": 1}.get(name, 0)
        function = words.get("target") or words.get("func") or words.get("function")
        function = function or (call.args[first] if len(call.args) > first else None)
        given = words.get("args")
        if name == "BackgroundTask" and function is not None:
            rest = tuple(call.args[1:])
            yield HandOver(self.module, call, "later", function, call, rest, tuple(call.keywords))
        elif function is not None:
            packed = given if isinstance(given, ast.Tuple | ast.List) else None
            more = words.get("kwargs")
            values = tuple(packed.elts) if packed else ((given,) if given else ())
            unread = (ast.keyword(None, more),) if more is not None else ()
            yield HandOver(self.module, call, "beside", function, call, values, unread, packed)

    def _queued(self, call: ast.Call, func: ast.Attribute) -> Iterator[HandOver]:
        if self.project.callgraph.targets.meant(func.value, self.module):
            yield HandOver(self.module, call, "queue", func.value, call, tuple(call.args), tuple(call.keywords))

    def _is_asyncio(self, call: ast.Call) -> bool:
        found = self.project.resolve(self.module, dotted_name(call.func) or "", call.func)
        return isinstance(found, External) and found.name.partition(".")[0] in ("asyncio", "anyio")

    def _is_pool(self, call: ast.Call) -> bool:
        assert isinstance(call.func, ast.Attribute)
        text = ast.unparse(call.func.value).lower()
        made = self._value_of(call.func.value)
        return any(word in text for word in _POOLS) or "Executor" in ast.unparse(made)

    def _above(self, node: ast.AST) -> ast.AST | None:
        return self.project.scopes(self.module).parents.get(node)


def _attribute(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else ""
