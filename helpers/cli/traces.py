"""What `trace` says as text: lazy loads, expired columns, functions that do IO, and SQL on the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from helpers.cli.report import counted
from helpers.workbook import LazyLoad, Place, Refresh, Touched, Trace

_WHERE = {"application": "the application", "start-up": "the application, outside of any test", "tests": "the tests"}


def lines(trace: Trace) -> Iterator[str]:
    """The report: a heading and one line for each record, in sections; a section that would be empty is left out."""
    for origin, where in _WHERE.items():
        loads = [item for item in trace.lazy_loads if item.origin == origin]
        yield from _section(f"lazy loads in {where}", loads, lambda load: f"{load.where} {_load(load)}")
        partial = [item for item in trace.refreshes if item.origin == origin and item.kind == "partial"]
        yield from _section(f"columns fetched after a flush or expire in {where}", partial, _refresh)
        yield from _expired(where, [x for x in trace.refreshes if x.origin == origin and x.kind == "expired"])
    yield from _section("functions that do IO", trace.io_functions, lambda item: _function(item.place, item))
    loops = [item for item in trace.on_loop if item.origin != "tests"]
    yield from _section("SQL that the event loop waited for", loops, lambda item: _frames(item.frames, item))


def summary(trace: Trace) -> Iterator[str]:
    """What a reader should know of the run: the self-check, and how much was seen."""
    check, many = trace.check, "process" if trace.processes == 1 else "processes"
    yield (
        f"self-check: the hooks counted {check.hooked} lazy loads and refreshes, {check.listed} are listed with a line"
        f" or an endpoint; {check.implicit} of {check.statements} SQL statements came from them"
    )
    if check.failed_hooks or check.cut:
        failed = counted(check.failed_hooks, "hook")
        yield f"{failed} failed; {check.cut} of the processes were killed, and their last counts are missing"
    on = f"SQLAlchemy {' and '.join(trace.sqlalchemy)} and Python {' and '.join(trace.python)}"
    yield f"{trace.processes} {many} on {on}; the command ended with {trace.exit}"


def _section(title: str, items: Iterable[object], line: Callable[..., str], more: str = "") -> Iterator[str]:
    found = [line(item) for item in items]
    if found:
        yield f"{title}: {counted(len(found), 'line')}{more}"
        yield from (f"  {text}" for text in found)


def _expired(where: str, items: list[Refresh]) -> Iterator[str]:
    """One line for each commit: what was read again after it, and where."""
    by_commit = groupby(sorted(items, key=_by_commit), key=_by_commit)
    told = [_commit(list(group)) for _, group in by_commit]
    title = f"columns read again in {where} after a commit or rollback"
    yield from _section(title, told, str, "; expire_on_commit=False removes those of commits")


def _by_commit(item: Refresh) -> tuple[str, Place]:
    return item.by, item.expired_at or Place("", 0)


def _commit(items: list[Refresh]) -> str:
    first = items[0]
    where = str(first.expired_at) if first.expired_at else "somewhere"
    places = sorted({item.where for item in items})
    names = sorted({item.name for item in items})
    read = f"{', '.join(names[:4])}{' and more' if len(names) > 4 else ''}"
    times = counted(sum(item.count for item in items), "time")
    return f"{where} {first.by or 'expire'}: {read} read again {times} at {_some(places)}"


def _some(places: list[str]) -> str:
    return f"{', '.join(places[:3])}{f' and {len(places) - 3} more' if len(places) > 3 else ''}"


def _load(load: LazyLoad) -> str:
    return f"{load.name} {load.kind} {_times(load)}{_loaded(load)}"


def _refresh(refresh: Refresh) -> str:
    return f"{refresh.where} {refresh.name} {_times(refresh)}{_loaded(refresh)}"


def _times(item: Touched) -> str:
    tests = f" in {counted(item.test_count, 'test')}" if item.test_count else ""
    return f"{counted(item.count, 'time')}{tests}"


def _loaded(item: Touched) -> str:
    return f", loaded by {'; '.join(map(str, item.loaded_by))}" if item.loaded_by else ""


def _function(place: Place, item: object) -> str:
    facts = [name for name in ("direct", "implicit") if getattr(item, name)]
    return f"{place} {place.function} {' '.join([*facts, counted(getattr(item, 'count', 0), 'time')])}"


def _frames(frames: Iterable[Place], item: object) -> str:
    called = " called by ".join(f"{place} {place.function}" for place in frames)
    return f"{called} {counted(getattr(item, 'count', 0), 'time')}"
