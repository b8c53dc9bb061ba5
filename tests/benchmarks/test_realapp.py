"""The pure parts of trying a real application, on tiny made-up trees."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.checks import new_diagnostics, read_diagnostics
from benchmarks.engine import EngineError, Site, read_findings, read_sites
from benchmarks.facts import App, MissingServiceError, app_variables, load_apps, load_services, service_variables
from benchmarks.junit import Outcome, Red, counts, read_outcomes, red_without_baseline, turned_red
from benchmarks.realapp import main, uncounted
from benchmarks.report import Compared, Report, by_area, refusals, show
from benchmarks.shell import Bench, ShellError, run_tests
from benchmarks.trees import copy_tree, count_queries, differences, digests, put_back, queries_in

SHOP = App(
    name="shop",
    repository="nobody/shop",
    commit="0" * 40,
    python="3.12",
    package="shop",
    code=("shop/*",),
    tests=("tests/*", "shop/*/tests/*"),
    setup=(),
    test="true",
    passed=2,
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    files = {
        "shop/views.py": "def f(db):\n    return db.query(A).all(), db.query(B).first()\n",
        "shop/api/tests/test_views.py": "def g(db):\n    db.query(A)\n",
        "tests/test_shop.py": "def h(s):\n    s.query(A)\n",
        "setup.py": "query()\n",
        ".git/config": "x",
        "shop/__pycache__/views.pyc": "x",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


class TestFacts:
    def test_every_application_names_a_whole_commit_and_its_own_areas(self) -> None:
        apps = load_apps()
        assert len(apps) == 10
        for app in apps.values():
            assert len(app.commit) == 40
            assert app.code and app.tests and app.setup and app.passed

    def test_a_test_inside_the_package_is_a_test(self) -> None:
        assert SHOP.area("shop/api/tests/test_views.py") == "tests"
        assert SHOP.area("shop/api/views.py") == "code"

    def test_a_file_of_neither_is_other(self) -> None:
        assert SHOP.area("setup.py") == SHOP.area("workshop/shop.py") == "other"

    def test_a_server_that_is_not_named_is_said_in_one_line(self) -> None:
        app = replace(SHOP, services=("postgresql",))
        with pytest.raises(MissingServiceError) as caught:
            service_variables(app, {}, load_services())
        assert "BENCHMARK_POSTGRES_URL" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_an_application_without_servers_needs_no_variable(self) -> None:
        assert service_variables(SHOP, {}, load_services()) == {}

    def test_settings_are_filled_in_from_the_servers_url(self) -> None:
        app = replace(SHOP, services=("postgresql", "redis"), environment={"URL": "x://$PGUSER@$PGHOST:$PGPORT/db"})
        given = {"BENCHMARK_POSTGRES_URL": "postgresql://me@localhost:55432", "BENCHMARK_REDIS_URL": "redis://h:1"}
        found = app_variables(app, service_variables(app, given, load_services()))
        assert found["URL"] == "x://me@localhost:55432/db"
        assert found["REDIS_URL"] == "redis://h:1"

    def test_every_setting_that_refers_to_a_server_is_filled_in(self) -> None:
        given = {service.variable: service.example for service in load_services().values()}
        for app in load_apps().values():
            found = app_variables(app, service_variables(app, given, load_services()))
            assert not [value for value in found.values() if "$" in value]


class TestTrees:
    def test_a_copy_has_the_files_without_version_control_and_caches(self, tree: Path, tmp_path: Path) -> None:
        copy = copy_tree(tree, tmp_path / "copy")
        assert sorted(digests(copy)) == [
            "setup.py",
            "shop/api/tests/test_views.py",
            "shop/views.py",
            "tests/test_shop.py",
        ]

    def test_a_copy_leaves_symbolic_links_as_links(self, tree: Path, tmp_path: Path) -> None:
        (tree / "link.py").symlink_to("nowhere.py")
        assert digests(copy_tree(tree, tmp_path / "copy"))["link.py"] == "-> nowhere.py"

    def test_calls_are_counted_by_area(self, tree: Path) -> None:
        assert count_queries(SHOP, tree) == {"code": 2, "tests": 2, "other": 0}

    def test_words_in_comments_and_strings_are_no_calls(self) -> None:
        assert queries_in(b'# db.query(A)\ntext = "db.query(A)"\nquery(1)\n') == 0

    def test_a_module_that_does_not_parse_is_counted_by_its_text(self) -> None:
        assert queries_in(b"def (:\n  db.query(A)\n") == 1

    def test_equal_trees_do_not_differ(self, tree: Path, tmp_path: Path) -> None:
        assert differences(digests(copy_tree(tree, tmp_path / "a")), digests(copy_tree(tree, tmp_path / "b"))) == ()

    def test_one_changed_byte_one_new_and_one_lost_file_are_named(self, tree: Path, tmp_path: Path) -> None:
        before, after = copy_tree(tree, tmp_path / "a"), copy_tree(tree, tmp_path / "b")
        (after / "setup.py").write_bytes(b"query()\r\n")
        (after / "tests/test_shop.py").unlink()
        (after / "left.txt").touch()
        lines = differences(digests(before), digests(after))
        assert lines == ("new left.txt", "changed setup.py", "gone tests/test_shop.py")

    def test_the_journal_can_be_left_out_of_a_comparison(self, tree: Path) -> None:
        (tree / ".workbook").mkdir()
        (tree / ".workbook" / "journal.json").touch()
        assert ".workbook/journal.json" in digests(tree)
        assert ".workbook/journal.json" not in digests(tree, leave=frozenset({".workbook"}))

    def test_tests_are_put_back_and_code_is_not(self, tree: Path, tmp_path: Path) -> None:
        rewritten = copy_tree(tree, tmp_path / "copy")
        for name in ("shop/views.py", "tests/test_shop.py", "shop/api/tests/test_views.py"):
            (rewritten / name).write_text("rewritten = True\n")
        assert put_back(SHOP, tree, rewritten) == 2
        assert (rewritten / "shop/views.py").read_text() == "rewritten = True\n"
        assert (rewritten / "tests/test_shop.py").read_text() == (tree / "tests/test_shop.py").read_text()

    def test_tests_that_nobody_changed_are_not_put_back(self, tree: Path, tmp_path: Path) -> None:
        assert put_back(SHOP, tree, copy_tree(tree, tmp_path / "copy")) == 0


JUNIT = """<?xml version="1.0"?><testsuites><testsuite name="pytest">
<testcase classname="tests.test_a" name="test_fine"/>
<testcase classname="tests.test_a" name="test_bad"><failure message="assert 1 == 2&#10;more">trace</failure></testcase>
<testcase classname="tests.test_a" name="test_torn"/>
<testcase classname="tests.test_a" name="test_torn"><error message="teardown">trace</error></testcase>
<testcase classname="tests.test_a" name="test_off"><skipped message="no server"/></testcase>
<testcase classname="" name="tests.test_b"><error message="collection failure">trace</error></testcase>
</testsuite></testsuites>"""
FINE = Outcome("passed")


class TestJunit:
    def test_outcomes_are_read_with_the_first_line_of_their_message(self, tmp_path: Path) -> None:
        path = tmp_path / "report.xml"
        path.write_text(JUNIT)
        assert read_outcomes(path) == {
            "tests.test_a::test_fine": FINE,
            "tests.test_a::test_bad": Outcome("failed", "assert 1 == 2"),
            "tests.test_a::test_torn": Outcome("error", "teardown"),
            "tests.test_a::test_off": Outcome("skipped", "no server"),
            "tests.test_b": Outcome("error", "collection failure"),
        }

    def test_a_run_that_left_no_file_has_no_outcomes(self, tmp_path: Path) -> None:
        assert read_outcomes(tmp_path / "report.xml") == {}

    def test_the_same_outcomes_turn_nothing_red(self) -> None:
        outcomes = {"a": FINE, "b": Outcome("failed", "always"), "c": Outcome("skipped")}
        assert turned_red(outcomes, outcomes) == ()

    def test_a_failure_of_the_baseline_is_not_blamed_on_the_rewrite(self) -> None:
        assert turned_red({"a": Outcome("failed")}, {"a": Outcome("error")}) == ()

    def test_a_failure_that_was_mended_is_not_red(self) -> None:
        assert turned_red({"a": Outcome("failed")}, {"a": FINE}) == ()

    def test_broken_and_vanished_tests_are_red(self) -> None:
        after = {"a": Outcome("error", "boom"), "new": Outcome("failed", "bad"), "more": FINE}
        assert turned_red({"a": FINE, "b": FINE}, after) == (
            Red("a", "passed", "error", "boom"),
            Red("b", "passed", "missing"),
            Red("new", "absent", "failed", "bad"),
        )

    def test_without_a_baseline_known_failures_are_not_red(self) -> None:
        after = {"m::test_ldap[1]": Outcome("failed"), "a": FINE}
        assert red_without_baseline(after, known=["test_ldap"], passed=1) == ()

    def test_without_a_baseline_fewer_tests_than_known_are_red(self) -> None:
        assert red_without_baseline({"a": FINE}, known=[], passed=2) == (Red("(all tests)", "2 passed", "1 passed"),)

    def test_without_a_baseline_an_unknown_failure_is_red(self) -> None:
        red = red_without_baseline({"a": Outcome("error", "boom")}, known=["b"], passed=0)
        assert red == (Red("a", "unknown", "error", "boom"),)


class TestEngine:
    def test_applied_and_refused_lines_are_read(self) -> None:
        lines = [
            "shop/views.py:3:5 AM201 shop.views.f applied",
            "a dir/x.py:10:1 AM201 Repo.get refused a link is not in the table: with_entities",
        ]
        assert list(read_sites(lines)) == [
            Site("shop/views.py", 3, 5, "AM201", "shop.views.f", "applied"),
            Site("a dir/x.py", 10, 1, "AM201", "Repo.get", "refused", "a link is not in the table: with_entities"),
        ]

    def test_a_line_without_a_symbol_is_read(self) -> None:
        assert list(read_sites(["x.py:1:1 AM001 refused does not parse"])) == [
            Site("x.py", 1, 1, "AM001", "", "refused", "does not parse")
        ]

    def test_lines_of_a_diff_are_no_sites(self) -> None:
        assert not list(read_sites(["--- a/x.py", "+    x = db.scalars(select(A))", "", "3 files"]))

    def test_findings_are_read_from_the_document(self) -> None:
        assert read_findings('{"version": 1, "findings": [{"path": "a.py"}]}') == [{"path": "a.py"}]

    @pytest.mark.parametrize("text", ["", "[]", '{"version": 1}', '{"findings": 3}'])
    def test_anything_else_is_an_error(self, text: str) -> None:
        with pytest.raises(EngineError):
            read_findings(text)

    def test_places_that_apply_does_not_account_for_are_a_problem(self) -> None:
        site = Site("x.py", 1, 1, "AM201", "f", "applied")
        assert uncounted({"code": 1}, [site]) == []
        assert uncounted({"code": 2}, [site]) == ["apply: 1 lines for 2 findings"]


class TestReport:
    def test_refusals_are_counted_by_reason_commonest_first(self) -> None:
        sites = [
            Site("shop/a.py", 1, 1, "AM201", "f", "refused", "rare"),
            Site("shop/a.py", 2, 1, "AM201", "f", "refused", "common"),
            Site("tests/a.py", 3, 1, "AM201", "f", "refused", "common"),
            Site("shop/a.py", 4, 1, "AM201", "f", "applied"),
        ]
        found = refusals(SHOP, sites)
        assert list(found) == ["common", "rare"]
        assert found["common"] == {"code": 1, "tests": 1, "other": 0}

    def test_reasons_that_differ_in_a_name_of_the_application_are_one(self) -> None:
        sites = [
            Site("shop/a.py", 1, 1, "AM201", "f", "refused", f"kept in `{name}`, not run") for name in ("q", "rows")
        ]
        assert refusals(SHOP, sites) == {"kept in `…`, not run": {"code": 2, "tests": 0, "other": 0}}

    def test_nothing_refused_makes_no_reason(self) -> None:
        assert refusals(SHOP, [Site("shop/a.py", 4, 1, "AM201", "f", "applied")]) == {}

    def test_a_report_without_trouble_is_green(self) -> None:
        report = Report("shop", "0" * 40, "legacy_query", runs=[Compared("baseline", {"passed": 2}, 1.0)])
        assert report.green

    @pytest.mark.parametrize(
        "trouble",
        [
            {"runs": [Compared("original tests", {}, 1.0, (Red("a", "passed", "failed"),))]},
            {"second_apply": ("changed x.py",)},
            {"undo": ("new .workbook/journal.json",)},
            {"diagnostics": {"mypy": ("x.py: error: no",)}},
            {"problems": ["apply: exit 1"]},
        ],
    )
    def test_any_one_trouble_is_red_and_printed(self, trouble: dict[str, Any]) -> None:
        report = replace(Report("shop", "0" * 40, "legacy_query"), **trouble)
        text = io.StringIO()
        show(report, Console(file=text, width=140))
        assert not report.green
        assert "RED" in text.getvalue()

    def test_the_report_is_plain_data(self, tree: Path) -> None:
        report = Report("shop", "0" * 40, "legacy_query", rewritten=by_area(SHOP, ["shop/a.py", "setup.py"]))
        report.queries_before = count_queries(SHOP, tree)
        report.runs = [Compared("baseline", counts({"a": FINE}), 1.0)]
        document = json.loads(json.dumps(report.document()))
        assert document["queries_before"] == {"code": 2, "tests": 2, "other": 0}
        assert document["runs"][0]["counts"] == {"passed": 1}
        assert document["version"] == 1
        assert document["rewritten"] == {"code": 1, "tests": 0, "other": 1}


class TestChecks:
    def test_a_diagnostic_that_only_moved_is_not_new(self) -> None:
        before = read_diagnostics(["a.py:3: error: No [x]", "a.py:9:2: F401 unused", "Found 2 errors"])
        after = read_diagnostics(["a.py:4: error: No [x]", "a.py:12:2: F401 unused"])
        assert new_diagnostics(before, after) == ()

    def test_a_second_one_of_the_same_kind_is_new(self) -> None:
        before = read_diagnostics(["a.py:3: error: No [x]"])
        after = read_diagnostics(["a.py:3: error: No [x]", "a.py:5: error: No [x]", "b.py:1: error: New [y]"])
        assert new_diagnostics(before, after) == ("a.py: error: No [x]", "b.py: error: New [y]")

    def test_notes_and_summaries_are_no_diagnostics(self) -> None:
        assert read_diagnostics(["a.py:3: note: hint", "Success: no issues found in 3 source files"]) == Counter()


class TestShell:
    def test_an_application_imported_from_elsewhere_is_not_tested(self, tree: Path, tmp_path: Path) -> None:
        bench = _bench(SHOP, tmp_path, python="/elsewhere/shop/__init__.py")
        with pytest.raises(ShellError, match="not from the copy"):
            run_tests(bench, "baseline", tree)

    def test_tests_that_left_no_report_are_an_error_and_not_a_success(self, tree: Path, tmp_path: Path) -> None:
        bench = _bench(replace(SHOP, test="echo did nothing #"), tmp_path, python=str(tree / "shop/__init__.py"))
        with pytest.raises(ShellError, match="did not run"):
            run_tests(bench, "baseline", tree)

    def test_a_run_is_read_from_its_report(self, tree: Path, tmp_path: Path) -> None:
        (tree / "junit.xml").write_text(JUNIT)
        test = 'write() { cp junit.xml "${1#--junitxml=}"; }; write'
        bench = _bench(replace(SHOP, test=test), tmp_path, python=str(tree / "shop/__init__.py"))
        assert counts(run_tests(bench, "baseline", tree).outcomes) == {
            "passed": 1,
            "failed": 1,
            "error": 2,
            "skipped": 1,
        }

    def test_a_run_that_hangs_is_ended(self, tree: Path, tmp_path: Path) -> None:
        bench = replace(_bench(SHOP, tmp_path, python=""), timeout=0.2)
        assert bench.run("hang", ["sleep 60"], tree) == 124


class TestMain:
    def test_a_folder_that_does_not_exist_is_wrong_usage(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as caught:
            main(["access", str(tmp_path / "none"), str(tmp_path)])
        assert caught.value.code == 2
        assert "no such folder" in capsys.readouterr().err

    def test_a_missing_server_ends_before_anything_is_copied(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv("BENCHMARK_POSTGRES_URL", raising=False)
        assert main(["clawbolt", str(tmp_path), str(tmp_path), "--keep", str(tmp_path / "work")]) == 2
        assert "BENCHMARK_POSTGRES_URL" in capsys.readouterr().err
        assert not (tmp_path / "work").exists()


def _bench(app: App, folder: Path, *, python: str) -> Bench:
    interpreter = folder / "venv" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text(f"#!/bin/sh\necho {python}\n")
    interpreter.chmod(0o755)
    logs = folder / "logs"
    logs.mkdir()
    return Bench(app, folder / "venv", {}, logs, timeout=60)
