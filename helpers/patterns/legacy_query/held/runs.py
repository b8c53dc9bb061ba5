"""What becomes of the place where a Query that travelled ends: run, counted, sliced, or part of another statement."""

from __future__ import annotations

from dataclasses import dataclass, replace

from helpers.analysis.project import Project
from helpers.codemod.chains import Chain
from helpers.patterns.legacy_query.endings.counting import count
from helpers.patterns.legacy_query.endings.parts import member, operand, part, read_of
from helpers.patterns.legacy_query.endings.running import no_arguments, run
from helpers.patterns.legacy_query.endings.values import values
from helpers.patterns.legacy_query.held.endings import exists, silent_chain
from helpers.patterns.legacy_query.held.family import Site
from helpers.patterns.legacy_query.held.states import States
from helpers.patterns.legacy_query.links import PARTS, READ, VALUES
from helpers.patterns.legacy_query.outcome import SELECT, Conversion, Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import State

_LATER = frozenset({"get"})


@dataclass(frozen=True, eq=False)
class Runs:
    """Makes conversions of the places of one family."""

    project: Project
    states: States

    def conversion(self, site: Site, session: str) -> Conversion:
        """What the place becomes, run on `session` where it is run. Refused where nothing does the same."""
        chain = silent_chain(site)
        found = [self._one(site, chain, state) for state in self.states.alike(site)]
        made = max(found, key=lambda one: len(one.filters))
        if any(replace(one, filters=made.filters) != made for one in found):
            raise Refused(f"queries with different rows meet here ({site.place})")
        needs = tuple(one for one in made.needs if one != SELECT or "{select}" in made.before)
        method = f"{session}.{made.method}" if made.method else None
        return replace(made, method=method, head="", needs=needs, parentheses=None)

    def _one(self, site: Site, chain: Chain, state: State) -> Conversion:
        name = site.ending.name if site.ending else ""
        if name in _LATER:
            raise Refused(f".{name}() of a query that is kept or passed on is not in the mapping table ({site.place})")
        self._own(site, state)
        ending = Ending(self.project, site.module, chain, state, self.states.renames(site), site.terminal)
        if name in READ:
            return read_of(ending)
        if name == "exists":
            return exists(ending)
        if name in PARTS:
            return part(ending)
        if name in VALUES:
            return values(ending)
        if name == "count":
            return count(ending)
        no_arguments(site.terminal)
        if site.use == "operand":
            return operand(ending)
        return member(ending) if site.use == "member" else run(ending)

    def _own(self, site: Site, state: State) -> None:
        """Refused for what a statement cannot carry with it to another place."""
        own = set(site.middle)
        if any(placed.link not in own for placed in state.params):
            raise Refused(f"params() are said elsewhere than where the query ends ({site.place})")
        if not state.eager and not any(link.name == "enable_eagerloads" for link in site.middle):
            raise Refused(f"enable_eagerloads() is said elsewhere than where the query ends ({site.place})")
