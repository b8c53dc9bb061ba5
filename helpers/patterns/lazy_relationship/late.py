"""Loading behind a check: what a query loads in vain or twice is loaded once nothing refuses the object any more."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.callers import Chain
from helpers.analysis.dataflow.values import Step
from helpers.analysis.flow import Flow
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.source import Source
from helpers.analysis.uses import Uses
from helpers.model import Edit
from helpers.patterns.lazy_relationship.anchors import Anchor, anchor
from helpers.patterns.lazy_relationship.at_once import margin_of
from helpers.patterns.lazy_relationship.lifetime import Level, Lifetime
from helpers.patterns.lazy_relationship.placing import MOST_IN_VAIN, NO_JOIN, statements_of
from helpers.patterns.lazy_relationship.refusal import Refused
from helpers.patterns.lazy_relationship.single import Single
from helpers.patterns.lazy_relationship.sites import Need, Site, Steps, Survey
from helpers.patterns.lazy_relationship.whole import reading_line


@dataclass(frozen=True, eq=False)
class Later:
    """A place where an object is loaded further: what, and who reads that."""

    level: Level
    anchor: Anchor
    needs: list[Need]

    @property
    def paths(self) -> list[Steps]:
        """What is loaded there, each path once."""
        return list(dict.fromkeys(need.path for need in self.needs))


@dataclass(frozen=True, eq=False)
class Late:
    """Answers for the sites of one survey.

    More than `MOST_IN_VAIN` collections that are loaded before a check which refuses the object are loaded in vain,
    and before a whole refresh twice. Behind it they cost one statement more, whatever their number.
    """

    survey: Survey
    lifetime: Lifetime

    def of(self, site: Site, *, spread: bool) -> list[Later]:
        """The places for one site. `spread` says that other readers may ask for the same at their calls."""
        found: list[Later] = []
        for level in self._levels(site) if site.kind != "made" else ():
            taken = {id(need) for later in found for need in later.needs}
            needs = [need for need in site.needs if _passes(site, need, level[2]) and id(need) not in taken]
            if later := self._at(site, level, needs):
                found.append(later)
        if not spread:
            taken = {id(need) for later in found for need in later.needs}
            kept = {need.path[0] for need in site.needs if id(need) not in taken}
            found = [Later(one.level, one.anchor, [n for n in one.needs if n.path[0] not in kept]) for one in found]
        return [one for one in found if self._pays(site, one.needs)]

    def joined(self, site: Site, paths: list[Steps], chosen: list[Steps]) -> frozenset[Step]:
        """The one collection that a `get` joins when it loads too many before a check: its statement gives one object.

        Two would multiply each other's rows, so it is none where the statement has options of its own already.
        """
        joins = not (site.links & NO_JOIN)
        place = (
            self._anchor(site, (site.function, site.module, site.call))
            if site.kind == "get" or "get" in site.links
            else None
        )
        many = len(statements_of(site, [*paths, *chosen], joins=joins)) > MOST_IN_VAIN
        if place is None or not place.refuses or not many or site.given or self._joins_already(site):
            return frozenset()
        ends = [path[0] for path in paths if path[0].many and not any(path[:1] == one[:1] != one for one in paths)]
        plain = [step for step in ends if step.kind == "relationship" and step not in self.survey.reads.circular]
        return frozenset(plain[:1])

    def _joins_already(self, site: Site) -> bool:
        """Whether the mapping itself joins something to every statement."""
        assert site.root.entity is not None
        return any(one.lazy == "joined" for one in self.survey.flows.members.relations(site.root.entity))

    def _levels(self, site: Site) -> list[Level]:
        """Every call that gives an object of the site, those nearer to where it is loaded first."""
        ways = [self.lifetime.levels(site, need) for need in site.needs]
        deepest = max(map(len, ways), default=0)
        every = [way[depth] for depth in range(deepest) for way in ways if depth < len(way)]
        return list({id(level[2]): level for level in every}.values())

    def _at(self, site: Site, level: Level, needs: list[Need]) -> Later | None:
        """What is best loaded in one function, behind the call that gives it the object."""
        function, _, call = level
        place = self._anchor(site, level)
        if not isinstance(function, FunctionNode) or place is None or not self._pays(site, needs):
            return None
        if not (place.refuses or self._refused_before(site, needs, call)) or self._may_be_none(level, place):
            return None
        if any(self._refreshed_again(site, need, level, place) for need in needs):
            return None
        groups: dict[Step, list[Need]] = {}
        for need in needs:
            groups.setdefault(need.path[0], []).append(need)
        chains = self.survey.callers.chains(function)
        fit = [one for group in groups.values() if self._fits(site, group, level, place, chains) for one in group]
        return Later(level, place, fit) if self._pays(site, fit) else None

    def _pays(self, site: Site, needs: list[Need]) -> bool:
        """Whether to load these with the query is more in vain than may be."""
        joins = not (site.links & NO_JOIN)
        return len(statements_of(site, [need.path for need in needs], joins=joins)) > MOST_IN_VAIN

    def _anchor(self, site: Site, level: Level) -> Anchor | None:
        """The place in a function, where the value there is surely one object."""
        _, module, call = level
        assert site.root.entity is not None
        found = anchor(self.survey.project.scopes(module), call, site.root.entity.columns)
        if found is None or (call is not site.call and found.value is not call):
            return None
        mine = any(ref.root == site.root and not ref.path for ref in self.survey.flows.of(found.value, module))
        return found if mine and Single(self.survey).is_one(found.value, module) else None

    def _refused_before(self, site: Site, needs: list[Need], call: ast.Call) -> bool:
        """Whether a function further in may refuse the object before it hands it on."""
        ways = (self.lifetime.levels(site, need) for need in needs)
        calls = {id(level[2]): level for way in ways for level in _further_in(way, call)}
        return any((found := self._anchor(site, level)) and found.refuses for level in calls.values())

    def _refreshed_again(self, site: Site, need: Need, level: Level, place: Anchor) -> bool:
        """Whether a whole refresh further on throws away what is loaded at the place."""
        ways = self.lifetime.levels(site, need)
        at = next(index for index, one in enumerate(ways) if one[2] is level[2])
        starts = [(level[0], place.line), *((function, call.lineno) for function, _, call in ways[at + 1 :])]
        return any(self.survey.whole.between(site.root, one, after=line, need=need) for one, line in starts)

    def _may_be_none(self, level: Level, place: Anchor) -> bool:
        """Whether nothing tells that there is an object at the place."""
        _, module, _ = level
        found = self.survey.objects.of(place.value, module)
        if found is not None and not found.optional:
            return False
        flow = Flow(self.survey.project.scopes(module))
        block = flow.block(place.statement)
        behind = block[block.index(place.statement) + 1 :]
        return not (place.name and behind and Uses(flow).not_none(place.name, behind[0]))

    def _fits(self, site: Site, group: list[Need], level: Level, place: Anchor, chains: tuple[Chain, ...]) -> bool:
        """Whether all that is read along one relationship can be loaded there: on every way, and only behind it."""
        joins = not (site.links & NO_JOIN)
        if any(step.kind != "relationship" for need in group for step in need.path):
            return False
        if any(need.conditional for need in group):
            return False
        lines = [reading_line(level[0], need) for need in group]
        if any(line is not None and line <= place.line for line in lines):
            return False
        ways: dict[Steps, list[Chain]] = {}
        for need in group:
            ways.setdefault(need.path, []).append(_outer(site, need, level[2]))
        everybody = all(any(_ends(way, chain) for way in found) for found in ways.values() for chain in chains)
        return everybody and bool(statements_of(site, ways, joins=joins))


def _passes(site: Site, need: Need, call: ast.Call) -> bool:
    return call is site.call or call in need.via


def _outer(site: Site, need: Need, call: ast.Call) -> Chain:
    """The calls that lead into the function around a call."""
    return need.via if call is site.call else need.via[: need.via.index(call)]


def _ends(way: Chain, chain: Chain) -> bool:
    shorter = min(len(way), len(chain))
    return not shorter or way[-shorter:] == chain[-shorter:]


def _further_in(way: list[Level], call: ast.Call) -> Iterator[Level]:
    for level in way:
        if level[2] is call:
            return
        yield level


def moved_out(source: Source, place: Anchor, name: str, text: str) -> list[Edit]:
    """The value inside a statement gets a name on a line of its own; `text` follows, then the statement itself."""
    start, end = source.segment(place.statement)
    first, last = source.segment(place.value)
    margin = margin_of(source, start)
    again = f"{source.text[start:first]}{name}{source.text[last:end]}"
    if place.value is getattr(place.statement, "value", None) and source.text[start:first].strip() != "return":
        raise Refused("the value stands in parentheses: give it a name, and load it behind that")
    return [Edit(start, first, f"{name} = "), Edit(last, end, f"{margin}{text}{margin}{again}")]
