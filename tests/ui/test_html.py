"""Pictures: what the HTML marks, and that the text form says the same."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.model import (
    Applicability,
    ChangeSet,
    CheckResult,
    Example,
    FileChange,
    Finding,
    Plan,
    Skipped,
    Stage,
    Step,
)
from helpers.ui import html, show
from helpers.ui.exercise import verdict
from helpers.ui.picture import Picture
from helpers.workbook import Workbook

BEFORE = "import os\n\n\ndef f(db):\n    return db.query(A).all()\n"
AFTER = "import os\n\n\ndef f(db):\n    return db.scalars(select(A)).all()\n"
FINDING = Finding("AM201", "a.py", 5, 12, "f", "becomes <select>", Applicability.SAFE)
EXAMPLE = Example("e", "def f(session): return 1\n", "def f(session): return 2\n", "f(session)")


class Page(HTMLParser):
    """Collects text by class and tag, and that what opens is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.open.append(".".join([tag, *(dict(attrs).get("class") or "").split()]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().split(".")[0] == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self.open), data))

    def inside(self, name: str) -> str:
        """All text in elements of that tag or class."""
        return "".join(text for path, text in self.texts if any(name in item.split(".") for item in path))


def change(before: str, after: str) -> FileChange:
    return FileChange("a.py", before.encode(), after.encode())


def test_a_plan_has_a_line_for_each_step_and_counts_what_is_left() -> None:
    slices = Step(6, Stage.SLICES, (), "routers/<a>.py", ("a.py:f", "a.py:g"), ("b.py:h",), (5,))
    picture = show(Plan((Step(5, Stage.IMPLICIT_IO, (), "no implicit IO"), slices), (FINDING,)))
    assert picture.text.splitlines() == [
        "2 steps, 1 place left with a reason",
        "step  stage        what            functions  bridges after",
        "5     implicit io  no implicit IO  0          0",
        "6     slices       routers/<a>.py  2          1",
    ]
    assert "routers/&lt;a&gt;.py" in picture.html


def test_the_lines_of_a_change_set_are_those_that_go_and_come() -> None:
    step = Step(1, Stage.QUERY, ())
    files = (change("-- a\nb\nc\n", "-- x\nb\n"), FileChange("new.py", None, b"d\ne\n"))
    assert ChangeSet(step, files, ()).lines == 5
    assert ChangeSet(step, (), ()).lines == 0


def test_a_changed_line_stands_on_both_sides_with_its_sign_and_marks() -> None:
    page = Page(html.file_change(change(BEFORE, AFTER)).html)
    assert page.inside("gone") == "-    return db.query(A).all()"
    assert page.inside("come") == "+    return db.scalars(select(A)).all()"
    assert page.inside("del").startswith("query")
    assert "select" in page.inside("ins")


def test_the_text_of_a_diff_is_the_unified_diff() -> None:
    shown = change(BEFORE, AFTER)
    assert html.file_change(shown).text == shown.diff().rstrip("\n")


def test_lines_far_from_a_change_are_counted_and_not_shown() -> None:
    many = "".join(f"x{number} = 0\n" for number in range(100))
    page = Page(html.file_change(change(many, many.replace("x50 = 0", "x50 = 1"))).html)
    assert page.inside("skip") == "⋯ 47 unchanged lines⋯ 46 unchanged lines"
    assert "x46 " not in page.inside("code")


def test_source_is_shown_as_text_and_never_as_markup() -> None:
    picture = html.file_change(change("a = '<b>&'\n", "a = '<script>'\n"))
    assert "<script>" not in picture.html
    assert "'<script>'" in Page(picture.html).inside("come")


TEXTS = st.lists(st.text("ab ()'\"#\t", max_size=8).map("{}\n".format), max_size=12).map("".join)


@given(TEXTS, TEXTS)
def test_both_sides_show_the_lines_of_the_unified_diff(before: str, after: str) -> None:
    page = Page(html.file_change(change(before, after)).html)
    assert page.open == []
    lines = change(before, after).diff().splitlines()[2:]
    for side, sign in (("gone", "-"), ("come", "+")):
        assert page.inside(side) == "".join(line for line in lines if line.startswith(sign))


@pytest.mark.parametrize(("before", "after"), [("a\n", "a"), ("a\r\n", "a\n")])
def test_a_change_of_line_ends_alone_is_said(before: str, after: str) -> None:
    assert "Only line endings differ" in html.file_change(change(before, after)).html


def test_a_file_with_a_byte_order_mark_shows_none() -> None:
    shown = FileChange("a.py", b"\xef\xbb\xbfa = 1\n", b"\xef\xbb\xbfa = 2\n")
    assert "\ufeff" not in html.file_change(shown).html


def test_a_change_set_without_changes_says_so_and_lists_what_it_left() -> None:
    left = ChangeSet(Step(1, Stage.QUERY, ()), (), (), (Skipped(FINDING, "reason <1>"),))
    picture = html.change_set(left)
    assert "Nothing to change." in picture.text
    assert "a.py:5:12  f   reason <1>" in picture.text
    assert "reason &lt;1&gt;" in picture.html


def test_a_change_set_that_left_nothing_does_not_speak_of_it() -> None:
    whole = ChangeSet(Step(1, Stage.QUERY, ()), (change(BEFORE, AFTER),), (FINDING,))
    assert "left as before" not in html.change_set(whole).text


def test_findings_are_a_table_with_their_count() -> None:
    picture = html.findings([FINDING])
    assert picture.text.splitlines() == [
        "1 finding",
        "place      in  trust  what",
        "a.py:5:12  f   safe   becomes <select>",
    ]
    assert "becomes &lt;select&gt;" in picture.html


def test_reasons_are_counted_with_the_names_in_them_left_out() -> None:
    left = [Skipped(FINDING, f"`{name}` is kept") for name in "ab"] + [Skipped(FINDING, "another")]
    assert html.reasons(left).text.splitlines() == [
        "3 places left as before",
        "places  reason         for example",
        "2       `...` is kept  f, a.py:5:12",
        "1       another        f, a.py:5:12",
    ]


def test_an_empty_table_is_its_headers() -> None:
    assert html.findings([]).text.splitlines() == ["0 findings", "place  in  trust  what"]


def test_a_comparison_names_sides_values_and_verdicts() -> None:
    found = Workbook.compare(EXAMPLE)
    page = Page(html.comparison(found).html)
    assert {"before", "after", "value", "SQL"} <= set(re.split(r"(before|after|value|SQL)", page.inside("th")))
    assert "≠ different" in page.inside("td")
    assert "= same" in page.inside("td")
    assert html.comparison(found).text == found.text()


def test_a_check_that_has_no_section_is_shown_when_it_found_something() -> None:
    found = Workbook.compare(EXAMPLE)
    assert "clauses lost" not in html.comparison(found).html
    lost = CheckResult("clauses lost", "", "different", "LIMIT")
    assert "LIMIT" in html.comparison(replace(found, checks=(*found.checks, lost))).html


def test_one_run_is_shown_without_a_verdict() -> None:
    seen = Workbook.compare(EXAMPLE).before
    assert html.observation(seen).text.splitlines()[:2] == ["value:", "  1"]
    assert "verdict" not in html.observation(seen).html


def test_differences_are_told_and_equal_sides_are_told_to_be_equal() -> None:
    same = Workbook.compare(replace(EXAMPLE, after=EXAMPLE.before))
    text = html.differences({"two": Workbook.compare(EXAMPLE), "one": same}).text
    assert re.search(r"^two  value +1 became 2$", text, re.MULTILINE)
    assert re.search(r"^one  nothing +both sides do the same$", text, re.MULTILINE)


@given(st.lists(st.tuples(st.text("xyz", min_size=1, max_size=5), st.integers(0, 10_000)), max_size=6))
def test_bars_keep_their_numbers_and_the_order_of_their_lengths(values: list[tuple[str, int]]) -> None:
    lines = html.bars(values, caption="c").text.splitlines()[1:]
    assert [int(line.split()[-1]) for line in lines] == [count for _, count in values]
    lengths = [line.count("#") for line in lines]
    assert sorted(lengths) == [length for _, length in sorted(zip((c for _, c in values), lengths, strict=True))]


def test_source_has_the_numbers_of_its_lines() -> None:
    assert html.source("a\n\nb", path="p.py", line=7).text == "p.py, from line 7\n   7  a\n   8\n   9  b"


def test_a_picture_brings_its_style_and_has_both_forms() -> None:
    bundle = Picture("<b>x</b>", "x")._repr_mimebundle_()
    assert bundle["text/plain"] == "x"
    assert "--jp-" in bundle["text/html"]


def test_the_style_names_no_colour_without_a_variable_of_the_theme() -> None:
    colours = re.findall(r"[^,(]#[0-9a-f]{3,8}", Picture("", "").page)
    assert colours == []


@pytest.mark.parametrize("item", [EXAMPLE, [FINDING], [Skipped(FINDING, "r")], "text", {}])
def test_whatever_the_workbook_answers_can_be_shown(item: object) -> None:
    assert show(item).text


@pytest.mark.parametrize("item", [1, None, [1, 2], [FINDING, 1]])
def test_what_has_no_picture_is_refused(item: object) -> None:
    with pytest.raises(TypeError, match="has"):
        show(item)


def test_a_verdict_is_a_status_with_hints_and_what_was_not_checked() -> None:
    exercise = Workbook.exercise("legacy_query")
    picture = verdict(Workbook.check(exercise, exercise.legacy))
    assert 'role="status"' in picture.html
    assert "✗ failed" in picture.text
    assert exercise.unchecked in picture.text
    assert "Hint: " in picture.text
