"""Circles of eager relationships: SQLAlchemy stops before a class that it came through, unless a depth is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from helpers.patterns.lazy_relationship.traced import Seen

Way = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Circles:
    """Answers for everything that one trace saw."""

    seen: Sequence[Seen]

    def depth(self, group: Iterable[Seen]) -> int:
        """How deep the relationship of `group` is to be loaded; 0 where no way to it comes through its own target.

        `LongLiveToken.user` and then `User.tokens`, both eager: the tokens of the user are left out at a depth of two.
        """
        ways = [(seen, way) for seen in group for way in self._ways(seen, frozenset())]
        closed = any(seen.step.target is not None and seen.step.target.name in _owners(way) for seen, way in ways)
        return max(len(way) for _, way in ways) if closed else 0

    def _ways(self, seen: Seen, beyond: frozenset[str]) -> Iterator[Way]:
        """The lazy loads that led to one, the first of them first, and itself."""
        name = seen.load.name
        before = {one.attribute for one in seen.load.loaded_by if one.kind == "lazy"} - beyond
        for above in sorted(before):
            known = [one for one in self.seen if one.load.name == above and one.load.place == seen.load.place]
            for one in known:
                yield from ((*way, name) for way in self._ways(one, beyond | {name, above}))
            if not known:
                yield above, name
        if not before:
            yield (name,)


def _owners(way: Way) -> frozenset[str]:
    return frozenset(step.partition(".")[0] for step in way)
