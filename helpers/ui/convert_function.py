"""The panel of the first minutes: one click converts one function and proves it equal, another takes it back."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from ipywidgets import HTML, Button, HBox, VBox  # type: ignore[import-untyped]

from helpers.errors import WorkbookError
from helpers.ui import html
from helpers.ui.notebook import Lesson
from helpers.workbook import Scenario


class ConvertFunction(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Convert and undo one function of the scratch copy; the proof is a call that runs on both copies."""

    def __init__(self, lesson: Lesson, path: str, name: str, *, scenario: Scenario) -> None:
        """`path` and `name` say which function; `scenario` calls it."""
        self.lesson, self.place, self.scenario = lesson, (path, name), scenario
        self.status, self.result = HTML(), HTML()
        self.convert = Button(description=f"Convert {name}", tooltip="Rewrite it in the scratch copy and run both")
        self.undo = Button(description="Undo", tooltip="Take the rewrite back", disabled=True)
        self.convert.layout.width = "auto"
        self.convert.on_click(lambda _: self._do(self._convert))
        self.undo.on_click(lambda _: self._do(self._undo))
        super().__init__([HBox([self.convert, self.undo]), self.status, self.result])
        self._say("Nothing is written until you click.")

    def _do(self, action: Callable[[], None]) -> None:
        """Run one action while both buttons rest; what goes wrong is one line of the status."""
        self.convert.disabled = self.undo.disabled = True
        self._say("Working ...")
        try:
            action()
        except WorkbookError as error:
            self._say(str(error))
        except Exception as error:  # a callback's traceback goes to a log that nobody reads
            self._say(f"{type(error).__name__}: {error}".splitlines()[0])
        finally:
            written = bool(self.lesson.workbook.history())
            self.convert.disabled, self.undo.disabled = written, not written

    def _convert(self) -> None:
        change = self.lesson.preview(*self.place)
        self.lesson.workbook.apply(change)
        self.result.value = html.change_set(change).page
        found = self.lesson.compare(self.scenario)
        self.result.value = (html.change_set(change) + html.comparison(found)).page
        self._say(
            "Converted, and both copies do the same." if found.same else "Converted, but the copies differ: look."
        )

    def _undo(self) -> None:
        self.lesson.workbook.undo()
        self.result.value = ""
        self._say("Undone: the file is as it was, byte for byte.")

    def _say(self, message: str) -> None:
        self.status.value = f'<div role="status">{escape(message)}</div>'

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widgets for a notebook that runs, and a line of text for one that does not."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = f"Run this cell, then click here to convert {self.place[1]} and to undo it."
        return bundle
