"""Queries inside queries: a statement that is built inside another is rewritten with it, or neither is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from helpers.codemod.chains import Chain
from helpers.model import Applicability, Finding

_PART = "it is part of a query that is left as it is"
_WHOLE = "a query inside it is left as it is: convert that one first"


@dataclass(frozen=True, eq=False)
class Member:
    """A decided chain; `runs` says that it gives values where it stands, and is no part of the statement around it.

    `travels`: it leaves its expression, and is decided with all its uses.
    """

    chain: Chain
    finding: Finding
    runs: bool
    travels: bool = False


def together(members: Sequence[Member]) -> Iterator[Member]:
    """The members with every decision that the family takes back, in the order of the text."""
    ordered = sorted(members, key=lambda member: (member.chain.start, -member.chain.stop))
    around = _around(ordered)
    findings = [member.finding for member in ordered]
    changed = True
    while changed:
        changed = False
        for index, member in enumerate(ordered):
            outer = around[index]
            if outer is None or member.runs:
                continue
            for one, other, reason in ((index, outer, _PART), (outer, index, _WHOLE)):
                if findings[one].fix and findings[other].fix is None:
                    findings[one] = replace(findings[one], message=reason, applicability=Applicability.MANUAL, fix=None)
                    changed = True
    return (replace(member, finding=finding) for member, finding in zip(ordered, findings, strict=True))


def _around(ordered: Sequence[Member]) -> list[int | None]:
    """For each member the index of the innermost one around it."""
    found: list[int | None] = []
    open_: list[int] = []
    for index, member in enumerate(ordered):
        while open_ and ordered[open_[-1]].chain.stop < member.chain.stop:
            open_.pop()
        found.append(open_[-1] if open_ else None)
        open_.append(index)
    return found
