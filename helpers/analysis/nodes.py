"""One walk over a syntax tree, kept: the parent of every node, and the nodes of each kind in the order of the text."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True, eq=False)
class Index:
    """The nodes of one tree. Contexts and operators, which ast shares between places, are left out."""

    parents: Mapping[ast.AST, ast.AST]
    kinds: Mapping[type[ast.AST], list[ast.AST]]

    def of(self, kind: type[Node]) -> list[Node]:
        """All nodes of exactly that kind."""
        return self.kinds.get(kind, [])  # type: ignore[return-value]  # a list under a kind holds that kind


def read_nodes(tree: ast.AST) -> Index:
    """Walk `tree` once, without recursion."""
    parents: dict[ast.AST, ast.AST] = {}
    kinds: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    stack = [tree]
    while stack:
        node = stack.pop()
        kinds[type(node)].append(node)
        below = list(children(node))
        for child in below:
            parents[child] = node
        below.reverse()
        stack += below
    return Index(parents, dict(kinds))


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes right below one that have a place of their own in the text."""
    for name in node._fields:
        value = getattr(node, name, None)
        if type(value) is list:
            for item in value:
                if isinstance(item, ast.AST) and not isinstance(item, _SHARED):
                    yield item
        elif isinstance(value, ast.AST) and not isinstance(value, _SHARED):
            yield value


_SHARED = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
