"""Endings that a statement has by another name once it stands in a variable."""

from __future__ import annotations

from helpers.patterns.legacy_query.endings.counting import INSIDE, same_entity
from helpers.patterns.legacy_query.endings.parameters import no_params
from helpers.patterns.legacy_query.endings.running import no_arguments
from helpers.patterns.legacy_query.outcome import Conversion, Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import Rename

_ONE = ("sqlalchemy", "literal_column")


def exists(ending: Ending) -> Conversion:
    """`EXISTS (SELECT 1 FROM ...)`, as Query writes it: the columns go, what they select from stays."""
    no_arguments(ending.terminal)
    no_params(ending)
    seen, terminal = ending.state.seen, ending.terminal
    assert terminal is not None
    if "options" in seen or not seen <= INSIDE:
        raise Refused("exists() behind these methods means something else on a statement: write it by hand")
    shape = ending.shape
    several = len(shape.parts) > 1 and (ending.state.joins or not same_entity(shape.parts))
    if shape.parts[0].owner is None or several:
        raise Refused("exists() on several columns or on an expression: write select(...).exists() by hand")
    text = '.with_only_columns({literal_column}("1"), maintain_column_froms=True)'
    added = Rename(terminal.dot, terminal.dot, text, (_ONE,))
    return Conversion(ending.chain, None, ends_with=terminal, renames=(*ending.renames, added))
