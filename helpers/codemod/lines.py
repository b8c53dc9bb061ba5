"""Writes a statement on a line of its own, before or behind another."""

from __future__ import annotations

import ast

from helpers.analysis.source import Source
from helpers.model import Edit


def line_before(source: Source, statement: ast.stmt, text: str) -> Edit | None:
    """The edit that puts `text` on its own line in front of a statement; None where that begins in mid-line."""
    first = min([statement, *getattr(statement, "decorator_list", [])], key=lambda item: item.lineno)
    start = source.segment(first)[0] - (1 if first is not statement else 0)
    line = source.lines[source.position(start)[0] - 1]
    indent = source.text[line:start]
    return None if indent.strip() else Edit(start, start, f"{_lines(source, text, indent)}{source.newline}{indent}")


def line_behind(source: Source, statement: ast.stmt, text: str) -> Edit | None:
    """The same behind a statement, with its indentation; None where something else stands on one of its lines."""
    start, end = source.segment(statement)
    line, _ = source.position(start)
    last, _ = source.position(end)
    indent = source.text[source.lines[line - 1] : start]
    stop = source.lines[last] if last < len(source.lines) else len(source.text)
    rest = source.text[end:stop]
    if indent.strip() or (rest.strip() and not rest.strip().startswith("#")):
        return None
    at = end + len(rest.rstrip("\r\n"))
    return Edit(at, at, f"{source.newline}{indent}{_lines(source, text, indent)}")


def _lines(source: Source, text: str, indent: str) -> str:
    """A text of several lines with the margin of the place it goes to."""
    return text.replace("\n", f"{source.newline}{indent}")
