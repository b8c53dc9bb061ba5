"""What a run of the application's own tests showed: lazy loads, refreshes, and the functions that did IO."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from helpers.model import digest

TRACE_FILE = ".workbook/trace/trace.json"
"""Where a trace lies, relative to the application's folder."""
VERSION = 1

LazyKind = Literal["relationship", "dynamic", "deferred", "polymorphic"]
RefreshKind = Literal["expired", "partial"]
LoadingKind = Literal["query", "lazy", "refresh", "made"]
Origin = Literal["application", "tests", "start-up"]


@dataclass(frozen=True, order=True)
class Place:
    """A line of the application, its path relative to the root, and the qualified name of the function around it."""

    path: str
    line: int
    function: str = "<module>"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Loading:
    """What had loaded an object: the line that ran the statement, and the method it ran by (`all`, `scalars`, ...).

    `query` is a statement of the application. `lazy` is itself a lazy load, of `attribute` ("Class.attribute"):
    the fix is a longer chain of options at what had loaded that one. `refresh` is `session.refresh` or a re-read
    of an object that this session made. `made` has no place: the session made the object and never read it.
    """

    kind: LoadingKind
    place: Place | None
    api: str = ""
    attribute: str = ""

    def __str__(self) -> str:
        what = {"query": self.api, "lazy": f"lazy {self.attribute}"}.get(self.kind, self.kind)
        return f"{self.place} {what}" if self.place else "the session, which made it"


@dataclass(frozen=True)
class Touched:
    """An attribute that emitted SQL when it was read.

    `owner` is the class of the object and `declared` the class that has the attribute, both as `module.Class`.
    `place` is the innermost line of the application, a property's, say; it is None where there is none. Where a
    response was filled after an endpoint had returned, `endpoint` is the first line of that. `schema` is the class
    that Pydantic was filling. `frames` are up to four lines of the application, innermost first; `through` the
    libraries between the attribute and the first of them.
    `loaded_by` holds the statements that had loaded the object, the likeliest first.
    """

    owner: str
    declared: str
    attribute: str
    place: Place | None
    frames: tuple[Place, ...] = ()
    through: tuple[str, ...] = ()
    endpoint: Place | None = None
    schema: str = ""
    origin: Origin = "application"
    count: int = 1
    tests: tuple[str, ...] = ()
    test_count: int = 0
    loaded_by: tuple[Loading, ...] = ()

    @property
    def name(self) -> str:
        """`Class.attribute`, with the class that declares it and without its module."""
        return f"{self.declared.rpartition('.')[2]}.{self.attribute}"

    @property
    def where(self) -> str:
        """The line, the endpoint whose response was filled, and the schema, as far as there are any."""
        line = f"{self.place} {self.place.function}" if self.place else ""
        response = f"{self.endpoint} response of {self.endpoint.function}" if self.endpoint else ""
        nowhere = "" if line or response else f"no line of the application, through {', '.join(self.through)}"
        schema = f" ({self.schema})" if self.schema else ""
        return " in ".join(filter(None, [line, response, nowhere])) + schema


@dataclass(frozen=True)
class LazyLoad(Touched):
    """A relationship or column that no query had loaded; `target` is the related class, as `module.Class`."""

    kind: LazyKind = "relationship"
    target: str = ""


@dataclass(frozen=True)
class Refresh(Touched):
    """A column that had to be read again.

    `expired`: the whole object was, by `by` ("commit", "rollback", or "" for `session.expire`) at the line
    `expired_at`. `partial`: only this column was, as after a flush that leaves a server's default to be fetched.
    """

    kind: RefreshKind = "expired"
    by: str = ""
    expired_at: Place | None = None


@dataclass(frozen=True)
class IoFunction:
    """A function on whose stack SQL was emitted; `place` is its first line, decorators included.

    `direct` says that no other function of the application stood between it and the SQL; `implicit` that attributes
    alone brought it there, so that it need not wait for anything once these are loaded beforehand.
    """

    place: Place
    direct: bool
    implicit: bool = False
    origin: Origin = "application"
    count: int = 1


@dataclass(frozen=True)
class IoEdge:
    """A call on the way to IO: from the line `caller` into the function whose first line is `callee`.

    `through` names the library that made the call, where it was not the application itself; `implicit` is as for
    a function.
    """

    caller: Place
    callee: Place
    through: str = ""
    implicit: bool = False
    count: int = 1


@dataclass(frozen=True)
class OnLoop:
    """SQL that a running event loop had to wait for; `frames` are the application's lines, innermost first."""

    frames: tuple[Place, ...]
    origin: Origin = "application"
    count: int = 1
    tests: tuple[str, ...] = ()
    test_count: int = 0


@dataclass(frozen=True)
class SelfCheck:
    """What the recorder counted by two instruments that know nothing of each other.

    `hooked` are the implicit loads that the ORM's events told, `listed` those that stand in the trace with a line
    or an endpoint. `implicit` are the SQL statements entered through an attribute, and `statements` all of them: a
    load may need several (eager loaders nested in it), so `implicit` is at least `hooked`. `cut` processes were
    killed before they could tell their last counts.
    """

    hooked: int = 0
    listed: int = 0
    implicit: int = 0
    statements: int = 0
    failed_hooks: int = 0
    cut: int = 0


@dataclass(frozen=True)
class Trace:
    """One traced run. Holds only what is still true: what names a file that changed since is left out.

    `stale` are the files that changed, `dropped` how many records were left out for it.
    """

    traced: str
    command: tuple[str, ...]
    exit: int
    processes: int
    sqlalchemy: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    check: SelfCheck = SelfCheck()
    files: Mapping[str, str] = field(default_factory=dict)
    lazy_loads: tuple[LazyLoad, ...] = ()
    refreshes: tuple[Refresh, ...] = ()
    io_functions: tuple[IoFunction, ...] = ()
    edges: tuple[IoEdge, ...] = ()
    on_loop: tuple[OnLoop, ...] = ()
    stale: tuple[str, ...] = ()
    dropped: int = 0


def load_trace(root: Path, known: Mapping[str, bytes] | None = None) -> Trace | None:
    """The trace of the application below `root`; None when there is none, or none of this version that can be read.

    `known` are files as they are to be taken, the others are read. What touches a file that changed since the run is
    dropped; a loading line in such a file is dropped alone.
    """
    try:
        trace = from_document(json.loads((root / TRACE_FILE).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    now = {path: _digest(root / path, (known or {}).get(path)) for path in trace.files}
    return _current(trace, frozenset(path for path, traced in trace.files.items() if now[path] != traced))


def to_document(trace: Trace) -> dict[str, Any]:
    """The trace as JSON data."""
    data = asdict(trace)
    del data["stale"], data["dropped"]
    return {"version": VERSION, **data}


def from_document(data: Mapping[str, Any]) -> Trace:
    """The trace that `to_document` told. ValueError, KeyError or TypeError when it is something else."""
    if data["version"] != VERSION:
        raise ValueError(data["version"])
    return Trace(
        traced=data["traced"],
        command=tuple(data["command"]),
        exit=data["exit"],
        processes=data["processes"],
        sqlalchemy=tuple(data["sqlalchemy"]),
        python=tuple(data["python"]),
        check=SelfCheck(**data["check"]),
        files=data["files"],
        lazy_loads=_all(LazyLoad, data["lazy_loads"]),
        refreshes=_all(Refresh, data["refreshes"]),
        io_functions=_all(IoFunction, data["io_functions"]),
        edges=_all(IoEdge, data["edges"]),
        on_loop=_all(OnLoop, data["on_loop"]),
    )


Item = TypeVar("Item")
_PLACES = frozenset({"place", "endpoint", "expired_at", "caller", "callee"})


def _all(kind: type[Item], records: Iterable[Mapping[str, Any]]) -> tuple[Item, ...]:
    return tuple(kind(**{name: _value(name, value) for name, value in record.items()}) for record in records)


def _value(name: str, value: Any) -> Any:
    if name in _PLACES:
        return Place(**value) if value else None
    if name == "frames":
        return tuple(Place(**item) for item in value)
    if name == "loaded_by":
        return _all(Loading, value)
    return tuple(value) if isinstance(value, list) else value


def _digest(path: Path, data: bytes | None) -> str:
    try:
        return digest(path.read_bytes() if data is None else data)
    except OSError:
        return ""


def _current(trace: Trace, stale: frozenset[str]) -> Trace:
    """The trace without what names a file of `stale`."""
    if not stale:
        return trace
    lists = ("lazy_loads", "refreshes", "io_functions", "edges", "on_loop")
    kept: dict[str, Any] = {
        name: tuple(item for item in getattr(trace, name) if not stale & _paths(item)) for name in lists
    }
    kept["lazy_loads"] = tuple(_known_loadings(item, stale) for item in kept["lazy_loads"])
    kept["refreshes"] = tuple(_known_loadings(item, stale) for item in kept["refreshes"])
    dropped = sum(len(getattr(trace, name)) - len(kept[name]) for name in lists)
    return replace(trace, **kept, stale=tuple(sorted(stale)), dropped=dropped)


def _paths(item: object) -> set[str]:
    """The files that a record stands in; what had loaded the object may stand elsewhere."""
    places = [getattr(item, name, None) for name in _PLACES]
    return {place.path for place in (*places, *getattr(item, "frames", ())) if place}


Load = TypeVar("Load", LazyLoad, Refresh)


def _known_loadings(item: Load, stale: frozenset[str]) -> Load:
    kept = tuple(one for one in item.loaded_by if not (one.place and one.place.path in stale))
    return replace(item, loaded_by=kept)
