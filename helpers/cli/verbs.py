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
    told = f"{report.counted(len(found), 'finding')}: {', '.join(f'{number} {kind}' for number, kind in counts)}"
    say(f"{told}{report.WAITING if report.waits(found) else ''}")
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
    return 1 if change_set.step.findings or change_set.changes else 0


def plan(asked: Namespace) -> int:
    """List the steps that are left."""
    with Workbook.open(asked.path) as book:
        _look_after(book)
        with working(f"planning {book.root}"):
            found = book.plan(most=asked.max_changes)
    if asked.json:
        _tell_json(documents.plan(str(book.root), found))
    else:
        _tell_all(map(report.step, found.steps))
        _tell_all(map(report.left, found.left))
    functions = sum(len(step.symbols) for step in found.steps)
    steps = report.counted(len(found.steps), "step")
    say(f"{steps}, {report.counted(functions, 'function')} to become asynchronous, {len(found.left)} left")
    return 0


def apply(asked: Namespace) -> int:
    """Rewrite in place. 1 when a file could not be written; what is refused with a reason is no failure."""
    _check(asked)
    with Workbook.open(asked.path) as book:
        _recover(book)
        if asked.git and (done := book.on_branch()):
            say(f"committed what an interrupted run had written: {printable(done)}")
        if asked.git and asked.all:
            return _every_step(book, asked)
        if asked.step is not None:
            _check_first(book, asked)
        with working(f"rewriting {book.root}"):
            wanted, change_set = _previewed(book, asked)
            entry = book.apply(change_set)
        if asked.git and entry:
            book.commit(change_set)
    if asked.json:
        _tell_json(documents.changes("apply", str(book.root), change_set, entry))
    else:
        _tell_all(report.outcomes(change_set))
    say(f"applied {_counts(change_set)}" + ("; `workbook undo PATH` takes it back" if entry else ""))
    failed = asked.step is not None and entry is None
    return 1 if failed or _left_unwritten(book, wanted, change_set) else 0


def _check(asked: Namespace) -> None:
    if not (asked.select or asked.all or asked.step is not None):
        remedy = "pass --step N (workbook plan PATH shows them), --select CODES (workbook scan PATH does) or --all"
        raise UsageError("workbook apply", "nothing is selected", remedy)
    if asked.files and (asked.step is not None or (asked.git and asked.all)):
        raise UsageError("workbook apply", "a step is applied whole", "leave out --files")
    if asked.json and asked.git and asked.all:
        raise UsageError("workbook apply", "every step is a document of its own", "apply them by --step N")


def _check_first(book: Workbook, asked: Namespace) -> None:
    """JournalError when a step is asked for before those that it needs."""
    steps = book.plan(most=asked.max_changes).steps
    if steps and steps[0].number < asked.step <= steps[-1].number:
        fact = f"needs the steps before it, and step {steps[0].number} is the next"
        raise JournalError(f"step {asked.step}", fact, "apply them in their order; --all does")


def _every_step(book: Workbook, asked: Namespace) -> int:
    """Each step that is left, written and committed before the next is looked at."""
    while steps := book.plan(most=asked.max_changes).steps:
        with working(f"step {steps[0].number} of {book.root}"):
            change_set = book.preview_step(steps[0].number, most=asked.max_changes)
            entry = book.apply(change_set)
        _tell_all(report.outcomes(change_set))
        if entry is None:
            say(f"{change_set.step.title}: nothing could be applied")
            return 1
        book.commit(change_set)
        say(f"committed {printable(change_set.step.title)}: {_counts(change_set)}")
    return 0


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
    "plan": plan,
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
    if asked.step is not None:
        step = book.preview_step(asked.step, most=asked.max_changes)
        return step, step
    wanted = book.preview(asked.select, files=asked.files)
    barred = book.unwritable(wanted)
    return wanted, book.preview(asked.select, files=asked.files, barred=barred) if barred else wanted


def _left_unwritten(book: Workbook, wanted: ChangeSet, written: ChangeSet) -> bool:
    """Whether a file was not written that should have been; a link was, under the name of what it leads to."""
    left = {change.path for change in wanted.changes} - {change.path for change in written.changes}
    return any(not (book.root / path).is_symlink() for path in left)


def _counts(change_set: ChangeSet) -> str:
    files = report.counted(len(change_set.changes), "file")
    seams = report.seams(change_set)
    return f"{len(change_set.applied)} in {files}{seams}, refused {len(change_set.skipped)}"


def _tell_all(lines: Iterable[str]) -> None:
    for line in lines:
        tell(line)


def _tell_json(document: documents.Document) -> None:
    tell(json.dumps(document, indent=2))
