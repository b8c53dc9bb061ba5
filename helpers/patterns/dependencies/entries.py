"""The packages that one file names, each with its place in the text, whatever the kind of file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Style = Literal["line", "array", "table", "conda", "pip"]
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_REQUIREMENT = re.compile(
    r"[ \t]*(?P<text>[A-Za-z0-9][\w.\-]*[ \t]*(?:[\[<>=!~;@(][^#\r\n]*?)?)[ \t]*(?:[ \t]#[^\r\n]*)?\Z"
)
_TOML = re.compile(
    r"""(?P<comment>\#[^\r\n]*)|(?P<string>\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|"(?:\\.|[^"\\\r\n])*"|'[^'\r\n]*')"""
    r"""|(?P<open>[\[{])|(?P<close>[\]}])|(?P<equals>=)|(?P<newline>\r?\n)|(?P<word>[^\s\[\]{}="'\#]+)"""
)
_LISTS = re.compile(
    r"project\.dependencies|project\.optional-dependencies\..+|dependency-groups\..+|tool\.uv\.dev-dependencies"
    r"|tool\.pdm\.dev-dependencies\..+|tool\.hatch\.envs\.[^.]+\.(?:extra-)?dependencies"
)
_TABLES = re.compile(
    r"(?:tool\.poetry\.(?:dev-)?dependencies|tool\.poetry\.group\.[^.]+\.dependencies|packages|dev-packages)\.([^.]+)"
)


_CFG = re.compile(r"options:install_requires|options\.extras_require:.*")


@dataclass(frozen=True)
class Entry:
    """One package as named: `text` stands at [start, end); `group` is the list that it stands in."""

    name: str
    text: str
    start: int
    end: int
    group: str
    style: Style


def normal(name: str) -> str:
    """A package's name as installers compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def entry(text: str, start: int, group: str, style: Style) -> Entry | None:
    """The entry that a requirement at an offset is; None for what does not begin with a name."""
    found = _NAME.match(text)
    return Entry(normal(found[0]), text, start, start + len(text), group, style) if found else None


def entries(kind: str, text: str) -> list[Entry]:
    """The packages that a file of that kind (`manifest_kind`) names, in the order of the text."""
    readers = {"requirements": _lines, "toml": _toml, "cfg": _cfg, "conda": _conda}
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


def _toml(text: str) -> Iterator[Entry | None]:
    """Strings in the lists of PEP 621, PEP 735, uv, pdm and hatch; keys of the tables of poetry and Pipfile."""
    table, depth = "", 0
    words: list[str] = []
    value: tuple[str, int] | None = None
    for match in _TOML.finditer(text):
        kind = match.lastgroup
        if kind == "newline" and not depth:
            if value is not None:
                yield from _table_entry(f"{table}.{value[0]}", text, value[1], match.start())
            words, value = [], None
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            if not depth and value is None and match.group() == "]":
                table, words = ".".join(words), []
        elif kind == "equals" and value is None:
            value = (".".join(words), match.end())
        elif kind in ("word", "string") and value is None:
            words.append(match.group().strip("\"'").strip("."))
        elif kind == "string" and depth and value is not None:
            path = f"{table}.{value[0]}".strip(".")
            if _LISTS.fullmatch(path):
                yield entry(match.group()[1:-1], match.start() + 1, path, "array")
    if value is not None and not depth:
        yield from _table_entry(f"{table}.{value[0]}", text, value[1], len(text))


def _table_entry(path: str, text: str, start: int, end: int) -> Iterator[Entry]:
    found = _TABLES.fullmatch(path.strip("."))
    if found:
        value = re.sub(r"#[^\"'}\]]*\Z", "", text[start:end])
        lead = len(value) - len(value.lstrip())
        yield Entry(
            normal(found[1]), value.strip(), start + lead, start + len(value.rstrip()), path.rpartition(".")[0], "table"
        )
