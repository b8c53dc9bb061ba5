"""Exercises of the lessons, judged by running them and the legacy code on data with duplicates."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from helpers.errors import UsageError
from helpers.lab.differential import Comparison, compare
from helpers.lab.runner import Observation, Side, run

Outcome = Literal["passed", "not yet", "failed"]

# AsyncSession has no query(), so an answer may not use it either; it is found out by running, like everything else.
_NO_QUERY = """
def _no_query(*entities):
    raise AttributeError("this session has no query(), as AsyncSession has none")
session.query = _no_query
"""


@dataclass(frozen=True)
class Case:
    """One call that both the legacy functions and the answer must do alike; `title` says what it is about."""

    title: str
    call: str

    @property
    def function(self) -> str:
        """The function that is called."""
        return self.call.partition("(")[0]


@dataclass(frozen=True)
class Mistake:
    """A plausible wrong answer: how it shows when it runs, and what its author may want to hear."""

    name: str
    shows: Callable[[Comparison], bool]
    hint: str


@dataclass(frozen=True)
class Exercise:
    """A task: legacy functions, what calls them, what goes wrong with them, and three hints, each says more.

    `names` is the module text that both sides begin with, so that an answer is functions alone; `given` runs before an
    answer and makes an error of what the exercise is to get rid of. `same_sql` is empty, or says why an answer's SQL
    differs from the legacy one.
    """

    name: str
    names: str
    legacy: str
    functions: tuple[str, ...]
    cases: tuple[Case, ...]
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, str, str]
    solution: str
    unchecked: str
    given: str = ""
    same_sql: str = ""


@dataclass(frozen=True)
class Result:
    """What came of one case: `detail` is what was seen, `hint` is for the mistake that shows that way, if any does."""

    case: Case
    outcome: Outcome
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Verdict:
    """The results of every case, and what nobody looked at."""

    results: tuple[Result, ...]
    unchecked: str

    @property
    def outcome(self) -> Outcome:
        """Failed when a case failed, passed when all passed, else not yet."""
        outcomes = {result.outcome for result in self.results}
        if "failed" in outcomes:
            return "failed"
        return "not yet" if "not yet" in outcomes else "passed"

    @property
    def hints(self) -> tuple[str, ...]:
        """For each function the hint of its first mistake, since one thing at a time is enough."""
        first: dict[str, str] = {}
        for result in self.results:
            if result.hint:
                first.setdefault(result.case.function, result.hint)
        return tuple(dict.fromkeys(first.values()))


def names() -> tuple[str, ...]:
    """The exercises there are, each named after its pattern."""
    return tuple(sorted(info.name for info in pkgutil.iter_modules(__path__)))


def load(name: str) -> Exercise:
    """The exercise of the pattern called `name`. UsageError when there is none."""
    if name not in names():
        raise UsageError(name, "has no exercise", f"choose from {', '.join(names())}")
    exercise: Exercise = importlib.import_module(f"{__name__}.{name}").EXERCISE
    return exercise


def judge(exercise: Exercise, answer: str) -> Verdict:
    """Run every case with the legacy functions and with `answer`, a text of functions, and compare what they did."""
    return Verdict(tuple(_result(exercise, case, answer) for case in exercise.cases), exercise.unchecked)


def _result(exercise: Exercise, case: Case, answer: str) -> Result:
    before = _legacy_run(exercise, case)
    after = run(Side(f"{exercise.names}\n{answer}\n", case.call, given=_NO_QUERY + exercise.given))
    if _is_unsolved(after):
        return Result(case, "not yet", "your function is still empty")
    found = compare(before, after, same_sql=exercise.same_sql)
    different = [check for check in found.checks if check.outcome == "different"]
    if not different:
        return Result(case, "passed", "same value, exception, rows" + ("" if exercise.same_sql else " and SQL"))
    detail = "; ".join(f"{check.check}: {check.detail}" for check in different)
    return Result(case, "failed", detail, _hint(exercise.mistakes, found))


@functools.cache
def _legacy_run(exercise: Exercise, case: Case) -> Observation:
    return run(Side(exercise.names + exercise.legacy, case.call))


def _is_unsolved(seen: Observation) -> bool:
    return seen.failure is not None and seen.failure.type.rpartition(".")[2] == "NotImplementedError"


def _hint(mistakes: Sequence[Mistake], found: Comparison) -> str:
    return next((mistake.hint for mistake in mistakes if mistake.shows(found)), "")
