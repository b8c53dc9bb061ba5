"""Files that are no Python: those that name the packages of an application, its settings and its templates."""

from __future__ import annotations

import codecs
import configparser
import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import InvalidRequirement, Requirement

from helpers.analysis.source import Text, read_bytes
from helpers.errors import SourceError

_REQUIREMENTS = re.compile(r"(?:^|/)(?:[\w.-]*requirements[\w.-]*\.(?:txt|in)|requirements/[\w.-]+\.(?:txt|in))$")
_ENVIRONMENT = re.compile(r"(?:^|/)(?:conda[-_]?)?env(?:ironment)?[\w.-]*\.ya?ml$")
_NAMED = {"pyproject.toml": "toml", "Pipfile": "toml", "setup.cfg": "cfg"}
_SETTINGS = re.compile(r"(?:^|/)(?:\.?env(?:\.[\w.-]+)?|[\w.-]+\.env|alembic\.ini|(?:docker-)?compose[\w.-]*\.ya?ml)$")
_TEMPLATES = (".html", ".htm", ".jinja", ".jinja2", ".j2")
_LOCKS = frozenset({"poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "conda-lock.yml"})
_UTF_16 = (("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE))
_LARGEST = 400_000  # characters; a file that names packages is smaller


def manifest_kind(path: str) -> str:
    """`requirements`, `toml`, `cfg`, `conda` or `lock` for a file that names packages; empty for any other."""
    name = path.rpartition("/")[2]
    if name in _LOCKS:
        return "lock"
    if _REQUIREMENTS.search(path):
        return "requirements"
    return _NAMED.get(name) or ("conda" if _ENVIRONMENT.search(path) else "")


def is_kept(path: str) -> bool:
    """Whether patterns want to read a file: it names packages, may hold addresses of databases, or is a template."""
    return bool(manifest_kind(path) or _SETTINGS.search(path) or is_template(path))


def is_template(path: str) -> bool:
    """Whether a file is a template by its name."""
    return path.endswith(_TEMPLATES)


def read_text(root: Path, path: str) -> Text | None:
    """The text of a file in UTF-8; None when it is none, is too large, cannot be read or leads out of the tree.

    Requirements may be in UTF-16 as well, which pip reads by their BOM: `pip freeze > requirements.txt` in Windows
    PowerShell writes them so.
    """
    try:
        data = read_bytes(root, path)
        encoding, bom = encoding_of(data) if manifest_kind(path) == "requirements" else _as_utf8(data)
        text = data[len(bom) :].decode(encoding)
    except (SourceError, UnicodeDecodeError):
        return None
    large = len(text) > _LARGEST and manifest_kind(path) != "lock"
    return None if large else Text(path, data, text, encoding, bom)


def encoding_of(data: bytes) -> tuple[str, bytes]:
    """The encoding that a BOM tells, and the BOM; UTF-8 where there is none."""
    return next((found for found in _UTF_16 if data.startswith(found[1])), _as_utf8(data))


def _as_utf8(data: bytes) -> tuple[str, bytes]:
    return "utf-8", codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""


def fault(path: str, text: str) -> str | None:
    """Why a file that names packages would not be read any more with this text; None when it would."""
    kind = manifest_kind(path)
    try:
        if kind == "toml":
            tomllib.loads(text)
        elif kind == "cfg":
            configparser.RawConfigParser().read_string(text)
        elif kind == "conda":
            yaml.safe_load(text)
        elif kind == "requirements":
            for line in requirement_lines(text):
                Requirement(line)
    except (ValueError, configparser.Error, yaml.YAMLError, InvalidRequirement) as error:
        return f"it does not parse: {str(error).splitlines()[0]}"
    return None


def requirement_lines(text: str) -> list[str]:
    """The requirements of a requirements file, without comments, options and what is installed from a path."""
    lines = (re.split(r"(?:^|\s)#", line)[0].strip() for line in text.splitlines())
    return [line for line in lines if re.fullmatch(r"[A-Za-z0-9][\w.\-]*\s*(?:[\[<>=!~;@(].*)?", line)]
