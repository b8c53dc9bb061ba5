"""Which statement of a body became which."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from benchmarks.tests_kept.checking import checks
from benchmarks.tests_kept.rewrites import Rewrites, same_type

Pair = tuple[ast.stmt | None, ast.stmt | None]
COMPOUND = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def align(old: Sequence[ast.stmt], new: Sequence[ast.stmt], rewrites: Rewrites) -> list[Pair]:
    """Statements in pairs that keep the order of both; one that has no counterpart stands alone."""
    start = 0
    while start < min(len(old), len(new)) and _equal(old[start], new[start]):
        start += 1
    first: list[Pair] = list(zip(old[:start], new[:start], strict=True))
    return first + _best(old[start:], new[start:], rewrites)


def same_statement(old: ast.stmt, new: ast.stmt, rewrites: Rewrites) -> bool:
    """Whether two statements say the same."""
    return rewrites.same(old, new) or _same_schema(old, new, rewrites)


def _equal(old: ast.stmt, new: ast.stmt) -> bool:
    return type(old) is type(new) and ast.dump(old) == ast.dump(new)


def _best(old: Sequence[ast.stmt], new: Sequence[ast.stmt], rewrites: Rewrites) -> list[Pair]:
    scores = [[_score(before, after, rewrites) for after in new] for before in old]
    table = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            table[i][j] = max(table[i + 1][j], table[i][j + 1], table[i + 1][j + 1] + scores[i][j])
    pairs: list[Pair] = []
    i = j = 0
    while i < len(old) or j < len(new):
        both = i < len(old) and j < len(new)
        if both and scores[i][j] and table[i][j] == table[i + 1][j + 1] + scores[i][j]:
            pairs.append((old[i], new[j]))
            i, j = i + 1, j + 1
        elif j == len(new) or (both and table[i][j] == table[i + 1][j]):
            pairs.append((old[i], None))
            i += 1
        else:
            pairs.append((None, new[j]))
            j += 1
    return pairs


def _score(old: ast.stmt, new: ast.stmt, rewrites: Rewrites) -> float:
    """How likely one statement became the other; 0 for never."""
    if same_statement(old, new, rewrites):
        return 4 if any(checks(old)) else 3  # what checks nothing may move around what does
    if not same_type(old, new):
        return 0
    if isinstance(old, COMPOUND):
        return 1.5 if rewrites.same_header(old, new) else 1
    if isinstance(old, ast.Assign) and isinstance(new, ast.Assign):
        return 1.2 if rewrites.all_same(old.targets, new.targets) else 0
    return 0.5 if isinstance(old, ast.Assert | ast.Expr | ast.Return | ast.AnnAssign) else 0


def _same_schema(old: ast.stmt, new: ast.stmt, rewrites: Rewrites) -> bool:
    """`metadata.create_all(engine)`, run inside a connection or in a loop of its own."""
    match old:
        case ast.Expr(value=ast.Call(func=made, args=[engine], keywords=[])):
            pass
        case ast.Expr(value=ast.Call(func=made, args=[], keywords=[ast.keyword(arg="bind", value=engine)])):
            pass
        case _:
            return False
    match new:
        case ast.Expr(value=ast.Call(func=ast.Name(id="in_a_loop_of_its_own"), args=[other, handed])):
            return rewrites.same(made, handed) and rewrites.same(engine, other)
        case ast.AsyncWith(
            items=[ast.withitem(context_expr=ast.Call(func=ast.Attribute(attr="begin", value=other)))],
            body=[ast.Expr(value=ast.Await(value=ast.Call(func=ast.Attribute(attr="run_sync"), args=[handed])))],
        ):
            return rewrites.same(made, handed) and rewrites.same(engine, other)
    return False
