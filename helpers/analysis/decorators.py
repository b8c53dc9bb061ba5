"""Decorators that the project writes itself: what they decorate, and what stands in its place afterwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.symbols import Definition, External, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_FIRST_OF = frozenset({"update_wrapper"})


@dataclass(frozen=True, eq=False)
class Decorator:
    """A decorator: `taker` is the function, or the constructor, whose `parameter` gets what is decorated.

    `wrappers` are the functions that stand in its place; none where the function itself is given back. What asks for
    the colour itself, and awaits what is asynchronous, serves both.
    """

    taker: FunctionNode
    parameter: ast.arg
    module: Module
    wrappers: tuple[FunctionNode, ...] = ()
    serves_both: bool = False


@dataclass(frozen=True, eq=False)
class Decorated:
    """A function under a decorator of the project."""

    function: FunctionNode
    module: Module
    by: Decorator


@dataclass(frozen=True, eq=False)
class Decorators:
    """Answers for one project."""

    project: Project

    @cached_property
    def all(self) -> tuple[Decorated, ...]:
        """Every function under a decorator that can be read, once for each, the innermost decorator first."""
        return tuple(one for module in self.project.symbols.modules.values() for one in self._in_module(module))

    @cached_property
    def by_taker(self) -> Mapping[ast.AST, tuple[Decorated, ...]]:
        """What takes a function to all that it is given as a decorator."""
        found: dict[ast.AST, list[Decorated]] = {}
        for one in self.all:
            found.setdefault(one.by.taker, []).append(one)
        return {taker: tuple(all_of_it) for taker, all_of_it in found.items()}

    @cached_property
    def wrapped(self) -> Mapping[ast.AST, tuple[Decorated, ...]]:
        """Wrapper to what it stands in the place of."""
        found: dict[ast.AST, list[Decorated]] = {}
        for one in self.all:
            for wrapper in one.by.wrappers:
                found.setdefault(wrapper, []).append(one)
        return {wrapper: tuple(all_of_it) for wrapper, all_of_it in found.items()}

    def over(self, function: ast.AST) -> Iterator[Decorator]:
        """The decorators of a function that can be read."""
        yield from (one.by for one in self.all if one.function is function)

    def _in_module(self, module: Module) -> Iterator[Decorated]:
        functions: list[FunctionNode] = [*module.nodes.of(ast.FunctionDef), *module.nodes.of(ast.AsyncFunctionDef)]
        for function in functions:
            for decorator in reversed(function.decorator_list):
                if found := self.read(decorator, module):
                    yield Decorated(function, module, found)

    def read(self, decorator: ast.expr, module: Module) -> Decorator | None:
        """What a decorator is; None for one from outside, and where it cannot be told what it gives back."""
        if decorator not in self._known:
            self._known[decorator] = self._read(decorator, module)
        return self._known[decorator]

    @cached_property
    def _known(self) -> dict[ast.AST, Decorator | None]:
        return {}

    def _read(self, decorator: ast.expr, module: Module) -> Decorator | None:
        maker = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = dotted_name(maker)
        found = self.project.resolve(module, name, maker) if name else None
        if not isinstance(found, Definition) or isinstance(found.node, ast.expr):
            return None
        if isinstance(decorator, ast.Call):
            taker = self._one_inside(found) if isinstance(found.node, FunctionNode) else None
        else:
            taker = found.node if isinstance(found.node, FunctionNode) else self._constructor(found)
        return self._of(taker, found.module) if taker is not None else None

    def _one_inside(self, factory: Definition) -> FunctionNode | None:
        """The function that a factory gives back wherever it returns."""
        assert isinstance(factory.node, FunctionNode)
        given = [
            self._inside(one.value, factory.node) for one in self.project.scopes(factory.module).results(factory.node)
        ]
        return given[0] if given and given[0] is not None and all(one is given[0] for one in given) else None

    def _constructor(self, owner: Definition) -> FunctionNode | None:
        own = [one for one in getattr(owner.node, "body", ()) if isinstance(one, FunctionNode)]
        return next((one for one in own if one.name == "__init__"), None)

    def _of(self, taker: FunctionNode, module: Module) -> Decorator | None:
        positional = [*taker.args.posonlyargs, *taker.args.args]
        if taker.name == "__init__":
            owner = self.project.class_of(taker, module)
            call = self._called_instance(owner) if owner else None
            return Decorator(taker, positional[1], module, (call,)) if call and len(positional) > 1 else None
        if not positional or isinstance(taker, ast.AsyncFunctionDef) or self.project.class_of(taker, module):
            return None
        if _asks_for_colour(taker, positional[0].arg):
            return Decorator(taker, positional[0], module, serves_both=True)
        wrappers: list[FunctionNode] = []
        results = self.project.scopes(module).results(taker)
        for result in results:
            given = self._given(result.value, taker, positional[0], module)
            if given is None:
                return None
            wrappers += given
        return Decorator(taker, positional[0], module, tuple(dict.fromkeys(wrappers))) if results else None

    def _given(
        self, value: ast.expr | None, taker: FunctionNode, parameter: ast.arg, module: Module
    ) -> tuple[FunctionNode, ...] | None:
        """The wrapper that a decorator returns; nothing for the function itself, None for anything else."""
        if isinstance(value, ast.Name) and value.id == parameter.arg:
            return ()
        if wrapper := self._inside(value, taker):
            return (wrapper,)
        if isinstance(value, ast.Call):
            last = (dotted_name(value.func) or "").rpartition(".")[2]
            if last == "cast" and len(value.args) == 2:
                return self._given(value.args[1], taker, parameter, module)
            if last in _FIRST_OF and value.args:
                return self._given(value.args[0], taker, parameter, module)
            found = self.project.resolve(module, dotted_name(value.func) or "", value.func)
            takes = any(isinstance(one, ast.Name) and one.id == parameter.arg for one in value.args)
            if isinstance(found, External) and self._is_given(value, parameter.arg):
                return ()  # what becomes of it there, whoever follows the parameter sees
            call = self._called_instance(found) if isinstance(found, Definition) and takes else None
            return (call,) if call else None
        return None

    def _is_given(self, call: ast.Call, name: str) -> bool:
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        return any(isinstance(one, ast.Name) and one.id == name for one in values)

    def _called_instance(self, owner: Definition) -> FunctionNode | None:
        own = [one for one in getattr(owner.node, "body", ()) if isinstance(one, FunctionNode)]
        return next((one for one in own if one.name == "__call__"), None)

    def _inside(self, value: ast.expr | None, function: FunctionNode) -> FunctionNode | None:
        """The function that a name means which `function` defines once in its own body."""
        if not isinstance(value, ast.Name):
            return None
        defined = [one for one in ast.walk(function) if isinstance(one, FunctionNode) and one.name == value.id]
        own = [one for one in defined if one in function.body]
        return own[0] if len(defined) == len(own) == 1 else None


def _asks_for_colour(taker: FunctionNode, name: str) -> bool:
    """Whether a decorator tests its function with `iscoroutinefunction` and awaits it in a wrapper of its own."""
    calls = [node for node in ast.walk(taker) if isinstance(node, ast.Call)]
    asks = any(
        (dotted_name(call.func) or "").rpartition(".")[2] == "iscoroutinefunction"
        and [getattr(one, "id", "") for one in call.args] == [name]
        for call in calls
    )
    awaits = (node.value for node in ast.walk(taker) if isinstance(node, ast.Await))
    return asks and any(isinstance(one, ast.Call) and getattr(one.func, "id", "") == name for one in awaits)
