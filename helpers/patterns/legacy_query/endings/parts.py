"""Queries that become part of a statement: subquery, cte, scalar_subquery, label, operands; what is read of them."""

from __future__ import annotations

import ast

from helpers.patterns.legacy_query.endings.parameters import no_params
from helpers.patterns.legacy_query.names import check_names
from helpers.patterns.legacy_query.operands import in_set
from helpers.patterns.legacy_query.outcome import SELECT, Conversion, Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.repeats import loads_by_join
from helpers.patterns.legacy_query.state import Name, Rename, cut

_LABELS: Name = ("sqlalchemy", "LABEL_STYLE_TABLENAME_PLUS_COL")
_UNSEEN = frozenset({"autoflush", "execution_options", "yield_per"})


def part(ending: Ending) -> Conversion:
    """`.subquery()` and its like stay; `.as_scalar()` is named `.scalar_subquery()` now."""
    terminal = ending.terminal
    assert terminal is not None
    _no_set(ending)
    _not_run(ending)
    if _turned_into_text(ending) and loads_by_join(ending.project, ending.state, ending.shape):
        raise Refused("its text would show the joins of eager loading, which Query leaves out: take the options out")
    renames = [*ending.renames]
    if terminal.name == "as_scalar":
        renames.append(Rename(terminal.start, terminal.end, "scalar_subquery"))
    if terminal.name == "subquery" and (labelled := _with_labels(ending)):
        return Conversion(
            ending.chain, None, ends_with=terminal, renames=(*renames, *labelled), needs=(SELECT, _LABELS)
        )
    return Conversion(ending.chain, None, ends_with=terminal, renames=tuple(renames))


def _with_labels(ending: Ending) -> list[Rename]:
    """`subquery(with_labels=True)` names its columns `table_column`, which a statement is told by its label style."""
    link = ending.chain.links[-1]
    labels = [keyword for keyword in link.keywords if keyword.arg == "with_labels"]
    if not labels and len(link.args) < 2:
        if any(keyword.arg not in ("name",) for keyword in link.keywords):
            raise Refused("this form of .subquery() is Query's own: write select(...).subquery() by hand")
        return []
    value = labels[0].value if labels else None
    only = len(link.keywords) == 1 and not link.args and isinstance(value, ast.Constant) and value.value is True
    if not only or "#" in ending.chain.source.text[link.start : link.stop]:
        raise Refused("this form of .subquery() is Query's own: write select(...).subquery() by hand")
    return [Rename(link.start, link.stop, "set_label_style({LABEL_STYLE_TABLENAME_PLUS_COL}).subquery()", (_LABELS,))]


def read_of(ending: Ending) -> Conversion:
    """`.statement` is the statement itself; `.whereclause` and `.column_descriptions` a statement has as well."""
    link = ending.chain.links[-1]
    _not_run(ending)
    _no_set(ending)
    shape = ending.shape
    if clash := shape.clash():
        raise Refused(f"two columns are named {clash}: what Query and select() call them differs, label them")
    check_names(ending, shape, ending.chain.node)
    if link.name == "column_descriptions" and shape.unnamed:
        raise Refused("a column has no name in Query's column_descriptions, and one in those of select(): label it")
    if link.name != "statement":
        return Conversion(ending.chain, None, ends_with=link, renames=ending.renames)
    previous = ending.chain.links[-2].stop
    return Conversion(ending.chain, None, renames=(*ending.renames, cut(ending.placed(link), previous)))


def operand(ending: Ending) -> Conversion:
    """A query that stands in `in_(...)`."""
    _not_run(ending)
    shape = ending.shape
    if shape.has_entity or len(shape.parts) != 1:
        raise Refused("in_() takes one column: name it in query()")
    head, needs = ending.head
    return Conversion(ending.chain, None, head=head, needs=needs, renames=ending.renames)


def member(ending: Ending) -> Conversion:
    """A query that is a further part of a recursive CTE, or the source of an INSERT: its columns count by position."""
    _not_run(ending)
    if ending.state.sets or (ending.state.options and in_set(ending.project, ending.module, ending.chain.node)):
        raise Refused("a union inside a union, or options in one: write the statements by hand")
    return Conversion(ending.chain, None, renames=ending.renames)


def _no_set(ending: Ending) -> None:
    if ending.state.sets:
        raise Refused(f".{ending.state.sets}() as part of another statement: its columns have names of Query's own")


def _not_run(ending: Ending) -> None:
    no_params(ending)
    if ending.state.whole:
        raise Refused("from_statement() as part of another statement: use the statement itself")
    if dropped := sorted(ending.state.seen & _UNSEEN):
        raise Refused(f".{dropped[0]}() on a statement that is not run here: set it where the statement is run")
    if not ending.state.eager and ending.state.options:
        raise Refused("enable_eagerloads(False) with options on a statement that is not run here: take both out")


def _turned_into_text(ending: Ending) -> bool:
    """Whether the code around may write the statement as text by itself."""
    parents = ending.project.scopes(ending.module).parents
    parent = ending.parent
    if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
        function = ending.project.scopes(ending.module).function(parent) or ending.module.tree
        uses = [node for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
        named = [use for use in uses if isinstance(target, ast.Name) and use.id == target.id]
        return not isinstance(target, ast.Name) or any(_text(parents.get(use)) for use in named)
    return _text(parent)


def _text(parent: ast.AST | None) -> bool:
    if isinstance(parent, ast.Call):
        return getattr(parent.func, "id", "") in ("str", "repr", "print", "format")
    return isinstance(parent, ast.FormattedValue | ast.Return) or (
        isinstance(parent, ast.Attribute) and parent.attr in ("compile", "original", "element")
    )
