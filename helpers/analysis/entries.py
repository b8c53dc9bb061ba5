"""What a dictionary holds that code computes: every key that it may have, with what that may be given."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.callees import Callee, arguments, decorated
from helpers.analysis.flow import named
from helpers.analysis.parameters import FunctionNode, default_of
from helpers.analysis.scopes import Binding
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import is_generator
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_READING = frozenset({"get", "pop", "keys", "items", "values", "copy"})
_KEEPING = frozenset({"cache", "lru_cache"})
_LOOKING = (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.If, ast.IfExp, ast.BinOp, ast.Return, ast.Dict)


class UnknownKeysError(Exception):
    """A place that makes or changes the dictionary in a way that is not followed; its text is that place."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One key and one value that it may have, with the module that the value stands in."""

    key: str
    value: ast.expr
    module: Module


@dataclass(eq=False)
class Entries:
    """Follows dictionaries through one project; made anew for each question."""

    project: Project
    _open: set[ast.AST] = field(default_factory=set)

    def of(self, node: ast.expr, module: Module) -> Iterator[Entry]:
        """Every entry that the dictionary `node` may have, nothing for None. UnknownKeysError where it is not told."""
        if node in self._open:
            return
        self._open.add(node)
        match node:
            case ast.Constant(value=None):
                return
            case ast.Dict():
                yield from self._written(node, module)
            case ast.IfExp(body=one, orelse=two) | ast.BinOp(left=one, op=ast.BitOr(), right=two):
                yield from self._each((one, two), module)
            case ast.BoolOp(values=values):
                yield from self._each(values, module)
            case ast.Call():
                yield from self._called(node, module)
            case ast.Name() | ast.Attribute():
                yield from self._named(node, module)
            case _:
                raise UnknownKeysError(_text(node))

    def _each(self, nodes: Iterable[ast.expr], module: Module) -> Iterator[Entry]:
        for node in nodes:
            yield from self.of(node, module)

    def _written(self, node: ast.Dict, module: Module) -> Iterator[Entry]:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                yield from self.of(value, module)
            elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield Entry(key.value, value, module)
            else:
                raise UnknownKeysError(_text(key))

    def _keywords(self, call: ast.Call, module: Module) -> Iterator[Entry]:
        for keyword in call.keywords:
            if keyword.arg is None:
                yield from self.of(keyword.value, module)
            else:
                yield Entry(keyword.arg, keyword.value, module)

    def _called(self, call: ast.Call, module: Module) -> Iterator[Entry]:
        """`dict(...)`, `x.copy()`, and what a function of the project returns."""
        if isinstance(call.func, ast.Name) and call.func.id == "dict":
            yield from self._each(call.args, module)
            yield from self._keywords(call, module)
            return
        if isinstance(call.func, ast.Attribute) and call.func.attr == "copy":
            yield from self.of(call.func.value, module)
            return
        found = self.project.resolve(module, dotted_name(call.func) or "", call.func)
        if not (isinstance(found, Definition) and isinstance(found.node, ast.FunctionDef)) or not _plain(found.node):
            raise UnknownKeysError(_text(call))
        for result in self.project.scopes(found.module).results(found.node):
            if result.value is not None:
                yield from self.of(result.value, found.module)

    def _named(self, node: ast.Name | ast.Attribute, module: Module) -> Iterator[Entry]:
        scopes = self.project.scopes(module)
        local = scopes.lookup(node.id, node) if isinstance(node, ast.Name) else ()
        function = scopes.function(local[0].node) if local and not isinstance(local[0].node, ast.arg) else None
        if local and isinstance(local[0].node, ast.arg):
            function = scopes.parents[scopes.parents[local[0].node]]  # type: ignore[assignment]
        if local and isinstance(node, ast.Name) and isinstance(function, FunctionNode):
            yield from self._bound(local, function, module)
            reads = [read for read in named(function, node.id) if isinstance(read.ctx, ast.Load)]
            for read in reads:
                yield from self._change(read, module)
            return
        found = self.project.resolve(module, dotted_name(node) or "", node)
        if local or not isinstance(found, Definition) or not isinstance(found.node, ast.expr):
            raise UnknownKeysError(_text(node))
        name = found.name.rpartition(".")[2]
        yield from self._bound(self.project.scopes(found.module).top_level(name), None, found.module)
        for use in self.project.references.of(found):
            yield from self._change(use.node, use.module)

    def _bound(self, bindings: Iterable[Binding], function: FunctionNode | None, module: Module) -> Iterator[Entry]:
        """What a name is bound to, in every way that binds it."""
        for binding in bindings:
            if isinstance(binding.node, ast.arg) and function is not None:
                yield from self._given(binding.node, function, module)
            elif binding.kind == "value" and binding.value is not None:
                yield from self.of(binding.value, module)
            elif isinstance(binding.node, ast.AugAssign) and isinstance(binding.node.op, ast.BitOr):
                yield from self.of(binding.node.value, module)
            else:
                raise UnknownKeysError(binding.target)

    def _given(self, argument: ast.arg, function: FunctionNode, module: Module) -> Iterator[Entry]:
        """What every caller gives for a parameter, or for `**options` besides the others."""
        default = default_of(function, argument)
        if default is not None:
            yield from self.of(default, module)
        edges = self.project.callgraph.calls_to.get(function, ())
        sure = all(edge.kind == "call" and edge.tier > Tier.BY_NAME for edge in edges)
        if not edges or not sure or argument is function.args.vararg or function.decorator_list:
            raise UnknownKeysError(argument.arg)
        for edge in edges:
            assert isinstance(edge.site, ast.Call)
            yield from self._passed(edge.site, edge.caller.module, argument, Callee(function, module))

    def _passed(self, call: ast.Call, where: Module, argument: ast.arg, callee: Callee) -> Iterator[Entry]:
        if any(isinstance(one, ast.Starred) for one in call.args):
            raise UnknownKeysError(_text(call))
        rest = argument is callee.function.args.kwarg
        names = {id(keyword.value): keyword.arg for keyword in call.keywords}
        for parameter, value in arguments(call, callee):
            if parameter is argument and rest and names.get(id(value)):
                yield Entry(str(names[id(value)]), value, where)
            elif parameter is argument:
                yield from self.of(value, where)

    def _change(self, read: ast.expr, module: Module) -> Iterator[Entry]:
        """What a place that reads the name adds to the dictionary. UnknownKeysError where it may be anything."""
        parents = self.project.scopes(module).parents
        above = parents[read]
        if isinstance(above, ast.Attribute):
            yield from self._method(above, parents.get(above), module)
        elif isinstance(above, ast.Subscript) and above.value is read:
            yield from self._item(above, parents[above], module)
        elif isinstance(above, ast.keyword):
            if above.arg not in (None, "connect_args"):
                raise UnknownKeysError(_text(read))
        elif not isinstance(above, (*_LOOKING, ast.Import, ast.ImportFrom)):
            raise UnknownKeysError(_text(read))

    def _method(self, method: ast.Attribute, call: ast.AST | None, module: Module) -> Iterator[Entry]:
        if not isinstance(call, ast.Call) or call.func is not method:
            raise UnknownKeysError(_text(method))
        if method.attr == "update":
            yield from self._each(call.args, module)
            yield from self._keywords(call, module)
        elif method.attr == "setdefault" and len(call.args) == 2 and isinstance(call.args[0], ast.Constant):
            yield Entry(str(call.args[0].value), call.args[1], module)
        elif method.attr not in _READING:
            raise UnknownKeysError(_text(call))

    def _item(self, item: ast.Subscript, above: ast.AST, module: Module) -> Iterator[Entry]:
        key = item.slice
        if isinstance(item.ctx, ast.Load | ast.Del) and not isinstance(above, ast.Subscript | ast.Attribute):
            return
        if not (isinstance(above, ast.Assign) and isinstance(key, ast.Constant) and isinstance(key.value, str)):
            raise UnknownKeysError(_text(item))
        yield Entry(key.value, above.value, module)


def _plain(function: ast.FunctionDef) -> bool:
    """Whether calling a function gives what it returns."""
    decorators = len(function.decorator_list)
    return not is_generator(function) and (not decorators or (decorators == 1 and decorated(function, *_KEEPING)))


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:60]
