"""AM501: a task that runs later or beside gets ids and values, and opens a session of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.codemod.pattern import Pattern, fingerprint
from helpers.codemod.refused import Refused
from helpers.model import Applicability, Edit, Finding, Fix, ImportName, Stage
from helpers.patterns.session_in_task.examples import EXAMPLES
from helpers.patterns.session_in_task.factories import Factories
from helpers.patterns.session_in_task.handovers import HandOver, HandOvers
from helpers.patterns.session_in_task.limits import Limits
from helpers.patterns.session_in_task.order import Order
from helpers.patterns.session_in_task.payload import Payload, Payloads
from helpers.patterns.session_in_task.wrapper import Wrapper

__all__ = ["SessionInTask"]


class SessionInTask(Pattern):
    """`background.add_task(notify, db, user)` becomes `background.add_task(notify_in_own_session, user.id)`."""

    CODE = "AM501"
    NAME = "session_in_task"
    SUMMARY = "Tasks open a session of their own"
    WHY = (
        "A session belongs to one piece of work at a time. A task that runs after the request, or beside it, shares "
        "its transaction and its connection for as long as both live: on an asynchronous session that is an error at "
        "best, and two interleaved transactions at worst, which SQLite does not show. A task that is given ids and "
        "values opens its own session, and reads there what was committed before it was started."
    )
    STAGE = Stage.TASKS
    APPLICABILITY = Applicability.REVIEW
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """Every hand-over of a session or of its objects, as a fix or with the reason why it is left."""
        written: set[tuple[str, str]] = set()
        for path in project.sources:
            for over in HandOvers(project, project.module(path)).all():
                if payload := Payloads(project).of(over):
                    yield from self._settled(project, over, payload, written)

    def _settled(
        self, project: Project, over: HandOver, payload: Payload, written: set[tuple[str, str]]
    ) -> Iterator[Finding]:
        try:
            if payload.reason:
                raise Refused(payload.reason)
            task = Limits(project).task(over, payload)
            Order(project).committed(over)
            factory = Factories(project).of(next(iter(payload.sessions), None), over.module)
            yield from self._fixed(project, Wrapper(project, over, payload, task, factory), written)
        except Refused as refused:
            yield self._finding(project, over, str(refused))

    def _fixed(self, project: Project, wrapper: Wrapper, written: set[tuple[str, str]]) -> Iterator[Finding]:
        over, task = wrapper.over, wrapper.task
        group = f"AM501:{task.module.path}:{wrapper.name}"
        if (task.module.path, wrapper.name) in written:
            raise Refused(f"{task.function.name}() is handed over at another place as well: run again after that one")
        made, needed = wrapper.definition()
        edits, imported = wrapper.hand_over()
        written.add((task.module.path, wrapper.name))
        sure = "" if wrapper.payload.tier > Tier.BY_NAME else "; a session by its name only"
        message = (
            f"{over.by}() hands a session on: {wrapper.name}() opens one of its own from {wrapper.factory.name}{sure}"
        )
        finding = self._finding(project, over, message)
        if task.module is over.module:
            fix = _fix([made, *edits], [*needed, *imported], group)
            yield replace(finding, applicability=self.APPLICABILITY, fix=fix)
            return
        yield replace(finding, applicability=self.APPLICABILITY, fix=_fix(edits, imported, group))
        path = task.module.path
        line, column = project.sources[path].position(made.start)
        name = fingerprint(self.CODE, path, wrapper.name, task.function.name)
        about = f"{wrapper.name}() is for {over.module.path}:{over.at.lineno}, which hands it on"
        fix = _fix([made], needed, group)
        yield Finding(self.CODE, path, line, column, task.function.name, about, self.APPLICABILITY, fix, name)

    def _finding(self, project: Project, over: HandOver, message: str) -> Finding:
        path, symbol = over.module.path, project.scopes(over.module).symbol(over.at)
        line, column = project.sources[path].position(project.sources[path].segment(over.holder)[0])
        name = fingerprint(self.CODE, path, symbol, ast.unparse(over.at))
        return Finding(self.CODE, path, line, column, symbol, message, Applicability.MANUAL, None, name)


def _fix(edits: list[Edit], adds: list[ImportName], group: str) -> Fix:
    return Fix(tuple(sorted(edits)), adds=tuple(adds), group=group)
