"""Running sides under other interpreters, and the tags that say which version cannot run a side."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy

from helpers.lab.runner import Side, run
from helpers.lab.versions import Workers, cannot_run
from helpers.lab.worker import Probe
from helpers.lab.worker import here as installed
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
    here, there = (run(Side(MODULE, "everything(session)"), probe=p) for p in (installed, probe_of(version)))
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
