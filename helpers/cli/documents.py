"""What the verbs say as JSON: one document for each, in the form of docs/workbook.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from helpers.model import ChangeSet, Finding, JournalEntry, Plan, Step
from helpers.workbook import Justified, Pattern, Trace, to_document

VERSION = 1
Document = dict[str, Any]


def findings(root: str, found: Iterable[Finding]) -> Document:
    """What `scan` found below `root`."""
    return _document("scan", root=root, findings=[_finding(item) for item in found])


def changes(command: str, root: str, change_set: ChangeSet, entry: JournalEntry | None = None) -> Document:
    """What `diff` would change, or what `apply` changed: each file's diff, what is applied and what is refused."""
    return _document(
        command,
        root=root,
        changes=[{"path": change.path, "diff": change.diff()} for change in change_set.changes],
        applied=[_finding(item) for item in change_set.applied],
        refused=[{**_finding(item.finding), "reason": item.reason} for item in change_set.skipped],
        entry=_entry(entry) if entry else None,
    )


def plan(root: str, found: Plan) -> Document:
    """The steps that are left, and what no step changes."""
    return _document("plan", root=root, steps=list(map(_step, found.steps)), left=list(map(_finding, found.left)))


def undone(root: str, entries: Iterable[JournalEntry]) -> Document:
    """What `undo` took back, the last entry first."""
    return _document("undo", root=root, entries=[_entry(entry) for entry in entries])


def traced(root: str, trace: Trace) -> Document:
    """What `trace` recorded."""
    told = to_document(trace)
    run = {name: told[name] for name in ("traced", "exit", "processes", "python", "sqlalchemy")}
    lists = {name: told[name] for name in ("lazy_loads", "refreshes", "io_functions", "edges", "on_loop")}
    return _document("trace", root=root, run={"command": told["command"], **run}, check=told["check"], **lists)


def audited(
    root: str,
    found: Iterable[tuple[Finding, Justified | None]],
    excepted: Iterable[tuple[Finding, Justified | None]],
    unused: Iterable[Justified],
) -> Document:
    """What `audit` found: what counts, what is excepted, and the exceptions that are about nothing."""
    lists = {"findings": found, "excepted": excepted}
    told = {name: [_with_exception(*item) for item in items] for name, items in lists.items()}
    return _document("audit", root=root, **told, unused=[_exception(one) for one in unused])


def explanation(pattern: type[Pattern]) -> Document:
    """What `explain` says of a pattern."""
    return _document(
        "explain",
        code=pattern.CODE,
        name=pattern.NAME,
        stage=stage(pattern),
        applicability=pattern.APPLICABILITY.value,
        summary=pattern.SUMMARY,
        why=pattern.WHY,
        examples=[{"title": item.title, "before": item.before, "after": item.after} for item in pattern.EXAMPLES],
    )


def stage(pattern: type[Pattern]) -> str:
    """The pattern's stage in words."""
    return pattern.STAGE.name.lower().replace("_", " ")


def _document(command: str, **content: object) -> Document:
    return {"version": VERSION, "command": command, **content}


def _finding(finding: Finding) -> Document:
    return {
        "code": finding.code,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "symbol": finding.symbol,
        "message": finding.message,
        "applicability": finding.applicability.value,
        "fixable": finding.fix is not None,
        "fingerprint": finding.fingerprint,
        "bridge": finding.bridge,
    }


def _with_exception(finding: Finding, exception: Justified | None) -> Document:
    return {**_finding(finding), "exception": _exception(exception) if exception else None}


def _exception(one: Justified) -> Document:
    told = {"code": one.code, "symbol": one.symbol, "reason": one.reason, "owner": one.owner}
    return {**told, "until": one.until.isoformat()}


def _step(step: Step) -> Document:
    return {
        "number": step.number,
        "stage": step.stage.name.lower(),
        "title": step.title,
        "symbols": list(step.symbols),
        "bridges": list(step.bridges),
        "needs": list(step.needs),
    }


def _entry(entry: JournalEntry) -> Document:
    files = [{"path": record.path, "before": record.before, "after": record.after} for record in entry.files]
    return {"number": entry.number, "written": entry.written, "title": entry.title, "files": files}
