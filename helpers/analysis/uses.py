"""What a function does with a local object behind a place: where it is first named, whether a value of it is read."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from helpers.analysis.flow import Flow, blocks, header, leaves, mentions, named, rebinds
from helpers.analysis.parameters import FunctionNode

_NOT_READ = frozenset({"delete", "expunge", "add", "refresh", "expire", "is_modified"})
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, eq=False)
class Place:
    """Where a statement can be written: in front of `anchor`, or right behind it."""

    anchor: ast.stmt
    behind: bool = False


@dataclass(frozen=True, eq=False)
class Uses:
    """Questions about the names of one module."""

    flow: Flow

    def read(self, node: ast.AST, name: str, keys: frozenset[str]) -> bool:
        """Whether `node` may read a value of the object `name`; its primary `keys` do not count, nor tests for None."""
        return any(self._reads(part, keys) for part in named(node, name))

    def _reads(self, node: ast.Name, keys: frozenset[str]) -> bool:
        parents = self.flow.scopes.parents
        parent = parents.get(node)
        match parent:
            case ast.Attribute(ctx=ast.Store()):
                return isinstance(parents.get(parent), ast.AugAssign)
            case ast.Attribute(attr=attr, ctx=ast.Load()):
                return attr not in keys
            case ast.Call(func=ast.Attribute(attr=method)):
                return method not in _NOT_READ
            case ast.Call(func=ast.Name(id="setattr"), args=[first, *_]):
                return first is not node
            case ast.Compare(ops=[ast.Is() | ast.IsNot()]) | ast.UnaryOp(op=ast.Not()):
                return False
            case ast.If(test=test) | ast.IfExp(test=test):
                return test is not node
        return isinstance(node.ctx, ast.Load)

    def bound(self, function: FunctionNode, at: ast.stmt, name: str) -> bool:
        """Whether `name` surely has a value behind a statement: a parameter, or bound on every way that leads there."""
        arguments = function.args
        plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        if any(argument.arg == name for argument in plain):
            return True
        around = {id(parent) for parent, _ in self.flow.around(at)}
        inside = at.body if isinstance(at, ast.With) else []
        if any(_surely_binds(item, name) for item in inside):
            return True
        return any(
            any(rebinds(part, name) for part in header(item)) if id(item) in around else _surely_binds(item, name)
            for item in self.flow.before(at)
        )

    def first(self, statements: Iterable[ast.stmt], name: str) -> ast.stmt | None:
        """The first of `statements` that names `name`, looked for inside the block that alone does so."""
        found = next((statement for statement in statements if mentions(statement, name)), None)
        return self._inside(found, name) if found is not None else None

    def _inside(self, statement: ast.stmt, name: str) -> ast.stmt:
        if not isinstance(statement, ast.If | ast.With) or any(mentions(part, name) for part in header(statement)):
            return statement
        inner = [block for block in blocks(statement) if any(mentions(item, name) for item in block)]
        if len(inner) != 1:
            return statement
        if isinstance(statement, ast.If) and inner[0] is statement.orelse and isinstance(inner[0][0], ast.If):
            return statement  # an elif has no line of its own in front of it
        return self.first(inner[0], name) or statement

    def changes(self, statement: ast.stmt) -> bool:
        """Whether a statement sets an attribute of anything: that may be another name of the same object."""
        return any(
            (isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store))
            or (isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "setattr")
            for part in ast.walk(statement)
        )

    def not_none(self, name: str, at: ast.stmt) -> bool:
        """Whether `name` is surely an object at a statement: it was tested, or an attribute of it was used before."""
        for around, block in self.flow.around(at):
            if isinstance(around, ast.If) and block is around.body and _true_when_object(around.test, name):
                return True
        for statement in self.flow.before(at):
            if isinstance(statement, ast.If) and _none_leaves(statement, name):
                return True
            parts = list(header(statement))
            if any(isinstance(part, ast.Name | ast.withitem) and rebinds(part, name) for part in parts):
                return False
            if _attribute_used(parts, name):
                return True
        return False

    def reaches(self, statements: Iterable[ast.stmt], name: str) -> Iterator[ast.stmt]:
        """Those of `statements` up to the one that gives `name` another value."""
        for statement in statements:
            yield statement
            if rebinds(statement, name):
                return

    def in_nested_function(self, statement: ast.stmt, name: str) -> bool:
        """Whether it is a function or a class inside that names it."""
        return isinstance(statement, _NESTED) or any(
            isinstance(part, (*_NESTED, ast.Lambda)) and mentions(part, name) for part in ast.walk(statement)
        )


def _surely_binds(statement: ast.stmt, name: str) -> bool:
    """Whether a statement gives `name` a value whenever it runs to its end."""
    if not rebinds(statement, name):
        return False
    if isinstance(statement, ast.If):
        ways = [way for way in (statement.body, statement.orelse) if not (way and leaves(way))]
        return all(any(_surely_binds(item, name) for item in way) for way in ways)
    if isinstance(statement, ast.Try):
        ways = [statement.body, *(item.body for item in statement.handlers if not leaves(item.body))]
        return all(any(_surely_binds(item, name) for item in way) for way in ways)
    if isinstance(statement, ast.With | ast.AsyncWith):
        return any(rebinds(part, name) for part in header(statement)) or any(
            _surely_binds(item, name) for item in statement.body
        )
    return not isinstance(statement, ast.For | ast.AsyncFor | ast.While | ast.Match)


def _true_when_object(test: ast.expr, name: str) -> bool:
    """`x`, `x is not None`, and these joined by `and`."""
    match test:
        case ast.Name(id=identifier):
            return identifier == name
        case ast.Compare(left=ast.Name(id=identifier), ops=[ast.IsNot()]):
            return identifier == name
        case ast.BoolOp(op=ast.And(), values=values):
            return any(_true_when_object(value, name) for value in values)
    return False


def _none_leaves(statement: ast.If, name: str) -> bool:
    """`if x is None: raise ...`, also with `not x` and `x is None or ...`; or the branch for None gives it a value."""
    test = statement.test
    if _true_when_object(test, name) and not isinstance(test, ast.BoolOp):
        return _made_in(statement.orelse, name)
    tests = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
    if not any(_true_when_none(one, name) for one in tests):
        return False
    return leaves(statement.body) or _made_in(statement.body, name)


def _made_in(block: list[ast.stmt], name: str) -> bool:
    """`x = Model(...)` where it was None."""
    return any(
        isinstance(item, ast.Assign)
        and isinstance(item.value, ast.Call)
        and any(isinstance(target, ast.Name) and target.id == name for target in item.targets)
        for item in block
    )


def _true_when_none(test: ast.expr, name: str) -> bool:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=identifier)):
            return identifier == name
        case ast.Compare(left=ast.Name(id=identifier), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return identifier == name
    return False


def _attribute_used(parts: list[ast.AST], name: str) -> bool:
    """Whether an attribute of the object is surely read or set; what stands behind `and`, `or`, `if` may not run."""
    for part in parts:
        if isinstance(part, ast.BoolOp | ast.IfExp | ast.Lambda | ast.GeneratorExp):
            return False
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == name:
            return True
    return False
