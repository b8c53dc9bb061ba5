"""Try the whole migration on one application: what `apply --all` makes of it, and what its own tests then say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.again import second_apply, undone
from benchmarks.engine import Site, read_sites, workbook
from benchmarks.junit import Outcome, counts, turned_red
from benchmarks.listening.heard import Heard, read
from benchmarks.listening.report import lines as heard_lines
from benchmarks.listening.report import percent
from benchmarks.report import Compared
from benchmarks.shell import Bench, run_tests
from benchmarks.tests_kept.difference import Kept
from benchmarks.tests_kept.report import lines as kept_lines
from benchmarks.tests_kept.runs import compare_outcomes
from benchmarks.tests_kept.trees import compare_folders
from benchmarks.trees import copy_tree

FLIP = "AM6"


@dataclass
class Migration:
    """What was measured. `new_unawaited` are coroutines that nobody awaits and that the baseline has not."""

    app: str
    commit: str
    seconds: float = 0.0
    sites: list[Site] = field(default_factory=list)
    runs: list[Compared] = field(default_factory=list)
    heard: dict[str, Heard] = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)
    second_apply: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)

    def many(self, word: str, code: str = "") -> int:
        """How many places were applied, bridged or refused."""
        return sum(site.word == word and site.code.startswith(code) for site in self.sites)

    @property
    def bridges(self) -> int:
        """Places that wait for another colour, whatever word the line has."""
        return sum(
            site.word == "bridged" or (site.word == "applied" and "bridged" in site.reason) for site in self.sites
        )

    @property
    def new_unawaited(self) -> tuple[str, ...]:
        """Coroutines that nobody awaits after the migration, and that somebody awaited before."""
        known = {name for name, *_ in self.heard["baseline"].unawaited} if "baseline" in self.heard else set()
        after = self.heard.get("migrated", Heard()).unawaited
        return tuple(f"{name} of {place} in {test}" for name, place, test, _ in after if name not in known)

    @property
    def green(self) -> bool:
        """Whether everything works as before, and nothing checks less."""
        bad = [*self.second_apply, *self.undo, *self.problems, *self.kept.faults, *self.new_unawaited]
        return not bad and not any(run.red for run in self.runs)

    def document(self) -> dict[str, Any]:
        """The report as plain data for JSON."""
        figures = {"bridges": self.bridges, "share": {name: heard.share for name, heard in self.heard.items()}}
        return {"version": 1, "green": self.green, **figures, **dataclasses.asdict(self)}


def migrate_app(bench: Bench, checkout: Path, work: Path, *, tests: bool = True) -> Migration:
    """Copy, migrate, apply again, undo, and test both sides with a listener; the trees stay in `work`."""
    app = bench.app
    before = copy_tree(checkout, work / "before")
    bench.must("prepare", app.prepare, before)
    after = copy_tree(before, work / "after")
    found = Migration(app.name, app.commit)
    _apply(found, after / app.root)
    migrated = copy_tree(after, work / "migrated")
    found.undo, problems = undone(after / app.root, before / app.root)
    found.problems += problems
    found.kept = compare_folders(before / app.root, migrated / app.root)
    if tests:
        baseline = _run(found, bench, "baseline", copy_tree(before, work / "baseline"))
        _run(found, bench, "migrated", copy_tree(migrated, work / "tested"), baseline)
        red = {one.test for run in found.runs for one in run.red}
        outcomes = compare_outcomes(bench.junit("baseline"), bench.junit("migrated"))
        others = (one for one in outcomes if one.test not in red)
        found.kept = replace(found.kept, differences=(*found.kept.differences, *others))
    return found


def _apply(found: Migration, root: Path) -> None:
    """Migrate, then once more: nothing may be left to do."""
    first = workbook("apply", root, "--all")
    found.seconds, found.sites = first.seconds, list(read_sites(first.output.splitlines()))
    if first.code:
        found.problems.append(f"apply: exit 1: {first.errors.strip()[-300:]}")
    found.second_apply = second_apply(root, "--all")


def _run(
    found: Migration, bench: Bench, name: str, tree: Path, baseline: dict[str, Outcome] | None = None
) -> dict[str, Outcome]:
    """Run the tests with a listener in them, and judge them by those before."""
    folder = bench.logs / f"heard-{name}"
    folder.mkdir()
    run = run_tests(replace(bench, heard=folder), name, tree)
    red = () if baseline is None else turned_red(baseline, run.outcomes)
    found.runs.append(Compared(name, counts(run.outcomes), run.seconds, red))
    found.heard[name] = read(folder)
    return dict(run.outcomes)


def show(found: Migration, console: Console) -> None:
    """Print the report: one row for each question, then whatever is not as it should be."""
    console.print(f"{found.app} {found.commit[:12]}: apply --all {found.seconds:.1f} s")
    table = Table("", "result", box=None, pad_edge=False)
    for name, text in _rows(found):
        table.add_row(name, text)
    console.print(table)
    for line in _details(found):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print("green" if found.green else "RED", style="bold green" if found.green else "bold red")


def _rows(found: Migration) -> Iterator[tuple[str, str]]:
    flipped = found.many("applied", FLIP) + found.many("bridged", FLIP)
    yield "places changed", f"{found.many('applied') + found.many('bridged')}, {flipped} of the flip"
    yield "places left", f"{found.many('refused')}, {found.many('refused', FLIP)} of the flip"
    yield "bridges", str(found.bridges)
    for run in found.runs:
        told = ", ".join(f"{number} {word}" for word, number in sorted(run.counts.items()))
        yield f"tests, {run.name}", f"{told}; {len(run.red)} turned red; {run.seconds:.0f} s"
    for name, heard in found.heard.items():
        yield f"asynchronous SQL, {name}", f"{percent(heard.share)} of {heard.sent}"
        yield f"sessions, {name}", f"{heard.sessions.count}, {heard.sessions.crossed} crossed threads"
    yield "second apply", "; ".join(found.second_apply[:5]) or "changes nothing"
    yield "undo", "; ".join(found.undo[:5]) or "restores every byte"
    yield "tests weakened", str(len(found.kept.faults))
    yield "never awaited", str(len(found.new_unawaited))


def _details(found: Migration) -> Iterator[str]:
    for run in found.runs:
        yield from (f"{run.name}: {red.test}: {red.before} -> {red.after}: {red.message}" for red in run.red)
    if found.kept.faults:
        yield from (line for line in kept_lines(found.kept) if not line.startswith("  beside"))
    for name, heard in found.heard.items():
        yield f"{name}:"
        yield from (f"  {line}" for line in heard_lines(heard))
    yield from found.problems
