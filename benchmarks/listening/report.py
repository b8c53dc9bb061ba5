"""What was heard, as lines of text and as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.listening.heard import Heard

MOST = 12


def percent(share: float | None) -> str:
    """A share as a person reads it."""
    return "no SQL" if share is None else f"{share:.1%}"


def lines(heard: Heard, *, most: int = MOST) -> Iterator[str]:
    """Drivers and threads, the share, sessions that crossed, coroutines that nobody awaited; `most` of each list."""
    asynchronous = sum(one.count for one in heard.statements if one.asynchronous)
    yield f"{heard.sent} statements, {asynchronous} through an asynchronous dialect: {percent(heard.share)}"
    yield from (f"  {count} {name}" for name, count in heard.by_driver().items())
    yield from _listed("through a synchronous dialect", heard.synchronous(), most)
    if heard.beside:
        yield f"  left out: {sum(one.count for one in heard.beside)} of places that were named"
    yield from _sessions(heard, most)
    yield f"{len(heard.together)} pairs of places used one connection at the same time"
    yield from (f"  {count} {one} and {other}" for one, other, count in heard.together[:most])
    yield f"{sum(row[-1] for row in heard.unawaited)} coroutines never awaited"
    yield from (f"  {count} {name} of {place} in {test}" for name, place, test, count in heard.unawaited[:most])
    yield from (f"the listener failed: {text}" for text in heard.failures)


def document(heard: Heard) -> dict[str, Any]:
    """The same as plain data for JSON."""
    return {"version": 1, "share": heard.share, "crossed": heard.sessions.crossed, **dataclasses.asdict(heard)}


def _sessions(heard: Heard, most: int) -> Iterator[str]:
    found = heard.sessions
    yield (
        f"{found.count} sessions, {found.asynchronous} asynchronous; {found.crossed} crossed threads, "
        f"{found.tasks} were used by several tasks"
    )
    for one in found.crossings[:most]:
        kind = "asynchronous" if one.asynchronous else "synchronous"
        yield f"  {one.count} {kind}, {one.between}, {one.threads} threads: {one.first} ... {one.last}"
    if rest := found.crossings[most:]:
        yield f"  {sum(one.count for one in rest)} more from {len(rest)} other places"


def _listed(title: str, found: Mapping[str, int], most: int) -> Iterator[str]:
    if found:
        yield f"  {title}:"
    yield from (f"    {count} {place}" for place, count in list(found.items())[:most])
    if rest := list(found.values())[most:]:
        yield f"    {sum(rest)} from {len(rest)} other places"
