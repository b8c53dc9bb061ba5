"""The module that an application has while it is migrated: a synchronous session that can be awaited."""

from __future__ import annotations

LOOSE = "STRICT = False"
"""The line by which the rehearsal of the asynchronous engine is off."""
TEXT = '''\
%(mark)s the same connection, transaction and objects.

Functions become asynchronous one after the other while the engine stays what it is. What is awaited on the face
is done by the session behind it, on a thread, one call at a time. The step that makes the engine asynchronous
deletes this file.
"""
# mypy: ignore-errors

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.orm import Session
from %(base)s import AsyncSession

READ = ("execute", "scalar", "scalars", "get", "get_one", "exec", "refresh")
GIVING_ROWS = ("execute", "scalars", "exec")
WRITTEN = ("flush", "commit", "rollback", "delete", "merge")
STRICT = False  # rehearses the asynchronous engine: what would be read in passing there is an error here
# threads of its own: those that wait for a connection must not keep the one that gives it back from running
_threads = ThreadPoolExecutor(max_workers=1000, thread_name_prefix="async-face")


class AsyncFace(AsyncSession):
    """A synchronous session, to be awaited."""

    def __init__(self, session: Any) -> None:
        super().__init__(sync_session_class=lambda **_: session)
        if STRICT and isinstance(session, Session):
            event.listen(session, "do_orm_execute", _guard)
        self._turn = None  # made where it is first awaited: it belongs to that loop

    async def _away(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        if self._turn is None:
            self._turn = asyncio.Lock()
        async with self._turn:
            work = partial(copy_context().run, function, *args, **kwargs)
            call = asyncio.get_running_loop().run_in_executor(_threads, work)
            try:
                return await asyncio.shield(call)
            except asyncio.CancelledError:
                await asyncio.wait([call])  # the session is in use until the thread is done
                raise

    async def run_sync(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        return await self._away(function, self.sync_session, *args, **kwargs)

    async def close(self) -> None:
        """Nothing: what opened the session closes it."""


def _guard(state: Any) -> None:
    if not state.is_select or (state.lazy_loaded_from is None and not state.is_column_load):
        return  # a statement of the application, or what the options of its query load
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return  # on a thread: awaited, bridged, or a function that is synchronous still
    raise MissingGreenlet("a session reads in passing here, which an asynchronous one cannot")


def _awaited(name: str) -> Any:
    async def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if name in GIVING_ROWS:  # eager options load with the rows: on the thread, not where these are read
            options = {**(kwargs.get("execution_options") or {}), "prebuffer_rows": True}
            kwargs = {**kwargs, "execution_options": options}
        return await self._away(getattr(self.sync_session, name), *args, **kwargs)

    method.__name__ = name
    return method


for _name in READ + WRITTEN:
    setattr(AsyncFace, _name, _awaited(_name))


def run(coroutine: Any) -> Any:
    """What a coroutine gives, for a caller that cannot await; where a loop runs, on a thread, while that loop waits."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _in_a_loop(coroutine)
    return _threads.submit(copy_context().run, _in_a_loop, coroutine).result()


def _in_a_loop(coroutine: Any) -> Any:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()
'''
