"""Coloured lines lose no character, and marks fall on what changed."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.ui.code import changed_spans, coloured, markup

LINES = st.text("ab1 ().,'\"#\t", max_size=30)


@given(st.lists(LINES, min_size=1).map("\n".join))
def test_coloured_lines_are_the_text(text: str) -> None:
    assert ["".join(part for _, part in line) for line in coloured(text)] == text.split("\n")


@given(LINES, LINES)
def test_outside_the_marks_two_lines_are_equal(before: str, after: str) -> None:
    spans = changed_spans(before, after)
    if any(spans):
        rest = [_without(text, marks) for text, marks in zip((before, after), spans, strict=True)]
        assert rest[0] == rest[1]


@given(LINES, LINES)
def test_markup_keeps_the_line_and_marks_just_the_spans(before: str, after: str) -> None:
    for text, marks in zip((before, after), changed_spans(before, after), strict=True):
        page = markup(coloured(text)[0], marks, "ins")
        assert unescape(re.sub(r"<[^>]*>", "", page)) == text
        marked = "".join(re.findall(r"<ins>(.*?)</ins>", page))
        assert unescape(re.sub(r"<[^>]*>", "", marked)) == "".join(text[start:end] for start, end in marks)


@pytest.mark.parametrize(("before", "after"), [("same", "same"), ("one", "(2, 3, 4)"), ("", "x")])
def test_equal_lines_and_lines_that_share_nothing_have_no_marks(before: str, after: str) -> None:
    assert changed_spans(before, after) == ([], [])


@pytest.mark.parametrize(
    ("text", "style"),
    [("def f(): pass", "tk"), ("'text'", "ts"), ("# remark", "tc"), ("x = 12", "tn"), ("def f(): pass", "td")],
)
def test_words_get_the_colour_of_their_kind(text: str, style: str) -> None:
    assert f'class="{style}"' in markup(coloured(text)[0])


def _without(text: str, marks: list[tuple[int, int]]) -> str:
    return "".join(c for i, c in enumerate(text) if not any(start <= i < end for start, end in marks))
