"""The panel of the first minutes: one click converts one function and proves it equal, another takes it back."""

from __future__ import annotations

from typing import Any

from ipywidgets import HBox  # type: ignore[import-untyped]

from helpers.ui import html
from helpers.ui.notebook import Lesson
from helpers.ui.panel import Panel
from helpers.workbook import Scenario


class ConvertFunction(Panel):
    """Convert and undo one function of the scratch copy; the proof is a call that runs on both copies."""

    def __init__(self, lesson: Lesson, path: str, name: str, *, scenario: Scenario) -> None:
        """`path` and `name` say which function; `scenario` calls it."""
        super().__init__()
        self.lesson, self.place, self.scenario = lesson, (path, name), scenario
        self.convert = self.button(f"Convert {name}", "Rewrite it in the scratch copy and run both", self._convert)
        self.convert.layout.width = "auto"
        self.undo = self.button("Undo", "Take the rewrite back", self._undo)
        self.undo.disabled = True
        self.children = [HBox([self.convert, self.undo]), self.status, self.result]
        self.say("Nothing is written until you click.")

    def enable(self) -> None:
        """Convert once, and then undo."""
        written = bool(self.lesson.workbook.history())
        self.convert.disabled, self.undo.disabled = written, not written

    def _convert(self) -> None:
        change = self.lesson.preview(*self.place)
        self.lesson.workbook.apply(change)
        self.show(html.change_set(change))
        found = self.lesson.compare(self.scenario)
        self.show(html.change_set(change) + html.comparison(found))
        self.say("Converted, and both copies do the same." if found.same else "Converted, but the copies differ: look.")

    def _undo(self) -> None:
        self.lesson.workbook.undo()
        self.result.value = ""
        self.say("Undone: the file is as it was, byte for byte.")

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widgets for a notebook that runs, and a line of text for one that does not."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = f"Run this cell, then click here to convert {self.place[1]} and to undo it."
        return bundle
