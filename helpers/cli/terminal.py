"""Where output goes: data to stdout, everything else to stderr, colour and progress only on a terminal."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from helpers.errors import WorkbookError

PATIENCE = 1.0
"""Seconds that work may take before a terminal shows that it goes on."""


def say(text: str) -> None:
    """A line for the reader, on stderr."""
    print(text, file=sys.stderr)


def tell(text: str) -> None:
    """A line of data, on stdout."""
    print(text)


def tell_code(text: str, language: str) -> None:
    """Code or a diff on stdout, highlighted on a terminal; `language` is a name that Pygments knows."""
    if _coloured(sys.stdout):
        from pygments import highlight
        from pygments.formatters import TerminalFormatter
        from pygments.lexers import get_lexer_by_name

        text = highlight(text, get_lexer_by_name(language, stripnl=False), TerminalFormatter())
    tell(text.removesuffix("\n"))


def tell_bytes(data: bytes) -> None:
    """Bytes to stdout as they are, after what was told before."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)


def printable(text: str) -> str:
    """One line, whatever a file name or a literal in the code holds: what would move the cursor is spelt out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def failure(error: Exception) -> str:
    """What went wrong, in one line: place, fact, remedy."""
    if isinstance(error, WorkbookError):
        return printable(str(error))
    if isinstance(error, OSError):
        return printable(f"{error.filename or 'workbook'}: {error.strerror or error}; mend that and try again")
    fact = f"an error of the workbook itself ({type(error).__name__}: {error})"
    return printable(f"workbook: {fact}; set WORKBOOK_TRACEBACK=1 and report what it shows")


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that `what` goes on, once it has taken longer than a moment."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    status = Console(stderr=True).status(what)
    timer = threading.Timer(PATIENCE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def coloured() -> bool:
    """Whether stdout is a terminal that shows colours, and nobody asked for none."""
    return _coloured(sys.stdout)


def _coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
