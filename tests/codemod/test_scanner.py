"""A scan asks every pattern and sorts what they find by place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.analysis.project import Project, load_project
from helpers.codemod.pattern import Pattern
from helpers.codemod.scanner import scan
from helpers.model import Applicability, Finding

PLACES = st.lists(st.tuples(st.sampled_from(["a.py", "b.py"]), st.integers(1, 9), st.integers(1, 9)), max_size=9)


def finding(code: str, path: str = "a.py", line: int = 1, column: int = 1) -> Finding:
    return Finding(code, path, line, column, "f", "found", Applicability.SAFE)


def finds(*found: Finding) -> type[Pattern]:
    """A pattern that finds just these."""

    class Fixed(Pattern):
        def find(self, project: Project) -> Iterator[Finding]:
            yield from found

    return Fixed


@given(PLACES, PLACES)
def test_findings_come_in_the_order_of_their_places_and_none_is_lost(
    first: list[tuple[str, int, int]], second: list[tuple[str, int, int]]
) -> None:
    one, two = ([finding(code, *place) for place in places] for code, places in (("AM1", first), ("AM2", second)))
    found = scan(Project(Path(), {}), [finds(*two), finds(*one)])
    keys = [(item.path, item.line, item.column, item.code) for item in found]
    assert keys == sorted(keys)
    assert sorted(map(repr, found)) == sorted(map(repr, [*one, *two]))
    assert found == scan(Project(Path(), {}), [finds(*one), finds(*two)])


@pytest.mark.parametrize("patterns", [[], [finds()], [finds(), finds()]])
def test_a_scan_without_findings_is_empty(patterns: list[type[Pattern]]) -> None:
    assert scan(Project(Path(), {}), patterns) == ()


def test_files_that_cannot_be_read_stand_among_the_findings(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("(")
    found = scan(load_project(tmp_path), [finds(finding("AM1", "c.py"), finding("AM1", "a.py"))])
    assert [(item.path, item.code) for item in found] == [("a.py", "AM1"), ("b.py", "AM001"), ("c.py", "AM1")]


def test_every_pattern_gets_the_same_project_and_an_instance_of_its_own() -> None:
    seen: list[tuple[Pattern, Project]] = []

    class Watching(Pattern):
        def find(self, project: Project) -> Iterator[Finding]:
            seen.append((self, project))
            return iter(())

    project = Project(Path(), {})
    assert scan(project, [Watching, Watching]) == ()
    assert [given for _, given in seen] == [project, project]
    assert seen[0][0] is not seen[1][0]


def test_the_files_of_an_application_are_not_imported(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("raise SystemExit('imported')\n")
    assert scan(load_project(tmp_path), [finds()]) == ()
