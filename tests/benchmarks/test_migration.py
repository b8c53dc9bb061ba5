"""The whole migration of a small application, judged by its tests, by a listener and by what its tests still check."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.engine import Site
from benchmarks.facts import App
from benchmarks.junit import Red
from benchmarks.listening.heard import Heard
from benchmarks.migration import Migration, migrate_app, show
from benchmarks.report import Compared
from benchmarks.shell import Bench
from benchmarks.tests_kept.difference import Difference, Kept, Place
from tests.migrate.shop import lay_out

SHOP = App(
    name="shop",
    repository="none/shop",
    commit="0" * 40,
    python="3.11",
    package="shop",
    code=("shop/*",),
    tests=("tests/*",),
    setup=(),
    test="$VENV/bin/python -m pytest -q -p no:cacheprovider -c pytest.ini tests",
    passed=5,
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Migration:
    folder = tmp_path_factory.mktemp("work")
    (folder / "logs").mkdir()
    bench = Bench(SHOP, Path(sys.prefix), {}, folder / "logs", timeout=300)
    return migrate_app(bench, lay_out(tmp_path_factory.mktemp("shop")), folder)


def test_the_tests_pass_as_before_and_check_the_same(found: Migration) -> None:
    assert [run.counts for run in found.runs] == [{"passed": 5}] * 2
    assert found.kept.faults == found.second_apply == found.undo == ()
    assert found.green, found


def test_all_sql_of_the_tests_goes_through_an_asynchronous_dialect(found: Migration) -> None:
    assert {name: heard.share for name, heard in found.heard.items()} == {"baseline": 0.0, "migrated": 1.0}
    assert found.new_unawaited == ()


def test_the_report_is_text_and_plain_data(found: Migration) -> None:
    text = io.StringIO()
    show(found, Console(file=text, width=140))
    assert "asynchronous SQL, migrated  100.0% of" in text.getvalue()
    document = json.loads(json.dumps(found.document()))
    assert (document["version"], document["green"], document["share"]["migrated"]) == (1, True, 1.0)


@pytest.mark.parametrize(
    "trouble",
    [
        {"runs": [Compared("migrated", {}, 1.0, (Red("a", "passed", "failed"),))]},
        {"second_apply": ("changed x.py",)},
        {"undo": ("new x.py",)},
        {"problems": ["apply: exit 1"]},
        {"kept": Kept(differences=(Difference(Place("t.py", 1), "test_a", "assertion", "gone"),))},
        {"heard": {"migrated": Heard(unawaited=(("f", "x.py:1", "t.py::test_a", 1),))}},
    ],
)
def test_any_one_trouble_is_red_and_printed(trouble: dict[str, Any]) -> None:
    report = replace(Migration("shop", "0" * 40), **trouble)
    text = io.StringIO()
    show(report, Console(file=text, width=140))
    assert not report.green
    assert "RED" in text.getvalue()


def test_a_coroutine_that_nobody_awaited_before_is_no_news() -> None:
    heard = Heard(unawaited=(("f", "x.py:1", "t.py::test_a", 1),))
    assert Migration("shop", "0" * 40, heard={"baseline": heard, "migrated": heard}).green


def test_bridges_are_counted_under_either_word() -> None:
    sites = [
        Site("a.py", 1, 1, "AM606", "f", "applied", "no loop runs around it: bridged, it runs in one of its own"),
        Site("a.py", 2, 1, "AM602", "f", "bridged", "what it has not"),
        Site("a.py", 3, 1, "AM602", "f", "applied"),
        Site("a.py", 4, 1, "AM602", "f", "refused", "it would be bridged"),
    ]
    report = Migration("shop", "0" * 40, sites=sites)
    assert (report.bridges, report.many("applied", "AM6"), report.many("refused")) == (2, 2, 1)
