"""What the panels share: buttons that rest while one of them works, and one line that says how it went."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ipywidgets import HTML, Button, VBox  # type: ignore[import-untyped]

from helpers.errors import WorkbookError
from helpers.ui.picture import Picture, say


class Panel(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A column of widgets; each callback asks the workbook and shows its answer.

    Everything is shown by changing `value` of an HTML widget, so that it survives in saved notebooks and tests.
    """

    def __init__(self) -> None:
        self.status, self.result = HTML(), HTML()
        self._buttons: list[Button] = []
        super().__init__()

    def enable(self) -> None:
        """Decide which buttons can be pressed now."""
        raise NotImplementedError

    def button(self, name: str, tooltip: str, action: Callable[[], None]) -> Button:
        """A button that does `action`, with its name in front of an error that nobody expected."""
        button = Button(description=name, tooltip=tooltip)
        button.on_click(lambda _: self._do(name, action))
        self._buttons.append(button)
        return button

    def say(self, message: str) -> None:
        """Put one line into the status, which screen readers read out."""
        self.status.value = say(message)

    def show(self, picture: Picture) -> None:
        """Put a picture below the status."""
        self.result.value = picture.page

    def _do(self, name: str, action: Callable[[], None]) -> None:
        """Run one action while all buttons rest; whatever goes wrong is one line of the status."""
        with self._busy(name):
            try:
                action()
            except WorkbookError as error:
                self.say(str(error))
            except Exception as error:  # a callback's traceback goes to a log that nobody reads
                self.say(f"{name}: {type(error).__name__}: {error}".splitlines()[0])

    @contextmanager
    def _busy(self, name: str) -> Iterator[None]:
        for button in self._buttons:
            button.disabled = True
        self.say(f"{name} ...")
        try:
            yield
        finally:
            self.enable()
