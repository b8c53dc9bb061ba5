"""Compares two observations question by question, and tells the answer as data and as plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from helpers.lab import render
from helpers.lab.labels import clauses, without_labels
from helpers.lab.runner import Observation, Warned, run, sides
from helpers.lab.worker import Json, Probe, here
from helpers.model import CheckResult, Example

Outcome = Literal["same", "different", "not applicable"]


@dataclass(frozen=True)
class Comparison:
    """Two runs and what the comparison says of them, one check result for each question."""

    before: Observation
    after: Observation
    checks: tuple[CheckResult, ...]

    @property
    def same(self) -> bool:
        """Whether no check found a difference."""
        return all(check.outcome != "different" for check in self.checks)

    def check(self, name: str) -> CheckResult:
        """The result of the check called `name`; raises KeyError when there is none."""
        return {check.check: check for check in self.checks}[name]

    @property
    def sections(self) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
        """What there is to see, for those who lay it out themselves: title, lines before, lines after."""
        return tuple((title, tuple(was), tuple(now)) for title, was, now in render.sections(self.before, self.after))

    def text(self, width: int = 100) -> str:
        """Both runs side by side in `width` columns, then the checks; the same characters on every run."""
        return render.comparison(self.before, self.after, self.checks, width=width)


def compare_example(example: Example, *, probe: Probe = here) -> Comparison:
    """Run both sides of `example` on equal databases and compare; where the SQL may differ, the example says why."""
    before, after = (run(side, probe=probe) for side in sides(example))
    return compare(before, after, subject=example.title, same_sql=example.same_sql)


def compare(before: Observation, after: Observation, *, subject: str = "", same_sql: str = "") -> Comparison:
    """Ask every question of the two runs. `same_sql` is empty, or says why the SQL may differ."""
    found = [(name, *check(before, after)) for name, check in CHECKS.items()]
    if same_sql:
        found = [(n, "not applicable", same_sql) if (n, o) == ("SQL", "different") else (n, o, d) for n, o, d in found]
    return Comparison(before, after, tuple(CheckResult(n, subject, outcome, detail) for n, outcome, detail in found))


Answer = tuple[Outcome, str]


def _answer(same: bool, detail: str = "") -> Answer:
    return ("same", "") if same else ("different", detail)


TELLING = {f"sqlalchemy.exc.{name}" for name in ("NoResultFound", "MultipleResultsFound", "MissingGreenlet")}
"""Exceptions whose type says everything: their words differ between `Query.scalar` and `scalar_one_or_none`."""


def _ran(before: Observation, after: Observation) -> Answer:
    """Code that never came to its call proves nothing, even when both sides fail alike."""
    stuck = [
        f"{name}: {side.failure.type} in its {side.phase}: {side.failure.message}"
        for name, side in (("before", before), ("after", after))
        if side.failure and side.phase in ("module", "given")
    ]
    return _answer(not stuck, "; ".join(stuck))


def _value(before: Observation, after: Observation) -> Answer:
    if before.failure and after.failure:
        return "not applicable", "both sides raise"
    if before.failure or after.failure:
        return "different", "one side raises"
    if not _keeps(before.value, after.value):
        return "different", render.first_difference(before.value, after.value)
    return "same", "" if _keeps(after.value, before.value) else "rows have more names"


def _keeps(before: Json, after: Json) -> bool:
    """Whether the values are alike; a row may answer to more names than before, as that of `select(func.count())`."""
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_keeps, before, after))
    if not isinstance(before, dict) or not isinstance(after, dict):
        return type(before) is type(after) and bool(before == after)  # == alone takes 1 for True
    if before.get("kind") == "row" == after.get("kind"):
        named = {name: after["names"].get(name, "no such name") for name in before["names"]}
        return _keeps(before["items"], after["items"]) and _keeps(before["names"], named)
    return before.keys() == after.keys() and all(_keeps(before[key], after[key]) for key in before)


def _exception(before: Observation, after: Observation) -> Answer:
    was, now = before.failure, after.failure
    if was == now:
        return "same", ""
    if was and now and was.type == now.type and was.type in TELLING:
        return "same", "in other words"
    return "different", f"{render.failure(was)} became {render.failure(now)}"


def _rows_written(before: Observation, after: Observation) -> Answer:
    was, now = ("; ".join(x.written) or "nothing" for x in (before, after))
    return _answer(was == now, f"{was} became {now}")


def _sql(before: Observation, after: Observation) -> Answer:
    was, now = ([(without_labels(s.sql), s.parameters, s.many) for s in x.statements] for x in (before, after))
    if len(was) != len(now):
        return "different", f"{render.plural(len(was), 'statement')} became {len(now)}"
    places = [n for n, (a, b) in enumerate(zip(was, now, strict=True), start=1) if a != b]
    if places:
        return "different", f"statement {', '.join(map(str, places))}"
    exact = [s.sql for s in before.statements] == [s.sql for s in after.statements]
    return "same", "" if exact else "up to labels"


def _clauses_lost(before: Observation, after: Observation) -> Answer:
    if len(before.portable) != len(after.portable):
        return "not applicable", "the number of statements differs"
    lost = clauses(before.portable) - clauses(after.portable)
    return _answer(not lost, ", ".join(sorted(lost.elements())))


def _warnings(before: Observation, after: Observation) -> Answer:
    """A warning that the rewrite ends is welcome; one that it brings is not."""
    known: Counter[Warned] = Counter(before.warnings)
    brought = Counter(after.warnings) - known
    return _answer(not brought, "; ".join(f"{x.category}: {x.message}" for x in brought.elements()))


CHECKS: dict[str, Callable[[Observation, Observation], Answer]] = {
    "ran": _ran,
    "value": _value,
    "exception": _exception,
    "rows written": _rows_written,
    "SQL": _sql,
    "clauses lost": _clauses_lost,
    "warnings": _warnings,
}
"""Every question by its name, in the order in which it is asked."""
