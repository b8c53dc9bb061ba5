"""Where options stand: behind the statement, on a line of their own where the chain has them, within the width."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.source import Source
from helpers.model import Edit

_INDENT = "    "


@dataclass(frozen=True)
class Layout:
    """Writes into one file whose lines may be `width` characters long."""

    source: Source
    width: int

    def behind(self, call: ast.Call, options: list[str]) -> Edit:
        """`.options(...)` behind a statement or the call that gives one."""
        stop = self.source.segment(call)[1]
        own_line = self._next_link(stop)
        if own_line is not None:
            margin = own_line
            plain = f"{margin}.options({', '.join(options)})"
            fits = len(margin.strip("\r\n")) + len(plain) - len(margin) <= self.width
            return Edit(stop, stop, plain if fits else f"{margin}.options({self._lines(options, margin)})")
        start, end = self._line(stop)
        plain = f".options({', '.join(options)})"
        if len(self.source.text[start:end]) + len(plain) <= self.width:
            return Edit(stop, stop, plain)
        return Edit(stop, stop, f".options({self._lines(options, self._margin(start))})")

    def argument(self, call: ast.Call, text: str) -> Edit:
        """A keyword argument behind the others of a call."""
        last = max((self.source.segment(value)[1] for value in _values(call)), default=-1)
        if last < 0:
            at = self.source.segment(call)[1] - 1
            return Edit(at, at, text)
        closing = self.source.segment(call)[1] - 1
        own_lines = "\n" in self.source.text[last:closing]
        start, end = self._line(last)
        long = len(self.source.text[start:end]) + len(text) + 2 > self.width
        margin = self._margin(start) if own_lines else self._margin(self._line(call_start(self, call))[0]) + _INDENT
        return Edit(last, last, f",{margin}{text}" if own_lines or long else f", {text}")

    def inside(self, call: ast.Call, options: list[str]) -> Edit:
        """`options=[...]` as the last argument of a call."""
        closing = self.source.segment(call)[1] - 1
        last = max(self.source.segment(value)[1] for value in _values(call)) if _values(call) else closing
        between = self.source.text[last:closing]
        lead = " " if between.strip() == "," else ", " if _values(call) else ""
        at = closing if between.strip() == "," and "\n" not in between else last
        if between.strip() == "," and "\n" in between:
            lead = ", "
        start, end = self._line(closing)
        plain = f"{lead}options=[{', '.join(options)}]"
        if len(self.source.text[start:end]) + len(plain) <= self.width:
            return Edit(at, at, plain)
        margin = self._margin(self._line(self.source.segment(call)[0])[0])
        if len(self.source.text[start:at]) + len(f"{lead}options=[") > self.width:
            inner = margin + _INDENT
            return Edit(at, at, f"{lead.rstrip()}{inner}options=[{self._lines(options, inner)}]")
        return Edit(at, at, f"{lead}options=[{self._lines(options, margin)}]")

    def statement(self, session: str, links: list[str], options: list[str], start: int, *, ending: str) -> str:
        """`db.scalars(select(...).where(...).options(...)).one()` on the line at `start`, or over several."""
        margin = self._margin(self._line(start)[0])
        plain = f"{session}.scalars({''.join(links)}.options({', '.join(options)})).{ending}()"
        if len(margin.strip("\r\n")) + len(plain) <= self.width:
            return plain
        inner = margin + _INDENT
        parts = "".join(f"{inner}{link}" for link in links)
        last = f"{inner}.options({', '.join(options)})"
        if len(last.strip("\r\n")) > self.width:
            last = f"{inner}.options({self._lines(options, inner)})"
        return f"{session}.scalars({parts}{last}{margin}).{ending}()"

    def appended(self, listed: ast.List | ast.Tuple, options: list[str]) -> Edit:
        """More options in a list that is there already."""
        if not listed.elts:
            at = self.source.segment(listed)[0] + 1
            return Edit(at, at, ", ".join(options))
        at = self.source.segment(listed.elts[-1])[1]
        return Edit(at, at, "".join(f", {option}" for option in options))

    def _lines(self, options: list[str], margin: str) -> str:
        """Each option on a line of its own, one that is too long over several."""
        inner = margin + _INDENT
        return "".join(f"{inner}{self._broken(option, inner)}," for option in options) + margin

    def _broken(self, option: str, margin: str) -> str:
        if len(margin.strip("\r\n")) + len(option) + 1 <= self.width:
            return option
        if ".options(" in option and option.endswith(")"):
            head, _, rest = option.partition(".options(")
            parts = _split(rest[:-1])
            if len(margin.strip("\r\n")) + len(head) + len(".options(") > self.width:
                head = f"{head.replace(').', f'){margin}.')}{margin}"
            return f"{head}.options({self._lines(parts, margin)})"
        if ")." in option:
            return option.replace(").", f"){margin}.")
        opening = option.find("(")
        return f"{option[: opening + 1]}{margin}{_INDENT}{option[opening + 1 :]}" if opening > 0 else option

    def _next_link(self, stop: int) -> str | None:
        """The line break and indentation before the next link, where it has a line of its own."""
        text = self.source.text
        at = stop
        while at < len(text) and text[at].isspace():
            at += 1
        gap = text[stop:at]
        return gap if text[at : at + 1] == "." and ("\n" in gap or "\r" in gap) else None

    def _line(self, offset: int) -> tuple[int, int]:
        line = self.source.position(offset)[0]
        start = self.source.lines[line - 1]
        end = self.source.lines[line] if line < len(self.source.lines) else len(self.source.text)
        return start, start + len(self.source.text[start:end].rstrip("\r\n"))

    def _margin(self, start: int) -> str:
        line = self.source.text[start : self._line(start)[1]]
        return self.source.newline + line[: len(line) - len(line.lstrip())]


def call_start(layout: Layout, call: ast.Call) -> int:
    """The offset at which a call starts."""
    return layout.source.segment(call)[0]


def _values(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _split(text: str) -> list[str]:
    """The arguments of a call, at the commas that stand in no parentheses."""
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    return [*parts, text[start:].strip()]
