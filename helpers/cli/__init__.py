"""The command line: `workbook scan | diff | apply | undo | trace | audit | explain`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.cli.arguments import parse
from helpers.cli.terminal import failure, say
from helpers.errors import UsageError, WorkbookError

__all__ = ["main"]

_USAGE, _BROKEN_PIPE, _INTERRUPTED = 2, 141, 130  # the latter two as shells report the signals
_NOT_DONE = {"apply": 1, "undo": 1, "trace": 1}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the words after the program's name ask (those of the process for None) and return the exit code.

    What goes wrong is told in one line on stderr; WORKBOOK_TRACEBACK=1 lets an error of the workbook itself through.
    """
    _make_streams_safe()
    verb = ""
    try:
        asked = parse(arguments)
        verb = asked.verb
        from helpers.cli.verbs import VERBS  # the engine takes a moment to import, and may be interrupted at that, too

        code = VERBS[verb](asked)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()
        return _BROKEN_PIPE
    except KeyboardInterrupt:
        say("workbook: interrupted")
        return _INTERRUPTED
    except Exception as error:
        if os.environ.get("WORKBOOK_TRACEBACK") and not isinstance(error, WorkbookError):
            raise
        _settle_stdout()
        say(failure(error))
        return _USAGE if isinstance(error, UsageError) else _NOT_DONE.get(verb, _USAGE)
    return code


def _make_streams_safe() -> None:
    """Give a process without stdout or stderr somewhere to write, and spell out what a stream's encoding lacks."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - it lives as long as the process
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def _settle_stdout() -> None:
    """Where it was stdout that failed, keep it from failing again on the way out."""
    try:
        sys.stdout.flush()
    except OSError:
        _drop_stdout()


def _drop_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
