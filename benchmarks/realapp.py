"""Try one real application: `python -m benchmarks.realapp NAME CHECKOUT VENV` rewrites a copy and runs its tests."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.again import second_apply, undone
from benchmarks.checks import diagnostics, new_diagnostics
from benchmarks.engine import EngineError, Site, read_findings, read_sites, workbook
from benchmarks.facts import App, MissingServiceError, app_variables, load_apps, load_services, service_variables
from benchmarks.junit import Outcome, counts, read_outcomes, red_without_baseline, turned_red
from benchmarks.migration import Migration, migrate_app
from benchmarks.migration import show as show_migration
from benchmarks.report import Compared, Report, by_area, refusals, show
from benchmarks.shell import Bench, ShellError, TestRun, run_tests
from benchmarks.trees import copy_tree, count_queries, put_back


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when all stayed green, 1 when something turned red, 2 when the trial could not be made."""
    apps = load_apps()
    options = _parser(apps).parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 140)
    try:
        report = _in_folder(apps[options.name], options)
    except (EngineError, MissingServiceError, ShellError) as error:
        print(error, file=sys.stderr)
        return 2
    show_migration(report, console) if isinstance(report, Migration) else show(report, console)
    if options.json:
        options.json.write_text(json.dumps(report.document(), indent=1) + "\n", encoding="utf-8")
    return 0 if report.green else 1


def try_app(bench: Bench, checkout: Path, work: Path, options: argparse.Namespace) -> Report:
    """Copy, rewrite, test twice, apply again and undo; the trees stay in `work` under `before`, `after`, `original`."""
    app = bench.app
    before = copy_tree(checkout, work / "before")
    bench.must("prepare", app.prepare, before)
    after = copy_tree(before, work / "after")
    report = Report(app.name, app.commit, options.select, queries_before=count_queries(app, before))
    _scan_and_apply(report, app, after, options.select)
    report.queries_after = count_queries(app, after)
    report.second_apply = second_apply(after, "--select", options.select)
    rewritten = copy_tree(after, work / "rewritten")
    report.undo, problems = undone(after, before)
    report.problems += problems
    if not options.no_tests:
        _test(bench, report, before, rewritten, options)
    if options.checks:
        _check(bench, report, before, rewritten)
    return report


def _scan_and_apply(report: Report, app: App, tree: Path, select: str) -> None:
    scan = workbook("scan", tree, "--select", select, "--json")
    findings = read_findings(scan.output)
    apply = workbook("apply", tree, "--select", select)
    report.scan_seconds, report.apply_seconds = scan.seconds, apply.seconds
    report.findings = by_area(app, (finding["path"] for finding in findings))
    report.sites = list(read_sites(apply.output.splitlines()))
    report.rewritten = by_area(app, (site.path for site in report.sites if site.word != "refused"))
    report.refused = refusals(app, report.sites)
    if apply.code:
        report.problems.append(f"apply: exit 1: {apply.errors.strip()[-300:]}")
    report.problems += uncounted(report.findings, report.sites)


def uncounted(findings: Mapping[str, int], sites: Sequence[Site]) -> list[str]:
    """One line where `apply` accounts for fewer places than `scan` found: nothing may disappear silently."""
    found = sum(findings.values())
    return [f"apply: {len(sites)} lines for {found} findings"] if len(sites) < found else []


def _test(bench: Bench, report: Report, before: Path, rewritten: Path, options: argparse.Namespace) -> None:
    work = before.parent
    baseline = _baseline(bench, report, copy_tree(before, work / "baseline"), options)
    original = copy_tree(rewritten, work / "original")
    put_back(bench.app, before, original)
    for name, tree in (("original tests", original), ("rewritten tests", copy_tree(rewritten, work / "both"))):
        run = run_tests(bench, name, tree)
        report.runs.append(_compare(bench.app, name, run, baseline))


def _baseline(bench: Bench, report: Report, tree: Path, options: argparse.Namespace) -> Mapping[str, Outcome]:
    if options.no_baseline:
        return {}
    if options.baseline:
        return read_outcomes(options.baseline)
    run = run_tests(bench, "baseline", tree)
    report.runs.append(Compared("baseline", counts(run.outcomes), run.seconds))
    return run.outcomes


def _compare(app: App, name: str, run: TestRun, baseline: Mapping[str, Outcome]) -> Compared:
    if baseline:
        red = turned_red(baseline, run.outcomes)
    else:
        red = red_without_baseline(run.outcomes, known=app.known_failures, passed=app.passed)
    return Compared(name, counts(run.outcomes), run.seconds, red)


def _check(bench: Bench, report: Report, before: Path, rewritten: Path) -> None:
    for name in bench.app.checks:
        report.diagnostics[name] = new_diagnostics(
            diagnostics(bench, name, before), diagnostics(bench, name, rewritten)
        )


def _in_folder(app: App, options: argparse.Namespace) -> Report | Migration:
    servers = app_variables(app, service_variables(app, os.environ, load_services()))
    if options.keep:
        options.keep.mkdir(parents=True)
        return _with_bench(app, servers, options.keep.resolve(), options)
    with tempfile.TemporaryDirectory(prefix="realapp-") as folder:
        return _with_bench(app, servers, Path(folder).resolve(), options)


def _with_bench(app: App, servers: Mapping[str, str], work: Path, options: argparse.Namespace) -> Report | Migration:
    logs = work / "logs"
    logs.mkdir()
    bench = Bench(app, options.venv.absolute(), servers, logs, options.timeout)
    if options.all:
        return migrate_app(bench, options.checkout.resolve(), work, tests=not options.no_tests)
    return try_app(bench, options.checkout.resolve(), work, options)


def _parser(apps: Mapping[str, App]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.realapp", description=__doc__)
    parser.add_argument("name", choices=sorted(apps), metavar="NAME", help="an application of benchmarks/apps.toml")
    parser.add_argument("checkout", type=_folder, metavar="CHECKOUT", help="its repository, at the commit of the facts")
    parser.add_argument("venv", type=_folder, metavar="VENV", help="a virtual environment made by the facts' setup")
    parser.add_argument("--select", default="legacy_query", metavar="CODES", help="patterns to apply (%(default)s)")
    parser.add_argument(
        "--all", action="store_true", help="the whole migration, judged by its own tests and a listener"
    )
    parser.add_argument("--no-baseline", action="store_true", help="judge by the known counts, without a first run")
    parser.add_argument("--baseline", type=Path, metavar="XML", help="JUnit file of an earlier first run")
    parser.add_argument("--no-tests", action="store_true", help="rewrite, count and undo only")
    parser.add_argument("--mypy", dest="checks", action="store_true", help="run its type checker and linter as well")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there too")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep copies and logs in this new folder")
    parser.add_argument("--timeout", type=float, default=1800, metavar="S", help="seconds for a test run (%(default)s)")
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: no such folder; name an existing one")
    return path


if __name__ == "__main__":
    sys.exit(main())
