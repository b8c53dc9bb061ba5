"""Puts statements into a block of their own: a line before them, and each of their lines one step to the right."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from helpers.analysis.source import Source
from helpers.codemod.refused import Refused
from helpers.codemod.statements import indent, line_end, line_text
from helpers.model import Edit


def step(source: Source, node: ast.stmt) -> str:
    """One step of indentation, as around `node`."""
    return "\t" if margin(source, node).startswith("\t") else "    "


def margin(source: Source, node: ast.stmt) -> str:
    """The white space before a statement. Refused where it does not begin its line."""
    try:
        return indent(source, node)
    except ValueError as error:
        raise Refused("give the statement a line of its own") from error


def headed(source: Source, block: Sequence[ast.stmt], head: str) -> tuple[Edit, ...]:
    """The edits that put neighbouring statements below `head`: lines with steps of four blanks, the last the nearest.

    Refused where the statements share a line with others.
    """
    first = first_line(block[0], source)
    space = margin(source, block[0])
    at = line_end(source, first - 1)
    lines = "".join(f"{source.newline}{space}{line}" if line else source.newline for line in head.split("\n"))
    stop = block[-1].end_lineno or block[-1].lineno
    if _behind(source, block[-1]):
        raise Refused("give the statement a line of its own")
    one = step(source, block[0])
    last = head.split("\n")[-1]
    depth = (len(last) - len(last.lstrip())) // 4 + 1
    fixed = set(_inside_texts(source, block))
    moved = (
        Edit(source.lines[line - 1], source.lines[line - 1], one * depth)
        for line in range(first, stop + 1)
        if line not in fixed and source.text[source.lines[line - 1] : line_end(source, line)].strip()
    )
    return (Edit(at, at, lines.replace("    ", one) if one == "\t" else lines), *moved)


def footed(source: Source, last: ast.stmt, foot: str) -> Edit:
    """The edit that writes lines behind a statement, at the place where it began before it was moved."""
    space = margin(source, last)
    at = line_end(source, last.end_lineno or last.lineno)
    lines = (f"{space}{line}" if line else "" for line in foot.split("\n"))
    return Edit(at, at, "".join(source.newline + line for line in lines))


def first_line(node: ast.stmt, source: Source) -> int:
    """The line that a statement begins on with its decorators and the comments right above."""
    line: int = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
    while line > 1 and line_text(source, line - 1).strip().startswith("#"):
        line -= 1
    return line


def _behind(source: Source, node: ast.stmt) -> str:
    """What stands behind a statement on its last line, comments left out."""
    end = source.segment(node)[1]
    rest = source.text[end : line_end(source, node.end_lineno or node.lineno)].strip()
    return "" if rest.startswith("#") else rest


def _inside_texts(source: Source, block: Sequence[ast.stmt]) -> Iterator[int]:
    """The lines that begin inside a text of several lines, which would be another one when moved."""
    for statement in block:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Constant | ast.JoinedStr) or node.end_lineno == node.lineno:
                continue
            start, end = source.segment(node)
            written = source.text[start:end]
            if '"""' in written or "'''" in written or "\\" in written:
                yield from range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
