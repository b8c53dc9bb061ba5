"""Run the workbook's command line as a person would, time it, and read what it prints."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
LINE = re.compile(
    r"^(?P<path>.+?):(?P<line>\d+):(?P<column>\d+) (?P<code>\S+) (?:(?P<symbol>.*?) )??"
    r"(?P<word>applied|bridged|refused)(?: (?P<reason>.*))?$"
)


class EngineError(Exception):
    """The command line said that it could not do its work; `str()` is what it said."""


@dataclass(frozen=True)
class Call:
    """One finished command: exit code, what it printed, and wall seconds."""

    code: int
    output: str
    errors: str
    seconds: float


@dataclass(frozen=True)
class Site:
    """One line of `apply`: a place that was changed or refused."""

    path: str
    line: int
    column: int
    code: str
    symbol: str
    word: str
    reason: str = ""


def workbook(verb: str, *arguments: str | Path) -> Call:
    """Run `python -m helpers VERB ...`; raises EngineError on a usage error, a crash or a signal."""
    command = [sys.executable, "-m", "helpers", verb, *map(str, arguments)]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, encoding="utf-8", check=False)
    call = Call(done.returncode, done.stdout, done.stderr, time.perf_counter() - start)
    if call.code not in (0, 1) or "Traceback (most recent call last)" in call.errors:
        lines = call.errors.strip().splitlines()
        raise EngineError(f"workbook {verb}: exit {call.code}: {lines[-1] if lines else 'no message'}")
    return call


def read_sites(lines: Iterable[str]) -> Iterator[Site]:
    """The sites among the lines that `apply` or `diff` printed; other lines are passed over."""
    for text in lines:
        if match := LINE.match(text):
            part = {key: value or "" for key, value in match.groupdict().items()}
            place = (part["path"], int(part["line"]), int(part["column"]))
            yield Site(*place, part["code"], part["symbol"], part["word"], part["reason"])


def read_findings(text: str) -> list[dict[str, Any]]:
    """The findings of `scan --json`; raises EngineError when the text is no such document."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise EngineError(f"workbook scan --json: not JSON: {error}") from error
    findings = document.get("findings") if isinstance(document, dict) else None
    if not isinstance(findings, list):
        raise EngineError("workbook scan --json: no list of findings in it")
    return findings
