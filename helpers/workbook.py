"""The facade: one object for each thing a person can ask of an application; it returns values and prints nothing."""

from __future__ import annotations

import datetime
import importlib
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from helpers.analysis.census import Census, census
from helpers.analysis.project import Project, load_project
from helpers.analysis.trace import LazyLoad, Place, Refresh, Touched, Trace, to_document
from helpers.codemod import registry, scanner, selection
from helpers.codemod.pattern import Pattern
from helpers.codemod.unreadable import UnreadableFile
from helpers.errors import JournalError, UsageError
from helpers.migrate import git, journal, planner
from helpers.migrate.audit import Audit, Audited, audit
from helpers.migrate.disk import new_file, plain_file
from helpers.migrate.justified import Justified
from helpers.migrate.rewriter import in_files
from helpers.migrate.scratch import make_scratch, remove_scratch
from helpers.migrate.stages import Choice, in_stages
from helpers.model import MOST_IN_A_STEP, ChangeSet, Example, FileChange, Finding, JournalEntry, Plan, Step

if TYPE_CHECKING:  # SQLAlchemy is slow to import, and only what runs code needs it
    from helpers.lab.application import Scenario
    from helpers.lab.differential import Comparison
    from helpers.lab.exercises import Exercise, Verdict
    from helpers.lab.runner import Observation
    from helpers.lab.samples import MODELS
    from helpers.lab.suite import Suite, SuiteResult

_STEP = re.compile(r"step (\d+): ")
_RUNNING = {
    "Comparison": "helpers.lab.differential",
    "Exercise": "helpers.lab.exercises",
    "MODELS": "helpers.lab.samples",
    "Observation": "helpers.lab.runner",
    "Scenario": "helpers.lab.application",
    "Suite": "helpers.lab.suite",
    "SuiteResult": "helpers.lab.suite",
    "Verdict": "helpers.lab.exercises",
}

__all__ = [
    "MODELS",
    "Audit",
    "Audited",
    "Census",
    "Comparison",
    "Example",
    "Exercise",
    "FileFindings",
    "Justified",
    "LazyLoad",
    "Observation",
    "Pattern",
    "Place",
    "Refresh",
    "Scenario",
    "Suite",
    "SuiteResult",
    "Touched",
    "Trace",
    "Verdict",
    "Workbook",
    "to_document",
]


def __getattr__(name: str) -> object:
    if name in _RUNNING:
        return getattr(importlib.import_module(_RUNNING[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass(frozen=True)
class FileFindings:
    """One file of the application: how many findings have a fix there, and how many are left to a person."""

    path: str
    applicable: int
    manual: int


class Workbook:
    """One application. Reads it on first use and again after every write; writes only in `apply` and `undo`."""

    def __init__(self, root: Path, *, scratch: bool = False) -> None:
        """Over the folder `root`; `scratch` says that it is a copy to be removed on `close`. Use `open`."""
        self.root = root
        self._scratch = scratch
        self._project: Project | None = None
        self._found: dict[tuple[type[Pattern], ...], tuple[Finding, ...]] = {}
        self._plans: dict[int, Plan] = {}

    @classmethod
    def open(cls, root: Path | str, *, scratch: bool = False) -> Self:
        """The workbook of the application below `root`, or of a scratch copy of it. UsageError when there is none."""
        folder = Path(root)
        if not folder.is_dir():
            fact = "is not a folder" if folder.exists() else "does not exist"
            raise UsageError(str(root), fact, "name the folder of the application")
        if not os.access(folder, os.R_OK | os.X_OK):
            raise UsageError(str(root), "cannot be read", "make the folder readable")
        return cls(make_scratch(folder), scratch=True) if scratch else cls(folder.resolve())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the scratch copy, where there is one."""
        if self._scratch:
            remove_scratch(self.root)

    def scan(self, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> tuple[Finding, ...]:
        """Findings of the selected patterns (names or codes; all for none) without the ignored ones, sorted by place.

        Files that cannot be read are among them whatever is selected. UsageError for an unknown name.
        """
        out = set(selection.patterns(ignore)) if (ignore := tuple(ignore)) else set()
        found = self._scan(tuple(pattern for pattern in selection.patterns(select) if pattern not in out))
        return tuple(finding for finding in found if UnreadableFile not in out or finding.code != UnreadableFile.CODE)

    def preview(
        self,
        select: Iterable[str] = (),
        *,
        files: Iterable[str] = (),
        findings: Iterable[str] | None = None,
        barred: Mapping[str, str] | None = None,
    ) -> ChangeSet:
        """The dry run: everything selected that is SAFE or REVIEW as files before and after, the rest with its reason.

        Several patterns come in the order of their stages, each on what those before it leave. `files` are globs as
        in a .gitignore, `findings` fingerprints, `barred` files that stay, with the reason: see `unwritable`.
        UsageError for one that means nothing here.
        """
        self._check_globs(files := tuple(files))
        wanted = None if findings is None else frozenset(findings)
        seen: set[str] = set()

        def scan(project: Project, pattern: type[Pattern]) -> tuple[Finding, ...]:
            found = self._scan((pattern,)) if project is self._project else scanner.scan(project, (pattern,))
            new = found if not seen else selection.without(found, project.problems)
            seen.update(finding.fingerprint for finding in new)
            return new

        choice = Choice(lambda found: selection.chosen(in_files(found, files), wanted), barred or {})
        change_set = in_stages(self._read(), selection.patterns(select), scan, choice)
        selection.known(wanted or (), seen)
        return change_set

    def plan(self, *, most: int = MOST_IN_A_STEP) -> Plan:
        """The steps that are left, in order; at most `most` functions become asynchronous in one.

        Numbers go on after the last step that the journal holds, so that a step keeps its number when those before it
        are done.
        """
        if most not in self._plans:
            self._plans[most] = planner.make_plan(self._read(), most=most, first=self.last_step + 1)
        return self._plans[most]

    @property
    def last_step(self) -> int:
        """The number of the last step of a plan that was written and not taken back; 0 for none."""
        numbers = (_STEP.match(entry.title) for entry in self.history())
        return max((int(found[1]) for found in numbers if found), default=0)

    def preview_step(self, number: int, *, most: int = MOST_IN_A_STEP) -> ChangeSet:
        """The dry run of one step, those before it carried out in memory. UsageError when the plan has no such step."""
        steps = self.plan(most=most).steps
        if number not in {step.number for step in steps}:
            raise UsageError(f"step {number}", self._no_step(number, steps), "see workbook plan")
        found = planner.up_to(self._read(), steps, number)
        return replace(found, step=replace(found.step, title=f"step {number}: {found.step.title}"))

    def _no_step(self, number: int, steps: tuple[Step, ...]) -> str:
        if 0 < number <= self.last_step:
            return "is done already"
        return f"is none of the plan, which has {f'{steps[0].number} to {steps[-1].number}' if steps else 'none'} left"

    def unwritable(self, change_set: ChangeSet) -> dict[str, str]:
        """The files of a change set that cannot be written, each with the reason."""
        return {change.path: reason for change in change_set.changes if (reason := self._refusal(change))}

    def apply(self, change_set: ChangeSet) -> JournalEntry | None:
        """Write all files of a change set, or none; None when it changes nothing.

        ChangedOnDiskError when a file is not what the preview showed, JournalError when one cannot be written.
        """
        if not change_set.changes:
            return None
        with self._reading_again():
            return journal.write(change_set, self.root)

    def on_branch(self) -> str | None:
        """Go to the git branch that steps are committed on, and say what of an interrupted run was committed first.

        UsageError outside a repository, JournalError when files have changes that nobody committed.
        """
        repository, history = git.Repository(self.root), self.history()
        clean = repository.check(history[-1] if history else None)
        repository.switch()
        if clean:
            return None
        last = history[-1]
        repository.commit([record.path for record in last.files], last.title)
        return last.title

    def commit(self, change_set: ChangeSet) -> None:
        """Commit what was written. JournalError when it does not compile, or git refuses."""
        git.Repository(self.root).commit([change.path for change in change_set.changes], git.message(change_set))

    def undo(self) -> JournalEntry:
        """Take the last write back. JournalError when there is none or a file was edited since."""
        with self._reading_again():
            return journal.undo(self.root)

    def undo_all(self) -> tuple[JournalEntry, ...]:
        """Take every write back, the last one first, and remove the journal. JournalError when a file was edited."""
        with self._reading_again():
            return journal.undo_all(self.root)

    def recover(self) -> str | None:
        """Finish or roll back what a killed process left half done, and say which; None when nothing was."""
        with self._reading_again():
            return journal.recover(self.root)

    def history(self) -> tuple[JournalEntry, ...]:
        """What was written and not taken back, the oldest first."""
        return journal.entries(self.root)

    def files(self, select: Iterable[str] = ()) -> tuple[FileFindings, ...]:
        """The files that have findings of the selected patterns, with counts, sorted by path."""
        found = [(finding.path, finding.fix is not None) for finding in self.scan(select)]
        count = Counter(found)
        return tuple(FileFindings(path, count[path, True], count[path, False]) for path in sorted(dict(found)))

    def source(self, path: str) -> str:
        """The text of a file, as it was read. UsageError when it is not one of the readable ones."""
        project = self._read()
        found = project.sources.get(path) or project.texts.get(path)
        if found is None:
            raise UsageError(path, "is not a readable Python file of the application", "choose one that scan names")
        return found.text

    def audit(self, today: datetime.date | None = None) -> Audit:
        """What is wrong in code that is asynchronous already; `today` decides which exceptions are over.

        UsageError for an exception of `[tool.workbook]` that says too little.
        """
        return audit(self._read(), today or datetime.date.today())

    def census(self) -> Census:
        """What a migration will meet: routes, session calls, routes that block; counted from the code."""
        return census(self._read())

    @staticmethod
    def explain(code: str) -> type[Pattern]:
        """The pattern, or the rule of the audit, of this name or code. UsageError when there is none."""
        return selection.explained(code)

    @staticmethod
    def together(code: str) -> tuple[str, ...]:
        """The names of the patterns applied with the one of this name or code, its own too. UsageError for none."""
        return tuple(pattern.NAME for pattern in selection.together(Workbook.explain(code)))

    @staticmethod
    def patterns() -> tuple[type[Pattern], ...]:
        """Every pattern, in the order of its code."""
        return registry.all_patterns()

    @staticmethod
    def compare(example: Example) -> Comparison:
        """Run an example's two sides on equal databases, in a process of their own, and compare them."""
        from helpers.lab.differential import compare_example

        return compare_example(example)

    @staticmethod
    def compare_runs(before: Observation, after: Observation) -> Comparison:
        """Compare what `observe` saw, say in two copies of one application."""
        from helpers.lab.differential import compare

        return compare(before, after)

    def seed(self, commands: Iterable[Iterable[str]]) -> bytes:
        """The SQLite file that the application's own commands fill, each the words after `python`. WorkbookError."""
        from helpers.lab.application import seed

        return seed(self.root, [list(command) for command in commands])

    def observe(self, scenario: Scenario, database: bytes) -> Observation:
        """Run a call of the application, in a process of its own, on a copy of the SQLite file `database`."""
        from helpers.lab.application import observe

        return observe(self.root, scenario, database)

    def run_suite(self, suite: Suite, progress: Callable[[int], None] = lambda percent: None) -> SuiteResult:
        """Run tests in the application's folder and count what became of them; `progress` is told the per cent run.

        UsageError when the command cannot be started.
        """
        from helpers.lab.suite import run_suite

        return run_suite(self.root, suite, progress)

    def trace(self, command: Iterable[str], *, output: int | None = None, python: Path | None = None) -> Trace:
        """Run the application's own test command in its folder and tell which lazy loads and IO its processes did.

        `output` is the descriptor that gets what the command prints; None drops it. `python` is an interpreter whose
        site-packages get a hook during the run, for commands that replace PYTHONPATH. The trace stays in the
        application's .workbook/trace. UsageError when the command cannot start, TraceError when nothing was recorded.
        """
        from helpers.lab.tracing.run import Options, trace

        with self._reading_again():
            return trace(self.root, tuple(command), Options(subprocess.DEVNULL if output is None else output, python))

    @property
    def traced(self) -> Trace | None:
        """What of the last trace is still true; None where there is none."""
        return self._read().trace

    @staticmethod
    def exercise(name: str) -> Exercise:
        """The exercise of the pattern called `name`. UsageError when it has none."""
        from helpers.lab.exercises import load

        return load(name)

    @staticmethod
    def check(exercise: Exercise, answer: str) -> Verdict:
        """Judge an answer, a text of functions, by running it against the legacy functions."""
        from helpers.lab.exercises import judge

        return judge(exercise, answer)

    def _read(self) -> Project:
        if self._project is None:
            self._project = load_project(self.root)
        return self._project

    def _scan(self, patterns: tuple[type[Pattern], ...]) -> tuple[Finding, ...]:
        asked = tuple(pattern for pattern in patterns if pattern is not UnreadableFile)  # the scanner adds those itself
        if asked not in self._found:
            self._found[asked] = scanner.scan(self._read(), asked)
        return self._found[asked]

    @contextmanager
    def _reading_again(self) -> Iterator[None]:
        """Forget what was read, also when the write failed: the files may not be what they were."""
        try:
            yield
        finally:
            self._project = None
            self._found.clear()
            self._plans.clear()

    def _check_globs(self, globs: Iterable[str]) -> None:
        project = self._read()
        paths = [*project.sources, *project.texts, *(problem.path for problem in project.problems)]
        for glob in globs:
            if not selection.matches(glob.removeprefix("!"), paths):
                raise UsageError(repr(glob), "matches no Python file of the application", selection.GLOBS)

    def _refusal(self, change: FileChange) -> str | None:
        try:
            (new_file if change.before is None else plain_file)(self.root, change.path)
        except JournalError as error:
            return f"{error.fact}; {error.remedy}"
        return None
