"""Running sides under other interpreters, and the tags that say which version cannot run a side."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy

from helpers.lab import _probe
from helpers.lab.runner import Probe, Side, run
from helpers.lab.versions import InterpreterError, Worker, Workers, cannot_run
from helpers.model import Example
from tools.older_sqlalchemy import REQUIREMENTS

OLDER = tuple(REQUIREMENTS)
MODULE = """\
from models import Author, Book, Editor, Employee, Publisher


def everything(session):
    print("this goes to nobody")
    return [session.query(x).order_by(x.id).all() for x in (Author, Book, Publisher, Employee, Editor)]


async def names(session):
    return [x.name for x in (await session.execute(Author.__table__.select())).all()]
"""


@pytest.mark.parametrize("version", OLDER)
def test_models_and_rows_are_alike_on_every_version(version: str, probe_of: Callable[[str], Probe]) -> None:
    here, there = (run(Side(MODULE, "everything(session)"), probe=p) for p in (_probe.run, probe_of(version)))
    assert there.sqlalchemy == version
    assert there.failure is None
    assert there.value == here.value
    assert not there.warnings


@pytest.mark.parametrize("version", OLDER)
def test_a_coroutine_function_runs_on_every_version(version: str, probe_of: Callable[[str], Probe]) -> None:
    seen = run(Side(MODULE, "names(session)"), probe=probe_of(version))
    assert seen.asynchronous
    assert seen.value["items"][1] == "Bram Vos"


@pytest.mark.parametrize("version", OLDER)
def test_a_run_leaves_nothing_for_the_next_one_in_the_same_process(
    version: str, probe_of: Callable[[str], Probe]
) -> None:
    meddler = "import models\nmodels.Author = None\n\n\ndef find(session):\n    raise SystemExit('over')\n"
    assert run(Side(meddler, "find(session)"), probe=probe_of(version)).failure
    assert run(Side(MODULE, "everything(session)"), probe=probe_of(version)).failure is None


@pytest.mark.parametrize("version", OLDER)
def test_query_get_warns_from_2_0_on(version: str, probe_of: Callable[[str], Probe]) -> None:
    seen = run(Side("from models import Author", "session.query(Author).get(1)"), probe=probe_of(version))
    assert [x.category for x in seen.warnings] == ([] if version.startswith("1.4") else ["LegacyAPIWarning"])


def test_a_process_that_dies_is_an_error_with_its_interpreter() -> None:
    with Worker(Path(sys.executable)) as worker, pytest.raises(InterpreterError, match="stopped, or gave no report"):
        run(Side("import os\nos._exit(3)", "None"), probe=worker)


def test_a_job_that_never_ends_is_ended_and_the_next_one_runs() -> None:
    with Worker(Path(sys.executable), patience=0.5) as worker:
        with pytest.raises(InterpreterError, match=r"within 0\.5 seconds"):
            run(Side("while True: pass", "None"), probe=worker)
        assert run(Side("", "1"), probe=worker).value == 1


def test_an_interpreter_without_sqlalchemy_is_an_error() -> None:
    with Worker(Path("/bin/false")) as worker, pytest.raises(InterpreterError):
        run(Side("", "1"), probe=worker)


def test_models_that_do_not_run_are_told_by_the_job() -> None:
    with Worker(Path(sys.executable)) as worker:
        seen = run(Side("", "1", models="import nowhere"), probe=worker)
    assert seen.failure
    assert (seen.phase, seen.failure.type) == ("module", "ModuleNotFoundError")


def test_the_probe_sees_nothing_of_the_helpers_package() -> None:
    with Worker(Path(sys.executable)) as worker:
        path = run(Side("import sys", "sys.path + list(sys.modules)"), probe=worker).value["items"]
    assert not [x for x in path if x.partition(".")[0] == "helpers" or x.endswith(("/helpers", "/lab"))]


def test_a_version_without_interpreter_is_a_key_error() -> None:
    with Workers({}) as workers, pytest.raises(KeyError):
        workers.probe("0.9")


@pytest.mark.parametrize(
    ("tags", "version", "sides"),
    [
        ((), "1.4.46", set()),
        (("join", "beforehand<2"), "1.4.46", set()),
        (("before<2.1",), "2.0.58", set()),
        (("before<2.1",), "2.1.9", {"before"}),
        (("after >= 2.0",), "1.4.46", {"after"}),
        (("both>=2.0,<2.1",), "2.1.9", {"before", "after"}),
        (("before<2.1", "after>=2.1"), "2.0.58", {"after"}),
    ],
)
def test_tags_say_which_sides_a_version_cannot_run(tags: tuple[str, ...], version: str, sides: set[str]) -> None:
    assert cannot_run(Example("", "", "", "", tags=tags), version) == sides


def test_the_installed_version_is_the_newest_of_the_proof() -> None:
    assert sqlalchemy.__version__.startswith("2.1.")
    assert [x.rpartition(".")[0] for x in OLDER] == ["1.4", "2.0"]
