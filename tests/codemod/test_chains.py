"""Chains of calls are read with the offsets of every part, whatever stands between the links."""

from __future__ import annotations

import ast
from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.analysis.nodes import read_nodes
from helpers.analysis.source import Source, parse_source
from helpers.codemod.chains import Chain, read_chain, significant

# what may stand between two tokens inside parentheses
GAPS = st.sampled_from(
    ["", " ", "\n    ", "\r\n", "\t", "\\\n", " \\\r\n  ", "# é 漢 .all() (\n", "  # ')' \"\n\n", "\x0c", "#\r"]
)
RECEIVERS = [
    "db",
    "self.db",
    "é.名",
    "f('漢.query(', [1])",
    "(db)",
    "((self\n.db))",
    "db['query(']",
    "(yield)",
    "'ß'.x",
]
ARGUMENTS = st.sampled_from(
    ["", "User", "'.filter('", "é == '漢😀'", "User.id, x=1", "*a, **b", "q(')').all()", "f'{a}(.)'", "lambda: (1, )"]
)
NAMES = st.sampled_from(["filter", "é", "all", "_", "名前"])
LINKS = st.tuples(GAPS, GAPS, NAMES, GAPS, GAPS, ARGUMENTS, GAPS)
AROUND = st.sampled_from(
    ["({})", "x = ({})", "g(1, {}, z)", "[{}]", "é = '漢'; y = (  {}\n)", "def f():\n    return ({})"]
)


def read(text: str, last: Collection[str] = ()) -> tuple[Source, Chain | None]:
    source = parse_source("app.py", text.encode())
    nodes = read_nodes(source.tree)
    heads = [node for node in nodes.of(ast.Call) if isinstance(node.func, ast.Attribute) and node.func.attr == "query"]
    return source, read_chain(source, heads[0], nodes.parents, last)


def chain(text: str, last: Collection[str] = ()) -> Chain:
    found = read(text, last)[1]
    assert found is not None
    return found


def written(receiver: str, links: list[tuple[str, ...]]) -> tuple[str, list[str]]:
    """A chain's text, and its links' names."""
    parts = [receiver]
    for before, behind, name, between, inside, arguments, end in links:
        parts += [before, ".", behind, name, between, "(", inside, arguments, end, ")"]
    return "".join(parts), [link[2] for link in links]


@given(st.sampled_from(RECEIVERS), LINKS, st.lists(LINKS, max_size=4), AROUND)
def test_the_offsets_of_every_link_slice_back_to_its_name_and_parentheses(
    receiver: str, head: tuple[str, ...], links: list[tuple[str, ...]], around: str
) -> None:
    text, names = written(receiver, [(*head[:2], "query", *head[3:]), *links])
    source, found = read(around.replace("{}", text))
    assert found is not None
    assert found.text == text
    assert [link.name for link in found.links] == names
    for index, link in enumerate(found.links):
        before = found.links[index - 1].stop if index else source.segment(found.receiver)[1]
        assert source.text[link.dot] == "."
        assert source.text[link.start : link.end] == link.name
        assert (source.text[link.opening], source.text[link.closing]) == ("(", ")")
        assert before <= link.dot < link.start < link.end <= link.opening < link.closing < link.stop <= found.stop
        assert ast.parse(f"f{source.text[link.opening : link.stop]}") is not None
        assert set(found.gap(index)) <= {")"}
    assert found.links[-1].stop == found.stop


@given(st.lists(st.one_of(GAPS, st.sampled_from([".", "(", ")"]))))
def test_what_is_significant_between_tokens_is_neither_space_nor_comment(parts: list[str]) -> None:
    text = "".join(parts)
    found = list(significant(text, 0, len(text)))
    assert [char for char, _ in found] == [part for part in parts if part in (".", "(", ")")]
    assert all(text[at] == char for char, at in found)
    assert list(significant(text, len(text), len(text))) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("db.query(User)", ["query"]),
        ("db.query(User).filter(a).first()", ["query", "filter", "first"]),
        ("db.query(User).first().name", ["query", "first", "name"]),
        ("db.query(User).all()[0]", ["query", "all"]),
        ("(db.query(User)).all()", ["query", "all"]),
        ("(db.query(User)\n  # why\n  .all())", ["query", "all"]),
        ("db.query(User).filter(db.other(x)).all()", ["query", "filter", "all"]),
        ("db.query(User).all", ["query", "all"]),
        ("db.query(User).column_descriptions[0].x()", ["query", "column_descriptions"]),
        ("f(db.query(User)).all()", ["query"]),
        ("db.query(User)[1:2].all()", ["query"]),
        ("db.query(User)().all()", ["query"]),
        ("x.filter(db.query(User).all()).count()", ["query", "all"]),
        ("g(db.query(User).all)()", ["query", "all"]),
        ("(await db.query(User)).all()", ["query"]),
        ("-db.query(User).count()", ["query", "count"]),
    ],
)
def test_a_chain_ends_where_something_else_begins(text: str, names: list[str]) -> None:
    assert [link.name for link in chain(f"async def f():\n    return ({text}\n)").links] == names


@pytest.mark.parametrize(
    ("last", "names"),
    [
        ({"first"}, ["query", "filter", "first"]),
        ({"filter"}, ["query", "filter"]),
        ({"query"}, ["query"]),
        ((), ["query", "filter", "first", "strip"]),
        ({"absent"}, ["query", "filter", "first", "strip"]),
    ],
)
def test_a_chain_ends_with_the_first_link_that_is_the_last(last: Collection[str], names: list[str]) -> None:
    found = chain("x = db.query(User).filter(a).first().strip()", last)
    assert [link.name for link in found.links] == names
    assert found.text == "db.query(User).filter(a).first().strip()"[: len(found.text)]
    assert found.text.endswith(")")


def test_an_attribute_that_is_not_called_has_no_parentheses_and_no_arguments() -> None:
    link = chain("db.query(User).whereclause").links[-1]
    assert (link.call, link.opening, link.closing, link.args, link.keywords) == (None, -1, -1, [], [])
    assert link.stop == link.end


def test_the_arguments_of_a_link_are_its_calls() -> None:
    head, link = chain("db.query(A, B).filter_by(x=1)").links
    assert [ast.unparse(arg) for arg in head.args] == ["A", "B"]
    assert [keyword.arg for keyword in link.keywords] == ["x"]


def test_the_receiver_is_what_stands_before_the_head() -> None:
    found = chain("self.session.query(User).all()")
    assert ast.unparse(found.receiver) == "self.session"


def test_parentheses_around_a_part_of_the_chain_are_in_the_gap() -> None:
    found = chain("((db).query(User) # )\n).all()")
    assert [found.gap(index) for index in range(2)] == [")", ")"]


def test_a_name_that_python_reads_otherwise_than_it_is_written_makes_no_chain() -> None:
    assert read("db.query(User).\N{LATIN SMALL LIGATURE FI}lter(a)")[1] is None


def test_a_chain_that_the_text_does_not_hold_is_none() -> None:
    """The tree of one text with the offsets of another."""
    source = parse_source("app.py", b"db.query(User)")
    other = parse_source("app.py", b"db .xxxxx[User]")
    nodes = read_nodes(source.tree)
    assert read_chain(other, nodes.of(ast.Call)[0], nodes.parents) is None
    assert read_chain(parse_source("app.py", b"db.query[User]"), nodes.of(ast.Call)[0], nodes.parents) is None
