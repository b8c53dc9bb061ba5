"""Green to green: the stages on a copy of Relay, judged by Relay's own tests, mypy, ruff and the bytes after undo."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from helpers.model import ChangeSet, Stage
from helpers.workbook import Workbook

SYNCHRONOUS = [pattern.NAME for pattern in Workbook.patterns() if pattern.STAGE <= Stage.TASKS]


def run(command: Sequence[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in `folder` and give back what it said."""
    arguments = [sys.executable, "-m", *command]
    env = {**os.environ, **environment}
    return subprocess.run(arguments, cwd=folder, env=env, capture_output=True, text=True, check=False)


def contents(root: Path) -> dict[str, bytes]:
    """Every source file below `root` by its relative path."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.py"))}


@pytest.fixture(scope="module")
def original(repository: Path) -> Path:
    """Relay as it stands in the repository."""
    return repository / "sample_app"


@pytest.fixture(params=[["legacy_query"], SYNCHRONOUS], ids=["legacy_query", "every synchronous stage"])
def selected(request: pytest.FixtureRequest) -> list[str]:
    """The patterns to apply: one alone, and all in order (`python -m benchmarks.stages` judges each of them)."""
    names: list[str] = request.param
    return names


@pytest.fixture
def converted(original: Path, selected: list[str]) -> Iterator[tuple[Workbook, ChangeSet]]:
    """A scratch copy of Relay on which the patterns were applied, and the change."""
    with Workbook.open(original, scratch=True) as book:
        change = book.preview(selected)
        book.apply(change)
        yield book, change


def test_relays_own_suite_passes_on_the_converted_copy(original: Path, converted: tuple[Workbook, ChangeSet]) -> None:
    book, change = converted
    assert change.applied
    done = run(["pytest", "-q", "-p", "no:cacheprovider", "-x"], original, RELAY_ROOT=str(book.root))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_the_type_checker_and_the_linter_find_nothing_new(converted: tuple[Workbook, ChangeSet]) -> None:
    book, _ = converted
    for command in (["mypy", "--no-incremental"], ["ruff", "check", "--no-cache", "-q", "relay"]):
        done = run(command, book.root)
        assert done.returncode == 0, f"{command[0]}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}"


def test_every_refusal_has_its_reason(converted: tuple[Workbook, ChangeSet]) -> None:
    _, change = converted
    assert all(skip.reason for skip in change.skipped)


def test_a_second_run_changes_nothing_and_undo_restores_every_byte(
    original: Path, selected: list[str], converted: tuple[Workbook, ChangeSet]
) -> None:
    book, _ = converted
    assert book.preview(selected).changes == ()
    book.undo_all()
    assert contents(book.root) == contents(original)
