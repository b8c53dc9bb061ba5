"""Whether edits of a file that names packages change nothing but the packages that they are about."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

import yaml
from packaging.utils import canonicalize_name

from helpers.analysis.source import Text
from helpers.analysis.texts import manifest_kind, requirement_lines
from helpers.model import Edit

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def changes_only(file: Text, edits: Iterable[Edit], names: Set[str]) -> bool:
    """Whether the file reads as before, apart from the packages `names`, once `edits` are made."""
    kind = "python" if file.path.endswith(".py") else manifest_kind(file.path)
    try:
        before, after = (_READ[kind](text) for text in (file.text, _edited(file.text, edits)))
    except (ValueError, SyntaxError, configparser.Error, yaml.YAMLError):
        return False
    return bool(_without(before, names) == _without(after, names))


def _edited(text: str, edits: Iterable[Edit]) -> str:
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _cfg(text: str) -> dict[str, dict[str, list[str]]]:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return {name: {key: value.splitlines() for key, value in parser.items(name)} for name in parser.sections()}


def _python(text: str) -> list[str]:
    """The strings of a file, in order, with the shape of the rest."""
    tree = ast.parse(text)
    return [value.value for value in ast.walk(tree) if isinstance(value, ast.Constant) and isinstance(value.value, str)]


_READ: Mapping[str, Callable[[str], Any]] = {
    "requirements": requirement_lines,
    "toml": tomllib.loads,
    "cfg": _cfg,
    "conda": yaml.safe_load,
    "python": _python,
}


def _without(data: Any, names: Set[str]) -> Any:
    """Parsed data without what names those packages."""
    if isinstance(data, dict):
        return {key: _without(value, names) for key, value in data.items() if canonicalize_name(str(key)) not in names}
    if isinstance(data, list):
        return [_without(item, names) for item in data if not _names(item, names)]
    return data


def _names(item: Any, names: Set[str]) -> bool:
    match = _NAME.match(item.rpartition("::")[2].strip()) if isinstance(item, str) else None
    return match is not None and canonicalize_name(match.group()) in names
