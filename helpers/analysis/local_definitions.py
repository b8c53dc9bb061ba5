"""How a name gets its value at some point of a function: definitions, and which of them reach where."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, eq=False)
class Definition:
    """One way a name gets its value. `value` is the expression where one is assigned as it is, None otherwise."""

    name: str
    node: ast.AST
    value: ast.expr | None = None

    @property
    def line(self) -> int:
        """Where it stands."""
        return getattr(self.node, "lineno", 0)


@dataclass(frozen=True)
class Reached:
    """A definition at some point of the text; `rebound` are the watched names that got another value since."""

    definition: Definition
    rebound: frozenset[str] = frozenset()


State = dict[str, frozenset[Reached]]


def arguments_of(function: Function) -> Iterator[ast.arg]:
    """Every parameter."""
    arguments = function.args
    for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
        if one is not None:
            yield one


def join(one: State | None, two: State | None) -> State | None:
    """What reaches a point that is come to from either."""
    if one is None or two is None:
        return two if one is None else one
    empty: frozenset[Reached] = frozenset()
    return {name: one.get(name, empty) | two.get(name, empty) for name in {**one, **two}}
