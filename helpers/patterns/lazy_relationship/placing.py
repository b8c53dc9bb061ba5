"""Decides what a query loads for everybody: what all readers need, what is free, and little that some do not."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field

from helpers.analysis.callers import Chain
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
            if (
                asked_only
                or self.survey.unseen_by_checkers(path)
                or (above and above not in chosen and above in site.paths)
            ):
                continue
            together = [path, *_of_the_same_subclasses(path, site.paths, chosen)]
            if path not in chosen and self._affordable(site, [*chosen, *together], chains, joins=joins):
                chosen += together
        self._spend(site, chosen, chains, joins=joins)
        return chosen

    def in_vain(self, site: Site, paths: list[Steps], chain: Chain, *, joins: bool) -> int:
        """How many statements load what nobody reads when a site is reached by this chain of calls.

        What the site loads already counts as well, so that a second look decides as the first did.
        """
        paths = [*paths, *dict.fromkeys(need.path for need in site.served)]
        needed = {_statement(path) for path in paths if self._needed(site, path, chain)}
        return len({_statement(path) for path in paths if _costs(path, joins=joins)} - needed)

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
    return [one for one in paths if _statement(one) == _statement(path) and one != path and one not in chosen]


def _statement(path: Steps) -> tuple[str, ...]:
    """What stands for the statement that loads the last step: the columns of all subclasses come as one."""
    last = "subclasses" if path[-1].kind == "subclass" else path[-1].label
    return (*(step.label for step in path[:-1]), last)


def leads(need: Need, chain: Chain) -> bool:
    """Whether a chain of calls is one that ends where something is read."""
    shorter = min(len(need.via), len(chain))
    return not shorter or need.via[-shorter:] == chain[-shorter:]


def _costs(path: Steps, *, joins: bool) -> bool:
    """Whether loading the last step of a path takes a statement of its own."""
    last = path[-1]
    return last.kind != "deferred" and (last.many or last.kind == "subclass" or not joins)
