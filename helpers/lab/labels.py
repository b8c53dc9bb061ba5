"""SQL text made comparable: the column labels that a library writes are taken out, and clauses are counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

# `books.id AS books_id` is how Query labels, `books.id AS id_1` how select() tells equal names apart, `books.id AS id`
# how it labels in a subquery. Any other label was written by a person and stays.
_LABEL = re.compile(
    r"""
    (?P<reference> (?<![\w".]) "?(?P<table>\w+)"? \. "?(?P<column>\w+)"? )
    \ AS\ "?(?P<label> (?: (?P=table)_ )? (?P=column) (?: _+\d+ )? )"? (?!\w)
    """,
    re.VERBOSE,
)
_SUBQUERY = re.compile(r"\) AS (\w+)")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")
_CLAUSES = (
    "DISTINCT", "JOIN", "LEFT OUTER", "FULL OUTER", "LATERAL", "WHERE", "AND", "OR", "GROUP BY", "HAVING", "ORDER BY",
    "DESC", "LIMIT", "OFFSET", "FETCH", "FOR UPDATE", "FOR SHARE", "NOWAIT", "SKIP LOCKED", "UNION", "INTERSECT",
    "EXCEPT", "EXISTS", "RETURNING", "COUNT", "TABLESAMPLE",
)  # fmt: skip
_CLAUSE = re.compile(rf"\b({'|'.join(_CLAUSES)})\b", re.IGNORECASE)


def without_labels(statement: str) -> str:
    """`statement` without the labels that a library writes; references to them are led back to the column's name."""
    columns = {match["label"]: match["column"] for match in _LABEL.finditer(statement)}
    bare = _LABEL.sub(r"\g<reference>", statement)
    subqueries = "|".join(sorted(set(_SUBQUERY.findall(bare))))
    if not subqueries:
        return bare
    return re.sub(rf"\b({subqueries})\.(\w+)", lambda match: f"{match[1]}.{columns.get(match[2], match[2])}", bare)


def clauses(statements: Iterable[str]) -> Counter[str]:
    """How often each clause word stands in `statements`, outside of quotes."""
    return Counter(word.upper() for text in statements for word in _CLAUSE.findall(_QUOTED.sub("", text)))
