"""A pytest plugin that counts the SQL statements of each request, by test and route, into the file STATEMENTS_FILE."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.engine import Engine


@dataclass(eq=False)
class _Request:
    """A request in flight. One that meets another is not counted: what a race costs is another figure each time."""

    statements: int = 0
    met: bool = False


_counts: dict[str, list[int]] = defaultdict(list)
_here: ContextVar[_Request | None] = ContextVar("statements_of_this_request", default=None)
_call = FastAPI.__call__
_in_flight: list[_Request] = []


async def _counted(self: FastAPI, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":  # lasts as long as the application
        return await _call(self, scope, receive, send)
    request = _Request(met=bool(_in_flight))
    for other in _in_flight:
        other.met = True
    _in_flight.append(request)
    token = _here.set(request)
    try:
        await _call(self, scope, receive, send)
    finally:
        _here.reset(token)
        _in_flight.remove(request)
        if not request.met and (route := scope.get("route")):  # set by the router, none for an unknown path
            test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
            _counts[f"{test} {scope.get('method', 'WEBSOCKET')} {route.path}"].append(request.statements)


def pytest_configure() -> None:
    """Listen before the application is imported."""
    FastAPI.__call__ = _counted  # type: ignore[method-assign]
    event.listen(Engine, "before_cursor_execute", lambda *_: _one_more())


def pytest_sessionfinish() -> None:
    """Write what was counted."""
    Path(os.environ["STATEMENTS_FILE"]).write_text(json.dumps(_counts, indent=0, sort_keys=True))


def _one_more() -> None:
    if request := _here.get():
        request.statements += 1
