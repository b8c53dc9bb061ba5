"""Seconds of each stage on a tree: `python -m benchmarks.speed PATH`; ratios are to bare parsing of the same files."""

from __future__ import annotations

import argparse
import ast
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from helpers.analysis.project import Project, load_project
from helpers.codemod.registry import all_patterns, select
from helpers.codemod.scanner import scan
from helpers.errors import WorkbookError
from helpers.migrate.rewriter import rewrite
from helpers.model import Stage, Step

Result = TypeVar("Result")
Seconds = dict[str, float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when measured, 2 when PATH cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("path", type=Path, metavar="PATH")
    parser.add_argument("--select", nargs="*", default=[], metavar="CODE", help="patterns to run (all)")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="take the fastest of N (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        runs = [measure(options.path, options.select) for _ in range(options.repeat)]
    except WorkbookError as error:
        print(error, file=sys.stderr)
        return 2
    size, seconds = runs[0][0], fastest([run[1] for run in runs])
    Console(width=None if sys.stdout.isatty() else 100).print(f"{size}, fastest of {options.repeat}", table(seconds))
    return 0


def measure(path: Path, codes: Sequence[str]) -> tuple[str, Seconds]:
    """What the tree holds, in words, and the seconds of each stage in one run over it."""
    patterns = select(codes) if codes else all_patterns()
    seconds: Seconds = {}
    project = _timed(seconds, "load", lambda: load_project(path))
    _timed(seconds, "parse alone", lambda: _parse(project))
    _timed(seconds, "index", lambda: (project.symbols, project.mapped, project.calls))
    findings = _timed(seconds, "scan", lambda: scan(project, patterns))
    step = Step(1, Stage.QUERY, tuple(finding for finding in findings if finding.fix))
    changes = _timed(seconds, "rewrite", lambda: rewrite(project, step)).changes
    lines = sum(source.text.count("\n") for source in project.sources.values())
    return (
        f"{len(project.sources)} files, {lines} lines, {len(findings)} findings, {len(changes)} changed files",
        seconds,
    )


def fastest(runs: Sequence[Seconds]) -> Seconds:
    """The least seconds of each stage over several runs."""
    return {stage: min(run[stage] for run in runs) for stage in runs[0]}


def table(seconds: Seconds) -> Table:
    """A row for each stage and one for their sum, in which bare parsing, being part of loading, has no share."""
    alone = seconds["parse alone"]
    rows = {stage: took for stage, took in seconds.items() if stage != "parse alone"}
    found = Table("stage", "seconds", "times bare parsing", "of all", box=None, pad_edge=False)
    for column in found.columns[1:]:
        column.justify = "right"
    total = sum(rows.values())
    for stage, took in {**rows, "all": total, "parse alone": alone}.items():
        share = "" if stage == "parse alone" else f"{_ratio(took, total):.0%}"
        found.add_row(stage, f"{took:.3f}", f"{_ratio(took, alone):.1f}", share)
    return found


def _parse(project: Project) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for source in project.sources.values():
            ast.parse(source.text)


def _timed(seconds: Seconds, stage: str, work: Callable[[], Result]) -> Result:
    start = time.perf_counter()
    result = work()
    seconds[stage] = time.perf_counter() - start
    return result


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


if __name__ == "__main__":
    sys.exit(main())
