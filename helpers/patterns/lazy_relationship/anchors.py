"""Where in a function nothing refuses an object any more: behind the checks that follow the line which gives it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.flow import Flow, named
from helpers.analysis.scopes import Scopes
from helpers.patterns.lazy_relationship.whole import is_whole


@dataclass(frozen=True, eq=False)
class Anchor:
    """A statement behind which an object can be loaded further.

    It has `name` there; empty where `value` stands inside the statement itself. `refuses` says that one of the
    statements before may leave the function, or refresh the object whole.
    """

    statement: ast.stmt
    name: str
    value: ast.expr
    refuses: bool = False

    @property
    def line(self) -> int:
        """The last line of the statement; for a value inside it, the line before."""
        return (self.statement.end_lineno or self.statement.lineno) if self.name else self.statement.lineno - 1


def anchor(scopes: Scopes, call: ast.Call, columns: frozenset[str]) -> Anchor | None:
    """The place for the object that a call gives, or the statement around it; None where none can be told.

    Only statements are passed over that touch nothing of the object but its `columns`.
    """
    flow = Flow(scopes)
    statement = flow.statement(call)
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return _behind(flow, Anchor(statement, name, value), columns)
        case ast.Return(value=ast.expr() as value):
            held = call if _comes_first(scopes, call, value) else value
            return Anchor(statement, "", held)
    return None


def _behind(flow: Flow, found: Anchor, columns: frozenset[str]) -> Anchor:
    block = flow.block(found.statement)
    name, refuses = found.name, False
    for item in block[block.index(found.statement) + 1 :]:
        whole = _is_refresh(item, name)
        if not whole and not _touches_columns_only(flow.scopes, item, name, columns):
            break
        if whole or _is_check(item):
            refuses = refuses or whole or not _is_for_none(item, name)
            found = Anchor(item, name, found.value, refuses)
    return found


def _is_check(statement: ast.stmt) -> bool:
    """`if ...: raise`, or a return."""
    return (
        isinstance(statement, ast.If)
        and not statement.orelse
        and isinstance(statement.body[-1], ast.Raise | ast.Return)
    )


def _is_for_none(statement: ast.stmt, name: str) -> bool:
    """Whether a check refuses what is None: of that nothing was loaded."""
    return isinstance(statement, ast.If) and ast.unparse(statement.test) in (f"{name} is None", f"not {name}")


def _is_refresh(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="refresh"), args=[ast.Name(id=given)]) as call):
            return given == name and is_whole(call)
    return False


def _touches_columns_only(scopes: Scopes, statement: ast.stmt, name: str, columns: frozenset[str]) -> bool:
    return all(_is_plain(scopes, node, columns) for node in named(statement, name))


def _is_plain(scopes: Scopes, node: ast.Name, columns: frozenset[str]) -> bool:
    match scopes.parents.get(node):
        case ast.Attribute(attr=attr):
            return attr in columns
        case ast.Compare(ops=[ast.Is() | ast.IsNot()]) | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Call(func=ast.Name(id="setattr"), args=[first, *_]):
            return first is node
    return False


def _comes_first(scopes: Scopes, call: ast.Call, value: ast.expr) -> bool:
    """Whether nothing but names is evaluated in an expression before a call inside it, and the call always is."""
    node: ast.AST = call
    while node is not value:
        around = scopes.parents.get(node)
        if not isinstance(around, ast.Call) or node is around.func or node not in around.args:
            return False
        if not all(is_dotted(part) for part in [around.func, *around.args[: around.args.index(node)]]):
            return False
        node = around
    return True


def is_dotted(node: ast.expr) -> bool:
    """Whether an expression is a name, or attributes of one: to evaluate it again changes nothing."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
