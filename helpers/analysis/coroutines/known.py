"""What of SQLAlchemy and of the standard library gives a coroutine, by class and name, and who takes one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Kind = Literal["coroutine", "generator", "context", "either", "several"]
"""What is to be done with a value: await it, iterate it with `async for`, enter it with `async with`, one of await and
`async with`, or await each of several that are kept together."""

_READS = frozenset({"all", "close", "fetchall", "fetchmany", "first", "one", "one_or_none"})
_TRANSACTION = frozenset({"commit", "rollback", "start"})
_STATEMENTS = frozenset({"execute", "scalar", "scalars", "commit", "rollback", "close", "aclose", "invalidate"})

COROUTINES: Mapping[str, frozenset[str]] = {
    "AsyncSession": _STATEMENTS
    | {"close_all", "connection", "delete", "delete_all", "exec", "flush", "get", "get_one", "merge", "merge_all"}
    | {"refresh", "remove", "reset", "run_sync", "stream", "stream_scalars"},
    "AsyncConnection": _STATEMENTS
    | {"exec_driver_sql", "execution_options", "get_isolation_level", "get_raw_connection", "run_sync", "start"},
    "AsyncEngine": frozenset({"dispose", "raw_connection"}),
    "AsyncResult": _READS | {"fetchone", "freeze", "scalar", "scalar_one", "scalar_one_or_none"},
    "AsyncScalarResult": _READS,
    "AsyncMappingResult": _READS | {"fetchone"},
    "AsyncTransaction": _TRANSACTION | {"close"},
    "AsyncSessionTransaction": _TRANSACTION,
    "async_sessionmaker": frozenset(),
}
"""Class to its coroutine methods; AsyncSession stands for async_scoped_session and SQLModel's session as well."""

GENERATORS: Mapping[str, frozenset[str]] = dict.fromkeys(
    ("AsyncResult", "AsyncScalarResult", "AsyncMappingResult"), frozenset({"partitions"})
)
EITHER: Mapping[str, frozenset[str]] = {
    "AsyncSession": frozenset({"begin", "begin_nested"}),
    "AsyncConnection": frozenset({"begin", "begin_nested", "stream", "stream_scalars"}),
    "AsyncEngine": frozenset({"connect"}),
}
"""Methods whose result is awaited or entered with `async with`; alone they do nothing."""
CONTEXTS: Mapping[str, frozenset[str]] = {
    "AsyncEngine": frozenset({"begin"}),
    "async_sessionmaker": frozenset({"begin"}),
}
GIVES: Mapping[tuple[str, str], str] = {
    ("AsyncEngine", "connect"): "AsyncConnection",
    ("AsyncEngine", "begin"): "AsyncConnection",
    ("AsyncSession", "connection"): "AsyncConnection",
    ("AsyncSession", "begin"): "AsyncSessionTransaction",
    ("AsyncSession", "begin_nested"): "AsyncSessionTransaction",
    ("AsyncSession", "stream"): "AsyncResult",
    ("AsyncSession", "stream_scalars"): "AsyncScalarResult",
    ("AsyncConnection", "begin"): "AsyncTransaction",
    ("AsyncConnection", "begin_nested"): "AsyncTransaction",
    ("AsyncConnection", "stream"): "AsyncResult",
    ("AsyncConnection", "stream_scalars"): "AsyncScalarResult",
    ("AsyncResult", "scalars"): "AsyncScalarResult",
    ("AsyncResult", "mappings"): "AsyncMappingResult",
    ("async_sessionmaker", "begin"): "AsyncSession",
}
"""What a method gives once it is awaited or entered, where more is known of that."""
ITERATED = frozenset({"AsyncResult", "AsyncScalarResult", "AsyncMappingResult"})
ENTERED = frozenset({"AsyncSession", "AsyncConnection", "AsyncTransaction", "AsyncSessionTransaction"})
ENGINE_MAKERS = frozenset({"create_async_engine", "async_engine_from_config"})

FUNCTIONS = frozenset(
    {"asyncio.sleep", "asyncio.to_thread", "asyncio.wait", "asyncio.wait_for", "asyncio.open_connection"}
    | {"asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "asyncio.start_server"}
    | {"anyio.sleep", "anyio.to_thread.run_sync", "starlette.concurrency.run_in_threadpool"}
    | {"fastapi.concurrency.run_in_threadpool"}
)
"""Coroutine functions from outside, by their full names."""

TAKERS = frozenset(
    {"gather", "create_task", "ensure_future", "wait_for", "shield", "run", "run_until_complete", "wait", "Task"}
    | {"run_coroutine_threadsafe", "as_completed", "add_task", "start_soon", "spawn", "await_only", "await_fallback"}
    | {"greenlet_spawn", "aclosing", "anext", "aiter", "enter_async_context", "push_async_exit", "partial"}
)
"""Functions that await what they are given, or see to it, by their last names."""
_HOPE = re.compile(
    r"(create|add|start|spawn|submit|schedule|run|track|launch|register|make|new)_(\w+_)?tasks?|schedul\w*|spawn\w*|defer\w*"
    r"|\w*(gather|coro|await|background|fire_and_forget|run_until)\w*|\w*futures?"
)


def takes(name: str) -> bool:
    """Whether a function from outside, by its last name, is likely to see to the coroutine that it is given.

    A class takes it for a value: `AsyncSession(engine)`.
    """
    return name in TAKERS or (name == name.lower() and bool(_HOPE.fullmatch(name)))
