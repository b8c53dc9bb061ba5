"""What reaches a person when the streams or the workbook itself give way: never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from helpers.cli.verbs import VERBS

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Any]


def raising(error: BaseException) -> Callable[[object], int]:
    """A verb that fails with `error`."""

    def verb(asked: object) -> int:
        raise error

    return verb


def start(*words: str | Path, **options: Any) -> subprocess.Popen[str]:
    """The command line, running."""
    return subprocess.Popen(
        [sys.executable, "-m", "helpers", *map(str, words)], cwd=ROOT, stderr=subprocess.PIPE, text=True, **options
    )


@pytest.mark.parametrize(("verb", "code"), [("scan", 2), ("diff", 2), ("apply", 1), ("undo", 1), ("explain", 2)])
def test_an_error_of_the_workbook_itself_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, verb: str, code: int
) -> None:
    monkeypatch.delenv("WORKBOOK_TRACEBACK", raising=False)
    monkeypatch.setitem(VERBS, verb, raising(ZeroDivisionError("so\nthere")))
    outcome = run(verb, ".")
    assert (outcome.code, outcome.out) == (code, "")
    told = "workbook: an error of the workbook itself (ZeroDivisionError: so\\nthere); set WORKBOOK_TRACEBACK=1 and "
    assert outcome.err == f"{told}report what it shows\n"


def test_an_error_of_the_workbook_itself_passes_when_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBOOK_TRACEBACK", "1")
    monkeypatch.setitem(VERBS, "scan", raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        run("scan", ".")


def test_an_interrupt_returns_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERBS, "scan", raising(KeyboardInterrupt()))
    assert run("scan", ".") == (130, "", "workbook: interrupted\n")


def test_a_folder_that_may_not_be_read_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERBS, "scan", raising(PermissionError(13, "Permission denied", "shop")))
    assert run("scan", ".") == (2, "", "shop: Permission denied; mend that and try again\n")


@pytest.mark.parametrize("words", [["scan"], ["diff"], ["scan", "--json"]])
def test_a_reader_that_goes_away_is_no_error(application: Path, words: Sequence[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with start(words[0], application, *words[1:], stdout=writing) as process:
        os.close(writing)
        _, err = process.communicate()
    assert process.returncode == 141
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_stdout_is_told_once(application: Path) -> None:
    with Path("/dev/full").open("w") as full, start("scan", application, stdout=full) as process:
        _, err = process.communicate()
    assert process.returncode == 2
    assert err.splitlines()[-1] == "workbook: No space left on device; mend that and try again"
    assert "Traceback" not in err


def test_a_process_without_stdout_still_returns_its_code(application: Path) -> None:
    command = f"'{sys.executable}' -m helpers scan '{application}' >&-"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_a_stream_that_knows_only_ascii_gets_the_rest_spelt_out(application: Path) -> None:
    (application / "shop" / "ü.py").write_text("def broken(:\n")
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    with start("scan", application, stdout=subprocess.PIPE, env=environment) as process:
        out, err = process.communicate()
    assert process.returncode == 1
    assert "shop/\\xfc.py:1:12 AM001" in out
    assert "Traceback" not in err


def test_data_is_on_stdout_and_the_count_on_stderr(run_process: Run, application: Path) -> None:
    code, out, err = run_process("scan", application, "--select", "legacy_query")
    assert (code, len(out.splitlines()), err) == (1, 3, "3 findings: 2 safe, 0 review, 1 manual\n")
