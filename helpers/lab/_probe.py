"""Runs one piece of code on one SQLite file and tells what it saw; stands alone, from Python 3.8 and SQLAlchemy 1.4 on.

This file is the program of a worker: one job in JSON per line of standard input, one report per line of standard
output, an empty line for a job that took its process along.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import gc
import inspect
import io
import json
import math
import os
import re
import signal
import sys
import types
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.dialects import postgresql

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]
_PREPARED: dict[str, types.ModuleType] = {}  # by text; only for jobs in a child, which may do to it what they like
PATIENCE = 30  # seconds that a coroutine may take


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run `job["call"]` after the texts `models`, `module` and `given` on the file `database`; a report in JSON data.

    `job["options"]` are keywords of the session factory. `report["phase"]` says where the run ended: in the module, in
    what was given, in the call, or done.
    """
    report: dict[str, Any] = {"phase": "module", "value": None, "error": None, "asynchronous": False}
    report.update(statements=[], portable=[], sqlalchemy=sa.__version__)
    with warnings.catch_warnings(record=True) as caught, _modules(("models", "example")):
        warnings.simplefilter("always")
        names: dict[str, Any] = {}
        try:
            names = _import_texts(job)
            report["asynchronous"] = _is_asynchronous(job["call"], names)
            (_run_async if report["asynchronous"] else _run_sync)(job, names, report)
            report["phase"] = "done"
        except BaseException as error:
            report["error"] = _describe_error(error)
        names = {}
        if report["asynchronous"]:
            gc.collect()  # a coroutine in a reference cycle tells only now that nobody awaited it
    report["warnings"] = [_describe_warning(w) for w in caught if _is_ours(w, report["error"])]
    return report


# --- running


@contextlib.contextmanager
def _modules(names: tuple[str, ...]) -> Iterator[None]:
    """Make room for modules of these names, and put back what stood there."""
    stood = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(stood)


def _import_texts(job: dict[str, Any]) -> dict[str, Any]:
    if job["models"]:  # an application has models of its own, maybe of this very name
        sys.modules["models"] = _PREPARED.get(job["models"]) or _module("models", job["models"])
    return vars(_module("example", job["module"]))


def _module(name: str, text: str) -> types.ModuleType:
    sys.modules[name] = module = types.ModuleType(name)
    exec(compile(text, f"<{name}>", "exec"), vars(module))
    return module


def _is_asynchronous(call: str, names: dict[str, Any]) -> bool:
    """Whether the expression names a coroutine function of the module, or a method that is one."""
    found: list[Any] = []
    classes = [x for x in names.values() if inspect.isclass(x) and x.__module__ == "example"]
    for node in ast.walk(ast.parse(call, mode="eval")):
        if isinstance(node, ast.Await):
            return True
        if isinstance(node, ast.Name):
            found.append(names.get(node.id))
        if isinstance(node, ast.Attribute):
            found += [vars(x).get(node.attr) for x in classes]
    return any(inspect.iscoroutinefunction(x) or inspect.isasyncgenfunction(x) for x in found)


def _run_sync(job: dict[str, Any], names: dict[str, Any], report: dict[str, Any]) -> None:
    engine = sa.create_engine(sa.engine.URL.create("sqlite", database=job["database"]))
    session = orm.sessionmaker(engine, **job["options"])()
    names.update(engine=engine)
    try:
        report["phase"] = "given"
        _run_given(session, job["given"], names)
        report["phase"] = "call"
        _record_statements(engine, report)
        report["value"] = normal(_drained(eval(compile(job["call"], "<call>", "eval"), names)))
    finally:
        session.close()
        engine.dispose()


def _run_given(session: orm.Session, given: str, names: dict[str, Any]) -> None:
    names.update(session=session)
    exec(compile(given, "<given>", "exec"), names)


def _run_async(job: dict[str, Any], names: dict[str, Any], report: dict[str, Any]) -> None:
    """On the process's only thread.

    The main greenlet of a thread that has ended must not meet the collector, and after a MissingGreenlet the frames of
    its traceback hold it, in a cycle with a coroutine that nobody awaited: greenlet 3.5 reads freed memory there.
    """
    asyncio.run(asyncio.wait_for(_call_async(job, names, report), PATIENCE))


async def _call_async(job: dict[str, Any], names: dict[str, Any], report: dict[str, Any]) -> None:
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    engine = create_async_engine(sa.engine.URL.create("sqlite+aiosqlite", database=job["database"]))
    # sessionmaker, since 1.4 has no async_sessionmaker
    session: AsyncSession = orm.sessionmaker(engine, class_=AsyncSession, **job["options"])()  # type: ignore[call-overload]
    try:
        report["phase"] = "given"
        await session.run_sync(_run_given, job["given"], names)
        names.update(session=session, engine=engine)
        report["phase"] = "call"
        _record_statements(engine.sync_engine, report)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        value = eval(compile(job["call"], "<call>", "eval", flags=flags), names)
        while inspect.isawaitable(value):
            value = await value
        if hasattr(value, "__aiter__"):
            value = Iterated([x async for x in value])
        report["value"] = normal(_drained(value))
    finally:
        await session.close()
        await engine.dispose()


def _record_statements(engine: Any, report: dict[str, Any]) -> None:
    """`statements` is what the driver got; `portable` the same for PostgreSQL, where FOR UPDATE and the like show."""

    @event.listens_for(engine, "before_execute")
    def portable(connection: Any, element: Any, *_: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                text = str(element.compile(dialect=_POSTGRESQL))
            except Exception:
                text = str(element)
        report["portable"].append(_one_line(text))

    @event.listens_for(engine, "before_cursor_execute")
    def statement(connection: Any, cursor: Any, text: str, parameters: Any, context: Any, many: bool) -> None:
        report["statements"].append({"sql": _one_line(text), "parameters": normal(parameters), "many": many})


# --- describing


class Iterated(tuple):  # type: ignore[type-arg]  # 3.8 has no tuple[Any]
    """What an iterator, a result or an asynchronous generator gave."""


def _drained(value: Any) -> Any:
    return Iterated(value) if isinstance(value, Iterator) else value


def normal(value: Any) -> Any:
    """`value` as plain JSON data that is equal exactly when the values are alike; emits no SQL."""
    return _Normaliser().visit(value)


class _Normaliser:
    """One walk over a value; an object met again is told by its number, so cycles end and identity shows."""

    def __init__(self) -> None:
        self.met: dict[int, tuple[int, Any]] = {}

    def visit(self, value: Any) -> Any:
        if value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)):
            return value
        if isinstance(value, (set, frozenset, Mapping, Sequence)) and not isinstance(value, (str, bytes, bytearray)):
            return self.collection(value)
        state = getattr(value, "_sa_instance_state", None)
        if isinstance(state, orm.state.InstanceState):
            return self.instance(value, _state_name(state), state.dict)
        if type(value).__module__ in ("example", "models") and hasattr(value, "__dict__"):
            return self.instance(value, "plain", vars(value))
        text = str(value) if isinstance(value, (orm.Query, sa.sql.ClauseElement)) else repr(value)
        return {"kind": "other", "type": type(value).__name__, "text": stable(text)}

    def collection(self, value: Any) -> dict[str, Any]:
        if isinstance(value, sa.engine.Row):
            return self.row(value)
        if isinstance(value, Mapping):
            return {"kind": "dict", "items": [[self.visit(k), self.visit(v)] for k, v in value.items()]}
        items = [self.visit(x) for x in value]
        if isinstance(value, (set, frozenset)):
            return {"kind": "set", "items": sorted(items, key=lambda x: json.dumps(x, sort_keys=True))}
        kinds = ((Iterated, "iterator"), (list, "list"), (tuple, "tuple"))
        return {"kind": next((name for kind, name in kinds if isinstance(value, kind)), "sequence"), "items": items}

    def row(self, value: sa.engine.Row[Any]) -> dict[str, Any]:
        """The items in order, and what each name gives: with equal names Query's rows answer with the last column."""
        items = [self.visit(x) for x in value]
        return {
            "kind": "row",
            "items": items,
            "names": {name: self.visit(value._mapping[name]) for name in value._fields},
        }

    def instance(self, value: Any, state: str, attributes: dict[str, Any]) -> dict[str, Any]:
        if id(value) in self.met:
            return {"kind": "again", "class": type(value).__name__, "number": self.met[id(value)][0]}
        number = len(self.met) + 1
        self.met[id(value)] = number, value  # kept, so that no other object gets its address meanwhile
        shown = {k: self.visit(x) for k, x in sorted(attributes.items()) if not k.startswith("_sa_")}
        return {"kind": "object", "class": type(value).__name__, "number": number, "state": state, "attributes": shown}


def _state_name(state: Any) -> str:
    names = ("transient", "pending", "persistent", "deleted", "detached")
    return next((name for name in names if getattr(state, name)), "unknown")


def _describe_error(error: BaseException) -> dict[str, str]:
    kind, text = type(error), str(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if "greenlet_spawn has not been called" in text:
        name = "sqlalchemy.exc.MissingGreenlet"  # 2.1 wraps it in a StatementError
    return {"type": name, "message": stable(re.split(r"\n?\[SQL: |\n?\(Background on this error", text)[0])}


def _describe_warning(warning: warnings.WarningMessage) -> dict[str, str]:
    return {"category": warning.category.__name__, "message": stable(str(warning.message))}


def _is_ours(warning: warnings.WarningMessage, error: dict[str, str] | None) -> bool:
    """Whether it is SQLAlchemy's own or tells of a coroutine that nobody awaited; others concern this process."""
    text = str(warning.message)
    if "never awaited" in text:
        # 2.1 leaves this coroutine behind after a MissingGreenlet, which the error tells already
        return not ("Connection.cursor" in text and error and error["type"].endswith("MissingGreenlet"))
    return warning.category.__module__.startswith("sqlalchemy.")


def stable(text: str) -> str:
    """`text` without what changes from run to run: addresses, links with a version in them, names in a set's order."""
    if " has a cartesian product between " in text:
        names = ", ".join(sorted(re.findall(r'"[^"]+"', text)))
        return f"SELECT statement has a cartesian product between FROM elements {names}"
    text = re.sub(r"\s*\(Background on [^)]*\)", "", text)
    return re.sub(r"\b0x[0-9a-fA-F]+", "0x", text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


# --- as a program


def serve() -> None:
    """Answer jobs until standard input ends; what the code under test writes to file 1 goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(_in_child(json.loads(line)) + "\n")
        answers.flush()


def _in_child(job: dict[str, Any]) -> str:
    """The report on `job` from a process of its own: nothing stays, and the models, the slow part, are mapped once."""
    if not hasattr(os, "fork"):
        return _report(job)
    _prepare(job["models"])
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.setitimer(signal.ITIMER_REAL, job["patience"])  # whose signal ends the process
        with os.fdopen(writing, "w") as pipe:
            pipe.write(_report(job))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        report = pipe.read()
    os.waitpid(child, 0)
    return report


def _report(job: dict[str, Any]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        report = run(job)
    return json.dumps({**report, "printed": printed.getvalue()})


def _prepare(models: str) -> None:
    if not models or models in _PREPARED:
        return
    with contextlib.suppress(Exception), _modules(("models",)):  # the job will meet the error and tell it
        module = _module("models", models)
        orm.configure_mappers()
        _PREPARED[models] = module


if __name__ == "__main__":
    serve()
