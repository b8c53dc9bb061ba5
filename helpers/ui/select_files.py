"""The panel that applies a pattern: choose files, see the diff, write the scratch copy, take it back."""

from __future__ import annotations

from html import escape
from typing import Any

from ipywidgets import HTML, HBox, Layout, SelectMultiple  # type: ignore[import-untyped]

from helpers.model import ChangeSet
from helpers.ui import html
from helpers.ui.panel import Panel
from helpers.workbook import Workbook

SHOWN_ROWS = 10
HELP = "Choose files: arrow keys or a click for one, with Shift or Ctrl for several; Ctrl+A takes all."


class SelectFiles(Panel):
    """Widgets over one workbook and one pattern; each callback asks the workbook and shows its answer.

    A pattern that is right only together with others, as those of the flip, is previewed and applied with them.
    """

    def __init__(self, workbook: Workbook, pattern: str) -> None:
        """For the pattern of that name or code. UsageError when there is none."""
        super().__init__()
        self.workbook, self.pattern = workbook, pattern
        self.together = workbook.together(pattern)
        self.change_set: ChangeSet | None = None
        self.files = SelectMultiple(description="Files", rows=SHOWN_ROWS, layout=Layout(width="auto"))
        self.preview = self.button("Preview", "Show what would change, and write nothing", self._preview)
        self.apply = self.button("Apply", "Write the previewed change to the scratch copy", self._apply)
        self.undo = self.button("Undo", "Take the last write back", self._undo)
        buttons = HBox([self.preview, self.apply, self.undo])
        self.children = [HTML(f"<div>{escape(HELP)}</div>"), self.files, buttons, self.status, self.result]
        self.files.observe(self._forget, names="value")
        self.refresh()
        self.say("Nothing is written until you apply.")

    def refresh(self) -> None:
        """Read the application again and offer the files that have something to convert."""
        chosen = self.files.value
        found = [file for file in self.workbook.files([self.pattern]) if file.applicable]
        self.files.options = [(_label(file.path, file.applicable, file.manual), file.path) for file in found]
        self.files.value = [path for path in chosen if path in {file.path for file in found}]
        self.enable()

    def enable(self) -> None:
        """Preview what is chosen, apply what was previewed, undo what was written."""
        self.preview.disabled = not self.files.value
        self.apply.disabled = self.change_set is None or not self.change_set.changes
        self.undo.disabled = not self.workbook.history()

    def _forget(self, _: object) -> None:
        """Another choice makes the preview stale, and what is stale is not applied."""
        self.change_set = None
        self.enable()

    def _preview(self) -> None:
        chosen = set(self.files.value)
        findings = [found.fingerprint for found in self.workbook.scan(self.together) if found.path in chosen]
        self.change_set = self.workbook.preview(self.together, findings=findings)
        self.show(html.change_set(self.change_set))
        self.say(f"{_summary(self.change_set)}. Nothing is written yet.")

    def _apply(self) -> None:
        if self.change_set is None:
            return
        done, self.change_set = self.change_set, None
        self.workbook.apply(done)
        self.refresh()
        self.say(f"Applied to the scratch copy: {_summary(done)}.")

    def _undo(self) -> None:
        entry = self.workbook.undo()
        self.change_set = None
        self.refresh()
        self.result.value = ""
        self.say(f"Undone: {_count(len(entry.files), 'file')} as before, byte for byte.")

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widgets for a notebook that runs, and what they offer as text for one that does not."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        lines = [f"  {label}" for label, _ in self.files.options]
        bundle["text/plain"] = "\n".join(["Run this cell to choose files, preview, apply and undo here:", *lines])
        return bundle


def _label(path: str, applicable: int, manual: int) -> str:
    left = f", {manual} by hand" if manual else ""
    return f"{path}  ({applicable} to convert{left})"


def _summary(change_set: ChangeSet) -> str:
    changed = f"{_count(len(change_set.applied), 'place')} in {_count(len(change_set.changes), 'file')}"
    return f"{changed}, {len(change_set.skipped)} left with a reason" if change_set.skipped else changed


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
