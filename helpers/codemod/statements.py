"""Places between statements: where a line ends, and where code may go before a statement and its comments."""

from __future__ import annotations

import ast

from helpers.analysis.source import Source


def line_end(source: Source, line: int) -> int:
    """The offset at which a line ends, its newline left out."""
    end = source.lines[line] if line < len(source.lines) else len(source.text)
    return source.lines[line - 1] + len(source.text[source.lines[line - 1] : end].rstrip("\r\n"))


def line_text(source: Source, line: int) -> str:
    """One line without its newline."""
    return source.text[source.lines[line - 1] : line_end(source, line)]


def before(source: Source, node: ast.stmt, at_least: int) -> int:
    """The end of the line behind which `node` begins with its own comments and blank lines; `at_least` is a line."""
    decorators = getattr(node, "decorator_list", [])
    line = min([node.lineno, *(one.lineno for one in decorators)]) - 1
    while line > at_least and _is_apart(line_text(source, line)):
        line -= 1
    return line_end(source, line)


def header_line(function: ast.FunctionDef | ast.AsyncFunctionDef, source: Source) -> int:
    """The last line of `def ...:`, before the body."""
    first = function.body[0]
    line = first.lineno - 1
    while line > function.lineno and _is_apart(line_text(source, line)):
        line -= 1
    return max(line, function.lineno)


def documented(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the body begins with a docstring."""
    return ast.get_docstring(function, clean=False) is not None


def indent(source: Source, node: ast.stmt) -> str:
    """The white space before a statement that begins its line; ValueError where something else stands there."""
    space = source.text[source.lines[node.lineno - 1] : source.segment(node)[0]]
    if space.strip():
        raise ValueError(f"line {node.lineno} has more than one statement")
    return space


def _is_apart(text: str) -> bool:
    return not text.strip() or text.lstrip().startswith("#")
