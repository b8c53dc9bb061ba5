"""The panel that walks a plan: see a step's diff, write it and run the tests, take it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import Any

from ipywidgets import HTML, Dropdown, HBox, IntProgress, Layout  # type: ignore[import-untyped]

from helpers.model import ChangeSet, Step
from helpers.ui import html
from helpers.ui.panel import Panel
from helpers.ui.picture import Picture
from helpers.workbook import Suite, SuiteResult, Workbook

HELP = "Tab leads from the step to the buttons, arrow keys choose a step; the steps are applied in their order."
HEADERS = ("", "step", "stage", "what", "functions", "bridges after", "files", "lines", "tests")


@dataclass(frozen=True)
class _Row:
    """What the panel knows of one step: `step` as it was planned, its size once seen, its tests once run."""

    step: Step
    files: int | None = None
    lines: int | None = None
    result: SuiteResult | None = None

    def cells(self, sign: str) -> tuple[object, ...]:
        step, known = self.step, ("" if size is None else size for size in (self.files, self.lines))
        title = step.title.removeprefix(f"step {step.number}: ")
        tests = "" if self.result is None else f"{'green' if self.result.green else 'RED'}: {self.result}"
        return (sign, step.number, html.stage(step), title, len(step.symbols), len(step.bridges), *known, tests)


class WalkPlan(Panel):
    """Widgets over the plan of one workbook and the tests that judge each of its steps.

    What is left is planned anew after each write, since it follows from the files alone; what was done in this panel
    stays in the table.
    """

    def __init__(self, workbook: Workbook, suite: Suite, *, most: int | None = None) -> None:
        """`most` functions become asynchronous in one step; None for as many as the command line takes."""
        super().__init__()
        self.workbook, self.suite = workbook, suite
        self._options = {} if most is None else {"most": most}
        self._rows: dict[int, _Row] = {}
        self.change_set: ChangeSet | None = None
        self.table, self.bar = HTML(), IntProgress(description="Tests", max=100)
        self.steps = Dropdown(description="Step", layout=Layout(width="auto"))
        self.diff = self.button("Show the diff", "Show what the chosen step changes, and write nothing", self._show)
        self.apply = self.button("Apply and run the tests", "Write the next step, then run the tests", self._apply)
        self.undo = self.button("Undo the last step", "Take the last write back", self._undo)
        for button in self._buttons:
            button.layout.width = "auto"
        help_text = HTML(f"<div>{escape(HELP)}</div>")
        buttons = HBox([self.diff, self.apply, self.undo])
        self.children = [help_text, self.table, self.steps, buttons, self.bar, self.status, self.result]
        self.steps.observe(self._forget, names="value")
        self.refresh()
        self.say("Nothing is written until you apply.")

    @property
    def left(self) -> tuple[Step, ...]:
        """The steps that the plan has left."""
        return self.workbook.plan(**self._options).steps

    def refresh(self) -> None:
        """Plan again and show it; the next step is chosen."""
        done = {number: row for number, row in self._rows.items() if number <= self.workbook.last_step}
        self._rows = done | {step.number: self._known(step) for step in self.left}
        self.steps.options = [(f"{step.number}  {step.title}", step.number) for step in self.left]
        self.steps.index = 0 if self.left else None
        self.bar.layout.display = "none"
        self._forget(None)
        self.table.value = self.picture.page

    def _known(self, step: Step) -> _Row:
        """The row of a step that is left: the size it had when it was last looked at, and no tests."""
        row = self._rows.get(step.number)
        return _Row(step, row.files, row.lines) if row and row.step.symbols == step.symbols else _Row(step)

    @property
    def picture(self) -> Picture:
        """The plan as a table, with what is done and which step is next."""
        left = [step.number for step in self.left]
        signs = {number: "next" if number == left[0] else "" for number in left}
        rows = [row.cells(signs.get(number, "done")) for number, row in sorted(self._rows.items())]
        return html.table(HEADERS, rows) if rows else html.message("Nothing is left to do.")

    def enable(self) -> None:
        """Look at any step that is left, apply the next one, undo what was written."""
        chosen, left = self.steps.value, self.left
        self.steps.disabled = self.diff.disabled = not left
        self.apply.disabled = not left or chosen != left[0].number
        self.undo.disabled = not self.workbook.history()

    def _forget(self, _: object) -> None:
        """Another choice makes the diff stale, and what is stale is not applied."""
        self.change_set = None
        self.enable()

    def _look(self) -> ChangeSet:
        """The change set of the chosen step; the table then knows its size."""
        if self.change_set is None:
            self.change_set = self.workbook.preview_step(self.steps.value, **self._options)
            self.result.value = ""
        self._note(files=len(self.change_set.changes), lines=self.change_set.lines)
        return self.change_set

    def _note(self, **known: Any) -> None:
        number = self.steps.value
        self._rows[number] = replace(self._rows[number], **known)
        self.table.value = self.picture.page

    def _show(self) -> None:
        change_set = self._look()
        self.show(html.change_set(change_set))
        self.say(f"{change_set.step.title}: {_size(change_set)}. Nothing is written yet.")

    def _apply(self) -> None:
        number, change_set = self.steps.value, self._look()
        if self.workbook.apply(change_set) is None:
            self.say(f"Step {number} changes nothing, so nothing was written and no test was run.")
            return
        try:
            self._rows[number] = replace(self._rows[number], result=self._run(number))
        finally:
            self.refresh()
        self._tell(number)

    def _run(self, number: int) -> SuiteResult:
        self.say(f"Step {number} is written to the scratch copy; the tests run ...")
        self.bar.value, self.bar.layout.display = 0, "flex"
        return self.workbook.run_suite(self.suite, self._ran)

    def _ran(self, percent: int) -> None:
        self.bar.value = percent

    def _tell(self, number: int) -> None:
        result = self._rows[number].result
        assert result is not None
        self.say(f"Step {number} is applied, and the tests are {'green' if result.green else 'RED'}: {result}.")
        if not result.green:
            self.show(html.message(result.output))

    def _undo(self) -> None:
        entry = self.workbook.undo()
        self.refresh()
        self.result.value = ""
        self.say(f"Undone, byte for byte: {entry.title or 'the last write'}.")

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widgets for a notebook that runs, and the plan as text for one that does not."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = f"Run this cell to walk the plan here:\n{self.picture.text}"
        return bundle


def _size(change_set: ChangeSet) -> str:
    files, left = len(change_set.changes), len(change_set.skipped)
    told = f"{files} file{'s' * (files != 1)}, {change_set.lines} lines"
    return f"{told}, {left} left with a reason" if left else told
