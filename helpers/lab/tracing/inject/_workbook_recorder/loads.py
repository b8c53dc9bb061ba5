"""Tells lazy loads and refreshes from statements that somebody asked for."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from .endpoints import ENDPOINT, SCHEMA
from .log import IS_TEST, LOG, Source, Touch
from .origins import sources_of
from .stack import Walk, described, file_of, sqlalchemy_run, walk

NEAR = 4  # frames that are kept of a touch
# SQL that was entered through one of these files was emitted because an attribute was read or set
ATTRIBUTES = {"orm/attributes.py", "orm/collections.py", "orm/state.py", "orm/descriptor_props.py"} | {
    "ext/" + name for name in ("associationproxy.py", "hybrid.py", "mutable.py", "orderinglist.py")
}
ACCESS = {"__get__", "__set__", "__delete__"}


class Entry(NamedTuple):
    """The attribute through which SQLAlchemy was entered; without an instance where it cannot be told."""

    instance: Any
    key: str


def entry(run: list[Any]) -> Entry | None:
    """What the outer end of a run of SQLAlchemy's frames reads or sets; None when it was entered by a method.

    Neither `lazy_loaded_from` nor any other flag tells this: eager loaders that run inside a query set them, too.
    """
    outer = run[-1]
    me = outer.f_locals.get("self")
    if any(kind.__name__ in ("AppenderMixin", "_AppenderMixin") for kind in type(me).__mro__):
        return Entry(me.instance, me.attr.key)
    if file_of(outer)[1] not in ATTRIBUTES:
        return None
    for frame in reversed(run):
        values = frame.f_locals
        me = values.get("self")
        # a synonym or a composite reads an instrumented attribute in its turn
        if frame.f_code.co_name in ACCESS and any(
            kind.__name__ == "InstrumentedAttribute" for kind in type(me).__mro__
        ):
            return Entry(values["instance"], me.key)
    return Entry(None, "")


def on_execute(execution: Any) -> None:
    """Before every statement of the ORM: note what it loads for, and mark what it will load."""
    if not execution.is_select:
        return
    run, outside = sqlalchemy_run(sys._getframe(1))
    through = entry(run)
    here = walk(outside)
    if through is None:
        method = run[-1].f_code.co_name
        source = Source("refresh" if method == "refresh" else "query", method, here.frames[:2])
    else:
        kind = _kind(execution, run, through)
        if kind:
            LOG.total("hooked")
            LOG.add(_touch(kind, through, here))
        source = Source("lazy", "", here.frames[:2], _name(through))
    execution.update_execution_options(_workbook_source=source)


def _kind(execution: Any, run: list[Any], through: Entry) -> str:
    """Why a statement was emitted below an attribute; empty when it belongs to a load that was told already."""
    state = getattr(through.instance, "_sa_instance_state", None)
    if state is None:
        return ""
    if execution.is_column_load:
        return _column_kind(run, state)
    if not execution.is_relationship_load:
        return "dynamic"
    path = execution.loader_strategy_path
    same = path is not None and getattr(path.path[-1], "key", None) == through.key
    return "relationship" if same and execution.lazy_loaded_from is state else ""


def _column_kind(run: list[Any], state: Any) -> str:
    """Why a column is read again, or for the first time."""
    for frame, outer in zip(run, run[1:]):
        name = frame.f_code.co_name
        if name in ("load_scalar_attributes", "_load_scalar_attributes"):
            mine = frame.f_locals["state"]
            if mine is not state:
                return ""
            if outer.f_code.co_name == "_load_for_state":
                return "deferred"
            if mine.expired:
                return "expired"
            base = mine.manager.mapper.base_mapper
            names = frame.f_locals.get("attribute_names") or ()
            return "partial" if all(map(base.has_property, names)) else "polymorphic"
        if name == "_load_for_state":
            return "deferred" if frame.f_locals.get("state") is state else ""
    return "partial"


def _declaring(mapper: Any, key: str) -> Any:
    """The class that has the attribute, of those that a class inherits from."""
    while mapper.inherits is not None and mapper.inherits.has_property(key):
        mapper = mapper.inherits
    return mapper.class_


def _name(through: Entry) -> str:
    """`Class.attribute`, with the class that has it."""
    if through.instance is None:
        return ""
    mapper = through.instance._sa_instance_state.manager.mapper
    return f"{_declaring(mapper, through.key).__name__}.{through.key}"


def _touch(kind: str, through: Entry, here: Walk) -> Touch:
    """The record of an implicit load."""
    state = through.instance._sa_instance_state
    mapper = state.manager.mapper
    prop = mapper.get_property(through.key, _configure_mappers=False)
    target = getattr(getattr(prop, "mapper", None), "class_", None)
    after = here.response or not here.frames
    in_test = bool(here.frames) and bool(IS_TEST(here.frames[0][0]))
    return Touch(
        owner=described(mapper.class_),
        declared=described(_declaring(mapper, through.key)),
        attribute=through.key,
        kind=kind,
        target=described(target) if target is not None else "",
        frames=here.frames[: 1 if in_test else NEAR],
        through=here.through,
        endpoint=ENDPOINT.get() if after else None,
        schema=here.schema or (SCHEMA.get() if after else ""),
        sources=sources_of(state, here.frames),
        expired=getattr(state, "_workbook_expired", None) if kind == "expired" else None,
    )
