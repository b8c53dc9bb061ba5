"""AM901: the facts of a coroutine that nobody awaits. No pattern rewrites it: `audit` tells it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.coroutines.missed import Missed, MissedAwaits
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.codemod.pattern import Pattern, fingerprint
from helpers.model import Applicability, Example, Finding, Stage

_BEFORE = """\
from models import Author


async def find(session, key):
    return await session.get(Author, key)


async def known(session, key):
    {line}
"""
EXAMPLES = tuple(
    Example(
        title=title,
        before=_BEFORE.format(line=line.replace("await ", "")),
        after=_BEFORE.format(line=line),
        call="known(session, 42)",
    )
    for title, line in (
        ("a condition is always true", 'return "somebody" if await find(session, key) else "nobody"'),
        ("a comparison is always the same", "return (await find(session, key)) is None"),
    )
)


class MissedAwait(Pattern):
    """`if find(session):` of an `async def find`."""

    CODE = "AM901"
    NAME = "missed_await"
    SUMMARY = "A coroutine is made and nobody awaits it"
    WHY = (
        "A call of an asynchronous function runs nothing: it gives a coroutine, which is true, is not None and has no "
        "attributes. Where nobody awaits it, a commit does not happen, a condition always holds, a list is full of "
        "coroutines, and the only sign may be a warning when Python throws it away. Awaited is also what gather(), "
        "create_task(), a task group, wait_for() or run() is given, what is returned to a caller who awaits, and what "
        "is kept and awaited later. An asynchronous generator wants `async for`, an asynchronous context manager "
        "`async with`."
    )
    STAGE = Stage.CLEAN_UP
    APPLICABILITY = Applicability.MANUAL
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """Every place that makes a coroutine which is lost, in the order of the files."""
        for missed in MissedAwaits(project).all():
            yield _finding(project, missed)


def _finding(project: Project, missed: Missed) -> Finding:
    module = missed.module
    source = project.sources[module.path]
    line, column = source.position(source.segment(missed.node)[0])
    symbol = project.scopes(module).symbol(missed.node)
    known = "" if missed.tier > Tier.BY_NAME else " (known by its name alone)"
    message = f"{missed.name} is not awaited{known}: {missed.how}"
    mark = fingerprint(MissedAwait.CODE, module.path, symbol, f"{message} {ast.unparse(missed.node)}")
    return Finding(MissedAwait.CODE, module.path, line, column, symbol, message, MissedAwait.APPLICABILITY, None, mark)
