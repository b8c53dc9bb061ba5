"""Writes the extra and the drivers into a file that names packages, in the layout of what stands there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.utils import canonicalize_name

from helpers.analysis.source import Text
from helpers.model import Edit
from helpers.patterns.dependencies.entries import Entry
from helpers.patterns.dependencies.toml import with_extra

# extras of SQLAlchemy that bring greenlet as well
_BRINGS = frozenset(
    {"asyncio", "aiosqlite", "aiomysql", "asyncmy", "aioodbc", "postgresql-asyncpg", "postgresql-psycopg"}
)


def has_asyncio(entry: Entry) -> bool:
    """Whether a requirement on SQLAlchemy asks for the extra already."""
    if entry.style == "conda":
        return True  # conda's package brings greenlet, and knows no extras
    found = re.search(r"\[([^\]]*)\]", entry.text)
    extras = re.findall(r"[\w-]+", found[1]) if found else []
    return any(canonicalize_name(extra) in _BRINGS for extra in extras)


def with_asyncio(entry: Entry) -> Edit | None:
    """The edit that asks for the extra; None where the requirement is of a form that has no place for it."""
    if entry.style in ("table", "section"):
        value = with_extra(entry.text) if entry.style == "table" else None
        return Edit(entry.start, entry.end, value) if value else None
    match = re.match(r"[\w.-]+", entry.text)
    assert match is not None
    name = match.end()
    if extras := re.match(r"\s*\[([^\]]*)\]", entry.text[name:]):
        at = entry.start + name + extras.end() - 1
        return Edit(at, at, ",asyncio" if extras[1].strip() else "asyncio")
    return Edit(entry.start + name, entry.start + name, "[asyncio]")


def beside(file: Text, entry: Entry, siblings: Sequence[Entry], requirement: tuple[str, str]) -> Edit | None:
    """The edit that names a package, (name, bounds), beside an entry; in its alphabetical place in a sorted list.

    None where the package beside which it would stand has a table of its own.
    """
    name, bounds = requirement
    plain = f"{name}{bounds}"
    text = {"table": f'{name} = "{bounds or "*"}"', "conda": f"- {plain}", "pip": f"- {plain}"}.get(entry.style, plain)
    names = [one.name for one in siblings]
    is_sorted = names == sorted(names) and len(names) > 2
    if is_sorted and name < names[0]:
        return _in_front(file, siblings[0], text)
    place = [one for one in siblings if one.name < name][-1] if is_sorted else entry
    if place.style == "section":
        return None
    return _in_array(file, place, text) if place.style == "array" else _on_next_line(file, place, text)


def _in_front(file: Text, entry: Entry, text: str) -> Edit:
    start = entry.start
    if entry.style == "array":
        start -= 1
        text = f"{file.text[start]}{text}{file.text[start]},"
    line = file.lines[file.position(start)[0] - 1]
    indent = re.match(r"[ \t]*", file.text[line:])
    assert indent is not None
    alone = entry.style != "array" or not file.text[line:start].strip()
    if not alone:
        return Edit(start, start, f"{text} ")
    at = line + indent.end()
    return Edit(at, at, f"{text}{file.newline}{indent[0]}")


def _on_next_line(file: Text, entry: Entry, text: str) -> Edit:
    line = file.lines[file.position(entry.start)[0] - 1]
    indent = re.match(r"[ \t]*", file.text[line:])
    end = re.compile(r"[^\r\n]*").match(file.text, entry.end)
    assert indent is not None and end is not None
    return Edit(end.end(), end.end(), f"{file.newline}{indent[0]}{text}")


def _in_array(file: Text, entry: Entry, text: str) -> Edit:
    """Behind a string of a list: on a line of its own where that string has one."""
    quote = file.text[entry.start - 1]
    line = file.lines[file.position(entry.start)[0] - 1]
    indent = file.text[line : entry.start - 1]
    tail = re.compile(r"[ \t]*(,?)[ \t]*(?:#[^\r\n]*)?(?=[\r\n])").match(file.text, entry.end + 1)
    if indent.strip() or tail is None:
        return Edit(entry.end + 1, entry.end + 1, f", {quote}{text}{quote}")
    if tail[1]:
        return Edit(tail.end(), tail.end(), f"{file.newline}{indent}{quote}{text}{quote},")
    rest = file.text[entry.end + 1 : tail.end()].rstrip()  # the comment stays with its package
    return Edit(entry.end + 1, entry.end + 1 + len(rest), f",{rest}{file.newline}{indent}{quote}{text}{quote}")
