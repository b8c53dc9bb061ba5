"""Where an executed statement opens and closes, and how far its lines move."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.codemod.chains import Chain, Link
from helpers.model import Edit
from helpers.patterns.legacy_query.outcome import Conversion
from helpers.patterns.legacy_query.refusal import Refused

_INDENT = "    "


def prefix(chain: Chain) -> str:
    """The parentheses that open before the receiver and close between two links."""
    return chain.source.text[chain.start : chain.source.segment(chain.receiver)[0]]


def receiver_is_bare(chain: Chain) -> None:
    if chain.gap(0):
        raise Refused("the receiver stands in parentheses of its own: take them out")


def newline_in(text: str) -> bool:
    return "\n" in text or "\r" in text


@dataclass(frozen=True)
class Layout:
    """Opening, closing and indentation of one executed statement.

    `broken` counts the parentheses behind which a new line starts: 0 none, 1 the call's, 2 those of `before` too.
    `width` is the longest line allowed, where what is added may take a line of its own. With `stacked`, every link of
    a chain on one line gets a line of its own.
    """

    conversion: Conversion
    broken: int = 0
    width: int = 0
    stacked: bool = False

    @property
    def before(self) -> str:
        """What stands around the statement, up to it."""
        return self.conversion.before

    @property
    def head(self) -> str:
        """The function that makes the statement."""
        return self.conversion.head

    @property
    def chain(self) -> Chain:
        """The chain that is rewritten."""
        return self.conversion.chain

    @property
    def _margin(self) -> str:
        """The white space that the line on which the chain starts begins with, behind a line break."""
        source = self.chain.source
        line = source.text[source.lines[source.position(self.chain.start)[0] - 1] : self.chain.start]
        return source.newline + line[: len(line) - len(line.lstrip())]

    @property
    def _stop(self) -> int:
        """Where the statement ends: at the terminal's dot, or with the chain."""
        ending = self.conversion.ends_with
        return ending.dot if ending else self.chain.stop

    @property
    def _last(self) -> Link:
        links = self.chain.links
        return links[-2] if self.conversion.ends_with else links[-1]

    def edits(self) -> list[Edit]:
        """The edits around and between the links."""
        return [*self._opening(), *self._continued(), *self._reindented(), *self._links(), *self._closing()]

    def fits(self, line_length: int) -> bool:
        """Whether no line that is pushed to the right or made longer becomes too long by it."""
        source = self.chain.source
        first = f"{self._margin}{_INDENT * self.broken}{self.before if self.broken == 1 else ''}{self.head}"
        if self.before and not newline_in(self.chain.text):
            added = len(self.conversion.after) + len(self.conversion.arguments)
            grown = added + sum(len(r.text) - (r.stop - r.start) for r in self.conversion.renames)
            return len(first) + self._stop - self.chain.links[0].end + grown <= line_length
        return all(
            len(_line(source.text, edit.start)) + len(edit.text) <= line_length
            or len(_line(source.text, edit.start)) > line_length
            for edit in self._reindented()
        )

    def _links(self) -> Iterator[Edit]:
        """The line breaks in front of links that stay."""
        gone = [(one.start, one.stop) for one in self.conversion.renames if one.start < one.stop]
        for link in self.chain.links[1:] if self.stacked else ():
            if link.dot < self._stop and not any(start <= link.dot < stop for start, stop in gone):
                yield Edit(link.dot, link.dot, self._margin + _INDENT * self.broken)

    def _opening(self) -> Iterator[Edit]:
        margin = self._margin
        call = f"{self.conversion.method}("
        if self.broken:
            between = f"{margin}{_INDENT * 2}" if self.broken == 2 else ""
            text = f"{call}{margin}{_INDENT}{self.before}{between}"
        else:
            text = f"{call}{self.before}"
        chain, head = self.chain, self.chain.links[0]
        opened = prefix(chain)
        wrap = self.conversion.wrap
        if not self.head:  # the statement stands there already, and the session in the method's name
            yield Edit(chain.start, chain.start, f"{wrap}{text}")
            return
        if not opened or chain.gap(0).count(")") == opened.count("("):
            yield from [Edit(chain.start, chain.start, wrap)] if wrap else []
            yield Edit(head.start, head.end, f"{text}{self.head}")
            return
        receiver_is_bare(chain)
        # the parentheses close between two links: they move with the statement that they hold
        receiver = chain.source.text[slice(*chain.source.segment(chain.receiver))]
        yield Edit(chain.start, head.end, f"{wrap}{receiver}.{text}{opened}{self.head}")

    def _closing(self) -> list[Edit]:
        """What follows the last link, the closing parenthesis, and the terminal by its new name."""
        stop, ending = self._stop, self.conversion.ends_with
        inner, outer = self.inside(), f"){self.conversion.filters}{')' if self.conversion.wrap else ''}"
        start, text = self._last.stop, self.chain.source.text
        gap = text[start:stop]
        if self.broken and "#" in gap:
            outer = outer if self._begins_line(stop) else f"{self._margin}{outer}"
        elif self.broken:
            return [Edit(start, stop, f"{inner}{self._margin}{outer}{self._result(ending)}"), *self._renamed(ending)]
        if start == stop:
            return [Edit(stop, stop, f"{inner}{outer}{self._result(ending)}"), *self._renamed(ending)]
        between = [Edit(start, start, inner)] if inner else []
        return [*between, Edit(stop, stop, f"{outer}{self._result(ending)}"), *self._renamed(ending)]

    def inside(self) -> str:
        """`.limit(1)` and the like, on a line of its own where the links have theirs, and the parameters."""
        after, arguments = self.conversion.after, self.conversion.arguments
        if not self.broken or not after:
            return f"{after}{arguments}"
        own_line = self.stacked or self._begins_line(self._last.dot) or self._too_long(after)
        own_line = own_line and not self._comment_behind(self._last)
        lead = f"{self._margin}{_INDENT * self.broken}" if own_line else ""
        if self.broken == 2:
            return f"{lead}{after[:-1]}{self._margin}{_INDENT}{after[-1]}{arguments}"
        return f"{lead}{after}{arguments}"

    def _too_long(self, after: str) -> bool:
        """Whether the line of the last link has no room for what is added."""
        source, stop = self.chain.source, self._last.stop
        if source.position(stop)[0] == source.position(self.chain.start)[0]:
            return False
        start = source.lines[source.position(stop)[0] - 1]
        inside = [one for one in self.conversion.renames if start <= one.start < stop]
        grown = sum(len(one.text) - (one.stop - one.start) for one in inside)
        return bool(self.width) and stop - start + self._shift() + grown + len(after) > self.width

    def _result(self, ending: Link | None) -> str:
        """What is called on the result of a chain that has no terminal, or none that stays."""
        return self.conversion.tail if ending is None else ""

    def _renamed(self, ending: Link | None) -> list[Edit]:
        if ending is None:
            return []
        if self.conversion.wrap:
            return [Edit(ending.dot, ending.stop, "")]
        return [] if ending.name == self.conversion.result else [Edit(ending.start, ending.end, self.conversion.result)]

    def _reindented(self) -> list[Edit]:
        if not self.broken:
            return []
        source, text = self.chain.source, self.chain.source.text
        kept = set(_string_lines(self.chain))
        first, last = source.position(self.chain.start)[0], source.position(self._stop)[0]
        if self._begins_line(self._stop):
            last -= 1
        starts = [(line, source.lines[line - 1]) for line in range(first + 1, last + 1) if line not in kept]
        gone = [(one.start, one.stop) for one in self.conversion.renames if one.start < one.stop]
        starts = [(line, at) for line, at in starts if not any(start < at <= stop for start, stop in gone)]
        shift = " " * self._shift()
        return [Edit(at, at, shift) for _, at in starts if shift and _line(text, at).strip()]

    def _shift(self) -> int:
        """How far the lines move, in columns: to one indentation inside, where they are not as far already."""
        inside = len(self._margin.strip("\r\n")) + len(_INDENT) * self.broken
        lines = [link.dot for link in self.chain.links if self._begins_line(link.dot)]
        if not lines:
            return len(_INDENT) * self.broken
        return max(inside - self.chain.source.position(lines[0])[1] + 1, 0)

    def _continued(self) -> Iterator[Edit]:
        """Line continuations between links go: the statement stands in parentheses now."""
        text = self.chain.source.text
        starts = [self.chain.source.segment(self.chain.receiver)[1], *(link.stop for link in self.chain.links)]
        for start, link in zip(starts, self.chain.links, strict=False):
            gap = text[start : link.dot]
            gone = any(one.start <= start < one.stop for one in self.conversion.renames)
            if self.broken and link.dot < self._stop and "\\" in gap and "#" not in gap and not gone:
                yield Edit(start, start + gap.rindex("\\") + 1, "")

    def _begins_line(self, offset: int) -> bool:
        source = self.chain.source
        line = source.position(offset)[0]
        return line > source.position(self.chain.start)[0] and not source.text[source.lines[line - 1] : offset].strip()

    def _comment_behind(self, link: Link) -> bool:
        return _line(self.chain.source.text, link.stop).lstrip().startswith("#")


def _line(text: str, start: int) -> str:
    """From `start` to the end of its line."""
    ends = [at for at in (text.find("\n", start), text.find("\r", start)) if at >= 0]
    return text[start : min(ends, default=len(text))]


def _string_lines(chain: Chain) -> Iterator[int]:
    """The lines that begin inside a string: white space there is part of a value."""
    for node in ast.walk(chain.node):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno:
            yield from range(node.lineno + 1, node.end_lineno + 1)
