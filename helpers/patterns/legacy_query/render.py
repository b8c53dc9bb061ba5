"""Writes a conversion as edits of the source text: only names, parentheses and layout change, arguments and comments stay."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.codemod.chains import Chain, Link, significant
from helpers.codemod.imports import NameBinder
from helpers.model import Edit, Fix, ImportName
from helpers.patterns.legacy_query.conversion import Conversion
from helpers.patterns.legacy_query.refusal import Refused

_INDENT = "    "


def render(conversion: Conversion, binder: NameBinder, line_length: int) -> Fix:
    """The fix for one chain. Refused where its parentheses cannot be taken apart."""
    names: dict[str, str] = {}
    adds: list[ImportName] = []
    constants = [name for name in ("true", "false") if any(f"{{{name}}}()" in item.text for item in conversion.renames)]
    for module, name in [*conversion.needs, *(("sqlalchemy", constant) for constant in constants)]:
        names[name], added = binder.name(module, name)
        adds += [added] if added else []
    edits = _get(conversion) if conversion.method == "get" else _statement(conversion, names, line_length)
    inside = [Edit(item.start, item.stop, _named(item.text, names, constants)) for item in conversion.renames]
    return Fix(tuple(sorted([*edits, *inside])), tuple(adds))


def _named(text: str, names: dict[str, str], constants: list[str]) -> str:
    for name in constants:
        text = text.replace(f"{{{name}}}()", f"{names[name]}()")
    return text


def _statement(conversion: Conversion, names: dict[str, str], line_length: int) -> list[Edit]:
    head = conversion.head.format(**names)
    if conversion.method is None:
        return _unrun(conversion, head)
    before = conversion.before.format(**names)
    if held := _held(conversion, before, head):
        return held
    plain = Layout(conversion, before, head).edits()
    if not _fits(conversion.chain, plain, line_length) and not _prefix(conversion.chain):
        broken = Layout(conversion, before, head, broken=True)
        return broken.edits() if broken.fits(line_length) else plain
    return plain


def _unrun(conversion: Conversion, head: str) -> list[Edit]:
    chain = conversion.chain
    _receiver_is_bare(chain)
    return [Edit(chain.start, chain.links[0].end, f"{_prefix(chain)}{head}")]


def _prefix(chain: Chain) -> str:
    """The parentheses that open before the receiver and close between two links."""
    return chain.source.text[chain.start : chain.source.segment(chain.receiver)[0]]


def _receiver_is_bare(chain: Chain) -> None:
    if chain.gap(0):
        raise Refused("the receiver stands in parentheses of its own: take them out")


def _held(conversion: Conversion, before: str, head: str) -> list[Edit] | None:
    """The smallest change, where parentheses around the chain can become those of the call: no line moves.

    `x = (`, a chain over several lines, `)` becomes `x = db.scalars(`, the same lines, `).first()`; so does `(...).first()`.
    """
    chain, ending = conversion.chain, conversion.ends_with
    if before or ending is None or chain.gap(0):
        return None
    inner = _prefix(chain).strip() == "(" and chain.gap(len(chain.links) - 1) == ")"
    around = None if _prefix(chain) else conversion.parentheses
    if not inner and (around is None or not _newline_in(chain.source.text[around[0] : chain.start])):
        return None
    opening = chain.start if around is None else around[0]
    receiver_start, receiver_stop = chain.source.segment(chain.receiver)
    wrap = "list(" if conversion.as_list else ""
    text = chain.source.text
    called = f"{wrap}{text[receiver_start:receiver_stop]}.{conversion.method}"
    edits = [Edit(opening, chain.links[0].end, f"{called}{text[opening:receiver_start]}{head}")]
    return [*edits, *_held_ending(conversion, ending, around)]


def _held_ending(conversion: Conversion, ending: Link, around: tuple[int, int] | None) -> list[Edit]:
    chain, text = conversion.chain, conversion.chain.source.text
    last = chain.links[-2]
    unique = ".unique()" if conversion.unique else ""
    result = f"{unique})" if conversion.as_list else f"{unique}.{conversion.result}()"
    if around is None:
        added = [Edit(last.stop, last.stop, conversion.after)] if conversion.after else []
        return [*added, Edit(ending.dot, ending.stop, result)]
    start = ending.dot
    while text[start - 1] in " \t":
        start -= 1
    own_line = text[start - 1] in "\r\n"
    after = conversion.after
    if own_line and after:  # `.limit(1)` takes the terminal's line
        return [Edit(ending.dot, ending.stop, after), Edit(around[1], around[1], result)]
    if own_line:
        start -= 2 if text[start - 2 : start] == "\r\n" else 1
    return [Edit(start, ending.stop, after), Edit(around[1], around[1], result)]


def _fits(chain: Chain, edits: list[Edit], line_length: int) -> bool:
    """Whether a chain on one line stays on it; one on several lines gets a layout of its own."""
    text = chain.source.text
    if _newline_in(chain.text):
        return False
    line, _ = chain.source.position(chain.start)
    start = chain.source.lines[line - 1]
    stop = chain.source.lines[line] if line < len(chain.source.lines) else len(text)
    grown = sum(len(edit.text) - (edit.end - edit.start) for edit in edits)
    old = len(text[start:stop].rstrip("\r\n"))
    return old + grown <= max(line_length, old)


def _newline_in(text: str) -> bool:
    return "\n" in text or "\r" in text


@dataclass(frozen=True)
class Layout:
    """Where the opening, the closing and the indentation of one executed statement go; `broken` puts it on lines of its own."""

    conversion: Conversion
    before: str
    head: str
    broken: bool = False

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
        return [*self._opening(), *self._continued(), *self._reindented(), *self._closing()]

    def fits(self, line_length: int) -> bool:
        """Whether no line that is pushed to the right becomes too long by it."""
        source = self.chain.source
        return all(
            len(_line(source.text, edit.start)) + len(edit.text) <= line_length or len(_line(source.text, edit.start)) > line_length
            for edit in self._reindented()
        )

    def _deep(self) -> int:
        return 2 if self.before and _newline_in(self.chain.text) else 1

    def _opening(self) -> Iterator[Edit]:
        margin = self._margin
        call = f"{self.conversion.method}("
        if self.broken:
            between = f"{margin}{_INDENT * 2}" if self._deep() == 2 else ""
            text = f"{call}{margin}{_INDENT}{self.before}{between}"
        else:
            text = f"{call}{self.before}"
        chain, head = self.chain, self.chain.links[0]
        prefix = _prefix(chain)
        wrap = "list(" if self.conversion.as_list else ""
        if not prefix or chain.gap(0).count(")") == prefix.count("("):
            yield from [Edit(chain.start, chain.start, wrap)] if wrap else []
            yield Edit(head.start, head.end, f"{text}{self.head}")
            return
        _receiver_is_bare(chain)
        # the parentheses close between two links: they move with the statement that they hold
        receiver = chain.source.text[slice(*chain.source.segment(chain.receiver))]
        yield Edit(chain.start, head.end, f"{wrap}{receiver}.{text}{prefix}{self.head}")

    def _closing(self) -> list[Edit]:
        """What follows the last link, the closing parenthesis, and the terminal by its new name."""
        stop, ending = self._stop, self.conversion.ends_with
        inner, outer = self._inside(), f"){'.unique()' if self.conversion.unique else ''}"
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

    def _inside(self) -> str:
        """`.limit(1)` and the like, on a line of its own where the links have theirs."""
        after = self.conversion.after
        if not self.broken or not after:
            return after
        own_line = self._begins_line(self._last.dot) and not self._comment_behind(self._last)
        lead = f"{self._margin}{_INDENT * self._deep()}" if own_line else ""
        if self._deep() == 2:
            return f"{lead}{after[:-1]}{self._margin}{_INDENT}{after[-1]}"
        return f"{lead}{after}"

    def _result(self, ending: Link | None) -> str:
        """What is called on the result of a chain that had no terminal; a list closes here."""
        if ending is None:
            return f".{self.conversion.result}()" if self.conversion.result else ""
        return ")" if self.conversion.as_list else ""

    def _renamed(self, ending: Link | None) -> list[Edit]:
        if ending is None:
            return []
        if self.conversion.as_list:
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
        shift = " " * self._shift()
        return [Edit(at, at, shift) for _, at in starts if shift and _line(text, at).strip()]

    def _shift(self) -> int:
        """How far the lines move, in columns: to one indentation inside, where they are not as far already."""
        inside = len(self._margin.strip("\r\n")) + len(_INDENT) * self._deep()
        lines = [link.dot for link in self.chain.links if self._begins_line(link.dot)]
        if not lines:
            return len(_INDENT) * self._deep()
        return max(inside - self.chain.source.position(lines[0])[1] + 1, 0)

    def _continued(self) -> Iterator[Edit]:
        """Line continuations between links go: the statement stands in parentheses now."""
        text = self.chain.source.text
        starts = [self.chain.source.segment(self.chain.receiver)[1], *(link.stop for link in self.chain.links)]
        for start, link in zip(starts, self.chain.links, strict=False):
            gap = text[start : link.dot]
            if self.broken and link.dot < self._stop and "\\" in gap and "#" not in gap:
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


def _get(conversion: Conversion) -> list[Edit]:
    """`db.query(X).options(o).get(pk)` becomes `db.get(X, pk, options=[o])`."""
    chain, terminal = conversion.chain, conversion.ends_with
    assert terminal is not None
    text, head = chain.source.text, chain.links[0]
    if _prefix(chain) or chain.gap(0):
        raise Refused("get() on a query in parentheses of its own: take them out")
    comma = " " if _trailing_comma(chain, head) else ", "
    edits = [Edit(head.start, head.end, "get")]
    if conversion.options:
        inner = text[conversion.options.opening + 1 : conversion.options.closing].strip().rstrip(",")
        ending = "" if _trailing_comma(chain, terminal) else ","
        edits.append(Edit(terminal.closing, terminal.closing, f"{ending} options=[{inner}]"))
    elif _comment(text[head.closing : terminal.dot]):
        return [*edits, Edit(head.closing, head.closing + 1, comma.strip()), Edit(terminal.dot, terminal.opening + 1, "")]
    return [*edits, Edit(head.closing, terminal.opening + 1, comma)]


def _comment(gap: str) -> bool:
    return "#" in gap


def _trailing_comma(chain: Chain, link: Link) -> bool:
    ends = [chain.source.segment(node)[1] for node in [*link.args, *(item.value for item in link.keywords)]]
    if not ends:
        return False
    return any(char == "," for char, _ in significant(chain.source.text, max(ends), link.closing))
