"""`workbook audit`: lines, JSON, SARIF and annotations, and what each exit code says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_documents import read

Run = Callable[..., Any]
TEXT = "async def send():\n    return 1\n\n\nasync def start():\n    send()\n\n\nasync def stop():\n    send()\n"
EXCEPTION = """\
[[tool.workbook.exceptions]]
code = "AM901"
symbol = "stop"
reason = "100% sure: it goes, soon"
owner = "ines"
until = 2999-12-31
"""
MESSAGE = "send() is not awaited: nothing is done with it"


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """An application with a missed await that counts and one that is excepted."""
    folder = tmp_path / "the shop"
    folder.mkdir()
    (folder / "jobs.py").write_text(TEXT, encoding="utf-8")
    (folder / "pyproject.toml").write_text(EXCEPTION, encoding="utf-8")
    return folder


def test_it_prints_a_line_for_each_and_counts_what_is_not_excepted(run: Run, jobs: Path) -> None:
    outcome = run("audit", jobs)
    assert outcome.out.splitlines() == [
        f"jobs.py:6:5 AM901 start found {MESSAGE}",
        f"jobs.py:10:5 AM901 stop excepted {MESSAGE} (excepted until 2999-12-31 by ines: 100% sure: it goes, soon)",
    ]
    assert (outcome.code, outcome.err.splitlines()[-1]) == (1, "1 finding, 1 excepted")


def test_an_expired_exception_counts_again_and_is_told(run: Run, jobs: Path) -> None:
    (jobs / "pyproject.toml").write_text(EXCEPTION.replace("2999", "1999"), encoding="utf-8")
    outcome = run("audit", jobs)
    assert "AM901 stop expired" in outcome.out
    assert "was excepted until 1999-12-31 by ines" in outcome.out
    assert (outcome.code, outcome.err.splitlines()[-1]) == (1, "2 findings, 0 excepted")


def test_nothing_that_counts_is_success(run: Run, jobs: Path) -> None:
    (jobs / "jobs.py").write_text(TEXT.replace("    send()", "    await send()", 1), encoding="utf-8")
    assert run("audit", jobs).code == 0


def test_nothing_at_all_prints_nothing(run: Run, jobs: Path) -> None:
    (jobs / "jobs.py").write_text("async def send():\n    return 1\n", encoding="utf-8")
    outcome = run("audit", jobs)
    assert (outcome.code, outcome.out) == (0, "")
    assert "the exception of AM901 in stop is about nothing; remove it" in outcome.err


def test_synchronous_code_prints_nothing(run: Run, application: Path) -> None:
    outcome = run("audit", application)
    assert [line for line in outcome.out.splitlines() if "AM901" in line] == []


@pytest.mark.parametrize("words", [("--json",), ("--format", "json")])
def test_json_is_a_document_of_the_schema(run: Run, jobs: Path, words: tuple[str, ...]) -> None:
    document = read(run("audit", jobs, *words).out)
    assert document["command"] == "audit"
    assert [item["symbol"] for item in document["findings"]] == ["start"]
    assert [item["exception"]["owner"] for item in document["excepted"]] == ["ines"]
    assert document["unused"] == []


def test_github_gets_an_error_for_what_counts_and_a_notice_for_the_rest(
    run: Run, jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(jobs.parent)
    error, notice = run("audit", jobs, "--format", "github").out.splitlines()
    assert error == f"::error file=the shop/jobs.py,line=6,col=5,title=AM901::{MESSAGE}"
    assert notice.startswith("::notice file=the shop/jobs.py,line=10,col=5,title=AM901::")
    assert "100%25 sure: it goes, soon" in notice


@pytest.mark.parametrize("words", [("audit",), ("audit", "PATH", "--format", "xml"), ("audit", "no such folder")])
def test_wrong_usage_is_2(run: Run, words: tuple[str, ...]) -> None:
    outcome = run(*words)
    assert (outcome.code, outcome.out) == (2, "")


def test_an_exception_that_says_too_little_is_2(run: Run, jobs: Path) -> None:
    (jobs / "pyproject.toml").write_text(EXCEPTION.replace('owner = "ines"\n', ""), encoding="utf-8")
    outcome = run("audit", jobs)
    assert (outcome.code, outcome.out) == (2, "")
    assert "has no owner" in outcome.err


def sarif(run: Run, folder: Path) -> dict[str, Any]:
    document = json.loads(run("audit", folder, "--format", "sarif").out)
    assert isinstance(document, dict)
    return document


# what the published schema of SARIF 2.1.0 requires of each object that is written here
REQUIRED = {
    "sarifLog": {"version", "runs"},
    "run": {"tool"},
    "tool": {"driver"},
    "toolComponent": {"name"},
    "reportingDescriptor": {"id"},
    "result": {"message"},
    "suppression": {"kind"},
}
KNOWN = {
    "sarifLog": {"$schema", "version", "runs"},
    "run": {"tool", "columnKind", "results"},
    "toolComponent": {"name", "version", "rules"},
    "reportingDescriptor": {"id", "name", "shortDescription", "fullDescription", "defaultConfiguration"},
    "result": {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "suppressions"},
    "suppression": {"kind", "status", "justification"},
}


def objects(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every object of the document with the name of its definition in the schema."""
    (one,) = document["runs"]
    driver = one["tool"]["driver"]
    found = [("sarifLog", document), ("run", one), ("tool", one["tool"]), ("toolComponent", driver)]
    found += [("reportingDescriptor", rule) for rule in driver["rules"]]
    found += [("result", result) for result in one["results"]]
    return found + [("suppression", item) for result in one["results"] for item in result.get("suppressions", [])]


def test_sarif_has_what_its_schema_requires_and_nothing_that_it_does_not_know(run: Run, jobs: Path) -> None:
    found = objects(sarif(run, jobs))
    assert {name for name, _ in found} == REQUIRED.keys()
    assert [name for name, item in found if not REQUIRED[name] <= item.keys()] == []
    assert [(name, item.keys()) for name, item in found if name in KNOWN and not item.keys() <= KNOWN[name]] == []


def test_sarif_tells_places_rules_and_what_is_suppressed(run: Run, jobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(jobs.parent)
    document = sarif(run, jobs)
    assert document["version"] == "2.1.0"
    (one,) = document["runs"]
    counts, excepted = one["results"]
    place = counts["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "the%20shop/jobs.py"},
        "region": {"startLine": 6, "startColumn": 5},
    }
    assert one["tool"]["driver"]["rules"][counts["ruleIndex"]]["id"] == counts["ruleId"] == "AM901"
    assert counts["level"] == "error" and "suppressions" not in counts
    assert excepted["suppressions"][0]["justification"].endswith("by ines: 100% sure: it goes, soon")


def test_sarif_of_a_clean_application_has_a_run_without_results(run: Run, jobs: Path) -> None:
    (jobs / "jobs.py").write_text("", encoding="utf-8")
    (one,) = sarif(run, jobs)["runs"]
    assert one["results"] == []


def test_explain_knows_the_rule_and_scan_does_not(run: Run, jobs: Path) -> None:
    assert run("explain", "AM901").out.startswith("AM901 missed_await: ")
    assert run("explain", "missed_await").code == 0
    assert run("scan", jobs, "--select", "AM901").code == 2
