"""What the columns of a mapped class are said to do: keys, values that the database makes on insert or update."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from helpers.analysis.declarations import called, members
from helpers.analysis.mapping import Entity
from helpers.analysis.symbols import Definition, Module, Symbols, dotted_name

_MAKERS = frozenset({"Column", "mapped_column", "Field"})


@dataclass(frozen=True)
class Column:
    """One column as declared. `made_on_update` and `made_on_insert`: the database computes the value."""

    name: str
    primary_key: bool = False
    made_on_update: bool = False
    made_on_insert: bool = False


def columns(symbols: Symbols, entity: Entity) -> Mapping[str, Column]:
    """The columns of a mapped class by attribute name, those of the project's classes above it included."""
    found: dict[str, Column] = {}
    for one in reversed([entity.definition, *entity.bases]):
        if isinstance(one.node, ast.ClassDef):
            for name, annotation, value in members(one.node):
                makers = [*_calls(value), *_calls(annotation), *_annotated(symbols, one.module, annotation)]
                if makers:
                    found[name] = _column(name, makers)
    return found


def _column(name: str, makers: list[ast.Call]) -> Column:
    given = {keyword.arg: keyword.value for call in makers for keyword in call.keywords if keyword.arg}
    given |= _passed(given.get("sa_column_kwargs"))
    return Column(
        name,
        primary_key=_true(given.get("primary_key")),
        made_on_update="server_onupdate" in given or _is_sql(given.get("onupdate")),
        made_on_insert="server_default" in given or _is_sql(given.get("default")),
    )


def _passed(node: ast.expr | None) -> dict[str, ast.expr]:
    pairs = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
    return {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}


def _calls(node: ast.expr | None) -> Iterator[ast.Call]:
    """The column makers in an expression, `Field(sa_column=Column(...))` among them."""
    for part in ast.walk(node) if node is not None else ():
        if isinstance(part, ast.Call) and called(part) in _MAKERS:
            yield part


def _annotated(symbols: Symbols, module: Module, annotation: ast.expr | None) -> Iterator[ast.Call]:
    """The makers in `Annotated[int, mapped_column(...)]` that a name of the project stands for."""
    for part in ast.walk(annotation) if annotation is not None else ():
        found = symbols.resolve(module, part.id) if isinstance(part, ast.Name) else None
        if isinstance(found, Definition) and isinstance(found.node, ast.Subscript):
            yield from _calls(found.node)


def _true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_sql(node: ast.expr | None) -> bool:
    """Whether a default is computed by the database: `func.now()`, `text(...)`, `select(...)`, an expression."""
    if isinstance(node, ast.BinOp):
        return _is_sql(node.left) or _is_sql(node.right)
    if not isinstance(node, ast.Call):
        return False
    name = dotted_name(node.func) or ""
    return name.startswith(("func.", "sa.func.", "sqlalchemy.func.")) or name.rpartition(".")[2] in _SQL


_SQL = frozenset({"text", "literal_column", "select", "next_value", "Sequence", "current_timestamp", "now_sql"})


def eager_defaults(entity: Entity) -> bool:
    """Whether a mapped class asks for what the database made, `eager_defaults=True`, at each insert and update."""
    for one in (entity.definition, *entity.bases):
        for part in ast.walk(one.node):
            if isinstance(part, ast.Constant) and part.value == "eager_defaults":
                return True
            if isinstance(part, ast.keyword) and part.arg == "eager_defaults":
                return _true(part.value)
    return False
