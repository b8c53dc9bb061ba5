"""What the links on every way to a place have said, source by source: the state that arrives there and leaves it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeVar

from helpers.analysis.project import Project
from helpers.patterns.legacy_query.held.family import Family, Site
from helpers.patterns.legacy_query.links import follow, start
from helpers.patterns.legacy_query.methods.sets import SETS
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.shape import check_labels, shape_of
from helpers.patterns.legacy_query.state import Piece, Placed, Rename, State

_ROUNDS = 40
Part = TypeVar("Part", Piece, Placed)


@dataclass(frozen=True, eq=False)
class Way:
    """The state of the Query of one source; `unsure` says that ways with different last joins met."""

    state: State
    unsure: bool = False

    @property
    def size(self) -> tuple[int, ...]:
        """Grows with all that is known, and says when nothing new arrives."""
        state = self.state
        parts = (state.columns, state.froms, state.joins, state.criteria, state.options, state.links, state.params)
        return (*map(len, parts), bool(state.limited), self.unsure)


Ways = dict[Site, Way]


@dataclass(eq=False)
class States:
    """Answers for the places of one family."""

    project: Project
    family: Family
    _leaving: dict[Site, Ways] = field(default_factory=dict)
    _arriving: dict[Site, Ways] = field(default_factory=dict)
    _renames: dict[Site, tuple[Rename, ...]] = field(default_factory=dict)
    _placed: dict[Site, list[Placed]] = field(default_factory=dict)
    _heads: dict[Site, Way] = field(default_factory=dict)

    def settle(self) -> None:
        """Follow every link until nothing changes. Refused at the first that may not be followed."""
        for _ in range(_ROUNDS):
            changed = [site for site in self.family.sites if self._step(site)]
            if not changed:
                return
        raise Refused("the query goes around in a way that cannot be followed")

    def leaving(self, site: Site) -> Ways:
        """What is known behind the links of a site."""
        return self._leaving[site]

    def renames(self, site: Site) -> tuple[Rename, ...]:
        """What changes inside the links of a site."""
        return self._renames.get(site, ())

    def _step(self, site: Site) -> bool:
        arriving = self._arrive(site)
        if not arriving:
            return False
        leaving: Ways = {}
        found: set[tuple[Rename, ...]] = set()
        for source, way in arriving.items():
            leaving[source], renames = self._through(site, way)
            found.add(renames)
        if len(found) > 1:
            raise Refused(f"the links mean something else on each way here ({site.place}): write filter()")
        self._renames[site] = found.pop()
        changed = _sizes(leaving) != _sizes(self._leaving.get(site, {}))
        self._leaving[site] = leaving
        return changed

    def _arrive(self, site: Site) -> Ways:
        if site.made:
            if site not in self._heads:
                head = Placed(site.chain.links[0], site.module, site.chain.source)
                self._heads[site] = Way(start(head))
            return {site: self._heads[site]}
        ways: Ways = {}
        for before in self.family.before(site):
            for source, way in self._leaving.get(before, {}).items():
                ways[source] = _met(ways[source], way, site) if source in ways else way
        return ways

    def _through(self, site: Site, way: Way) -> tuple[Way, tuple[Rename, ...]]:
        if site not in self._placed:
            self._placed[site] = [Placed(link, site.module, site.chain.source) for link in site.middle]
        state, unsure = way.state, way.unsure
        previous = site.chain.links[0].stop if site.made else site.chain.source.segment(site.value)[1]
        found: list[Rename] = []
        for placed in self._placed[site]:
            if placed.name in SETS:
                raise Refused(f".{placed.name}() of a query that is kept or passed on ({site.place}): write it by hand")
            if unsure and placed.name == "filter_by":
                raise Refused(f"filter_by() means another entity on each way here ({site.place}): write filter()")
            state, renames = follow(self.project, state, placed, previous)
            unsure = unsure and placed.name not in ("join", "outerjoin", "reset_joinpoint")
            state = _once(state)
            found += renames
            previous = placed.link.stop
        check_labels(self.project, state)
        return Way(state, unsure), tuple(found)

    def alike(self, site: Site) -> list[State]:
        """The states that leave a site, one for each source. Refused when their rows are of different kinds."""
        states = [way.state for way in self.leaving(site).values()]
        if not states:
            raise Refused(f"nothing tells where the query comes from ({site.place})")
        if len(states) > 1:
            shapes = [shape_of(self.project, state) for state in states]
            kinds = {(shape.bare, shape.has_entity, shape.unnamed, len(shape.parts)) for shape in shapes}
            if len(kinds) > 1:
                raise Refused(f"queries with different rows meet here ({site.place})")
        return states


def _met(one: Way, two: Way, site: Site) -> Way:
    """What is known where two ways of one Query meet: whatever either says."""
    a, b = one.state, two.state
    if [piece.node for piece in a.columns] != [piece.node for piece in b.columns]:
        raise Refused(f"queries with different rows meet here ({site.place})")
    for name in ("yields", "tuples", "whole", "eager", "guarded"):
        if getattr(a, name) != getattr(b, name):
            raise Refused(f"ways that run the query differently meet here ({site.place})")
    state = replace(
        a,
        froms=_both(a.froms, b.froms),
        joins=_both(a.joins, b.joins),
        criteria=_both(a.criteria, b.criteria),
        options=_both(a.options, b.options),
        links=_both(a.links, b.links),
        params=_both(a.params, b.params),
        limited=a.limited or b.limited,
    )
    same = (a.joint is b.joint) or (a.joint and b.joint and a.joint.link is b.joint.link)
    return Way(state, one.unsure or two.unsure or not same)


def _once(state: State) -> State:
    """Links that a loop goes through again are known already."""
    return replace(
        state,
        froms=_both(state.froms, ()),
        joins=_both(state.joins, ()),
        criteria=_both(state.criteria, ()),
        options=_both(state.options, ()),
        links=_both(state.links, ()),
        params=_both(state.params, ()),
    )


def _both(one: tuple[Part, ...], two: tuple[Part, ...]) -> tuple[Part, ...]:
    parts: list[Part] = list(one) + list(two)
    first: dict[object, Part] = {}
    for part in parts:
        if _identity(part) not in first:
            first[_identity(part)] = part
    return tuple(first.values())


def _identity(part: Piece | Placed) -> object:
    return part.node if isinstance(part, Piece) else part.link


def _sizes(ways: Ways) -> dict[Site, tuple[int, ...]]:
    return {source: way.size for source, way in ways.items()}
