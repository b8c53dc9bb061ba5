"""Reads the stack: which frames are SQLAlchemy's, which the application's, and what lies between them."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, NamedTuple

from .log import IS_TEST, ROOT, Frame

SQLALCHEMY, APPLICATION, LIBRARY, OWN = "sqlalchemy", "application", "library", "own"
FAR = 60  # frames that are kept of a stack
# a subclass of Session stands between frames of SQLAlchemy with these
SESSION_METHODS = {"execute", "scalars", "scalar", "exec", "get", "__iter__", "get_bind", "_execute_internal"}
VALIDATORS = {"model_validate", "from_orm", "validate", "validate_python", "parse_obj"}
LIBRARIES = re.compile(r".*[/\\](?:site|dist)-packages[/\\]([^/\\.]+)")
HERE = os.path.dirname(os.path.realpath(__file__)) + os.sep


FILES: dict[str, tuple[str, str]] = {}


class Known:
    """What is known once SQLAlchemy is imported."""

    folder = "\0"
    session: Any = ()


class Walk(NamedTuple):
    """The application's frames, innermost first, and the libraries crossed before them.

    `schema` is what Pydantic was filling, and `response` says that FastAPI had it do so.
    """

    frames: tuple[Frame, ...]
    through: tuple[str, ...]
    schema: str
    response: bool


def file_of(frame: Any) -> tuple[str, str]:
    """Whose code a frame runs, and its path below SQLAlchemy or the application, or the name of the library."""
    name = frame.f_code.co_filename
    found = FILES.get(name)
    if found is None:
        if name.startswith(
            "<"
        ):  # made up at run time, as SQLAlchemy makes its wrappers: their module says whose they are
            ours = str(frame.f_globals.get("__name__")).startswith("sqlalchemy.")
            return (SQLALCHEMY, "") if ours else (LIBRARY, "")
        found = FILES[name] = whose(name)
    return found


def whose(name: str) -> tuple[str, str]:
    """The same of a file."""
    path = os.path.realpath(name)
    if path.startswith(HERE):
        return OWN, ""
    if path.startswith(Known.folder):
        return SQLALCHEMY, path[len(Known.folder) :].replace(os.sep, "/")
    library = LIBRARIES.match(path)
    if library:
        inside = library.group(1) == "sqlmodel" and os.sep + "orm" + os.sep in path
        return (SQLALCHEMY, "") if inside else (LIBRARY, library.group(1))
    if path.startswith(ROOT + os.sep) and not _in_environment(path):
        return APPLICATION, path[len(ROOT) + 1 :].replace(os.sep, "/")
    return LIBRARY, ""


def _in_environment(path: str) -> bool:
    """Whether it lies in a virtual environment below the application's folder."""
    prefixes = {os.path.realpath(prefix) + os.sep for prefix in (sys.prefix, sys.base_prefix)}
    return any(prefix.startswith(ROOT + os.sep) and path.startswith(prefix) for prefix in prefixes)


def above(frame: Any) -> Any:
    """The caller's frame; at the end of a greenlet, the frame that waits for it, as `await session.execute()` does."""
    if frame.f_back is not None or "greenlet" not in sys.modules:
        return frame.f_back
    waiting, greenlet = [], sys.modules["greenlet"].getcurrent().parent
    while greenlet is not None and greenlet.gr_frame is not None:
        waiting.append(greenlet.gr_frame)
        greenlet = greenlet.parent
    ends = [_end(outer) for outer in waiting]
    level = ends.index(frame) + 1 if frame in ends else 0
    return waiting[level] if level < len(waiting) else None


def _end(frame: Any) -> Any:
    while frame.f_back is not None:
        frame = frame.f_back
    return frame


def sqlalchemy_run(frame: Any) -> tuple[list[Any], Any]:
    """The unbroken run of SQLAlchemy's frames from `frame` outwards, and the first frame outside of it."""
    run: list[Any] = []
    while frame is not None:
        owner = file_of(frame)[0]
        if owner == SQLALCHEMY:
            run.append(frame)
        elif run and owner != OWN and not _in_between(frame):
            break
        frame = above(frame)
    return run, frame


def _in_between(frame: Any) -> bool:
    """Whether a method of the application's own Session was called by SQLAlchemy."""
    outer = above(frame) if _of_session(frame) else None
    return outer is not None and file_of(outer)[0] == SQLALCHEMY


def _of_session(frame: Any) -> bool:
    # the type is asked for, not the object: isinstance may run code of the application
    return frame.f_code.co_name in SESSION_METHODS and issubclass(type(frame.f_locals.get("self")), Known.session)


def walk(frame: Any) -> Walk:
    """The application's frames from `frame` outwards, up to the first of a test, its methods of Session left out.

    The test's own frame is there when it is the innermost. It ends where FastAPI fills a response, which it does after
    the endpoint has returned: Pydantic reads an attribute itself, or a property of the application that does.
    """
    frames: list[Frame] = []
    through: dict[str, None] = {}
    crossed = schema = ""
    filling = response = False
    while frame is not None and len(frames) < FAR and not response:
        owner, name = file_of(frame)
        place = _template(frame) if owner != OWN and not frame.f_code.co_filename.endswith(".py") else None
        if place or owner == APPLICATION:
            if frames and IS_TEST(name):
                break
            if place or not _of_session(frame):
                frames.append(place or placed(frame, name, crossed))
                crossed, filling = "", False
            if IS_TEST(name):
                break
        elif owner == LIBRARY and name:
            crossed = crossed or name
            schema = schema or _schema(frame, name)
            filling = filling or name == "pydantic"
            response = name == "fastapi" and (filling or not frames)
            if not frames:
                through[name] = None
        frame = above(frame)
    return Walk(tuple(frames), tuple(through), schema, response)


def callers(frame: Any) -> tuple[Frame, ...]:
    """All of the application's frames from `frame` outwards, up to the first of a test, without it."""
    found: list[Frame] = []
    crossed = ""
    while frame is not None and len(found) < FAR:
        owner, name = file_of(frame)
        if owner == APPLICATION:
            if IS_TEST(name):
                break
            found.append(placed(frame, name, crossed))
            crossed = ""
        elif owner != OWN:
            crossed = crossed or (SQLALCHEMY if owner == SQLALCHEMY else name)
        frame = above(frame)
    return tuple(found)


def placed(frame: Any, path: str, crossed: str) -> Frame:
    """What is kept of a frame; `crossed` is the library through which it called the one before."""
    code = frame.f_code
    return path, frame.f_lineno, code.co_firstlineno, getattr(code, "co_qualname", code.co_name), crossed


def _template(frame: Any) -> Frame | None:
    """The line of a Jinja template below the application's folder that a frame renders."""
    template = frame.f_globals.get("__jinja_template__")
    path = os.path.realpath(template.filename) if template is not None and template.filename else ""
    if not path.startswith(ROOT + os.sep):
        return None
    line = template.get_corresponding_lineno(frame.f_lineno)
    return path[len(ROOT) + 1 :].replace(os.sep, "/"), line, 0, "<template>", ""


def _schema(frame: Any, library: str) -> str:
    """The class that a frame of Pydantic validates into."""
    if library != "pydantic" or frame.f_code.co_name not in VALIDATORS:
        return ""
    values = frame.f_locals
    found = values.get("cls") or getattr(values.get("self"), "_type", None)
    return described(found) if found is not None else ""


def described(kind: Any) -> str:
    """A class as `module.Class`, an annotation as it is written, without what Annotated adds to it."""
    if hasattr(kind, "__metadata__"):
        kind = kind.__origin__
    return f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else repr(kind)
