"""Which fixes of one file go together, and the text with their edits in place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from helpers.model import Edit, Finding, Fix, ImportName, Skipped


@dataclass(frozen=True)
class Accepted:
    """A finding whose fix is to be applied."""

    finding: Finding
    fix: Fix

    @cached_property
    def span(self) -> tuple[int, int]:
        """From the first character that the fix touches to the last; nothing at the top for imports alone."""
        edits = self.fix.edits or (Edit(0, 0, ""),)
        return min(edit.start for edit in edits), max(edit.end for edit in edits)


def compatible(candidates: Iterable[Accepted], length: int) -> tuple[list[Accepted], list[Skipped]]:
    """The fixes that can be applied together to a text of `length` characters, and the others with a reason.

    Of two that collide the outer one goes first, then the one that begins first; the other waits for the next run.
    """
    chosen: list[Accepted] = []
    skipped: list[Skipped] = []
    for candidate in sorted(candidates, key=_outer_first):
        reason = _fault(candidate.fix, length) or _collision(candidate, chosen)
        if reason:
            skipped.append(Skipped(candidate.finding, reason))
        else:
            chosen.append(candidate)
    return chosen, skipped


def splice(text: str, chosen: Iterable[Accepted]) -> str:
    """`text` with the edits of all fixes in place.

    Where several fixes insert at one point, those that end there come first, inner before outer; then those that begin
    there, outer before inner; an insertion stands before the replacement that begins where it does. Blanks that one fix
    inserts inside of what another replaces go with it.
    """
    placed = [(_order(edit, item), edit) for item in chosen for edit in item.fix.edits]
    parts, position = [], 0
    for _, edit in sorted(placed, key=lambda pair: pair[0]):
        if edit.start < position:
            continue
        parts += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*parts, text[position:]])


def _order(edit: Edit, item: Accepted) -> tuple[int, bool, int, int]:
    start, end = item.span
    if edit.start < edit.end:
        return edit.start, True, 0, 0
    if edit.start == end and start < end:
        return edit.start, False, 0, -start
    return edit.start, False, 1, -end


def _outer_first(item: Accepted) -> tuple[int, int, int, int]:
    start, end = item.span
    return start, -end, item.finding.line, item.finding.column


def _fault(fix: Fix, length: int) -> str | None:
    edits = sorted(fix.edits)
    if not (edits or fix.adds or fix.drops):
        return "the fix has no edits"
    if any(not 0 <= edit.start <= edit.end <= length for edit in edits):
        return "the fix reaches outside the file"
    if any(_overlap(first, second) for first, second in pairwise(edits)):
        return "the edits of the fix overlap"
    return None


def _collision(item: Accepted, chosen: Sequence[Accepted]) -> str | None:
    start, end = item.span
    for other in chosen:
        apart = other.span[1] < start or end < other.span[0]
        if not apart and any(_disagree(edit, theirs) for edit in item.fix.edits for theirs in other.fix.edits):
            return f"overlaps the fix of {other.finding.code} at {other.finding.place}; run again after it"
        if _contradict(item.fix.adds, other.fix.adds):
            return f"needs a name that {other.finding.code} at {other.finding.place} binds; run again after it"
    return None


def _disagree(first: Edit, second: Edit) -> bool:
    """Whether edits of two fixes overlap; how far a line is moved does not matter where the other replaces it."""
    return _overlap(first, second) and not (_moves_line(first) or _moves_line(second))


def _moves_line(edit: Edit) -> bool:
    return edit.start == edit.end and bool(edit.text) and not edit.text.strip(" \t")


def _overlap(first: Edit, second: Edit) -> bool:
    """Two replacements share a character, or one inserts inside the other; touching is no overlap."""
    if first.start == first.end and second.start == second.end:
        return False
    return first.start < second.end and second.start < first.end


def _contradict(adds: Iterable[ImportName], others: Sequence[ImportName]) -> bool:
    return any(add.bound == other.bound and add != other for add in adds for other in others)
