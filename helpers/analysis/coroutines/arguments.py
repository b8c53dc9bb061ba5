"""Where coroutines go that are passed to a call: who awaits them, who keeps them, who takes them for plain values."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.annotations import named_in
from helpers.analysis.callees import Callee, Callees, arguments
from helpers.analysis.coroutines.known import TAKERS, Kind, takes
from helpers.analysis.symbols import Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.coroutines.fates import Fates

_BUILTINS = frozenset(dir(builtins))
_SAME = frozenset({"list", "tuple", "set", "frozenset", "sorted", "reversed", "enumerate", "zip", "iter", "dict"})
_LOOKS = frozenset({"isinstance", "hasattr", "type", "id", "repr", "callable"})
_GROWS = frozenset({"append", "appendleft", "extend", "put", "put_nowait"})
_GROWS_IF_WRITTEN = frozenset({"add", "insert", "update", "setdefault"})  # a session has an add() too
_CONTAINERS = (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
_TAKEN_AS = frozenset({"Awaitable", "Coroutine", "Future", "AsyncIterator", "AsyncIterable", "AsyncGenerator"})


@dataclass(eq=False)
class Arguments:
    """Answers for the calls of one project."""

    fates: Fates

    def of(self, call: ast.Call, given: ast.expr | ast.keyword, module: Module, kind: Kind) -> str:
        """Empty where the call sees to an argument: to one that is spread with `*`, a keyword, or a plain one."""
        name = _name(call)
        if name in TAKERS or any(self._refers(one, module) for one in _plain(call)):
            return ""
        if name == "cast":
            return self.fates.of(call, module, kind)
        if isinstance(call.func, ast.Name) and name in _BUILTINS and not self._callees.functions(call, module):
            return self._builtin(call, module, kind)
        if isinstance(call.func, ast.Attribute) and self._grows(call.func, module):
            return self.fates.names.grown(call.func.value, module)
        return self._passed(call, given, module, kind)

    @cached_property
    def _callees(self) -> Callees:
        return Callees(self.fates.project)

    def _builtin(self, call: ast.Call, module: Module, kind: Kind) -> str:
        name = _name(call)
        if kind == "several" and name in _SAME:
            return self.fates.of(call, module, kind)
        if kind == "several" and name == "next":
            return self.fates.of(call, module, "coroutine")
        if kind == "generator":
            return f"{name}() cannot read an asynchronous generator"
        return "it is looked at and not awaited" if name in _LOOKS else f"{name}() takes the coroutine for the value"

    def _grows(self, func: ast.Attribute, module: Module) -> bool:
        """Whether a method puts its argument into a list, a set, a dict or a queue."""
        if (
            func.attr not in _GROWS | _GROWS_IF_WRITTEN
            or self.fates.project.sessions.of(func.value, module) is not None
        ):
            written = self._written(func.value, module)
            return written and func.attr in _GROWS | _GROWS_IF_WRITTEN
        return func.attr in _GROWS or self._written(func.value, module)

    def _written(self, node: ast.expr, module: Module) -> bool:
        """Whether a name holds a container that is written out, or made by its class."""
        if not isinstance(node, ast.Name):
            return False
        bindings = self.fates.project.scopes(module).lookup(node.id, node)
        return any(
            isinstance(one.value, _CONTAINERS)
            or (isinstance(one.value, ast.Call) and _name(one.value) in {*_SAME, "deque", "Queue", "defaultdict"})
            for one in bindings
        )

    def _passed(self, call: ast.Call, given: ast.expr | ast.keyword, module: Module, kind: Kind) -> str:
        """To a function of the project that does something with its parameter, or to somebody from outside."""
        found = list(self._parameters(call, given, module))
        if found:
            fates = [self._parameter(callee, argument, kind) for callee, argument in found]
            return "" if "" in fates else f"it is passed to {_name(call)}(): {fates[0]}"
        if kind in ("generator", "context", "either") or self._hoped(call):
            return ""
        if isinstance(given, ast.Starred) and self._callees.functions(call, module):
            return ""  # which parameter gets it is not told apart
        return f"{_name(call) or 'what is called'}() takes the coroutine for the value"

    def _refers(self, node: ast.expr, module: Module) -> bool:
        """Whether it is a function that awaits, handed over as it is: `executor.submit(asyncio.run, work())`."""
        if isinstance(node, ast.Name):
            bindings = self.fates.project.scopes(module).lookup(node.id, node)
            return node.id in TAKERS and all(one.kind == "import" for one in bindings)
        return isinstance(node, ast.Attribute) and node.attr in TAKERS and dotted_name(node.value) != "self"

    def _hoped(self, call: ast.Call) -> bool:
        """Whether the name of somebody from outside lets hope that a coroutine is what is wanted."""
        return not self.fates.strict and takes(_name(call))

    def _parameters(
        self, call: ast.Call, given: ast.expr | ast.keyword, module: Module
    ) -> Iterator[tuple[Callee, ast.arg]]:
        value = given.value if isinstance(given, ast.keyword | ast.Starred) else given
        for callee in (*self._callees.functions(call, module), *self._constructors(call, module)):
            for argument, passed in arguments(call, callee):
                if passed is value:
                    yield callee, argument
            spread = callee.function.args.vararg
            if isinstance(given, ast.Starred) and spread is not None:
                yield callee, spread

    def _constructors(self, call: ast.Call, module: Module) -> Iterator[Callee]:
        owner = self._callees.made_class(call, module)
        if owner and (found := self._callees.method(owner, "__init__")):
            yield Callee(found[0], found[1], bound=True)

    def _parameter(self, callee: Callee, argument: ast.arg, kind: Kind) -> str:
        given = callee.function.args
        if {(dotted_name(one) or "").rpartition(".")[2] for one in named_in(argument.annotation)} & _TAKEN_AS:
            return ""
        many: Kind = "several" if argument in (given.vararg, given.kwarg) else kind
        return self.fates.names.parameter(argument, callee.function, callee.module, many)


def _name(call: ast.Call) -> str:
    """The last part of what is called."""
    func = call.func.value if isinstance(call.func, ast.Subscript) else call.func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _plain(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)
