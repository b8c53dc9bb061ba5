"""Exceptions that a project justifies: which finding, why, who answers for it, and until when."""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import dataclass
from typing import Any

from helpers.analysis.project import Project
from helpers.errors import UsageError
from helpers.model import Finding

PLACE = "pyproject.toml [[tool.workbook.exceptions]]"
KEYS = ("code", "symbol", "reason", "owner", "until")
_REMEDY = f"give each one {', '.join(KEYS[:-1])} as text, and until as a date, 2030-12-31"


@dataclass(frozen=True)
class Justified:
    """One exception. `symbol` is `Class.method`, alone or behind a file or module: `app/jobs.py:start`."""

    code: str
    symbol: str
    reason: str
    owner: str
    until: datetime.date

    def covers(self, finding: Finding, module: str) -> bool:
        """Whether it is about a finding of a file that is imported as `module`."""
        names = {finding.symbol, f"{finding.path}:{finding.symbol}", f"{module}:{finding.symbol}"}
        return self.code == finding.code and self.symbol in names

    def expired(self, today: datetime.date) -> bool:
        """Whether its last day is over."""
        return self.until < today


def justified(project: Project) -> tuple[Justified, ...]:
    """The exceptions of the project's pyproject.toml, in their order. UsageError for one that says too little."""
    text = project.texts.get("pyproject.toml")
    try:
        found: Any = tomllib.loads(text.text) if text else {}
    except tomllib.TOMLDecodeError as error:
        raise UsageError("pyproject.toml", f"does not parse ({error})", "mend it") from None
    for key in ("tool", "workbook", "exceptions"):
        found = found.get(key, {}) if isinstance(found, dict) else {}
    if not isinstance(found, list):
        if found:
            raise UsageError(PLACE, "is no list of tables", _REMEDY)
        return ()
    return tuple(_one(number, item) for number, item in enumerate(found, 1))


def _one(number: int, item: Any) -> Justified:
    given = item if isinstance(item, dict) else {}
    place = f"{PLACE} number {number}"
    if missing := [key for key in KEYS if not given.get(key)]:
        raise UsageError(place, f"has no {missing[0]}", _REMEDY)
    if unknown := sorted(given.keys() - set(KEYS)):
        raise UsageError(place, f"has {unknown[0]}, which means nothing here", _REMEDY)
    if wrong := [key for key in KEYS[:-1] if not isinstance(given[key], str)]:
        raise UsageError(place, f"has a {wrong[0]} that is no text", _REMEDY)
    code, symbol, reason, owner = (given[key] for key in KEYS[:-1])
    return Justified(code, symbol, reason, owner, _date(given["until"], place))


def _date(value: Any, place: str) -> datetime.date:
    if isinstance(value, datetime.datetime):
        return value.date()
    try:
        return value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise UsageError(place, f"has an until that is no date: {value!r}", _REMEDY) from None
