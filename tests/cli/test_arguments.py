"""Wrong usage: one line on stderr that says what is wrong and what to do, and exit code 2."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.cli.arguments import parse
from helpers.codemod.registry import all_patterns

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
Run = Callable[..., Any]
Read = Callable[[Path], dict[str, bytes]]


def assert_refused(outcome: Any, told: str) -> None:
    """Exit code 2, nothing on stdout, and one line that contains `told`."""
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert told in outcome.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "workbook: the following arguments are required: VERB; see workbook --help"),
        (["grow"], "invalid choice: 'grow'"),
        (["scan"], "workbook scan: the following arguments are required: PATH; see workbook scan --help"),
        (["scan", ""], "workbook scan: argument PATH: is empty; "),
        (["scan", ".", "--sel", "AM201"], "unrecognized arguments: --sel AM201"),
        (["scan", ".", "--select", ","], "argument --select: names no pattern"),
        (["explain"], "the following arguments are required: CODE"),
        (["diff", ".", "--files"], "argument --files: expected at least one argument"),
        (["apply", ".", "--all", "--select", "AM201"], "argument --select: not allowed with argument --all"),
    ],
)
def test_words_that_make_no_sense_are_told_in_one_line(run: Run, words: list[str], told: str) -> None:
    assert_refused(run(*words), told)


def test_apply_without_a_selection_says_what_to_pass(run: Run, application: Path, files: Read) -> None:
    before = files(application)
    assert_refused(run("apply", application), "nothing is selected; pass --step N")
    assert files(application) == before


@pytest.mark.parametrize("verb", ["scan", "diff", "apply"])
def test_an_unknown_pattern_is_answered_with_the_known_ones(run: Run, application: Path, verb: str) -> None:
    known = ", ".join(f"{pattern.NAME} ({pattern.CODE})" for pattern in all_patterns())
    told = f"legacy_qwery: is no pattern's name or code; choose from {known}"
    assert_refused(run(verb, application, "--select", "legacy_qwery"), told)


def test_an_unknown_pattern_beside_a_known_one_applies_neither(run: Run, application: Path, files: Read) -> None:
    before = files(application)
    assert_refused(run("apply", application, "--select", "legacy_query,nothing"), "nothing: is no pattern's")
    assert files(application) == before


@pytest.mark.parametrize("glob", ["nowhere.py", "/etc/*.py", "../*.py", "!", "", "./shop/users.py"])
def test_a_glob_that_matches_no_file_applies_nothing(run: Run, application: Path, files: Read, glob: str) -> None:
    before = files(application)
    refused = run("apply", application, "--all", "--files", "users.py", glob)
    assert_refused(refused, "matches no Python file of the application; ")
    assert files(application) == before


def test_a_glob_may_take_files_out_again(run: Run, application: Path) -> None:
    out = run("diff", application, "--files", "shop/", "!users.py").out
    assert "shop/admin.py:" in out
    assert "shop/users.py:" not in out


@pytest.mark.parametrize("verb", ["scan", "diff", "undo"])
def test_a_path_that_does_not_exist_is_named(run: Run, tmp_path: Path, verb: str) -> None:
    missing = tmp_path / "missing"
    assert_refused(run(verb, missing), f"{missing}: does not exist; name the folder of the application\n")


def test_a_path_that_is_a_file_is_named(run: Run, application: Path) -> None:
    path = application / "shop" / "users.py"
    assert_refused(run("scan", path), f"{path}: is not a folder; name the folder of the application\n")


@pytest.mark.parametrize("verb", ["scan", "diff", "apply", "undo", "explain"])
def test_every_option_is_documented(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([verb, "--help"])
    offered = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert offered - set(re.findall(r"--[a-z-]+", DOCUMENT.read_text(encoding="utf-8"))) == set()


@pytest.mark.parametrize("words", [["--help"], ["apply", "--help"], ["--version"]])
def test_help_and_version_go_to_stdout_and_are_no_failure(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse(words)
    out, err = capsys.readouterr()
    assert (left.value.code, err) == (0, "")
    assert "workbook" in out
