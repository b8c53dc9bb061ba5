"""Notes which functions of the application wait for IO, and whether an event loop waits with them."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from .loads import entry
from .log import IS_TEST, LOG, Stack
from .stack import APPLICATION, LIBRARY, OWN, above, callers, file_of, sqlalchemy_run


def on_statement(connection: Any, *_: Any) -> None:
    """Before every statement that a driver gets."""
    run, outside = sqlalchemy_run(sys._getframe(1))
    implicit = bool(run) and entry(run) is not None
    LOG.total("statements")
    if implicit:
        LOG.total("implicit")
    _note(connection, outside, implicit=implicit)


def on_transaction(connection: Any) -> None:
    """Before a connection commits or rolls back."""
    _note(connection, sqlalchemy_run(sys._getframe(1))[1], implicit=False)


def _note(connection: Any, outside: Any, *, implicit: bool) -> None:
    frames = callers(outside)
    loop = "" if connection.dialect.is_async else _blocked(outside)
    if frames:
        LOG.add(Stack(frames, implicit, loop))


def _blocked(frame: Any) -> str:
    """Whose coroutine the running event loop waits in, an application's, a library's or a test's; empty without one."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or asyncio._get_running_loop() is None:
        return ""
    while frame is not None:
        if frame.f_code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
            owner, name = file_of(frame)
            if owner != OWN:
                return "tests" if owner == APPLICATION and IS_TEST(name) else owner
        frame = above(frame)
    return LIBRARY
