"""Decides what a query loads for everybody: what all readers need, what is free, and little that some do not."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from helpers.analysis.callers import Chain
from helpers.analysis.dataflow.values import Step
from helpers.analysis.mapping import Entity
from helpers.patterns.lazy_relationship.sites import Need, Site, Steps, Survey

MOST_IN_VAIN = 1
NO_JOIN = frozenset(
    {"with_for_update", "group_by", "distinct", "having", "union", "union_all", "intersect", "except_"}
    | {"from_statement", "yield_per", "with_hint", "prefix_with"}
)


@dataclass(eq=False)
class Placing:
    """Keeps count of the statements that each entry of the application may run in vain."""

    survey: Survey
    _spent: Counter[ast.AST | None] = field(default_factory=Counter, repr=False)

    def at_site(self, site: Site) -> list[Steps]:
        """The paths to load where the objects are loaded, for all who ask."""
        chains = self.survey.callers.chains(site.function)
        joins = not (site.links & NO_JOIN)
        chosen: list[Steps] = []
        for path in self._by_readers(site, chains):
            above = path[:-1]
            asked_only = not any(self._needed(site, path, chain) for chain in chains)
            if asked_only or (above and above not in chosen and above in site.paths):
                continue
            together = [path, *_of_the_same_subclasses(path, site.paths, chosen)]
            if path not in chosen and self._affordable(site, [*chosen, *together], chains, joins=joins):
                chosen += together
        self._spend(site, chosen, chains, joins=joins)
        return chosen

    def in_vain(self, site: Site, paths: list[Steps], chain: Chain, *, joins: bool) -> int:
        """How many statements load what nobody reads when a site is reached by this chain of calls.

        What the site loads already counts as well, so that a second look decides as the first did; so does the
        statement that loads more behind a check on that way.
        """
        paths = [*paths, *dict.fromkeys(need.path for need in site.served)]
        needed = [path for path in paths if self._needed(site, path, chain)]
        every, wanted = (statements_of(site, some, joins=joins) for some in (paths, needed))
        late = site.call in site.late or not site.late.isdisjoint(chain)
        return len(every - wanted) + (late and bool(every - wanted))

    def _needed(self, site: Site, path: Steps, chain: Chain) -> bool:
        return any(
            need.path[: len(path)] == path and not need.conditional and leads(need, chain)
            for need in (*site.needs, *site.served)
        )

    def _by_readers(self, site: Site, chains: tuple[Chain, ...]) -> list[Steps]:
        """The paths, those that most ways lead to first, shorter ones before what hangs on them."""
        readers = {path: sum(self._needed(site, path, chain) for chain in chains) for path in site.paths}
        return sorted(site.paths, key=lambda path: (-readers[path], len(path), [step.label for step in path]))

    def _affordable(self, site: Site, paths: list[Steps], chains: tuple[Chain, ...], *, joins: bool) -> bool:
        return all(
            (cost := self.in_vain(site, paths, chain, joins=joins)) == 0
            or cost + self._spent[self._entry(site, chain)] <= MOST_IN_VAIN
            for chain in chains
        )

    def _spend(self, site: Site, paths: list[Steps], chains: tuple[Chain, ...], *, joins: bool) -> None:
        worst: Counter[ast.AST | None] = Counter()
        for chain in chains:
            entry = self._entry(site, chain)
            worst[entry] = max(worst[entry], self.in_vain(site, paths, chain, joins=joins))
        self._spent.update(worst)

    def _entry(self, site: Site, chain: Chain) -> ast.AST | None:
        """The function that everything begins with."""
        return self.survey.callers.around(chain[0]) if chain else site.function


def _of_the_same_subclasses(path: Steps, paths: list[Steps], chosen: list[Steps]) -> list[Steps]:
    """The other columns of subclasses behind the same relationship: one option names all subclasses, or two collide."""
    if path[-1].kind != "subclass":
        return []
    beside = [one for one in paths if one[:-1] == path[:-1] and one[-1].kind == "subclass"]
    return [one for one in beside if one != path and one not in chosen]


def through_subclass(site: Site, path: Steps) -> bool:
    """Whether only a subclass of what is loaded has one of the steps."""
    owners = [site.root.entity, *(step.target for step in path)]
    return any(_of_subclass(owner, step) for owner, step in zip(owners, path, strict=False))


def _of_subclass(owner: Entity | None, step: Step) -> bool:
    return step.kind == "subclass" or (owner is not None and step.owner is not owner and step.owner.is_a(owner))


def statements_of(site: Site, paths: Iterable[Steps], *, joins: bool) -> set[tuple[str, ...]]:
    """The statements that loading these paths takes beside the first: one for a collection, one for a subclass."""
    found: set[tuple[str, ...]] = set()
    for path in paths:
        *above, last = path
        names = tuple(step.label for step in above)
        if _of_subclass(above[-1].target if above else site.root.entity, last):
            found.add((*names, f"class {last.owner.name}"))
        if last.kind not in ("deferred", "subclass") and (last.many or not joins):
            found.add((*names, last.label))
    return found


def leads(need: Need, chain: Chain) -> bool:
    """Whether a chain of calls is one that ends where something is read."""
    shorter = min(len(need.via), len(chain))
    return not shorter or need.via[-shorter:] == chain[-shorter:]
