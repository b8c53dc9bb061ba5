"""What the rows of `query(...)` look like: whole entities, columns, or both, and under which names."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from helpers.analysis.meaning import EntityRef, MappedAttribute, Selectable, SelectableColumn
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module, statements
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import State

_SQL_FUNCTIONS = frozenset(
    [
        "and_",
        "or_",
        "not_",
        "between",
        "bindparam",
        "case",
        "cast",
        "try_cast",
        "collate",
        "column",
        "desc",
        "asc",
        "distinct",
        "except_",
        "exists",
        "extract",
        "false",
        "func",
        "intersect",
        "lateral",
        "literal",
        "literal_column",
        "null",
        "nulls_first",
        "nulls_last",
        "over",
        "text",
        "true",
        "tuple_",
        "type_coerce",
        "union",
        "within_group",
        "select",
        "any_",
        "all_",
        "table",
        "values",
        "array",
        "aggregate_order_by",
        "bitwise_not",
    ]
)
_KEEPS_NAME = frozenset({"cast", "try_cast", "type_coerce"})


@dataclass(frozen=True)
class RowPart:
    """One argument of `query`. `label` is its name in both kinds of rows; `derived` its name in select()'s alone."""

    kind: str  # "entity", "column", "bundle" (of which Query gives no rows) or "selectable"
    label: str | None = None
    derived: str | None = None
    owner: EntityRef | None = None


@dataclass(frozen=True)
class Shape:
    """The rows of one query; `tuples` says that they are rows even of a single entity."""

    parts: tuple[RowPart, ...]
    tuples: bool = False

    @property
    def has_entity(self) -> bool:
        """Whether Query removes repeated rows: it does as soon as a row holds an entity (semantics, rule 1)."""
        return any(part.kind == "entity" for part in self.parts)

    @property
    def bare(self) -> bool:
        """Whether Query gives entities (or bundles) themselves instead of rows."""
        return len(self.parts) == 1 and self.parts[0].kind in ("entity", "bundle") and not self.tuples

    @property
    def entities(self) -> tuple[EntityRef, ...]:
        """The entities among the arguments."""
        return tuple(part.owner for part in self.parts if part.kind == "entity" and part.owner)

    def clash(self) -> str | None:
        """A name for which Query's rows and select()'s rows would give different columns; None when there is none."""
        labels = Counter(part.label for part in self.parts if part.label and part.kind != "entity")
        derived = {part.derived for part in self.parts if part.derived}
        entities = {part.label for part in self.parts if part.kind == "entity"}
        twice = [name for name, count in labels.items() if count > 1 or name in derived | entities]
        if len(self.parts) > 1 and any(part.kind == "selectable" for part in self.parts):
            return "a table's columns"
        return twice[0] if twice else None

    @property
    def unnamed(self) -> bool:
        """Whether select() would name a column that Query leaves unnamed."""
        return any(part.kind == "column" and part.label is None for part in self.parts)


def check_labels(project: Project, state: State) -> None:
    """Refused for a label that Query cannot make unique where its statement goes into another one.

    It raises then, and select() does not. That is one given twice, or one that reads like the `table_column` by which
    Query names the others inside.
    """
    given = [label for piece in state.columns if (label := _given_label(piece.node))]
    owners = [part.owner.entity for part in _parts(project, state) if part.owner]
    named = tuple(f"{table}_" for entity in owners if entity for table in entity.tables)
    twice = [label for label, count in Counter(given).items() if count > 1]
    for label in [*twice, *(label for label in given if label.startswith(named))]:
        raise Refused(f"Query raises for its label {label} where the statement goes into another one: rename it")


def _given_label(node: ast.expr) -> str | None:
    """The name that `column.label(name)` gives; None for anything else."""
    match node:
        case ast.Call(func=ast.Attribute(attr="label"), args=[label, *_]):
            return str(label.value) if isinstance(label, ast.Constant) else ast.unparse(label)
    return None


def _parts(project: Project, state: State) -> Iterator[RowPart]:
    """The arguments that can be read."""
    for piece in state.columns:
        with suppress(Refused):
            yield ShapeReader(project, piece.module).part(piece.node)


def shape_of(project: Project, state: State) -> Shape:
    """The shape of a query's rows. Refused when an argument may be an entity or a column."""
    if not state.columns:
        raise Refused("query() has no arguments: nothing says what its rows are")
    parts = tuple(ShapeReader(project, piece.module).part(piece.node) for piece in state.columns)
    return Shape(parts, state.tuples)


@dataclass(frozen=True)
class ShapeReader:
    """Reads the arguments of `query(...)` in one module."""

    project: Project
    module: Module

    def part(self, node: ast.expr, depth: int = 0) -> RowPart:
        """What one argument contributes to a row."""
        meaning = self.project.meanings.of(node, self.module)
        if isinstance(meaning, EntityRef):
            return RowPart("entity", None if meaning.alias else meaning.key, owner=meaning)
        if isinstance(meaning, MappedAttribute):
            if meaning.kind == "relationship":
                raise Refused(f"`{ast.unparse(node)}` is a relationship and not a column: select its target instead")
            return RowPart("column", meaning.name, owner=meaning.owner)
        if isinstance(meaning, Selectable):
            return RowPart("selectable")
        if isinstance(meaning, SelectableColumn):
            return RowPart("column", meaning.name)
        return self._expression(node, depth)

    def _expression(self, node: ast.expr, depth: int) -> RowPart:
        if isinstance(node, ast.Name) and depth < 8 and (found := single_value(self.project, self.module, node)):
            return ShapeReader(self.project, found[0]).part(found[1], depth + 1)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp | ast.Compare | ast.UnaryOp | ast.Subscript) and self.is_sql(node):
            return RowPart("column")
        if isinstance(node, ast.Starred):
            raise Refused(f"`{ast.unparse(node)}` hides what the rows are: write the entities or columns out")
        raise Refused(f"nothing tells whether `{_short(node)}` is an entity or a column: annotate it or name the class")

    def _call(self, node: ast.Call) -> RowPart:
        name = (
            node.func.attr
            if isinstance(node.func, ast.Attribute)
            else node.func.id
            if isinstance(node.func, ast.Name)
            else ""
        )
        if (label := _given_label(node)) is not None:
            return RowPart("column", label)
        if self.project.meanings.is_sqlalchemy(node.func, self.module, "Bundle"):
            return self._bundle(node)
        if not self.is_sql(node):
            raise Refused(
                f"nothing tells whether `{_short(node)}` is an entity or a column: annotate it or name the class"
            )
        if name in _KEEPS_NAME and node.args:
            inner = self.part(node.args[0])
            return RowPart("column", derived=inner.label or inner.derived)
        direct = isinstance(node.func, ast.Attribute) and self._is_func(node.func.value)
        return RowPart("column", derived=name if direct else None)

    def _bundle(self, node: ast.Call) -> RowPart:
        single = [keyword.value for keyword in node.keywords if keyword.arg in ("single_entity", None)]
        if any(not isinstance(value, ast.Constant) for value in single):
            raise Refused("a Bundle whose single_entity is made elsewhere: write True or False")
        first = node.args[0] if node.args else None
        alone = any(isinstance(value, ast.Constant) and value.value for value in single)
        return RowPart("bundle" if alone else "column", str(first.value) if isinstance(first, ast.Constant) else "")

    def _is_func(self, node: ast.expr) -> bool:
        while isinstance(node, ast.Attribute) and not self.project.meanings.is_sqlalchemy(node, self.module, "func"):
            node = node.value
        return self.project.meanings.is_sqlalchemy(node, self.module, "func")

    def is_sql(self, node: ast.expr, depth: int = 0) -> bool:
        """Whether an expression is surely SQL: it starts from a mapped attribute, a table or a SQLAlchemy function."""
        if depth > 20:
            return False
        if self.project.meanings.of(node, self.module) is not None:
            return True
        if isinstance(node, ast.Name) and (found := single_value(self.project, self.module, node)):
            return ShapeReader(self.project, found[0]).is_sql(found[1], depth + 1)
        if isinstance(node, ast.Call):
            return self._sql_call(node, depth)
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self.is_sql(node.value, depth + 1)
        if isinstance(node, ast.BinOp | ast.Compare):
            others = [node.right] if isinstance(node, ast.BinOp) else node.comparators
            return any(self.is_sql(part, depth + 1) for part in [node.left, *others])
        return isinstance(node, ast.UnaryOp) and self.is_sql(node.operand, depth + 1)

    def _sql_call(self, node: ast.Call, depth: int) -> bool:
        if self.project.meanings.is_sqlalchemy(node.func, self.module, *_SQL_FUNCTIONS):
            return True
        if not isinstance(node.func, ast.Attribute):
            return False
        if node.func.attr in ("exists", "scalar_subquery", "as_scalar") and starts_a_statement(node):
            return True
        return self._is_func(node.func.value) or self.is_sql(node.func.value, depth + 1)


def starts_a_statement(node: ast.expr) -> bool:
    """Whether a chain begins with `x.query(...)` or `select(...)`: what it holds adds nothing to the FROM around it."""
    while isinstance(node, ast.Attribute | ast.Call):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("query", "select", "exists"):
                return True
            node = node.func
        else:
            node = node.value
    return False


def single_value(project: Project, module: Module, node: ast.Name) -> tuple[Module, ast.expr] | None:
    """The expression a name was assigned, and the module it stands in, when there is exactly one in sight."""
    if bindings := project.scopes(module).lookup(node.id, node):
        bound = bindings[0] if len(bindings) == 1 and bindings[0].kind == "value" else None
        return (module, bound.value) if bound and bound.value is not None else None
    found = project.symbols.resolve(module, node.id)
    if not isinstance(found, Definition):
        return None
    values = [
        getattr(item, "value", None) for item in statements(found.module.tree) if found.name in _assigned_names(item)
    ]
    only = values[0] if len(values) == 1 else None
    return (found.module, only) if isinstance(only, ast.expr) and only is found.node else None


def _assigned_names(item: ast.stmt) -> list[str]:
    targets = item.targets if isinstance(item, ast.Assign) else [getattr(item, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 else f"{text[:37]}..."
