"""Finds the packages that one file names, line by line where no library tells places."""

from __future__ import annotations

import re
from collections.abc import Iterator

from helpers.patterns.dependencies.entries import Entry, Style, entry
from helpers.patterns.dependencies.toml import toml_entries

_REQUIREMENT = re.compile(
    r"[ \t]*(?P<text>[A-Za-z0-9][\w.\-]*[ \t]*(?:[\[<>=!~;@(][^#\r\n]*?)?)[ \t]*(?:[ \t]#[^\r\n]*)?\Z"
)
_CFG = re.compile(r"options:install_requires|options\.extras_require:.*")


def entries(kind: str, text: str) -> list[Entry]:
    """The packages that a file of that kind (`manifest_kind`) names, in the order of the text."""
    readers = {"requirements": _lines, "toml": toml_entries, "cfg": _cfg, "conda": _conda}
    return [found for found in readers[kind](text) if found] if kind in readers else []


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """(offset, line without its end) of each line."""
    for match in re.finditer(r"[^\r\n]*(?:\r\n|\n|\r|\Z)", text):
        yield match.start(), match.group().rstrip("\r\n")


def _lines(text: str) -> Iterator[Entry | None]:
    for start, row in _rows(text):
        if match := _REQUIREMENT.match(row):
            yield entry(match["text"], start + match.start("text"), "", "line")


def _cfg(text: str) -> Iterator[Entry | None]:
    """`install_requires` and `[options.extras_require]` of setup.cfg, one requirement a line."""
    section = key = ""
    for start, row in _rows(text):
        if match := re.match(r"\[([^\]]+)\]", row):
            section, key = match[1].strip(), ""
        elif match := re.match(r"([\w.-]+)\s*[=:]", row):
            key = match[1]
        elif row[:1] in (" ", "\t") and _CFG.fullmatch(f"{section}:{key}") and (match := _REQUIREMENT.match(row)):
            yield entry(match["text"], start + match.start("text"), f"{section}.{key}", "line")


def _conda(text: str) -> Iterator[Entry | None]:
    """The list `dependencies` of an environment file; what stands deeper than `- pip:` is pip's."""
    inside, pip = False, -1
    for start, row in _rows(text):
        if re.match(r"\S", row) and not row.startswith(("-", "#")):
            inside, pip = row.startswith("dependencies:"), -1
        match = re.match(r"(\s*-\s+)([\"']?)([A-Za-z0-9][^#\"'\r\n]*?)\2\s*(?:#.*)?\Z", row) if inside else None
        if match is None:
            continue
        indent = len(row) - len(row.lstrip())
        if match[3] == "pip:":
            pip = indent
        else:
            name = match[3].rpartition("::")[2]  # a channel may stand in front
            style: Style = "pip" if -1 < pip < indent else "conda"
            yield entry(name, start + match.end(3) - len(name), "", style)
