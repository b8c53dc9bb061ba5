"""What in a test checks something, and what in it ends or skips the test before it has."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_EXPECTED = frozenset({"raises", "warns", "deprecated_call", "does_not_raise", "subtests", "assertLogs"})
_ENDING = frozenset({"skip", "xfail", "importorskip", "skipTest", "exit"})
# Statements that read anew what a commit expired, or give back what a fixture holds.
_HARMLESS = frozenset({"refresh", "expire", "dispose"})
_TELLING = frozenset({"pytestmark", "pytest_plugins", "collect_ignore", "collect_ignore_glob", "__test__"})


def checks(node: ast.AST) -> Iterator[ast.AST]:
    """Every assertion below `node`, every block that expects an error or a warning, every call that asserts."""
    for one in ast.walk(node):
        if isinstance(one, ast.Assert) or (isinstance(one, ast.Call) and _asserts(last_name(one.func))):
            yield one


def kind(node: ast.AST) -> str:
    """What a statement is, in a word for a report."""
    called = [last_name(call.func) for call in _calls(node)]
    if isinstance(node, ast.With | ast.AsyncWith) and any(_expects(name) for name in called):
        return "expected error"
    if any(name in _ENDING for name in called):
        return "skip"
    if any(True for _ in checks(node)):
        return "assertion"
    return type(node).__name__.lower() if isinstance(node, ast.Return | ast.Try) else "statement"


def harmless(node: ast.stmt, *, inside: bool) -> bool:
    """Whether a statement that was not there before can take nothing from a check.

    `inside` is in a function; elsewhere a name may be bound that pytest does not look for.
    """
    if isinstance(node, ast.Expr):
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        return isinstance(value, ast.Call) and last_name(value.func) in _HARMLESS
    if isinstance(node, ast.If) and not node.orelse:  # what is not loaded yet, and only that
        return "inspect(" in ast.unparse(node.test) and all(harmless(one, inside=inside) for one in node.body)
    if inside or not isinstance(node, ast.Assign):
        return False
    return not any(isinstance(name, ast.Name) and name.id in _TELLING for name in node.targets)


def last_name(func: ast.expr) -> str:
    """`raises` for `pytest.raises`."""
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _asserts(name: str) -> bool:
    return name.startswith("assert") or name == "fail" or _expects(name)


def _expects(name: str) -> bool:
    return name in _EXPECTED or name.startswith(("assertRaises", "assertWarns"))


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """The calls of a statement, for one with a body those of its first line."""
    items = node.items if isinstance(node, ast.With | ast.AsyncWith) else [node]
    for item in items:
        yield from (one for one in ast.walk(item) if isinstance(one, ast.Call))
