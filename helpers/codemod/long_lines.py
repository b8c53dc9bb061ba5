"""Lines that a rewrite made longer than the application allows, wrapped the way a formatter wraps them."""

from __future__ import annotations

import ast
import difflib
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from ruff import find_ruff_bin  # type: ignore[import-untyped]

_NOTHING = frozenset({tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE})
_HALVES = {
    **dict.fromkeys(("elif", "else"), "if _:\n    pass\n"),
    **dict.fromkeys(("except", "finally"), "try:\n    pass\n"),
}
# what a comment says to a tool it says of its own line
_TO_TOOLS = ("noqa", "type:", "fmt:", "pylint:", "pyright:", "pragma:", "nosec", "isort:", "ruff:", "mypy:", "yapf:")
_TEMPORARY = ("run_sync(lambda", "AsyncFace(")  # a bridge and what runs over the face: a later step takes them down
_ALIKE = 0.6
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


@dataclass(frozen=True)
class Style:
    """What decides how lines are wrapped: the width, and the oldest Python that has to read them."""

    width: int
    python: tuple[int, int] | None = None


@dataclass(frozen=True)
class _Logical:
    """A statement, or the head of one that has a body: its first and last line (from 0), and its first word."""

    first: int
    last: int
    word: str
    opens: bool


def wrap_long(before: str, after: str, style: Style) -> str:
    """`after`, where statements with lines that `before` did not have, and that are too long, are wrapped.

    What was too long before stays, as does what a comment tells a tool about, and what no formatter can make shorter.
    """
    new = _too_long(before, after, style.width)
    if not new or "fmt: off" in after:
        return after
    lines = _LINE.findall(after)
    try:
        found = [one for one in _logical(after) if new & set(range(one.first, one.last + 1))]
    except (tokenize.TokenError, SyntaxError):
        return after
    for one in reversed(found):
        written = _wrapped([line.rstrip("\r\n") for line in lines[one.first : one.last + 1]], one, style)
        if written is not None:
            end = lines[one.last][len(lines[one.last].rstrip("\r\n")) :]
            lines[one.first : one.last + 1] = [(end or "\n").join(written) + end]
    return "".join(lines)


def _too_long(before: str, after: str, width: int) -> set[int]:
    """The lines of `after`, from 0, that are too long, and none of `before` was where they come from."""
    old, lines = ([line.rstrip("\r\n") for line in _LINE.findall(text)] for text in (before, after))
    known = set(old)
    new = {number for number, line in enumerate(lines) if len(line) > width and line not in known}
    if not new:
        return new
    kept = set(lines)
    were = [line.strip() for line in old if len(line) > width and line not in kept]
    return {number for number in new if not difflib.get_close_matches(lines[number].strip(), were, 1, _ALIKE)}


def _logical(text: str) -> Iterator[_Logical]:
    first: tokenize.TokenInfo | None = None
    last: tokenize.TokenInfo | None = None
    for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
        if token.type == tokenize.NEWLINE and first is not None and last is not None:
            yield _Logical(first.start[0] - 1, last.end[0] - 1, first.string, last.string == ":")
            first = None
        elif token.type not in _NOTHING:
            first, last = first or token, token


def _wrapped(lines: list[str], one: _Logical, style: Style) -> list[str] | None:
    """The lines of a statement as a formatter writes them; None where that helps nothing, or is not safe."""
    indent = len(lines[0]) - len(lines[0].lstrip(" "))
    text = "\n".join(line[min(indent, len(line) - len(line.lstrip(" "))) :] for line in lines)
    if _is_fixed(text):
        return None
    above = _HALVES.get(one.word, "")
    below = "\ndef _(): ...\n" if one.word == "@" else "\n    pass\n" if one.opens else "\n"
    written = _formatted(f"{above}{text}{below}", style.width - indent, style.python)
    if written is None or not _same(f"{above}{text}{below}", written):
        return None
    found = written.splitlines()[above.count("\n") : -1 if below.strip() else None]
    found = [" " * indent + line if line else line for line in found]
    return found if _excess(found, style.width) < _excess(lines, style.width) else None


def _is_fixed(text: str) -> bool:
    """Whether a statement stays as it is: a comment speaks to a tool, a later step takes it down, or it cannot move."""
    to_tools = "#" in text and any(mark in text for mark in _TO_TOOLS)
    over_lines = any(mark in text for mark in ('"""', "'''", "\\\n", "\t"))
    return to_tools or over_lines or any(mark in text for mark in _TEMPORARY)


def _excess(lines: list[str], width: int) -> int:
    return sum(max(len(line) - width, 0) for line in lines)


@cache
def _formatted(text: str, width: int, python: tuple[int, int] | None) -> str | None:
    """One statement as ruff formats it, its quotes as they are; None where it is none."""
    minor = min(max(python[1], 7), 13) if python and python[0] == 3 else 8
    settings = ["--isolated", "--line-length", str(max(width, 1)), "--config", 'format.quote-style="preserve"']
    command = [find_ruff_bin(), "format", *settings, "--target-version", f"py3{minor}", "-"]
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    except OSError:
        return None  # the lines stay long
    return done.stdout if done.returncode == 0 else None


def _same(before: str, after: str) -> bool:
    """Whether two texts are the same code with the same comments."""
    return ast.dump(ast.parse(before)) == ast.dump(ast.parse(after)) and _comments(before) == _comments(after)


def _comments(text: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]
