"""Reads `receiver.query(...).filter(...).all()` as a chain of links, each with the offsets of its parts."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from helpers.analysis.source import Source


@dataclass(frozen=True, eq=False)
class Link:
    """One `.name(...)`, with offsets of the source text.

    `dot`, `start` and `end` are those of the name, `opening` and `closing` those of its parentheses. `call` is None
    for an attribute that is read and not called; the parentheses are -1 then.
    """

    name: str
    node: ast.Attribute
    call: ast.Call | None
    dot: int
    start: int
    end: int
    opening: int
    closing: int

    @property
    def args(self) -> list[ast.expr]:
        """The positional arguments."""
        return self.call.args if self.call else []

    @property
    def keywords(self) -> list[ast.keyword]:
        """The keyword arguments."""
        return self.call.keywords if self.call else []

    @property
    def stop(self) -> int:
        """The offset just behind the link."""
        return self.closing + 1 if self.call else self.end


@dataclass(frozen=True, eq=False)
class Chain:
    """A receiver and its links; `node` is the outermost expression, `start` and `stop` its offsets."""

    source: Source
    receiver: ast.expr
    links: tuple[Link, ...]
    node: ast.expr
    start: int
    stop: int

    @property
    def text(self) -> str:
        """The chain as written."""
        return self.source.text[self.start : self.stop]

    def gap(self, index: int) -> str:
        """What stands between the link before `index` (or the receiver) and its dot, comments and space left out."""
        before = self.links[index - 1].stop if index else self.source.segment(self.receiver)[1]
        return "".join(char for char, _ in significant(self.source.text, before, self.links[index].dot))


def significant(text: str, start: int, stop: int) -> Iterator[tuple[str, int]]:
    """The characters between two tokens, with their offsets; white space, comments and continuations left out."""
    position = start
    while position < stop:
        char = text[position]
        if char == "#":
            while position < stop and text[position] not in "\r\n":
                position += 1
            continue
        if not (char.isspace() or char == "\\"):
            yield char, position
        position += 1


def read_chain(
    source: Source, head: ast.Call, parents: Mapping[ast.AST, ast.AST], last: Collection[str] = ()
) -> Chain | None:
    """The chain whose first link is the call `head` (`x.query(...)`), up to the first link named in `last`.

    None where the text is not what ast says.
    """
    assert isinstance(head.func, ast.Attribute)
    return _read(source, head.func.value, [(head.func, head), *_above(head, parents)], last)


def read_links(
    source: Source, value: ast.expr, parents: Mapping[ast.AST, ast.AST], last: Collection[str] = ()
) -> Chain | None:
    """The links on any expression, up to the first that is named in `last`; a chain without links where there are none.

    None where the text is not what ast says.
    """
    return _read(source, value, _above(value, parents), last)


def _read(
    source: Source,
    receiver: ast.expr,
    above: Iterable[tuple[ast.Attribute, ast.Call | None]],
    last: Collection[str],
) -> Chain | None:
    links: list[Link] = []
    node = receiver
    for attribute, call in above:
        link = _link(source, attribute, call)
        if link is None:
            return None
        links.append(link)
        node = call or attribute
        if link.name in last:
            break
    start, stop = source.segment(node)
    return Chain(source, receiver, tuple(links), node, start, stop)


def _above(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> Iterator[tuple[ast.Attribute, ast.Call | None]]:
    while isinstance(attribute := parents.get(node), ast.Attribute):
        call = parents.get(attribute)
        if not (isinstance(call, ast.Call) and call.func is attribute):
            yield attribute, None
            return
        yield attribute, call
        node = call


def _link(source: Source, attribute: ast.Attribute, call: ast.Call | None) -> Link | None:
    text = source.text
    end = source.segment(attribute)[1]
    start = end - len(attribute.attr)
    dots = [at for char, at in significant(text, source.segment(attribute.value)[1], start) if char == "."]
    if text[start:end] != attribute.attr or len(dots) != 1:
        return None
    if call is None:
        return Link(attribute.attr, attribute, None, dots[0], start, end, -1, -1)
    closing = source.segment(call)[1] - 1
    opening = next((at for char, at in significant(text, end, closing + 1) if char == "("), -1)
    if opening < 0 or text[closing] != ")":
        return None
    return Link(attribute.attr, attribute, call, dots[0], start, end, opening, closing)
