"""Makes one trace of what all processes of a run recorded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from helpers.analysis.trace import IoEdge, IoFunction, LazyLoad, Loading, OnLoop, Origin, Place, Refresh
from helpers.lab.tracing.names import Frame, Names
from helpers.lab.tracing.records import Met, Raw

TESTS = r"(^|/)_?tests?/|(^|/)(test_[^/]*|[^/]*_tests?|conftest)\.py$"
"""What counts as a test's file, by its path relative to the application."""
EXAMPLES = 8
"""Tests that are named of all that met a record."""
_DEPTH = 4
_is_test = re.compile(TESTS).search

Key = TypeVar("Key", bound=Hashable)


@dataclass
class _Sum(Generic[Key]):
    """Records that are one in the trace."""

    key: Key
    count: int = 0
    tests: set[str] = field(default_factory=set)
    variants: Counter[Any] = field(default_factory=Counter)
    sources: Counter[Loading] = field(default_factory=Counter)

    def add(self, met: Met) -> None:
        self.count += met.count
        self.tests |= met.tests

    @property
    def told(self) -> dict[str, Any]:
        return {"count": self.count, "tests": tuple(sorted(self.tests)[:EXAMPLES]), "test_count": len(self.tests)}


class Merge:
    """The parts of a trace, from what was recorded and the names of the application's functions."""

    def __init__(self, raw: Raw, names: Names) -> None:
        self.raw, self.names = raw, names

    def touched(self) -> tuple[tuple[LazyLoad, ...], tuple[Refresh, ...]]:
        """The lazy loads and the refreshes, one for each attribute, place and, where it was expired, commit."""
        sums: dict[Hashable, _Sum[Any]] = {}
        for met in self.raw.touches.values():
            record = met.record
            frames = tuple(self.names.place(frame) for frame in record["frames"])
            by, expired = record["expired"] or ("", None)
            fixed = tuple(record[name] for name in ("kind", "owner", "declared", "attribute", "target", "schema"))
            expired_at = self._place(expired)
            key = (*fixed, frames[:1], self._place(record["endpoint"]), by, expired_at)
            found = sums.setdefault(key, _Sum(key))
            found.add(met)
            found.variants[frames, tuple(record["through"])] += met.count
            found.sources.update(dict.fromkeys(self._loadings(record["sources"]), met.count))
        loads = [self._lazy_load(one) for one in sums.values() if one.key[0] not in ("expired", "partial")]
        refreshes = [self._refresh(one) for one in sums.values() if one.key[0] in ("expired", "partial")]
        return tuple(sorted(loads, key=_order)), tuple(sorted(refreshes, key=_order))

    def _place(self, frame: Frame | None) -> Place | None:
        return self.names.place(frame) if frame else None

    def _loadings(self, sources: Iterable[Any]) -> Iterator[Loading]:
        for kind, api, frames, attribute in sources:
            yield Loading(kind, self.names.place(frames[0]) if frames else None, api, attribute)

    def _touched(self, one: _Sum[Any]) -> dict[str, Any]:
        _, owner, declared, attribute, _, schema, place, endpoint, *_ = one.key
        frames, through = one.variants.most_common(1)[0][0]
        return {
            **one.told,
            "owner": owner,
            "declared": declared,
            "attribute": attribute,
            "schema": schema,
            "place": place[0] if place else None,
            "endpoint": endpoint,
            "frames": frames,
            "through": through,
            "origin": self._origin(place[0].path if place else "", one.tests),
            "loaded_by": tuple(loading for loading, _ in one.sources.most_common()),
        }

    def _lazy_load(self, one: _Sum[Any]) -> LazyLoad:
        return LazyLoad(**self._touched(one), kind=one.key[0], target=one.key[4])

    def _refresh(self, one: _Sum[Any]) -> Refresh:
        return Refresh(**self._touched(one), kind=one.key[0], by=one.key[-2], expired_at=one.key[-1])

    def _origin(self, path: str, tests: set[str]) -> Origin:
        if _is_test(path):
            return "tests"
        return "application" if tests or not self.raw.with_tests else "start-up"

    def waiting(self) -> tuple[tuple[IoFunction, ...], tuple[IoEdge, ...]]:
        """The functions on whose stack IO was done, and the calls between them."""
        functions: dict[Place, _Sum[Place]] = {}
        edges: dict[Any, _Sum[Any]] = {}
        direct: set[Place] = set()
        for met in self.raw.stacks.values():
            inner: Place | None = None
            for frame in met.record["frames"]:
                function = self.names.function(frame)
                if function == inner and function is not None:  # a comprehension of the same function
                    continue
                if inner is not None:
                    _count(edges, (self.names.place(frame), inner, frame[4]), met)
                if function is not None:
                    _count(functions, function, met)
                    if inner is None:
                        direct.add(function)
                inner = function
        return tuple(sorted(self._functions(functions, direct), key=_by_place)), tuple(_edges(edges))

    def _functions(self, functions: dict[Place, _Sum[Place]], direct: set[Place]) -> Iterator[IoFunction]:
        for place, one in functions.items():
            origin = self._origin(place.path, one.tests)
            yield IoFunction(place, place in direct, not one.variants[False], origin, one.count)

    def on_loop(self) -> tuple[OnLoop, ...]:
        """The stacks of SQL that a running event loop waited for."""
        sums: dict[Hashable, _Sum[Any]] = {}
        for met in self.raw.stacks.values():
            if met.record["loop"]:
                frames = tuple(self.names.place(frame) for frame in met.record["frames"][:_DEPTH])
                _count(sums, (frames, met.record["loop"] == "tests"), met)
        found = [OnLoop(one.key[0], self._loop_origin(one), **one.told) for one in sums.values()]
        return tuple(sorted(found, key=lambda item: item.frames))

    def _loop_origin(self, one: _Sum[Any]) -> Origin:
        frames, of_test = one.key
        return "tests" if of_test else self._origin(frames[0].path, one.tests)


def _count(sums: dict[Any, _Sum[Any]], key: Any, met: Met) -> None:
    found = sums.setdefault(key, _Sum(key))
    found.add(met)
    found.variants[bool(met.record["implicit"])] += met.count


def _edges(edges: dict[Any, _Sum[Any]]) -> list[IoEdge]:
    found = []
    for one in edges.values():
        caller, callee, through = one.key
        found.append(IoEdge(caller, callee, through, not one.variants[False], one.count))
    return sorted(found, key=lambda edge: (edge.caller, edge.callee, edge.through))


def _order(item: LazyLoad | Refresh) -> tuple[Any, ...]:
    place = item.place or item.endpoint or Place("", 0)
    return (place, item.declared, item.attribute, item.owner, item.schema, item.kind)


def _by_place(item: IoFunction) -> Place:
    return item.place
