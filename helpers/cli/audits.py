"""An audit as lines, as annotations of GitHub, and as SARIF 2.1.0."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from helpers import __version__
from helpers.cli import documents
from helpers.cli.terminal import printable
from helpers.model import Finding
from helpers.workbook import Audit, Audited, Justified, Pattern, Workbook

Document = dict[str, Any]
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_HOME = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/"


def lines(audit: Audit) -> Iterator[str]:
    """`path:line:column CODE symbol found|excepted|expired message`, and behind the latter two who says why."""
    for item in audit.items:
        finding = item.finding
        word = "found" if item.exception is None else "expired" if item.expired else "excepted"
        yield printable(f"{finding.place} {finding.code} {finding.symbol} {word} {finding.message}{_why(item)}")


def github(audit: Audit, root: Path) -> Iterator[str]:
    """Workflow commands: an error for each finding that counts, a notice for each that is excepted."""
    for item in audit.items:
        finding = item.finding
        properties = {"file": _path(root, finding), "line": finding.line, "col": finding.column, "title": finding.code}
        told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
        yield f"::{'error' if item.counts else 'notice'} {told}::{_data(finding.message + _why(item))}"


def document(audit: Audit, root: Path) -> Document:
    """What `--json` prints."""
    return documents.audited(
        str(root),
        [(item.finding, item.exception) for item in audit.items if item.counts],
        [(item.finding, item.exception) for item in audit.items if not item.counts],
        audit.unused,
    )


def sarif(audit: Audit, root: Path) -> Document:
    """One run in SARIF 2.1.0; what is excepted is suppressed there, with its reason."""
    codes = dict.fromkeys(["AM901", *(item.finding.code for item in audit.items)])
    rules = [Workbook.explain(code) for code in codes]
    places = {rule.CODE: place for place, rule in enumerate(rules)}
    driver = {
        "name": "workbook",
        "version": __version__,
        "rules": [_rule(one) for one in rules],
    }
    results = [_result(item, root, places[item.finding.code]) for item in audit.items]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def unused(exceptions: Iterable[Justified]) -> Iterator[str]:
    """A line for each exception that is about nothing: it can go."""
    for one in exceptions:
        yield printable(f"pyproject.toml: the exception of {one.code} in {one.symbol} is about nothing; remove it")


def _rule(rule: type[Pattern]) -> Document:
    return {
        "id": rule.CODE,
        "name": rule.NAME,
        "shortDescription": {"text": rule.SUMMARY},
        "fullDescription": {"text": rule.WHY},
        "defaultConfiguration": {"level": "error"},
    }


def _result(item: Audited, root: Path, place: int) -> Document:
    finding = item.finding
    where: Document = {
        "artifactLocation": {"uri": quote(_path(root, finding))},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    symbol = {"fullyQualifiedName": finding.symbol, "kind": "function"}
    result: Document = {
        "ruleId": finding.code,
        "ruleIndex": place,
        "level": "error",
        "message": {"text": finding.message + (_why(item) if item.expired else "")},
        "locations": [{"physicalLocation": where, "logicalLocations": [symbol]}],
        "partialFingerprints": {"workbook/v1": finding.fingerprint},
    }
    if not item.counts:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": _why(item).strip(" ()")}]
    return result


def _why(item: Audited) -> str:
    if item.exception is None:
        return ""
    until = f"{'was ' if item.expired else ''}excepted until {item.exception.until.isoformat()}"
    return f" ({until} by {item.exception.owner}: {item.exception.reason})"


def _path(root: Path, finding: Finding) -> str:
    """The file as seen from the folder that the command runs in, which in a workflow is the repository."""
    path, here = root / finding.path, Path.cwd()
    return Path(os.path.relpath(path, here)).as_posix() if path.is_relative_to(here) else finding.path


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
