"""Colour and progress are for terminals alone."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.status import Status

from helpers.cli import terminal

ROOT = Path(__file__).resolve().parents[2]
ESCAPE = "\x1b["


class Screen(io.StringIO):
    """A terminal to write on."""

    def isatty(self) -> bool:
        """It is."""
        return True


def on_a_terminal(*words: str | Path, **variables: str) -> str:
    """What the command line shows on a terminal of its own."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    plain = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    environment = plain | {"TERM": "xterm-256color"} | variables
    command = [sys.executable, "-m", "helpers", *map(str, words)]
    with subprocess.Popen(command, cwd=ROOT, stdout=theirs, stderr=subprocess.DEVNULL, env=environment):
        os.close(theirs)
        shown = b""
        while data := _read(ours):
            shown += data
    os.close(ours)
    return shown.decode()


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 1024)
    except OSError:  # Linux: the other side is closed
        return b""


def test_a_diff_is_coloured_on_a_terminal(application: Path) -> None:
    assert ESCAPE in on_a_terminal("diff", application)


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_is_shown_to_who_asks_for_none(application: Path, variables: dict[str, str]) -> None:
    shown = on_a_terminal("diff", application, **variables)
    assert "+++ b/shop/users.py" in shown
    assert ESCAPE not in shown


def test_json_is_never_coloured(application: Path) -> None:
    assert ESCAPE not in on_a_terminal("diff", application, "--json")


def test_a_redirected_diff_is_never_coloured(capfd: pytest.CaptureFixture[str]) -> None:
    terminal.tell_code("-x = 1\n+x = 2\n", "diff")
    assert capfd.readouterr().out == "-x = 1\n+x = 2\n"


def test_long_work_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = threading.Event()
    monkeypatch.setattr(terminal, "PATIENCE", 0)
    monkeypatch.setattr(sys, "stderr", Screen())
    monkeypatch.setattr(Status, "start", lambda status: shown.set())
    with terminal.working("scanning"):
        assert shown.wait(30)


def test_short_work_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(terminal, "PATIENCE", 3600)
    monkeypatch.setattr(sys, "stderr", screen)
    with terminal.working("scanning"):
        pass
    assert screen.getvalue() == ""


def test_no_work_is_shown_off_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(terminal, "PATIENCE", 0)
    with terminal.working("scanning"):
        pass
    assert capsys.readouterr() == ("", "")
