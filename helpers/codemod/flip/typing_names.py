"""Where a file has the types of callables and collections from: `collections.abc`, or `typing` in older code."""

from __future__ import annotations

import ast

_BOTH = frozenset({"Callable", "Awaitable", "Coroutine", "Iterable", "Iterator", "AsyncIterable", "AsyncIterator"})


def abc_module(tree: ast.Module) -> str:
    """The module to import `Awaitable` and its like from; all that write into one file agree."""
    nodes = list(ast.walk(tree))
    named = [(node.module, one.name) for node in nodes if isinstance(node, ast.ImportFrom) for one in node.names]
    if any(module == "collections.abc" for module, _ in named):
        return "collections.abc"
    whole = any(one.name == "typing" for node in nodes if isinstance(node, ast.Import) for one in node.names)
    return "typing" if whole or any(one == ("typing", name) for one in named for name in _BOTH) else "collections.abc"
