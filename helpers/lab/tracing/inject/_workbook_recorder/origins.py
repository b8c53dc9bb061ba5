"""Remembers what had loaded an object, and what expired it: a mark on its state, made once for each statement."""

from __future__ import annotations

import itertools
import sys
import threading
from typing import Any, Callable, Iterator

from .log import IS_TEST, Frame, Source, guarded
from .stack import FAR, sqlalchemy_run, walk

STATEMENTS = 8  # the latest that are kept for an object
LOCAL = threading.local()


def sources_of(state: Any, frames: tuple[Frame, ...]) -> tuple[Source, ...]:
    """Of the statements that gave this object, those nearest to the place that touches it; equally near ones all."""
    loaded = getattr(state, "_workbook_loaded", None)
    candidates = (*getattr(state, "_workbook_returned", ()), *([loaded] if loaded else []))
    if not candidates:
        return (Source("made", "", ()),)
    ranked = [(_distance(source, frames), source) for source in dict.fromkeys(candidates)]
    best = min(rank for rank, _ in ranked)
    near = tuple(source for rank, source in ranked if rank == best)
    return near[:3] if best[1] < 2 else near[:1]


def _distance(source: Source, frames: tuple[Frame, ...]) -> tuple[int, int]:
    """How many callers away, and whether in the same function, class or file (0, 1, 2), the application or a test."""
    if not source.frames:
        return FAR, 5
    path, _, first, name, _ = source.frames[0]
    owner = name.rpartition(".")[0]
    for number, frame in enumerate(frames):
        if frame[0] == path:
            same_class = owner and frame[3].rpartition(".")[0] == owner
            return number, 0 if frame[2] == first else 1 if same_class else 2
    return FAR, 4 if IS_TEST(path) else 3


def on_load(state: Any, context: Any) -> None:
    """An object was made from a row; merge() tells of that, too, and has no context."""
    if context is not None:
        state._workbook_loaded = context.execution_options.get("_workbook_source") or _source_here()


def on_refresh(state: Any, context: Any, names: Any) -> None:
    """An object was read again, which is what had loaded it if the session itself had made it."""
    if context is not None and "_workbook_loaded" not in state.__dict__:
        source = context.execution_options.get("_workbook_source") or _source_here()
        state._workbook_loaded = source._replace(kind="refresh", attribute="")


def _source_here() -> Source:
    """The source of rows whose statement carries no mark, as those of subquery loaders."""

    def find(run: Any, outside: Any) -> Source:
        return Source("query", run[-1].f_code.co_name, walk(outside).frames[:2])

    found: Source = _once("source", find)
    return found


def on_expire(state: Any, names: Any) -> None:
    """An object was expired as a whole: by a commit, a rollback, or a call."""

    def find(run: Any, outside: Any) -> Any:
        inner = {frame.f_code.co_name for frame in run}
        frames = walk(outside).frames
        by = "commit" if "_remove_snapshot" in inner else "rollback" if "_restore_snapshot" in inner else ""
        return by, frames[0] if frames else None

    if names is None:
        state._workbook_expired = _once("expired", find)


def _once(name: str, find: Callable[[Any, Any], Any]) -> Any:
    """What `find` makes of the stack; the next of many objects that one call loads or expires gets the same."""
    run, outside = sqlalchemy_run(sys._getframe(1))
    at = (id(outside), outside.f_code, outside.f_lasti, run[-1].f_code) if outside is not None else None
    known = getattr(LOCAL, name, (None, None))
    if at is None or known[0] != at:
        known = (at, find(run, outside))
        setattr(LOCAL, name, known)
    return known[1]


def marking(original: Callable[..., Any]) -> Callable[..., Any]:
    """`sqlalchemy.orm.loading.instances`, which also remembers with each object the statements that returned it.

    An object that the session has already fires no event when a second statement returns it.
    """

    def instances(cursor: Any, context: Any, *arguments: Any, **keywords: Any) -> Any:
        result = original(cursor, context, *arguments, **keywords)
        _mark_result(result, context)
        return result

    return instances


@guarded
def _mark_result(result: Any, context: Any) -> None:
    source = context.execution_options.get("_workbook_source")
    nested = context.refresh_state is not None or getattr(context, "top_level_context", None) is not None
    if source is not None and not nested and callable(getattr(result, "chunks", None)):
        result.chunks = _marked(result.chunks, source)
        result.iterator = itertools.chain.from_iterable(result.chunks(None))


def _marked(chunks: Callable[..., Any], source: Source) -> Callable[..., Any]:
    def marked(size: Any) -> Iterator[Any]:
        for rows in chunks(size):
            _mark(rows, source)
            yield rows

    return marked


@guarded
def _mark(rows: Any, source: Source) -> None:
    for row in rows:
        for value in row if isinstance(row, tuple) else (row,):
            state = getattr(value, "__dict__", {}).get("_sa_instance_state")
            if state is not None:
                state._workbook_returned = (source, *getattr(state, "_workbook_returned", ())[: STATEMENTS - 1])
