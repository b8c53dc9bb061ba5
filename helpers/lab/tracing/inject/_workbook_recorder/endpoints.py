"""Has FastAPI say which endpoint answers, and with which schema: it reads attributes after that has returned."""

from __future__ import annotations

import contextvars
import inspect
from typing import Any, Callable

from .log import LOG, Frame
from .stack import APPLICATION, described, whose

# a context is copied into the worker thread that fills the response of a `def` endpoint
ENDPOINT: contextvars.ContextVar[Any] = contextvars.ContextVar("workbook_endpoint", default=None)
SCHEMA: contextvars.ContextVar[str] = contextvars.ContextVar("workbook_schema", default="")


def follow(routing: Any) -> None:
    """Put ours before the two functions of `fastapi.routing` that it looks up by name for every request."""
    run, serialize = routing.run_endpoint_function, routing.serialize_response

    async def run_endpoint_function(*arguments: Any, **keywords: Any) -> Any:
        _set(ENDPOINT, lambda: _endpoint(keywords["dependant"].call))
        _set(SCHEMA, lambda: "")
        return await run(*arguments, **keywords)

    async def serialize_response(*arguments: Any, **keywords: Any) -> Any:
        _set(SCHEMA, lambda: _response_model(keywords.get("field")))
        return await serialize(*arguments, **keywords)

    routing.run_endpoint_function, routing.serialize_response = run_endpoint_function, serialize_response


def _set(variable: Any, value: Callable[[], Any]) -> None:
    try:
        variable.set(value())
    except Exception as error:
        LOG.failed("endpoints", error)


def _endpoint(call: Any) -> Frame | None:
    """The first line of an endpoint; None for one of a library."""
    function = inspect.unwrap(getattr(call, "func", call))
    code = getattr(function, "__code__", None) or type(function).__call__.__code__
    owner, path = whose(code.co_filename)
    name = getattr(code, "co_qualname", code.co_name)
    return (path, code.co_firstlineno, code.co_firstlineno, name, "") if owner == APPLICATION else None


def _response_model(field: Any) -> str:
    if field is None:
        return ""
    told = getattr(field, "field_info", None)
    kind = getattr(told, "annotation", None) or getattr(field, "outer_type_", None) or getattr(field, "type_", None)
    return described(kind) if kind is not None else str(field.name)
