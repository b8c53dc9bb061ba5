"""What still has to be done in code that is asynchronous already, without what the project justifies."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.codemod.scanner import scan
from helpers.codemod.selection import RULES
from helpers.migrate.justified import Justified, justified
from helpers.model import Finding


@dataclass(frozen=True)
class Audited:
    """One finding, with the exception that is about it, if there is one and whether its time is over."""

    finding: Finding
    exception: Justified | None = None
    expired: bool = False

    @property
    def counts(self) -> bool:
        """Whether somebody has to do something."""
        return self.exception is None or self.expired


@dataclass(frozen=True)
class Audit:
    """Everything that was found, sorted by place, and the exceptions that are about nothing."""

    items: tuple[Audited, ...]
    unused: tuple[Justified, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What counts."""
        return tuple(item.finding for item in self.items if item.counts)


def audit(project: Project, today: datetime.date) -> Audit:
    """Ask every rule. Files that cannot be read are findings too. UsageError for an exception that says too little."""
    exceptions = justified(project)
    items = tuple(_audited(project, finding, exceptions, today) for finding in scan(project, RULES))
    used = {id(item.exception) for item in items}
    return Audit(items, tuple(one for one in exceptions if id(one) not in used))


def _audited(project: Project, finding: Finding, exceptions: tuple[Justified, ...], today: datetime.date) -> Audited:
    about = list(_about(project, finding, exceptions))
    valid = [one for one in about if not one.expired(today)]
    if not about:
        return Audited(finding)
    return Audited(finding, (valid or about)[0], expired=not valid)


def _about(project: Project, finding: Finding, exceptions: tuple[Justified, ...]) -> Iterator[Justified]:
    module = project.symbols.modules.get(finding.path)
    return (one for one in exceptions if one.covers(finding, module.name if module else ""))
