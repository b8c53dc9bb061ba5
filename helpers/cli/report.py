"""What the verbs say as text: one line for each finding, change and refusal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from helpers.cli.documents import stage
from helpers.cli.terminal import printable
from helpers.model import Applicability, ChangeSet, Finding, Stage, Step
from helpers.workbook import Pattern, Workbook

WIDTH = 100
"""Columns of running text."""
WAITING = "; what waits for an earlier stage is manual until that is done: `workbook plan PATH` puts them in order"
"""What `scan` adds where the files as they stand make a function look as if a person had to change it."""


def found(finding: Finding) -> str:
    """`path:line:column CODE symbol safe|review|manual message`."""
    return _line(finding, finding.applicability.value, finding.message)


def waits(found: Iterable[Finding]) -> bool:
    """Whether the flip leaves something to a person while a stage before it can still be applied."""
    flips = {pattern.CODE for pattern in Workbook.patterns() if pattern.STAGE >= Stage.FLIP}
    seen = {(item.code in flips, item.applicability is Applicability.MANUAL) for item in found}
    return {(True, True), (False, False)} <= seen


def outcomes(change_set: ChangeSet) -> Iterator[str]:
    """`path:line:column CODE symbol applied|bridged|refused reason`, for all of a change set, sorted by place."""
    told = [(item, "bridged" if item.bridge else "applied", item.message) for item in change_set.applied]
    told += [(skip.finding, "refused", skip.reason) for skip in change_set.skipped]
    for finding, outcome, reason in sorted(told, key=lambda item: (item[0].path, item[0].line, item[0].column)):
        yield _line(finding, outcome, reason)


def seams(change_set: ChangeSet) -> str:
    """` (1 bridge, 4 calls handed to threads)`: what of all that is applied stays synchronous code."""
    kinds = [item.bridge for item in change_set.applied if item.bridge]
    threads = kinds.count("thread")
    told = [counted(len(kinds) - threads, "bridge")] if len(kinds) > threads else []
    told += [f"{counted(threads, 'call')} handed to threads"] if threads else []
    return f" ({', '.join(told)})" if told else ""


def step(item: Step) -> str:
    """`step 4 slices 5 functions 0 bridges app/routers/items.py`."""
    functions, bridges = counted(len(item.symbols), "function"), counted(len(item.bridges), "bridge")
    return printable(f"step {item.number} {item.stage.name.lower()} {functions} {bridges} {item.title}")


def left(finding: Finding) -> str:
    """`path:line:column CODE symbol refused reason`."""
    return _line(finding, "refused", finding.message)


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def explanation(pattern: type[Pattern]) -> Iterator[tuple[str, str]]:
    """What `explain` says, as blocks: ("text" or "python", the block)."""
    yield "text", f"{pattern.CODE} {pattern.NAME}: {pattern.SUMMARY}"
    yield "text", f"stage: {stage(pattern)}\napplicability: {pattern.APPLICABILITY.value}"
    yield "text", textwrap.fill(pattern.WHY, WIDTH)
    for example in pattern.EXAMPLES:
        yield "text", f"{example.title}\n\nbefore:"
        yield "python", example.before.strip("\n")
        yield "text", "after:"
        yield "python", example.after.strip("\n")


def _line(finding: Finding, word: str, reason: str) -> str:
    return printable(f"{finding.place} {finding.code} {finding.symbol} {word} {reason}")
