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
    for module, name in conversion.needs:
        names[name], added = binder.name(module, name)
        adds += [added] if added else []
    edits = _get(conversion) if conversion.method == "get" else _statement(conversion, names, line_length)
    inside = [Edit(rename.start, rename.stop, rename.text) for rename in conversion.renames]
    return Fix(tuple(sorted([*edits, *inside])), tuple(adds))


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
        return [*self._opening(), *self._reindented(), *self._closing()]

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

    def _closing(self) -> Iterator[Edit]:
        margin, deep = self._margin, self._deep()
        after, unique = self.conversion.after, ".unique()" if self.conversion.unique else ""
        if not self.broken:
            yield from self._ended(after, f"){unique}")
            return
        at_line = self._begins_line(self._stop)
        inner = after
        if deep == 2 and after.endswith(")"):
            inner, shut = after[:-1], f"{margin}{_INDENT})"
        else:
            shut = ""
        own_line = self._begins_line(self._last.dot) and not self._comment_behind(self._last)
        layout = f"{margin}{_INDENT * deep}" if inner and own_line else ""
        if at_line and not shut:
            yield from self._ended(f"{layout}{inner}", f"){unique}")
        elif at_line:
            # the terminal's own line already breaks: the inner parenthesis takes a line of its own before it
            yield from self._ended(f"{layout}{inner}{shut}", f"){unique}")
        else:
            yield from self._ended(f"{layout}{inner}{shut}", f"{margin}){unique}")

    def _ended(self, inner: str, outer: str) -> Iterator[Edit]:
        """`inner` behind the last link, `outer` before the terminal, and the terminal by its new name."""
        stop, ending = self._stop, self.conversion.ends_with
        tail = ")" if self.conversion.as_list else ""
        if stop == self._last.stop:
            inner, outer = "", inner + outer
        if inner:
            yield Edit(self._last.stop, self._last.stop, inner)
        if ending and self.conversion.as_list:
            yield Edit(stop, ending.stop, f"{outer}{tail}")
            return
        yield Edit(stop, stop, outer)
        if ending and ending.name != self.conversion.result:
            yield Edit(ending.start, ending.end, self.conversion.result)

    def _reindented(self) -> list[Edit]:
        if not self.broken:
            return []
        source, text = self.chain.source, self.chain.source.text
        kept = set(_string_lines(self.chain))
        first, last = source.position(self.chain.start)[0], source.position(self._stop)[0]
        if self._begins_line(self._stop):
            last -= 1
        starts = [(line, source.lines[line - 1]) for line in range(first + 1, last + 1) if line not in kept]
        return [Edit(at, at, _INDENT * self._deep()) for _, at in starts if _line(text, at).strip()]

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
