"""A package as a file names it, with its place in the text, whatever the kind of file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from packaging.utils import canonicalize_name

Style = Literal["line", "array", "table", "section", "conda", "pip"]
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Entry:
    """One package as named: `text` stands at [start, end); `group` is the list that it stands in.

    A `section` is a package with a table or dotted keys of its own: its text is its extras alone.
    """

    name: str
    text: str
    start: int
    end: int
    group: str
    style: Style


def entry(text: str, start: int, group: str, style: Style) -> Entry | None:
    """The entry that a requirement at an offset is; None for what does not begin with a name."""
    found = _NAME.match(text)
    return Entry(canonicalize_name(found[0]), text, start, start + len(text), group, style) if found else None
