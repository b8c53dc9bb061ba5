"""The result of trying one application: what was found, as data and as text."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.engine import Site
from benchmarks.facts import App
from benchmarks.junit import Red

AREAS = ("code", "tests", "other")
OWN_NAME = re.compile(r"`[^`]*`")


@dataclass(frozen=True)
class Compared:
    """One run of the tests against the baseline: counts by outcome, seconds, and what turned red."""

    name: str
    counts: Mapping[str, int]
    seconds: float
    red: tuple[Red, ...] = ()


@dataclass
class Report:
    """What was measured; the counters go by area: the application's own code, its tests, other files."""

    app: str
    commit: str
    select: str
    queries_before: Mapping[str, int] = field(default_factory=dict)
    queries_after: Mapping[str, int] = field(default_factory=dict)
    scan_seconds: float = 0.0
    apply_seconds: float = 0.0
    findings: Mapping[str, int] = field(default_factory=dict)
    rewritten: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    sites: list[Site] = field(default_factory=list)
    runs: list[Compared] = field(default_factory=list)
    second_apply: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    diagnostics: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def green(self) -> bool:
        """Whether nothing turned red: no test, no check, no promise of the engine."""
        bad = [
            *self.second_apply,
            *self.undo,
            *self.problems,
            *(line for new in self.diagnostics.values() for line in new),
        ]
        return not bad and not any(run.red for run in self.runs)

    def document(self) -> dict[str, Any]:
        """The report as plain data for JSON."""
        return {"version": 1, "green": self.green, **dataclasses.asdict(self)}


def by_area(app: App, paths: Iterable[str]) -> dict[str, int]:
    """How many of `paths` lie in each area of the application."""
    found = Counter(app.area(path) for path in paths)
    return {area: found[area] for area in AREAS}


def refusals(app: App, sites: Iterable[Site]) -> dict[str, dict[str, int]]:
    """Refused sites by reason, commonest first, and by area; names of the application in them are blotted out."""
    groups: dict[str, list[str]] = {}
    for site in sites:
        if site.word == "refused":
            reason = OWN_NAME.sub("`…`", site.reason) or "no reason given"
            groups.setdefault(reason, []).append(site.path)
    return {reason: by_area(app, paths) for reason, paths in sorted(groups.items(), key=lambda item: -len(item[1]))}


def show(report: Report, console: Console) -> None:
    """Print the report: tables in a terminal and outside of one alike, colour only in the former."""
    console.print(
        f"{report.app} {report.commit[:12]}: scan {report.scan_seconds:.2f} s, apply {report.apply_seconds:.2f} s"
    )
    console.print(_sites_table(report))
    console.print(_refusal_table(report))
    if report.runs:
        console.print(_runs_table(report))
    for line in _bad_lines(report):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print("green" if report.green else "RED", style="bold green" if report.green else "bold red")


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _sites_table(report: Report) -> Table:
    table = _table("Sites", "", *AREAS, "all")
    rows = {
        ".query( calls before": report.queries_before,
        "findings": report.findings,
        "rewritten": report.rewritten,
        "refused": _total(report.refused.values()),
        ".query( calls after": report.queries_after,
    }
    for name, row in rows.items():
        table.add_row(name, *_cells(row))
    return table


def _refusal_table(report: Report) -> Table:
    table = _table("Refused", "reason", *AREAS, "all")
    for reason, row in report.refused.items():
        table.add_row(reason.replace("[", r"\["), *_cells(row))
    return table


def _runs_table(report: Report) -> Table:
    words = ("passed", "failed", "error", "skipped")
    table = _table("Tests", "run", *words, "turned red", "seconds")
    for run in report.runs:
        table.add_row(
            run.name, *(str(run.counts.get(word, 0)) for word in words), str(len(run.red)), f"{run.seconds:.1f}"
        )
    return table


def _bad_lines(report: Report) -> Iterable[str]:
    for run in report.runs:
        for red in run.red:
            yield f"{run.name}: {red.test}: {red.before} -> {red.after}: {red.message}"
    yield from (f"second apply: {line}" for line in report.second_apply)
    yield from (f"after undo: {line}" for line in report.undo)
    for check, new in report.diagnostics.items():
        yield f"{check}: {len(new)} new"
        yield from (f"{check}: {line}" for line in new)
    yield from report.problems


def _total(rows: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row)
    return dict(total)


def _cells(row: Mapping[str, int]) -> list[str]:
    return [*(str(row.get(area, 0)) for area in AREAS), str(sum(row.get(area, 0) for area in AREAS))]
