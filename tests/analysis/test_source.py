"""Offsets, encodings and refusals of a single file."""

from __future__ import annotations

import ast
import codecs
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.analysis.source import Source, parse_source, read_source
from helpers.errors import SourceError

WIDE = "a é 漢 😀 \N{LINE SEPARATOR} \x0c\x1c\x85 \t"
NEWLINES = st.sampled_from(["\n", "\r\n", "\r"])
STATEMENTS = st.sampled_from(
    [
        f"name = '{WIDE}', tail('{WIDE}', [名, é])",
        "\fformfeed = 'before the line'",
        "called(first.filter('ß').all(), second)  # 漢\fcomment",
        "if é:\n\tindented = 'by a tab', é\n\tagain = '\x0c', é",
        "text = '''wide 漢\n\x1c second 😀\n''', after",
        "joined = (one +\n    二\n  + three)",
        "back = slash + \\\n  é",
        "",
    ]
)
PROGRAMS = st.lists(st.tuples(STATEMENTS, NEWLINES), max_size=8)


def render(program: list[tuple[str, str]]) -> str:
    return "".join(statement.replace("\n", newline) + newline for statement, newline in program)


def parsed(text: str) -> Source:
    return parse_source("app.py", text.encode())


def located(source: Source) -> list[ast.expr]:
    """The expressions that are read; what is assigned to parses as such only in its statement."""
    expressions = (node for node in ast.walk(source.tree) if isinstance(node, ast.expr))
    return [node for node in expressions if not isinstance(getattr(node, "ctx", None), ast.Store)]


def refusal(data: bytes) -> str:
    with pytest.raises(SourceError) as caught:
        parse_source("app.py", data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@given(PROGRAMS)
def test_every_segment_parses_to_the_node_it_was_taken_for(program: list[tuple[str, str]]) -> None:
    source = parsed(render(program))
    for node in located(source):
        start, end = source.segment(node)
        again = ast.parse(f"({source.text[start:end]}\n)", mode="eval").body
        assert ast.dump(again) == ast.dump(node)
        assert source.exact(node)


@given(PROGRAMS)
def test_offset_and_position_are_each_others_inverse(program: list[tuple[str, str]]) -> None:
    source = parsed(render(program))
    for offset in range(len(source.text) + 1):
        line, column = source.position(offset)
        before = source.text[source.lines[line - 1] : offset]
        assert column == len(before) + 1
        assert source.offset(line, len(before.encode())) == offset


@given(PROGRAMS, st.sampled_from([b"", codecs.BOM_UTF8]))
def test_bytes_come_back_as_they_were(program: list[tuple[str, str]], bom: bytes) -> None:
    data = bom + render(program).encode()
    source = parse_source("app.py", data)
    assert source.encode(source.text) == data
    assert source.bom == bom


@given(st.text(st.characters(codec="shift_jis", exclude_characters="'\\\r\n\0~‾¥")))
def test_a_cookie_decides_the_encoding_both_ways(value: str) -> None:
    data = f"# -*- coding: shift_jis -*-\nvalue = '{value}'\n".encode("shift_jis")
    source = parse_source("app.py", data)
    assert source.text.splitlines()[0].endswith("-*-")
    assert ast.literal_eval(source.tree.body[0].value) == value  # type: ignore[attr-defined]
    assert source.encode(source.text) == data


def test_a_cookie_counts_after_a_lone_carriage_return() -> None:
    source = parse_source("app.py", b"#!/usr/bin/python\r# coding: latin-1\rname = '\xe9'\r")
    assert (source.encoding, source.newline, source.text[-3:]) == ("iso-8859-1", "\r", "é'\r")


def test_the_cookie_line_itself_may_hold_bytes_of_its_encoding() -> None:
    assert parse_source("app.py", b"# coding: latin-1, caf\xe9\n").text.endswith("café\n")


def test_a_cookie_on_the_third_line_is_a_comment() -> None:
    assert parse_source("app.py", b"#\n#\n# coding: latin-1\n").encoding == "utf-8"


def test_a_cookie_after_code_is_a_comment() -> None:
    assert parse_source("app.py", b"import os\n# coding: latin-1\n").encoding == "utf-8"


def test_an_empty_file_is_a_source_without_statements() -> None:
    source = parse_source("app.py", b"")
    assert (source.text, source.tree.body, source.newline, source.lines) == ("", [], "\n", (0,))


def test_a_bom_is_not_part_of_the_text() -> None:
    source = parse_source("app.py", codecs.BOM_UTF8 + b"name\r\n")
    assert source.text == "name\r\n"
    assert source.segment(source.tree.body[0]) == (0, 4)


def test_the_dominant_newline_is_the_most_frequent() -> None:
    assert parsed("a\nb\r\nc\r\n").newline == "\r\n"
    assert parsed("a\nb\r\n").newline == "\n"


def test_an_invalid_escape_in_the_application_warns_nobody() -> None:
    assert parsed("pattern = '\\d'\n").text == "pattern = '\\d'\n"


def test_a_node_of_another_file_is_not_exact() -> None:
    node = located(parsed("first.all()\n"))[0]
    assert not parsed("other.one()\n").exact(node)
    assert not parsed("").exact(node)


@pytest.mark.parametrize("line", [0, 3])
def test_a_line_outside_the_file_has_no_offset(line: int) -> None:
    with pytest.raises(ValueError, match="has no line"):
        parsed("first\n").offset(line, 0)


def test_a_character_that_the_encoding_lacks_is_refused_with_its_line() -> None:
    source = parse_source("app.py", b"# coding: latin-1\r\nname = 1\r\n")
    with pytest.raises(SourceError, match=r"app\.py:3:1: '\\u6f22' does not exist in the file's encoding iso-8859-1"):
        source.encode(source.text + "漢")


@pytest.mark.parametrize(
    ("data", "fact"),
    [
        (b"name = 1\nname = '\xe9'\n", "app.py:2:1: byte 0xe9 is not utf-8"),
        (b"# coding: klingon\n", "app.py:1:1: has no usable encoding (unknown encoding: klingon)"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", "app.py:1:1: has no usable encoding"),
        (codecs.BOM_UTF16_LE + "name = 1\n".encode("utf-16-le"), "app.py:1:1: byte 0xff is not utf-8"),
        (b"# coding: rot13\nanzr = 1\n", "app.py:1:1: cannot be written back as rot13"),
        (b"# coding: utf-7\nname = '+AOk-'\n", "app.py:1:1: cannot be written back as utf-7"),
        (b"name = 1\rname = (\r", "app.py:2:8: does not parse under Python 3."),
        (b"if name:\n\tfirst\n        second\n", "app.py:3:"),
        (b"first\n\x00\n", "app.py:2:1: does not parse under Python 3."),
        (b"-" * 200_000 + b"1", "nested too deeply"),
        (b"a" + b"+a" * 100_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(data: bytes, fact: str) -> None:
    assert fact in refusal(data)


def test_a_file_of_the_tree_is_read(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "views.py").write_bytes(b"name = 1\r\n")
    assert read_source(tmp_path, "api/views.py").data == b"name = 1\r\n"


def test_a_link_inside_the_tree_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_bytes(b"name = 1\n")
    (tmp_path / "link.py").symlink_to("real.py")
    assert read_source(tmp_path, "link.py").text == "name = 1\n"


def test_a_link_out_of_the_tree_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_bytes(b"name = 1\n")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "link.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(SourceError, match=r"^link\.py: leads out of the tree; open the folder"):
        read_source(tmp_path / "app", "link.py")


def test_a_path_that_climbs_out_of_the_tree_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_bytes(b"name = 1\n")
    (tmp_path / "app").mkdir()
    with pytest.raises(SourceError, match="leads out of the tree"):
        read_source(tmp_path / "app", "../outside.py")


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.py").symlink_to("loop.py")
    with pytest.raises(SourceError, match=r"^loop\.py: cannot be read"):
        read_source(tmp_path, "loop.py")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(SourceError, match="not a regular file"):
        read_source(tmp_path, "pipe.py")


def test_a_file_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.py").write_bytes(b"name = 1\n")

    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(SourceError, match=r"^secret\.py: cannot be read \(Permission denied\); mend"):
        read_source(tmp_path, "secret.py")
