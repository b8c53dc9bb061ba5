"""The vocabulary of `mapped_objects`: an object of a mapped class, how sure it is, what answers have in common."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from typing import Literal

from helpers.analysis.mapping import Entity
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.symbols import Definition, Module, Resolved

State = Literal["stored", "added", "new", "unknown"]


@dataclass(frozen=True)
class Instance:
    """An object of a mapped class. `optional`: it may be None; `stored`: a session holds it with its row.

    `added` may be one that was made and added to a session, in a transaction that is still open; `new` is one that
    nothing is known to have added.
    """

    entity: Entity
    optional: bool = False
    state: State = "unknown"


@dataclass(frozen=True, eq=False)
class Called:
    """A function of the project and the module that it stands in."""

    node: FunctionNode
    module: Module


def agree(found: Iterable[Instance | None]) -> Instance | None:
    """The common answer; None when there is none or they differ."""
    given = list(found)
    known = [one for one in given if one is not None]
    if not known or len(known) < len(given) or len({one.entity.key for one in known}) > 1:
        return None
    return Instance(known[0].entity, any(one.optional for one in known), joint({one.state for one in known}))


def joint(states: Set[State]) -> State:
    """What holds of an object that may be in any of these states."""
    if len(states) == 1:
        return next(iter(states))
    return "added" if states == {"stored", "added"} else "unknown"


def added_to(around: ast.AST, name: str) -> Iterator[ast.expr]:
    """The sessions that `name` is added to inside `around`, each as the expression in front of `.add(`.

    `parent.children.append(name)` gives `parent.children`: what holds the parent holds the child too.
    """
    for node in ast.walk(around):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        first = node.args[0]
        if node.func.attr in ("add", "append") and isinstance(first, ast.Name) and first.id == name:
            yield node.func.value
        items = first.elts if node.func.attr == "add_all" and isinstance(first, ast.List | ast.Tuple) else []
        if any(isinstance(item, ast.Name) and item.id == name for item in items):
            yield node.func.value


def stored(found: Instance | None, *, held: bool) -> Instance | None:
    return replace(found, state="added") if held and found and found.state == "new" else found


def function_of(found: Resolved) -> Called | None:
    """The function that a resolved name is; None for anything else."""
    if isinstance(found, Definition) and isinstance(found.node, FunctionNode):
        return Called(found.node, found.module)
    return None


def no_value(value: ast.expr | None) -> bool:
    """Whether an expression is written as None."""
    return isinstance(value, ast.Constant) and value.value is None
