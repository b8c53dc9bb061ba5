"""Where a function that is kept as a value goes: every place that calls it, or the reason why that cannot be told."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.callees import Callees, arguments
from helpers.analysis.flow import named
from helpers.analysis.function_values import LOOKING_AT, LOOKS, READING
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_ABOUT_IT = frozenset(
    {"__name__", "__qualname__", "__doc__", "__module__", "__wrapped__", "__dict__", "__annotations__"}
)
_ASKING = frozenset({"isinstance", "callable", "signature", "id", "repr", "str", "bool", "len", "hasattr", "getattr"})
_COPYING = frozenset(
    {"wraps", "update_wrapper", "iscoroutinefunction", "isgeneratorfunction", "getdoc", "get_type_hints"}
)
_LOOPS = (ast.For, ast.AsyncFor, ast.comprehension)
_SEVERAL = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.DictComp, ast.ListComp, ast.SetComp, ast.GeneratorExp)


class UnfollowedError(Exception):
    """A place where a value goes out of sight; its text completes `it is ...`."""


@dataclass(frozen=True, eq=False)
class Called:
    """A call of the value, or what is known to call it (`Depends`) with no call in sight."""

    call: ast.Call
    module: Module
    by: str = ""


@dataclass(eq=False)
class FunctionUses:
    """Follows one value through one project; made anew for each."""

    project: Project
    awaits: Callable[[ast.Call, ast.AST, Module], bool] = field(default=lambda *_: False)
    seen: set[ast.AST] = field(default_factory=set)

    def of(self, node: ast.AST, module: Module) -> Iterator[Called]:
        """Every call of what `node` holds. UnfollowedError where it goes out of sight."""
        if node in self.seen:
            return
        self.seen.add(node)
        above = self._above(node, module)
        match above:
            case ast.Call() if above.func is node:
                yield Called(above, module)
            case ast.Call():
                yield from self._given(node, above, module)
            case ast.keyword():
                call = self._above(above, module)
                if not isinstance(call, ast.Call):
                    raise UnfollowedError("handed to the class of a class")
                yield from self._given(node, call, module)
            case ast.Assign() | ast.AnnAssign() if above.value is node:
                for target in above.targets if isinstance(above, ast.Assign) else [above.target]:
                    yield from self._bound(target, module)
            case ast.IfExp() if above.test is node:
                return
            case ast.IfExp() | ast.BoolOp() | ast.NamedExpr():
                yield from self.of(above, module)
                if isinstance(above, ast.NamedExpr):
                    yield from self._bound(above.target, module)
            case ast.Attribute():
                if above.attr not in _ABOUT_IT and above.attr.startswith("__"):
                    raise UnfollowedError(f"asked for `.{above.attr}`")
                self._of_instance(node, above.attr, module)
            case ast.Return():
                self._returned(node, module)
            case _ if isinstance(above, _SEVERAL):
                yield from self._several(above, module)
            case ast.Compare() | ast.Expr() | ast.UnaryOp() | ast.If() | ast.Assert() | ast.FormattedValue():
                return
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node in above.decorator_list:
                return
            case _:
                raise UnfollowedError("kept as a value")

    def _above(self, node: ast.AST, module: Module) -> ast.AST | None:
        return self.project.scopes(module).parents.get(node)

    def _given(self, node: ast.AST, call: ast.Call, module: Module) -> Iterator[Called]:
        """An argument of a call: of `partial`, of what only looks at it, of a function of the project."""
        name = dotted_name(call.func) or ""
        last = name.rpartition(".")[2]
        if (last == "partial" and call.args[0] is node) or last == "cast":
            yield from self.of(call, module)
        elif last in _ASKING | _COPYING or self._applied(call):
            return
        elif last in ("append", "add", "setdefault") and isinstance(call.func, ast.Attribute):
            yield from self._table(call.func.value, module)
        elif self.awaits(call, node, module):
            yield Called(call, module, name or ast.unparse(call.func)[:40])
        elif parameters := list(self._parameters(node, call, module)):
            for parameter, where in parameters:
                yield from self.parameter(parameter, where)
        else:
            raise UnfollowedError(f"handed to `{name or ast.unparse(call.func)[:40]}`")

    def _applied(self, call: ast.Call) -> bool:
        """Whether a builtin calls it at once, which is an edge of its own."""
        return any(edge.kind == "applied" for edge in self.project.callgraph.at.get(call, ()))

    def _parameters(self, node: ast.AST, call: ast.Call, module: Module) -> Iterator[tuple[ast.arg, Module]]:
        """The parameters of the project's functions that get it, all of them proved."""
        edges = [edge for edge in self.project.callgraph.at.get(call, ()) if edge.kind in ("call", "constructor")]
        callees = Callees(self.project).functions(call, module)
        if not edges or any(edge.tier is not Tier.PROVED for edge in edges):
            return
        taken = {edge.callee.node for edge in edges}
        owner = Callees(self.project).made_class(call, module)
        if owner is not None and len(edges) == 1:
            init, where = edges[0].callee.node, edges[0].callee.module
            assert isinstance(init, FunctionNode)
            positional = [*init.args.posonlyargs, *init.args.args][1:]
            pairs = dict(zip(call.args, positional, strict=False))
            yield from ((one, where) for value, one in pairs.items() if value is node)
            return
        for callee in callees:
            if callee.function in taken:
                found = [argument for argument, value in arguments(call, callee) if value is node]
                yield from ((one, callee.module) for one in found)

    def parameter(self, argument: ast.arg, module: Module) -> Iterator[Called]:
        """Every call of what a parameter holds."""
        if argument in self.seen:
            return
        self.seen.add(argument)
        function = self._above(self._above(argument, module) or argument, module)
        if not isinstance(function, FunctionNode) or argument in (function.args.vararg, function.args.kwarg):
            raise UnfollowedError(f"one of several arguments that {getattr(function, 'name', 'a lambda')} takes")
        if len(self.project.scopes(module).bindings(function).get(argument.arg, ())) != 1:
            raise UnfollowedError(f"replaced in {function.name}")
        for read in named(function, argument.arg):
            if isinstance(read.ctx, ast.Load):
                yield from self.of(read, module)

    def _bound(self, target: ast.expr, module: Module) -> Iterator[Called]:
        if isinstance(target, ast.Name):
            for where, read in self._reads(target, module):
                yield from self.of(read, where)
        elif isinstance(target, ast.Subscript):
            yield from self._table(target.value, module)
        elif isinstance(target, ast.Attribute) and target.attr in _ABOUT_IT:
            return
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            yield from self._on_self(target, module)
        else:
            raise UnfollowedError("kept as a value")

    def _on_self(self, target: ast.Attribute, module: Module) -> Iterator[Called]:
        """`self.x = function`: every `.x` of the project has to be one on `self` in that class."""
        owner = self.project.scopes(module).owner(target)
        for where, read in self.project.references.by_name.get(target.attr, ()):
            if not (isinstance(read, ast.Attribute) and isinstance(read.ctx, ast.Load)):
                continue
            own = where is module and self.project.scopes(where).owner(read) is owner
            if not (own and getattr(read.value, "id", "") == "self"):
                raise UnfollowedError(f"kept in `.{target.attr}`, which others may call")
            yield from self.of(read, where)

    def _reads(self, target: ast.Name, module: Module) -> list[tuple[Module, ast.expr]]:
        """Every place that reads a variable."""
        scopes = self.project.scopes(module)
        function = scopes.function(target)
        if function is not None and scopes.bindings(function).get(target.id):
            return [(module, one) for one in named(function, target.id) if isinstance(one.ctx, ast.Load)]
        found = self.project.function_values.table(target, module)
        if function is not None or found is None:
            raise UnfollowedError(f"kept in `{target.id}`, which is given more than one value")
        return found[2]

    def _table(self, node: ast.expr, module: Module) -> Iterator[Called]:
        """What is put into a dict or a list under a name."""
        found = self.project.function_values.table(node, module) if isinstance(node, ast.Name | ast.Attribute) else None
        if found is None:
            raise UnfollowedError(
                f"kept as a value in `{ast.unparse(node)[:40]}`, of which not every place is in sight"
            )
        value, _, uses = found
        for where, use in uses:
            yield from self._taken(use, where, keyed=isinstance(value, ast.Dict | ast.DictComp | ast.Call))

    def _several(self, display: ast.AST, module: Module) -> Iterator[Called]:
        """A dict, a list or a comprehension that it is part of."""
        if display in self.seen:
            return
        self.seen.add(display)
        keyed = isinstance(display, ast.Dict | ast.DictComp)
        above = self._above(display, module)
        if isinstance(above, ast.Assign | ast.AnnAssign):
            targets = above.targets if isinstance(above, ast.Assign) else [above.target]
            for target in targets:
                if not isinstance(target, ast.Name):
                    raise UnfollowedError("kept as a value")
                uses = self._reads(target, module)
                if not uses:
                    raise UnfollowedError("kept as a value")  # for others, who are not in sight
                for where, use in uses:
                    yield from self._taken(use, where, keyed=keyed)
            return
        yield from self._taken(display, module, keyed=keyed)

    def _taken(self, use: ast.AST, module: Module, *, keyed: bool) -> Iterator[Called]:
        """What a place that reads a table takes out of it."""
        above = self._above(use, module)
        if isinstance(above, ast.Subscript) and above.value is use:
            if isinstance(above.ctx, ast.Load):
                yield from self.of(above, module)
        elif isinstance(above, ast.Attribute):
            yield from self._asked(above, module)
        elif isinstance(above, _LOOPS) and above.iter is use:
            if not keyed:
                yield from self._bound(above.target, module)
        elif isinstance(above, ast.Call) and dotted_name(above.func) in LOOKING_AT:
            if not keyed and dotted_name(above.func) not in ("len", "bool"):
                raise UnfollowedError(f"handed to `{dotted_name(above.func)}` with others")
        elif not isinstance(above, LOOKS):
            raise UnfollowedError("kept with others in what is handed on")

    def _asked(self, attribute: ast.Attribute, module: Module) -> Iterator[Called]:
        call = self._above(attribute, module)
        if attribute.attr in ("append", "add", "keys", "clear", "index", "count", "remove"):
            return
        if not isinstance(call, ast.Call) or attribute.attr not in READING - {"popitem", "copy"} | {"setdefault"}:
            raise UnfollowedError(f"kept in what `.{attribute.attr}` hands on")
        if attribute.attr in ("get", "pop", "setdefault"):
            yield from self.of(call, module)
            return
        loop = self._above(call, module)
        if not (isinstance(loop, _LOOPS) and loop.iter is call):
            raise UnfollowedError(f"kept in what `.{attribute.attr}()` hands on")
        target: ast.expr | None = loop.target
        if attribute.attr == "items":
            pair = isinstance(target, ast.Tuple) and len(target.elts) == 2
            target = target.elts[1] if pair and isinstance(target, ast.Tuple) else None
        if target is None:
            raise UnfollowedError("kept in pairs that are handed on")
        yield from self._bound(target, module)

    def _of_instance(self, node: ast.AST, name: str, module: Module) -> None:
        """What a decorator's class has besides is no call of the function, unless it becomes asynchronous with it."""
        for edge in self.project.callgraph.at.get(node, ()):
            for decorator in self.project.decorators.over(edge.callee.node):
                for wrapper in decorator.wrappers:
                    owner = self.project.scopes(decorator.module).owner(wrapper)
                    methods = owner.body if owner is not None and wrapper.name == "__call__" else ()
                    asynchronous = [one for one in methods if one in self.project.colouring.asynchronous]
                    if any(isinstance(one, FunctionNode) and one.name == name for one in asynchronous):
                        raise UnfollowedError(f"asked for `.{name}`, which becomes asynchronous")

    def _returned(self, node: ast.AST, module: Module) -> None:
        """A decorator gives its wrapper back, or what it was given; for anything else, who calls it is not followed."""
        function = self.project.scopes(module).function(node)
        taken = isinstance(function, FunctionNode) and function in self.project.decorators.by_taker
        if not taken or self.project.function_values.calls(function, module) != []:  # type: ignore[arg-type]
            raise UnfollowedError("given back, and who calls it then is not followed")
