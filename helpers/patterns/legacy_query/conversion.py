"""Decides for one chain: the statement and the call that mean the same, or the reason to leave it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Chain
from helpers.patterns.legacy_query.endings.bulk import bulk
from helpers.patterns.legacy_query.endings.counting import count, exists
from helpers.patterns.legacy_query.endings.parts import member, operand, part, read_of
from helpers.patterns.legacy_query.endings.running import no_arguments, run
from helpers.patterns.legacy_query.endings.single import get, get_itself
from helpers.patterns.legacy_query.endings.values import values
from helpers.patterns.legacy_query.links import BULK, PARTS, READ, TERMINALS, VALUES, read
from helpers.patterns.legacy_query.operands import member_of
from helpers.patterns.legacy_query.outcome import Conversion, Ending
from helpers.patterns.legacy_query.shape import check_labels
from helpers.patterns.legacy_query.state import Placed
from helpers.patterns.legacy_query.usage import Usage

__all__ = ["Conversion", "Converter"]

_ENDINGS: Mapping[str, Callable[[Ending], Conversion]] = {
    "count": count,
    "exists": exists,
    "get": get,
    **dict.fromkeys(BULK, bulk),
    **dict.fromkeys(PARTS, part),
    **dict.fromkeys(VALUES, values),
}


@dataclass(frozen=True, eq=False)
class Converter:
    """Reads chains of one module."""

    project: Project
    module: Module

    def convert(self, chain: Chain) -> Conversion:
        """What the chain becomes. Refused, with the reason, when it is not in the mapping table or not sure."""
        last = chain.links[-1]
        attribute = last.call is None and last.name in READ
        terminal = last if len(chain.links) > 1 and last.name in TERMINALS and last.call else None
        itself = last.call is None and last.name == "get" and len(chain.links) == 2
        middle = chain.links[:-1] if terminal or attribute or itself else chain.links
        placed = [Placed(link, self.module, chain.source) for link in middle]
        state, renames = read(self.project, placed, ending=last.name if terminal or attribute else "")
        ending = Ending(self.project, self.module, chain, state, renames, terminal)
        if terminal is None or terminal.name in PARTS or terminal.name == "count":
            check_labels(self.project, state)
        if itself:
            return get_itself(ending)
        if attribute:
            return read_of(ending)
        if terminal and terminal.name in _ENDINGS:
            return _ENDINGS[terminal.name](ending)
        no_arguments(terminal)
        if terminal is None and Usage(self.project, self.module).in_operand(chain.node):
            return operand(ending)
        if terminal is None and member_of(self.project, self.module, chain.node):
            return member(ending)
        return run(ending)
