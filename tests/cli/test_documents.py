"""What `--json` prints is what docs/workbook.schema.json describes, and nothing besides stands on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

Run = Callable[..., Any]
SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "workbook.schema.json").read_text("utf-8"))


def read(out: str) -> dict[str, Any]:
    """The one document on stdout, held against the schema."""
    document = json.loads(out)
    Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(document)
    assert isinstance(document, dict)
    return document


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["scan", "ROOT"], 1),
        (["scan", "ROOT", "--select", "AM101"], 0),
        (["plan", "ROOT"], 0),
        (["diff", "ROOT"], 1),
        (["diff", "ROOT", "--step", "1"], 1),
        (["diff", "ROOT", "--select", "AM001"], 0),
        (["apply", "ROOT", "--all"], 0),
        (["apply", "ROOT", "--step", "1"], 0),
        (["apply", "ROOT", "--select", "AM001"], 0),
        (["undo", "ROOT", "--all"], 0),
        (["explain", "legacy_query"], 0),
        (["explain", "AM001"], 0),
    ],
)
def test_every_verb_prints_a_document_of_the_schema(
    run: Run, application: Path, words: Sequence[str], code: int
) -> None:
    outcome = run(*(word.replace("ROOT", str(application)) for word in words), "--json")
    assert (outcome.code, read(outcome.out)["command"]) == (code, words[0])


def test_trace_prints_a_document_of_the_schema(run: Run, lazy: Path) -> None:
    outcome = run("trace", lazy, "--json", "--", sys.executable, "app.py")
    document = read(outcome.out)
    assert (outcome.code, document["command"], document["run"]["command"]) == (0, "trace", [sys.executable, "app.py"])
    assert [len(document[name]) for name in ("lazy_loads", "refreshes", "io_functions", "on_loop")] == [1, 1, 1, 7]


def test_scan_tells_the_places_that_its_lines_tell(run: Run, application: Path) -> None:
    found = read(run("scan", application, "--select", "legacy_query", "--json").out)["findings"]
    lines = [
        f"{item['path']}:{item['line']}:{item['column']} {item['code']} {item['symbol']} {item['applicability']}"
        f" {item['message']}"
        for item in found
    ]
    assert lines == run("scan", application, "--select", "legacy_query").out.splitlines()
    assert [item["fixable"] for item in found] == [True, True, False]


def test_diff_and_apply_tell_the_same_but_for_the_entry(run: Run, application: Path) -> None:
    wanted = read(run("diff", application, "--json").out)
    done = read(run("apply", application, "--all", "--json").out)
    assert wanted.pop("entry") is None
    assert [item["path"] for item in done.pop("entry")["files"]] == ["shop/admin.py", "shop/users.py"]
    assert wanted | {"command": "apply"} == done
    assert done["refused"][0]["reason"] == done["refused"][0]["message"]


def test_undo_tells_the_entry_that_apply_told(run: Run, application: Path) -> None:
    entry = read(run("apply", application, "--all", "--json").out)["entry"]
    assert read(run("undo", application, "--json").out)["entries"] == [entry]


def test_a_refused_command_prints_no_document(run: Run, application: Path) -> None:
    assert run("undo", application, "--json")[:2] == (1, "")


@pytest.mark.parametrize("change", [{"version": 2}, {"command": "audit"}, {"findings": [{}]}, {"extra": 1}])
def test_the_schema_refuses_another_document(run: Run, application: Path, change: dict[str, Any]) -> None:
    document = read(run("scan", application, "--json").out)
    with pytest.raises(ValidationError):
        read(json.dumps(document | change))
