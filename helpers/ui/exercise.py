"""The verdict on a reader's attempt, case by case, with the hints of its own mistakes and what nobody checked."""

from __future__ import annotations

from html import escape

from helpers.ui import html
from helpers.ui.picture import Picture, say
from helpers.workbook import Verdict

SIGNS = {"passed": "✓ passed", "not yet": "… not yet", "failed": "✗ failed"}
HEADINGS = {
    "passed": "Passed: your functions do what the legacy ones do.",
    "not yet": "Not yet: fill in the functions above and run the cell again.",
    "failed": "Not the same yet. What was different:",
}


def verdict(found: Verdict) -> Picture:
    """A heading, a line for each case, then hints; the text form has the same lines."""
    rows = [(SIGNS[result.outcome], result.case.title, result.case.call, result.detail) for result in found.results]
    cases = html.table(("", "case", "call", "what was seen"), rows)
    heading, notes = HEADINGS[found.outcome], [*(f"Hint: {hint}" for hint in found.hints), found.unchecked]
    closing = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return Picture(f"{say(heading)}{cases.html}{closing}", "\n".join([heading, "", cases.text, "", *notes]))
