"""One function for each verb: ask the workbook, tell the answer, return the exit code."""

from __future__ import annotations

import json
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable

from helpers.cli import audits, documents, report, traces
from helpers.cli.terminal import coloured, failure, printable, say, tell, tell_bytes, tell_code, working
from helpers.errors import JournalError, UsageError
from helpers.model import Applicability, ChangeSet
from helpers.workbook import Workbook


def scan(asked: Namespace) -> int:
    """List the findings. 1 when there are any."""
    with Workbook.open(asked.path) as book:
        _look_after(book)
        with working(f"scanning {book.root}"):
            found = book.scan(asked.select, asked.ignore)
    if asked.json:
        _tell_json(documents.findings(str(book.root), found))
    else:
        _tell_all(map(report.found, found))
    counts = [(sum(item.applicability is kind for item in found), kind.value) for kind in Applicability]
    say(f"{report.counted(len(found), 'finding')}: {', '.join(f'{number} {kind}' for number, kind in counts)}")
    return 1 if found else 0


def diff(asked: Namespace) -> int:
    """Show what apply would do. 1 when there are findings."""
    with Workbook.open(asked.path) as book:
        _look_after(book)
        with working(f"previewing {book.root}"):
            _, change_set = _previewed(book, asked)
    if asked.json:
        _tell_json(documents.changes("diff", str(book.root), change_set))
    else:
        if coloured():
            tell_code(change_set.diff(), "diff")
        else:
            tell_bytes(b"".join(change.patch() for change in change_set.changes))
        _tell_all(report.outcomes(change_set))
    say(f"would apply {_counts(change_set)}")
    return 1 if change_set.step.findings else 0


def apply(asked: Namespace) -> int:
    """Rewrite in place. 1 when a file could not be written; what is refused with a reason is no failure."""
    if not (asked.select or asked.all):
        remedy = "pass --select CODES (workbook scan PATH shows them) or --all"
        raise UsageError("workbook apply", "nothing is selected", remedy)
    with Workbook.open(asked.path) as book:
        _recover(book)
        with working(f"rewriting {book.root}"):
            wanted, change_set = _previewed(book, asked)
            entry = book.apply(change_set)
    if asked.json:
        _tell_json(documents.changes("apply", str(book.root), change_set, entry))
    else:
        _tell_all(report.outcomes(change_set))
    say(f"applied {_counts(change_set)}" + ("; `workbook undo PATH` takes it back" if entry else ""))
    return 1 if _left_unwritten(book, wanted, change_set) else 0


def undo(asked: Namespace) -> int:
    """Take the last write back, or all of them."""
    with Workbook.open(asked.path) as book:
        _recover(book)
        entries = book.undo_all() if asked.all else (book.undo(),)
    if asked.json:
        _tell_json(documents.undone(str(book.root), entries))
    else:
        paths = dict.fromkeys(record.path for entry in entries for record in entry.files)
        _tell_all(printable(f"{path} restored") for path in paths)
    say(f"took back {report.counted(len(entries), 'write')}" if entries else "there was nothing to take back")
    return 0


def trace(asked: Namespace) -> int:
    """Run the tests and tell what they loaded. 1 when they failed: then the trace may lack something."""
    with Workbook.open(asked.path) as book:
        _look_after(book)
        say(f"tracing {printable(shlex.join(asked.command))} in {printable(str(book.root))}")
        found = book.trace(asked.command, output=_stderr(), python=asked.python)
    if asked.json:
        _tell_json(documents.traced(str(book.root), found))
    else:
        _tell_all(map(printable, traces.lines(found)))
    for line in traces.summary(found):
        say(printable(line))
    return 1 if found.exit else 0


def audit(asked: Namespace) -> int:
    """List what is wrong in asynchronous code. 1 when something counts; what is excepted does not."""
    with Workbook.open(asked.path) as book:
        _look_after(book)
        with working(f"auditing {book.root}"):
            found = book.audit()
    form = "json" if asked.json else asked.format
    if form in ("json", "sarif"):
        _tell_json((audits.sarif if form == "sarif" else audits.document)(found, book.root))
    else:
        _tell_all(audits.github(found, book.root) if form == "github" else audits.lines(found))
    for line in audits.unused(found.unused):
        say(line)
    excepted = len(found.items) - len(found.findings)
    say(f"{report.counted(len(found.findings), 'finding')}, {excepted} excepted")
    return 1 if found.findings else 0


def explain(asked: Namespace) -> int:
    """Say what a pattern does, or what a rule of the audit asks, and why."""
    pattern = Workbook.explain(asked.code)
    if asked.json:
        _tell_json(documents.explanation(pattern))
        return 0
    for number, (language, block) in enumerate(report.explanation(pattern)):
        if number:
            tell("")
        tell_code(block, language)
    return 0


VERBS: dict[str, Callable[[Namespace], int]] = {
    "scan": scan,
    "diff": diff,
    "apply": apply,
    "undo": undo,
    "trace": trace,
    "audit": audit,
    "explain": explain,
}


def _stderr() -> int | None:
    """The descriptor of stderr, where there is one: what the tests print is no data."""
    try:
        return sys.stderr.fileno()
    except (OSError, ValueError):
        return None


def _recover(book: Workbook) -> None:
    """Settle what a killed process left half done, before anything else is written."""
    if what := book.recover():
        say(f"{printable(str(book.root))}: {what}")


def _look_after(book: Workbook) -> None:
    """Settle it for a verb that only reads, too; where that is not possible now, say so and go on."""
    try:
        _recover(book)
    except (JournalError, OSError) as error:
        say(failure(error))


def _previewed(book: Workbook, asked: Namespace) -> tuple[ChangeSet, ChangeSet]:
    """What was asked for, and what of it can be written."""
    wanted = book.preview(asked.select, files=asked.files)
    barred = book.unwritable(wanted)
    return wanted, book.preview(asked.select, files=asked.files, barred=barred) if barred else wanted


def _left_unwritten(book: Workbook, wanted: ChangeSet, written: ChangeSet) -> bool:
    """Whether a file was not written that should have been; a link was, under the name of what it leads to."""
    left = {change.path for change in wanted.changes} - {change.path for change in written.changes}
    return any(not (book.root / path).is_symlink() for path in left)


def _counts(change_set: ChangeSet) -> str:
    files = report.counted(len(change_set.changes), "file")
    return f"{len(change_set.applied)} in {files}, refused {len(change_set.skipped)}"


def _tell_all(lines: Iterable[str]) -> None:
    for line in lines:
        tell(line)


def _tell_json(document: documents.Document) -> None:
    tell(json.dumps(document, indent=2))
