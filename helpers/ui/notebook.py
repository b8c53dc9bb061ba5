"""What a notebook starts with: a scratch copy of the sample application, and short names for what a lesson does."""

from __future__ import annotations

import ast
import atexit
import inspect
import textwrap
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from helpers.errors import UsageError
from helpers.model import ChangeSet, Example, Finding, Plan, Skipped
from helpers.ui import html
from helpers.ui.exercise import verdict
from helpers.ui.picture import Picture
from helpers.workbook import (
    MODELS,
    Census,
    Comparison,
    Exercise,
    Observation,
    Pattern,
    Scenario,
    Trace,
    Verdict,
    Workbook,
)

SAMPLE_APP = Path(__file__).resolve().parents[2] / "sample_app"
FILL = (("-m", "alembic", "upgrade", "head"), ("-m", "relay.seed"))
LESSONS = {
    **{
        "00": "legacy_query",
        "10": "dependencies",
        "20": "legacy_query",
        "21": "legacy_query",
        "31": "lazy_relationship",
    },
    **{"30": "lazy_relationship", "32": "expire_on_commit", "40": "init_with_io"},
    **{"50": "sync_function", "51": "session_type", "90": "sync_function"},
}
EXERCISES = {"21": "queries_that_travel"}  # where a lesson has another exercise than its pattern's


class Lesson:
    """One notebook's workbook over a scratch copy of the sample application, and over the application itself."""

    def __init__(self, pattern: str, application: Path = SAMPLE_APP, *, exercise: str = "") -> None:
        """For the pattern of that name; `application` is copied, and never written to."""
        self._exercise = exercise
        self.original = Workbook.open(application)
        self.workbook = Workbook.open(application, scratch=True)
        self.pattern: type[Pattern] = self.workbook.explain(pattern)

    def close(self) -> None:
        """Remove the scratch copy."""
        self.workbook.close()

    def about(self, pattern: str) -> Lesson:
        """The same lesson, on the same copy, about another pattern of its family."""
        other = copy(self)
        other.__dict__.pop("exercise", None)
        other._exercise = ""
        other.pattern = self.workbook.explain(pattern)
        return other

    def shop(self) -> Workbook:
        """A scratch application of the pattern's examples as they are before, one file each; gone with the kernel."""
        with TemporaryDirectory() as folder:
            (Path(folder) / "models.py").write_text(MODELS, encoding="utf-8")
            for number, example in enumerate(self.pattern.EXAMPLES, 1):
                (Path(folder) / f"example_{number}.py").write_text(example.before, encoding="utf-8")
            workbook = Workbook.open(Path(folder), scratch=True)
        atexit.register(workbook.close)
        return workbook

    @cached_property
    def database(self) -> bytes:
        """The application's own sample data, as a SQLite file; made when first asked for."""
        return self.original.seed(FILL)

    @cached_property
    def exercise(self) -> Exercise:
        """What the reader is asked to do."""
        return self.workbook.exercise(self._exercise or self.pattern.NAME)

    def function(self, path: str, name: str) -> Picture:
        """The source of a function in the scratch copy. UsageError when the file has none of that name."""
        text = self.workbook.source(path)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
                lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
                return html.source("\n".join(lines), path=path, line=node.lineno)
        raise UsageError(path, f"has no function {name}", "choose one of its functions")

    def example(self, title: str, call: str = "") -> Example:
        """The pattern's example of that title, or another call of its functions. UsageError when it has none."""
        titles = {example.title: example for example in self.pattern.EXAMPLES}
        if title not in titles:
            raise UsageError(title, f"is no example of {self.pattern.NAME}", f"choose from: {'; '.join(titles)}")
        return replace(titles[title], call=call or titles[title].call)

    def preview(self, path: str, name: str) -> ChangeSet:
        """The dry run for what the pattern finds in one function alone."""
        found = self.workbook.scan([self.pattern.CODE])
        wanted = [finding.fingerprint for finding in found if (finding.path, finding.symbol) == (path, name)]
        return self.workbook.preview([self.pattern.CODE], findings=wanted)

    def refusals(self) -> Picture:
        """What the pattern leaves alone in the whole application, by reason."""
        return html.reasons(self.workbook.preview([self.pattern.CODE]).skipped)

    def observe(self, scenario: Scenario) -> Observation:
        """What a call does in the scratch copy, on a fresh copy of the sample data."""
        return self.workbook.observe(scenario, self.database)

    def compare(self, scenario: Scenario) -> Comparison:
        """Run a call in the application as it is and in the scratch copy, on equal data."""
        before = self.original.observe(scenario, self.database)
        return self.workbook.compare_runs(before, self.observe(scenario))

    def check(self, *functions: Callable[..., Any]) -> Picture:
        """Judge the reader's functions by running them; they need to stand in a cell."""
        answer = "\n\n".join(textwrap.dedent(inspect.getsource(function)) for function in functions)
        return verdict(self.workbook.check(self.exercise, answer))

    def hint(self, level: int) -> Picture:
        """Hint 1 nudges, 2 says where to look, 3 is nearly the answer."""
        return html.message(self.exercise.hints[max(1, min(level, 3)) - 1])

    def solution(self) -> Picture:
        """A right answer, for those who have theirs or want to see it."""
        return html.source(self.exercise.solution.strip(), path="one right answer", line=1)


def setup(number: str, pattern: str = "") -> Lesson:
    """Start the lesson of that number, or the part of it about one pattern; its scratch copy goes with the kernel."""
    if number not in LESSONS:
        raise UsageError(number, "is no lesson", f"choose from {', '.join(LESSONS)}")
    lesson = Lesson(pattern or LESSONS[number], exercise=EXERCISES.get(number, ""))
    atexit.register(lesson.close)
    return lesson


def show(item: object) -> Picture:
    """Anything the workbook answers, as a picture with a plain text form. TypeError for what has no picture."""
    match item:
        case Picture():
            return item
        case ChangeSet():
            return html.change_set(item)
        case Example():
            return html.example(item)
        case Comparison():
            return html.comparison(item)
        case Observation():
            return html.observation(item)
        case Plan():
            return html.plan(item)
        case Census():
            return html.census(item)
        case Trace():
            return html.trace(item)
        case Verdict():
            return verdict(item)
        case dict():
            return html.differences(item)
        case str():
            return html.message(item)
        case Iterable():
            return _show_many(list(item))
    raise TypeError(f"{type(item).__name__} has no picture")


def _show_many(items: list[Any]) -> Picture:
    if all(isinstance(item, Skipped) for item in items):
        return html.skipped(items)
    if all(isinstance(item, Finding) for item in items):
        return html.findings(items)
    raise TypeError("a list has a picture when it holds findings, or skipped ones")
