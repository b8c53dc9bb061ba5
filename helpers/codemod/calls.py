"""Adds one keyword argument to a call, in the layout that the call has."""

from __future__ import annotations

import ast
import re

from helpers.analysis.source import Source
from helpers.codemod.chains import significant
from helpers.model import Edit


def with_keyword(source: Source, call: ast.Call, keyword: str, *, width: int) -> tuple[Edit, ...]:
    """The edits that give `call` one more argument, `name=value`, behind those it has.

    A call that is written over several lines keeps its layout; one that grows beyond `width` is broken. Nothing else of
    the text changes, comments included.
    """
    closing = source.segment(call)[1] - 1
    arguments = [*call.args, *(item.value for item in call.keywords)]
    if not arguments:
        return (Edit(closing, closing, keyword),)
    last = max(source.segment(item)[1] for item in arguments)
    tail = list(significant(source.text, last, closing))
    ends = [at + 1 for char, at in tail if char == ")"]
    end, comma = (ends[-1] if ends else last), any(char == "," for char, _ in tail)
    if "\n" in source.text[last:closing] or "\r" in source.text[last:closing]:
        return _on_a_line_of_its_own(source, keyword, (end, closing), comma=comma)
    if comma:
        return (Edit(closing, closing, f" {keyword}"),)
    return _broken(source, call, keyword, width) or (Edit(end, end, f", {keyword}"),)


def _on_a_line_of_its_own(source: Source, keyword: str, span: tuple[int, int], *, comma: bool) -> tuple[Edit, ...]:
    """Behind the last argument, before the line on which the closing parenthesis stands."""
    end, closing = span
    line = source.lines[source.position(closing)[0] - 1]
    if source.text[line:closing].strip():  # something stands before the parenthesis: stay on its line
        return (Edit(closing, closing, f" {keyword}" if comma else f", {keyword}"),)
    indent = re.match(r"[ \t]*", source.text[source.lines[source.position(end - 1)[0] - 1] :])
    text = f"{indent[0] if indent else ''}{keyword},{source.newline}"
    return (Edit(line, line, text),) if comma else (Edit(end, end, ","), Edit(line, line, text))


def _broken(source: Source, call: ast.Call, keyword: str, width: int) -> tuple[Edit, ...]:
    """The call over several lines where its line would be too long; nothing where it fits or has comments."""
    start, stop = source.segment(call)
    line, _ = source.position(start)
    first = source.lines[line - 1]
    last = source.lines[line] if line < len(source.lines) else len(source.text)
    whole = source.text[first:last].rstrip("\r\n")
    opening = source.text.index("(", source.segment(call.func)[1])
    inside = source.text[opening + 1 : stop - 1]
    ends = source.text[stop:last].strip() in ("", ",", ":")  # inside another call it stays on its line
    if len(whole) + len(keyword) + 2 <= width or "#" in inside or source.position(stop)[0] != line or not ends:
        return ()
    indent = " " * (len(whole) - len(whole.lstrip()))
    step = f"{source.newline}{indent}    "
    if len(indent) + 4 + len(inside) + len(keyword) + 2 <= width:
        return (Edit(opening + 1, opening + 1, step), Edit(stop - 1, stop - 1, f", {keyword}{source.newline}{indent}"))
    parts: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    starts = sorted(source.segment(part)[0] for part in parts)
    if any(source.text[:at].rstrip().endswith("(") for at in starts[1:]):
        return ()
    edits = [Edit(opening + 1, opening + 1, step)]
    edits += [Edit(len(source.text[:at].rstrip()), at, step) for at in starts[1:]]
    return (*edits, Edit(stop - 1, stop - 1, f",{step}{keyword},{source.newline}{indent}"))
