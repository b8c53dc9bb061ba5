"""What files beside the code refer to: entry points, settings, commands. A piece of code refers to nothing."""

from __future__ import annotations

import configparser
import json
import keyword
import re
import shlex
import tomllib
from collections.abc import Iterator

import yaml

_ENDINGS = (".toml", ".cfg", ".ini", ".sh", ".yml", ".yaml", ".conf", ".bat", ".ps1", ".service")
_FILES = frozenset({"Procfile", "Makefile", "makefile", "justfile", "Justfile", "Pipfile", "package.json"})
_PAIR = re.compile(r"(?<!\w)([A-Za-z_]\w*)(?=[.:]([A-Za-z_]\w*)\b(?![\w.]*@))")  # those of a longer path overlap
_IMPORTED = re.compile(r"from\s+[\w.]*?(\w+)\s+import\s+([\w, ]+)")
_PATH = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
# `package.module:function`, also called with what stands behind it, and dotted paths
_REFERENCE = re.compile(rf"({_PATH}:{_PATH})(?:\(.*\))?(?:\s*\[[\w, -]*\])?|({_PATH}\.[A-Za-z_]\w*)(?:\(\))?")
_NAMED = re.compile(r"[\w.-]+\s*=\s*(?=\S)")
_OPTION = re.compile(r"-+[\w-]+=")
# what starts functions that it is told of; whatever stands in its line may be one
_PROGRAMS = re.compile(
    r"(?:python|pypy|uv|uvx|poetry|pdm|hatch|rye|pipenv|pipx|uvicorn|gunicorn|hypercorn|granian|daphne|waitress-serve"
    r"|celery|rq|dramatiq|arq|huey_consumer|taskiq|faststream|flask|fastapi|alembic|pytest|ipython|ptpython|bpython"
    r"|bash|sh|zsh|exec|sudo|env|docker|supervisord|watchmedo|watchfiles|honcho|nohup|invoke|fab|scrapy|py)[\d.]*(?:\.exe)?"
)


def may_refer(path: str) -> bool:
    """Whether a file is one of those that name functions: settings, manifests, scripts."""
    file = path.rpartition("/")[2]
    return path.endswith(_ENDINGS) or file in _FILES or file.startswith("Dockerfile")


def pairs(path: str, text: str) -> Iterator[tuple[str, str]]:
    """The name before a function's own and its own, for all that such a file may refer to."""
    values = _values(path, text)
    if values is None:
        yield from _anywhere(text)
    for value in values or ():
        for line in value.splitlines():
            yield from _line(line.strip())


def _values(path: str, text: str) -> list[str] | None:
    """The texts that a file of settings holds; None for scripts, and for what does not parse."""
    try:
        if path.endswith((".toml", "Pipfile")):
            return list(_texts(tomllib.loads(text)))
        if path.endswith(".json"):
            return list(_texts(json.loads(text)))
        if path.endswith((".yml", ".yaml")):
            return [value for document in yaml.safe_load_all(text) for value in _texts(document)]
        if path.endswith((".cfg", ".ini")):
            return list(_settings(text))
    except (ValueError, configparser.Error, yaml.YAMLError, RecursionError):
        return None
    return None


def _settings(text: str) -> Iterator[str]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.read_string(text)
    for section in parser.values():
        for value in section.values():
            yield from (_NAMED.sub("", line.strip(), count=1) for line in (value or "").splitlines())


def _texts(value: object) -> Iterator[str]:
    """Every text in a value; a list of texts is also the command that they are the words of."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(key)
            yield from _texts(one)
    elif isinstance(value, list):
        if all(isinstance(one, str) for one in value):
            yield " ".join(one for one in value if "\n" not in one)
        for one in value:
            yield from _texts(one)


def _line(line: str) -> Iterator[tuple[str, str]]:
    if whole := _REFERENCE.fullmatch(line):
        yield from _anywhere(whole[1] or whole[2])
        return
    words = _words(line)
    if any(_PROGRAMS.fullmatch(re.split(r"[/\\]", word)[-1]) for word in words):
        yield from _anywhere(line)
    elif not any(keyword.iskeyword(word) or not re.search(r"\w", word) for word in words):
        for word in words:
            if whole := _REFERENCE.fullmatch(_OPTION.sub("", word, count=1)):
                yield from _anywhere(whole[1] or whole[2])


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def _anywhere(text: str) -> Iterator[tuple[str, str]]:
    yield from _PAIR.findall(text)
    for before, names in _IMPORTED.findall(text):
        yield from ((before, name.strip()) for name in names.split(","))
