"""Python source as HTML: syntax colour by Pygments, and marks on the characters that changed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType, is_token_subtype

Span = tuple[int, int]
"""Characters [start, end) of one line."""
Run = tuple[str, str]
"""A class of the style, or nothing, and a piece of text without line breaks."""

_CLASSES = (
    (Comment, "tc"),
    (Keyword, "tk"),
    (Operator.Word, "tk"),
    (String, "ts"),
    (Number, "tn"),
    (Name.Function, "td"),
    (Name.Class, "td"),
)
_WORDS = re.compile(r"\w+|\s+|.")


def coloured(text: str) -> list[list[Run]]:
    """The lines of a Python text as runs of one colour; joined, the runs of a line are the line."""
    lines: list[list[Run]] = [[]]
    for kind, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        first, *others = value.split("\n")
        lines[-1].append((_class_of(kind), first))
        lines += [[(_class_of(kind), part)] for part in others]
    return lines


def _class_of(kind: _TokenType) -> str:
    return next((name for parent, name in _CLASSES if is_token_subtype(kind, parent)), "")


def markup(runs: Iterable[Run], marks: Sequence[Span] = (), tag: str = "") -> str:
    """One line as HTML; the characters in `marks` stand in elements called `tag` (ins or del)."""
    inside, pieces, position = False, [], 0
    edges = {edge for span in marks for edge in span}
    for name, text in runs:
        for part in _cut(text, position, edges):
            marked = any(start <= position < end for start, end in marks)
            if marked != inside:
                pieces.append(f"<{tag}>" if marked else f"</{tag}>")
                inside = marked
            pieces.append(f'<span class="{name}">{escape(part)}</span>' if name and part.strip() else escape(part))
            position += len(part)
    return "".join(pieces) + (f"</{tag}>" if inside else "")


def _cut(text: str, start: int, edges: set[int]) -> Iterator[str]:
    """The text in pieces that have no edge inside them; `start` is its position in the line."""
    last = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or start + index in edges:
            yield text[last:index]
            last = index


def changed_spans(before: str, after: str) -> tuple[list[Span], list[Span]]:
    """Which characters of two lines differ, word by word; nothing for lines that share too little to compare."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.3:
        return [], []
    spans: tuple[list[Span], list[Span]] = [], []
    for operation, i, j, m, n in matcher.get_opcodes():
        if operation != "equal":
            spans[0].append(_span(old, i, j))
            spans[1].append(_span(new, m, n))
    return [x for x in spans[0] if x[0] < x[1]], [x for x in spans[1] if x[0] < x[1]]


def _span(words: Sequence[str], first: int, last: int) -> Span:
    start = sum(map(len, words[:first]))
    return start, start + sum(map(len, words[first:last]))
