"""Whether a query of a test asks for the same in its new form, and for no less."""

from __future__ import annotations

import ast
from collections import Counter

from benchmarks.clauses.matching import lost
from benchmarks.clauses.reading import Chain, read, rows

# What a query says by several spellings counts once; what is not here may be added: it says how rows are loaded.
_GROUPS = {
    "where": "criteria", "filter_by": "criteria", "having": "criteria", "key": "criteria", "with_parent": "criteria",
    "join": "joins", "outerjoin": "joins", "distinct": "distinct", "offset": "bounds", "group_by": "groups",
    "limit": "bounds", "slice": "bounds", "index": "bounds",
}  # fmt: skip


def same_query(old: ast.AST, new: ast.AST, *, iterated: bool = False) -> bool:
    """Whether both are queries, nothing of the old one is lost and the new one narrows no further."""
    before, after = read(old), read(new)
    if before is None or after is None:
        return False
    if iterated:
        before, after = rows(before), rows(after)
    return not lost(before, after) and _narrowed(before, after) <= 0 and _same_root(before, after)


def _narrowed(before: Chain, after: Chain) -> int:
    """How many more conditions the new query has, of the kind that grew most."""
    had, has = _grouped(before), _grouped(after)
    had["bounds"] += 2 if had["bounds"] else before.end in ("first", "value")
    return max((count - had[group] for group, count in has.items()), default=0)


def _grouped(chain: Chain) -> Counter[str]:
    counted = Counter(_GROUPS[clause.kind] for clause in chain.clauses if clause.kind in _GROUPS)
    for clause in chain.of("select_from"):
        for inner in filter(None, map(read, clause.args)):
            counted += _grouped(inner)
    return counted


def _same_root(before: Chain, after: Chain) -> bool:
    """Whether a query that goes on from something goes on from the same."""
    if before.root is None:
        return True
    name = before.root.id if isinstance(before.root, ast.Name) else ast.unparse(before.root)
    return any(ast.unparse(node) == name for node in ast.walk(after.node) if isinstance(node, ast.expr))
