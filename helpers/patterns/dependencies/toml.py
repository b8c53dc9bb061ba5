"""The packages that a TOML file names, with their places, and the value of a table's key with one more extra."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping, MutableSequence
from typing import Any

import tomlkit
from packaging.utils import canonicalize_name
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable, String

from helpers.patterns.dependencies.entries import Entry, entry

_LISTS = re.compile(
    r"project\.dependencies|project\.optional-dependencies\..+|dependency-groups\..+|tool\.uv\.dev-dependencies"
    r"|tool\.pdm\.dev-dependencies\..+|tool\.hatch\.envs\.[^.]+\.(?:extra-)?dependencies"
)
_TABLES = re.compile(
    r"tool\.poetry\.(?:dev-)?dependencies|tool\.poetry\.group\.[^.]+\.dependencies|packages|dev-packages"
)
_MARK = "place-of-this-value"


def toml_entries(text: str) -> Iterator[Entry | None]:
    """Strings in the lists of PEP 621, PEP 735, uv, pdm and hatch; keys of the tables of poetry and Pipfile."""
    try:
        document = tomlkit.parse(text)
    except TOMLKitError:
        return
    for path, value in _walk(document, ""):
        if isinstance(value, MutableSequence) and _LISTS.fullmatch(path):
            yield from _in_list(document, text, path, value)
        elif isinstance(value, MutableMapping) and _TABLES.fullmatch(path):
            yield from _in_table(document, text, path, value)


def with_extra(value: str) -> str | None:
    """`"^2.0"` as an inline table with the extra asyncio, or a table that has it beside what is there; else None."""
    item = tomlkit.value(value)
    if isinstance(item, String):
        table = tomlkit.inline_table()
        return table.update({"version": item, "extras": ["asyncio"]}) or table.as_string()
    if not isinstance(item, InlineTable):
        return None
    if "extras" in item:
        item["extras"].append("asyncio")
    else:
        item["extras"] = ["asyncio"]
    wide = value.endswith(" }") and not item.as_string().endswith(" }")  # the space belonged to the last value
    return item.as_string()[:-1] + " }" if wide else item.as_string()


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, MutableMapping):
        for key in value:
            yield from _walk(value[key], f"{path}.{key}".lstrip("."))


def _in_list(document: Any, text: str, path: str, items: MutableSequence[Any]) -> Iterator[Entry | None]:
    for number, item in enumerate(items):
        if isinstance(item, String):
            start = _place(document, text, items, number)
            raw = item.as_string()
            if start is not None and raw[1:-1] == item:  # no escapes, one line
                yield entry(str(item), start + 1, path, "array")


def _in_table(document: Any, text: str, path: str, table: MutableMapping[str, Any]) -> Iterator[Entry]:
    for key in list(table):
        item, name = table[key], canonicalize_name(key)
        if isinstance(item, MutableMapping) and not isinstance(item, InlineTable):
            at = next((at for leaf in item if (at := _place(document, text, item, leaf)) is not None), 0)
            yield Entry(name, f"[{', '.join(map(str, item.get('extras', ())))}]", at, at, path, "section")
        elif (start := _place(document, text, table, key)) is not None:
            raw = item.as_string()
            yield Entry(name, raw, start, start + len(raw), path, "table")


def _place(document: Any, text: str, holder: Any, key: Any) -> int | None:
    """Where the value stands: what is in front of it stays the same when the document is written with another."""
    item = holder[key]
    holder[key] = tomlkit.string(_MARK)
    front, mark, _ = tomlkit.dumps(document).partition(f'"{_MARK}"')
    holder[key] = item
    found = mark and text.startswith(front + item.as_string())
    return len(front) if found else None
