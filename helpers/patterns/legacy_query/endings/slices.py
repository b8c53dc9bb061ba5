"""`query[a:b]` and `query[n]`: LIMIT and OFFSET on the statement, where no bound can be negative or out of order."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.codemod.chains import significant
from helpers.patterns.legacy_query.bounds import Bounds
from helpers.patterns.legacy_query.outcome import Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import Rename

_EMPTY = "an empty slice gives [] without asking the database: write []"
_UNSURE = "Query raises for a negative index and gives [] where a slice ends before it starts; nothing tells that"


@dataclass(frozen=True, eq=False)
class Sliced:
    """A chain in square brackets: what the statement takes on, what is taken of the rows, the brackets to remove."""

    node: ast.Subscript
    after: str
    taken: str
    removed: Rename


def sliced(ending: Ending) -> Sliced | None:
    """The slice that a chain without terminal stands in; None when it stands in none, Refused when it is not sure."""
    node = ending.parent
    if not isinstance(node, ast.Subscript) or node.value is not ending.chain.node:
        return None
    if not isinstance(node.ctx, ast.Load):
        raise Refused("a query cannot be assigned to by index")
    if ending.state.whole:
        raise Refused("a slice of .from_statement() raises in Query, not in select(): decide what is meant")
    stop = ending.chain.source.segment(node)[1]
    text = ending.chain.source.text[ending.chain.stop : stop]
    if "#" in text or ".query(" in text or ":=" in text:
        raise Refused("the index holds more than a plain value: give it a name first")
    bracket = next(at for char, at in significant(ending.chain.source.text, ending.chain.stop, stop) if char == "[")
    removed = Rename(bracket, stop, "")
    if isinstance(node.slice, ast.Slice):
        return Sliced(node, _limits(ending, node.slice), _step(ending, node.slice), removed)
    return Sliced(node, _index(ending, node.slice), "[0]", removed)


def _limits(ending: Ending, part: ast.Slice) -> str:
    bounds = Bounds(ending.project, ending.module)
    lower, upper = _given(part.lower), _given(part.upper)
    if lower is None and upper is None:
        return ""
    for bound in (lower, upper):
        least = bounds.least(bound) if bound is not None else 0
        if least is None or least < 0:
            name = ast.unparse(bound) if bound else ""
            raise Refused(f"{_UNSURE}: `{name}` may be negative, use offset() and limit()")
    if lower is not None and upper is not None and not _in_order(bounds, lower, upper):
        raise Refused(f"{_UNSURE}: use offset() and limit()")
    return f".slice({_text(ending, lower)}, {_text(ending, upper)})"


def _in_order(bounds: Bounds, lower: ast.expr, upper: ast.expr) -> bool:
    """Whether a slice surely ends behind its start, or at it."""
    start = bounds.least(lower)
    if isinstance(lower, ast.Constant) and isinstance(lower.value, int):
        end = bounds.least(upper)
        if isinstance(upper, ast.Constant) and end is not None and end <= lower.value:
            raise Refused(_EMPTY)
        return start is not None and end is not None and end >= start
    if isinstance(upper, ast.BinOp) and isinstance(upper.op, ast.Add) and _plain(lower):
        for one, two in ((upper.left, upper.right), (upper.right, upper.left)):
            if ast.dump(one) == ast.dump(lower):
                more = bounds.least(two)
                return more is not None and more >= 0
    return False


def _plain(node: ast.expr) -> bool:
    """Whether an expression gives the same value each time: names, constants and arithmetic."""
    kinds = (ast.Name, ast.Constant, ast.BinOp, ast.operator, ast.expr_context, ast.UnaryOp, ast.unaryop, ast.Attribute)
    return all(isinstance(part, kinds) for part in ast.walk(node))


def _index(ending: Ending, index: ast.expr) -> str:
    least = Bounds(ending.project, ending.module).least(index)
    if least is None or least < 0:
        raise Refused(f"{_UNSURE}: `{ast.unparse(index)}` may be negative, use offset() and limit()")
    if isinstance(index, ast.Constant):
        return f".slice({least}, {least + 1})"
    if not isinstance(index, ast.Name):
        raise Refused("the index holds more than a plain value: give it a name first")
    return f".slice({index.id}, {index.id} + 1)"


def _step(ending: Ending, part: ast.Slice) -> str:
    step = _given(part.step)
    if step is None:
        return ""
    if Bounds(ending.project, ending.module).least(step) in (None, 0):
        raise Refused("the step of the slice is made elsewhere: slice the rows themselves")
    return f"[::{_text(ending, step)}]"


def _given(node: ast.expr | None) -> ast.expr | None:
    return None if isinstance(node, ast.Constant) and node.value is None else node


def _text(ending: Ending, node: ast.expr | None) -> str:
    if node is None:
        return "None"
    start, stop = ending.chain.source.segment(node)
    return ending.chain.source.text[start:stop]
