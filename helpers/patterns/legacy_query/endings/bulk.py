"""update() and delete() of a query: the statement of that name, run by the session, and its row count."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.patterns.legacy_query.endings.parameters import arguments
from helpers.patterns.legacy_query.outcome import Conversion, Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import Name, Rename, argument, cut

_TAKEN = frozenset(
    [
        "filter",
        "filter_by",
        "where",
        "with_parent",
        "execution_options",
        "populate_existing",
        "autoflush",
        "yield_per",
        "params",
        "enable_eagerloads",
        "enable_assertions",
        "reset_joinpoint",
    ]
)
_RAISES = frozenset(
    [
        "join",
        "outerjoin",
        "select_from",
        "limit",
        "offset",
        "slice",
        "order_by",
        "group_by",
        "distinct",
        "from_statement",
    ]
)
_CAST: tuple[Name, ...] = (("typing", "cast"), ("typing", "Any"), ("sqlalchemy.engine", "CursorResult"))


def bulk(ending: Ending) -> Conversion:
    """`execute(update(Entity).where(...).values(...)).rowcount`; Refused where Query raises or drops a method."""
    name = ending.state.ending
    _allowed(ending, name)
    counted = not isinstance(ending.parent, ast.Expr)
    typed = counted and ending.project.type_checked
    after, renames = (_update if name == "update" else _delete)(_Terminal(ending))
    return Conversion(
        ending.chain,
        "execute",
        head=f"{{{name}}}",
        after=after,
        arguments=arguments(ending),
        wrap='{cast}("{CursorResult}[{Any}]", ' if typed else "",
        tail=".rowcount" if counted else "",
        renames=(*ending.renames, *renames),
        parentheses=ending.parentheses,
        needs=(("sqlalchemy", name), *(_CAST if typed else ())),
    )


def _allowed(ending: Ending, name: str) -> None:
    seen = ending.state.seen | ({ending.state.sets} if ending.state.sets else set())
    if raising := sorted(seen & _RAISES):
        raise Refused(f".{name}() after .{raising[0]}() raises in Query, not in {name}(): decide which rows are meant")
    if others := sorted(seen - _TAKEN):
        raise Refused(f".{name}() drops what .{others[0]}() says, and {name}() would not: take it out")
    if len(ending.state.columns) != 1 or ending.shape.parts[0].kind != "entity":
        raise Refused(f".{name}() needs one mapped class in query()")


@dataclass(frozen=True, eq=False)
class _Terminal:
    """The arguments of `update(...)` or `delete(...)`, and where they stand."""

    ending: Ending

    def given(self, position: int, name: str) -> ast.expr | None:
        link = self.ending.chain.links[-1]
        starred = any(isinstance(arg, ast.Starred) for arg in link.args)
        if starred or any(keyword.arg is None for keyword in link.keywords):
            raise Refused(f".{link.name}() hides its arguments: write them out")
        return argument(self.ending.placed(link), position, name)

    def text(self, node: ast.expr) -> str:
        """An argument that moves, as written; Refused where a comment or another fix is in it."""
        text = self.ending.placed(self.ending.chain.links[-1]).text(node)
        if "#" in text or ".query(" in text:
            raise Refused("the arguments hold a comment or a query that would be lost: move it out")
        return text


def _delete(terminal: _Terminal) -> tuple[str, list[Rename]]:
    link = terminal.ending.chain.links[-1]
    given = terminal.given(0, "synchronize_session")
    if len(link.args) + len(link.keywords) > (given is not None):
        raise Refused("delete() with arguments of a dialect: write delete(...).with_dialect_options(...) by hand")
    if given is None:
        if terminal.ending.chain.source.text[link.opening + 1 : link.closing].strip():
            raise Refused("delete() holds a comment: move it out")
        return "", [cut(terminal.ending.placed(link), terminal.ending.previous)]
    renames = [Rename(link.start, link.end, "execution_options")]
    if link.args:
        start = terminal.ending.chain.source.segment(given)[0]
        renames.append(Rename(start, start, "synchronize_session="))
    return "", renames


def _update(terminal: _Terminal) -> tuple[str, list[Rename]]:
    link, source = terminal.ending.chain.links[-1], terminal.ending.chain.source
    values = terminal.given(0, "values")
    option = terminal.given(1, "synchronize_session")
    special = terminal.given(2, "update_args")
    if values is None or len(link.args) + len(link.keywords) > 1 + (option is not None) + (special is not None):
        raise Refused("this form of update() is not in the mapping table: write update(...).values(...) by hand")
    method, inner = _values(terminal, values, special)
    start, stop = source.segment(values)
    first = min(source.segment(node)[0] for node in (values, option, special) if node is not None)
    if start != first:
        raise Refused("update() names its values behind other arguments: put them first")
    begins = start if link.args else source.offset(link.keywords[0].lineno, link.keywords[0].col_offset)
    last = max(source.segment(node)[1] for node in (values, option, special) if node is not None)
    if "#" in source.text[stop:last]:
        raise Refused("update() holds a comment between its arguments: move it out")
    renames = [Rename(link.start, link.end, method), *_framed(begins, start, stop, last, inner)]
    after = f".execution_options(synchronize_session={terminal.text(option)})" if option is not None else ""
    return after, renames


def _framed(begins: int, start: int, stop: int, last: int, inner: tuple[int, int]) -> list[Rename]:
    """What goes before and behind the values: their keyword, their own brackets, the other arguments."""
    front = Rename(begins, start + inner[0], "")
    back = Rename(stop - inner[1], last, "")
    return [one for one in (front, back) if one.start < one.stop]


def _values(terminal: _Terminal, values: ast.expr, special: ast.expr | None) -> tuple[str, tuple[int, int]]:
    """The method that takes the values, and how many characters of them are brackets that go."""
    if isinstance(values, ast.Starred):
        raise Refused("update() hides its values: write them out")
    if special is None or (isinstance(special, ast.Constant) and special.value is None):
        return "values", (0, 0)
    ordered = (
        isinstance(special, ast.Dict)
        and [getattr(key, "value", None) for key in special.keys] == ["preserve_parameter_order"]
        and [getattr(value, "value", None) for value in special.values] == [True]
    )
    if not ordered or not isinstance(values, ast.List | ast.Tuple) or not values.elts:
        raise Refused("update() with update_args of a dialect: write update(...).with_dialect_options(...) by hand")
    if isinstance(values, ast.Tuple):
        raise Refused("update() with its ordered values in a tuple: write them in a list")
    return "ordered_values", (1, 1)
