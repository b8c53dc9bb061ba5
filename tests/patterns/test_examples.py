"""Every example of every pattern: both sides do the same on every SQLAlchemy, and the engine writes just the after."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy

from helpers.analysis.project import Project, load_project
from helpers.codemod.pattern import Pattern
from helpers.codemod.registry import all_patterns
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.lab.differential import compare_example
from helpers.lab.runner import run, sides
from helpers.lab.versions import cannot_run
from helpers.lab.worker import Probe
from helpers.migrate.rewriter import rewrite
from helpers.model import Applicability, Edit, Example, Finding, Fix, Stage, Step
from tools.older_sqlalchemy import REQUIREMENTS

VERSIONS = (*REQUIREMENTS, sqlalchemy.__version__)
EXAMPLES = [
    pytest.param(pattern, example, id=f"{pattern.NAME}: {example.title}")
    for pattern in all_patterns()
    for example in pattern.EXAMPLES
]


def check_sides(example: Example, version: str, probe: Probe) -> None:
    """Fail unless both sides do the same, or just the sides that the tags excuse on `version` fail."""
    unable = cannot_run(example, version)
    if not unable:
        comparison = compare_example(example, probe=probe)
        assert comparison.same, f"SQLAlchemy {version}\n{comparison.text()}"
        return
    seen = [run(side, probe=probe) for side in sides(example)]
    failed = {name for name, side in zip(("before", "after"), seen, strict=True) if side.failure}
    assert failed == unable, f"SQLAlchemy {version}: {sorted(failed)} failed, but the tags are {example.tags}"


def rewritten(pattern: type[Pattern], text: str, folder: Path) -> str:
    """What the pattern makes of `text`, beside the sample models if it uses them; fails when those change.

    The pattern alone, or those of the flip together: what one of them changes is right only with the others.
    """
    if "from models import" in text:
        (folder / "models.py").write_text(samples.MODELS, encoding="utf-8")
    (folder / "example.py").write_text(text, encoding="utf-8")
    project = load_project(folder)
    changed = rewrite(project, Step(number=1, stage=pattern.STAGE, findings=scan(project, together(pattern))))
    files = {change.path: change.after.decode() for change in changed.changes}
    assert files.keys() <= {"example.py"}
    return files.get("example.py", text)


def together(pattern: type[Pattern]) -> tuple[type[Pattern], ...]:
    """A pattern alone; one of the flip with the others."""
    flip = tuple(one for one in all_patterns() if one.STAGE is Stage.FLIP)
    return flip if pattern in flip else (pattern,)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("pattern", "example"), EXAMPLES)
def test_both_sides_do_the_same(
    pattern: type[Pattern], example: Example, version: str, probe_of: Callable[[str], Probe]
) -> None:
    check_sides(example, version, probe_of(version))


@pytest.mark.parametrize(("pattern", "example"), EXAMPLES)
def test_the_engine_writes_the_after(pattern: type[Pattern], example: Example, tmp_path: Path) -> None:
    assert rewritten(pattern, example.before, tmp_path) == example.after


@pytest.mark.parametrize(("pattern", "example"), EXAMPLES)
def test_a_second_run_changes_nothing(pattern: type[Pattern], example: Example, tmp_path: Path) -> None:
    assert rewritten(pattern, example.after, tmp_path) == example.after


@pytest.mark.parametrize("pattern", all_patterns())
def test_examples_show_a_rewrite_and_what_stays_and_have_titles_of_their_own(pattern: type[Pattern]) -> None:
    assert {example.before == example.after for example in pattern.EXAMPLES} == {True, False}
    titles = [example.title for example in pattern.EXAMPLES]
    assert sorted(set(titles)) == sorted(titles)


class FirstForAll(Pattern):
    """A pattern that writes `first()` where `all()` stands, to see what the checks above do with a wrong one."""

    CODE, NAME, STAGE, APPLICABILITY = "AM999", "first_for_all", Stage.QUERY, Applicability.SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        """One finding for the first `.all()` of the file."""
        text = project.sources["example.py"].text
        if (start := text.find(".all()")) >= 0:
            fix = Fix((Edit(start, start + len(".all()"), ".first()"),))
            yield Finding(self.CODE, "example.py", 1, 1, "find", "all", self.APPLICABILITY, fix)


ALL = "from models import Author\n\n\ndef find(session):\n    return session.query(Author).all()\n"
WRONG = Example("first is not all", ALL, ALL.replace("all", "first"), "find(session)")


@pytest.mark.parametrize("version", VERSIONS)
def test_sides_that_differ_fail_on_every_version(version: str, probe_of: Callable[[str], Probe]) -> None:
    with pytest.raises(AssertionError, match="list of 5 became Author"):
        check_sides(WRONG, version, probe_of(version))


def test_the_engine_is_asked_for_its_own_text(tmp_path: Path) -> None:
    assert rewritten(FirstForAll, WRONG.before, tmp_path) == WRONG.after
    assert rewritten(FirstForAll, WRONG.after, tmp_path) == WRONG.after


@pytest.mark.parametrize("version", VERSIONS)
def test_a_tag_excuses_only_a_side_that_really_fails(version: str, probe_of: Callable[[str], Probe]) -> None:
    healthy = dataclasses.replace(WRONG, after=ALL, tags=("before<1.4",))
    with pytest.raises(AssertionError, match="but the tags are"):
        check_sides(healthy, version, probe_of(version))
    broken = dataclasses.replace(healthy, before="import nowhere\n")
    check_sides(broken, version, probe_of(version))
