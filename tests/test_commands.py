"""What the documents tell people to type is there to be typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MAKE_COMMAND = re.compile(r"(?:^ {4}|`)make ([a-z][a-z-]*)", re.MULTILINE)
WORKBOOK_COMMAND = re.compile(r"(?:^ {4}|`)workbook ([a-z]+)", re.MULTILINE)
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")


def named(pattern: re.Pattern[str], *paths: Path) -> list[str]:
    """Every match of the pattern in the files, once each."""
    return sorted({match for path in paths for match in pattern.findall(path.read_text(encoding="utf-8"))})


def dry_run(*arguments: str, **variables: str) -> str:
    """What make would do, with the recipes' variables filled in; it runs nothing."""
    # A make above this one, as in `make test PY=python`, must not hand down its flags and variables.
    inherited = {"PATH": os.environ["PATH"]}
    command = [
        "make",
        "--dry-run",
        "--always-make",
        *arguments,
        *(f"{name}={value}" for name, value in variables.items()),
    ]
    return subprocess.run(command, cwd=ROOT, env=inherited, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("target", named(MAKE_COMMAND, *DOCUMENTS, ROOT / ".ci" / "run"))
def test_a_documented_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_two_commands_stand_in_the_first_screen() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:40])
    assert {"lab", "test"} <= set(MAKE_COMMAND.findall(first_screen))


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().splitlines()[-1] == "make test"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(document: Path) -> None:
    assert [link for link in named(LINK, document) if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("verb", named(WORKBOOK_COMMAND, *DOCUMENTS))
def test_a_documented_verb_exists(verb: str) -> None:
    result = subprocess.run([sys.executable, "-m", "helpers", verb, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert f"workbook {verb}" in result.stdout


def test_lab_and_test_install_what_is_missing() -> None:
    assert all("tools/install.sh" in dry_run(target) for target in ("lab", "test", "lint", "notebooks"))


def test_nothing_is_installed_into_an_environment_that_the_caller_names() -> None:
    assert not any("install" in dry_run(target, PY=sys.executable) for target in ("lab", "test", "lint", "notebooks"))


def test_lab_opens_the_first_notebook_on_this_machine_alone() -> None:
    command = dry_run("lab")
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in command
    assert "--ServerApp.ip=127.0.0.1" in command


def test_lab_takes_port_browser_and_further_flags() -> None:
    command = dry_run("lab", LAB_PORT="18888", LAB_BROWSER="no", LAB_FLAGS="--ServerApp.token=x")
    assert all(flag in command for flag in ("--ServerApp.port=18888", "--no-browser", "--ServerApp.token=x"))


def test_lab_opens_a_browser_unless_told_otherwise() -> None:
    assert "--no-browser" not in dry_run("lab")


@pytest.mark.parametrize("gate", ["ruff check", "ruff format --check", "mypy", "-m pytest", "--nbval ", "sanitize.cfg"])
def test_the_test_command_runs_every_gate(gate: str) -> None:
    assert gate in dry_run("test", NOTEBOOKS="notebooks/00_start_here.ipynb")
