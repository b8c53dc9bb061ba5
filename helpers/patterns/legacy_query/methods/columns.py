"""What the rows are made of: with_entities, add_columns, add_column, add_entity."""

from __future__ import annotations

import ast
from dataclasses import replace

from helpers.patterns.legacy_query.methods.reading import Followed, Reading
from helpers.patterns.legacy_query.refusal import Refused


def with_entities(reading: Reading) -> Followed:
    """`with_only_columns()` replaces the columns as well, and forgets no join."""
    placed = reading.placed
    _written_out(reading)
    after = replace(reading.state, columns=placed.pieces, joint=None)
    return after, (reading.renamed("with_only_columns"),)


def add_columns(reading: Reading) -> Followed:
    """The columns are added by the same name."""
    _written_out(reading)
    after = replace(reading.state, columns=(*reading.state.columns, *reading.placed.pieces))
    return after, (reading.renamed("add_columns"),) if reading.placed.name == "add_column" else ()


def add_entity(reading: Reading) -> Followed:
    """An entity is a column like others; its `alias` took its place."""
    link = reading.placed.link
    if len(link.args) != 1 or link.keywords or isinstance(link.args[0], ast.Starred):
        raise Refused("add_entity() with an alias is not in the mapping table: add aliased(...) itself")
    return add_columns(reading)[0], (reading.renamed("add_columns"),)


def _written_out(reading: Reading) -> None:
    link = reading.placed.link
    if link.keywords or not link.args or any(isinstance(arg, ast.Starred) for arg in link.args):
        raise Refused(f".{link.name}() hides what the rows are: write the entities or columns out")
