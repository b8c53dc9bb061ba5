"""One `from ... import ...` statement made longer or shorter, its comments and layout kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import libcst as cst

from helpers.model import ImportName

_Gap = cst.BaseParenthesizableWhitespace
_SPACE = cst.SimpleWhitespace(" ")


class Statement:
    """A parsed from-import. ValueError when the text is none, or when LibCST does not render it as it stands."""

    def __init__(self, text: str) -> None:
        try:
            self._module = cst.parse_module(text)
        except cst.ParserSyntaxError as error:
            raise ValueError(text) from error
        line = self._module.body[0] if len(self._module.body) == 1 else None
        node = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
        if self._module.code != text or not isinstance(node, cst.ImportFrom) or isinstance(node.names, cst.ImportStar):
            raise ValueError(text)
        self._node, self._aliases = node, list(node.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The imported names, without what they are bound as."""
        return tuple(alias.evaluated_name for alias in self._aliases)

    def with_name(self, new: ImportName, *, width: int, newline: str) -> str:
        """The statement with one more name, in order where there was one; over `width` characters, a name a line."""
        assert new.name is not None
        index = place_among(self.names, new.name)
        self._insert(index, _alias(new.name, new.alias))
        text = self._render()
        if max(map(len, re.split(r"[\r\n]+", text))) > width and "#" not in text:
            return self._one_a_line(newline)
        return text

    def without(self, dropped: Collection[str]) -> str | None:
        """The statement without these bound names, None when none is left. ValueError when a comment would go."""
        for index in reversed(range(len(self._aliases))):
            if _bound(self._aliases[index]) in dropped:
                self._remove(index)
        return self._render() if self._aliases else None

    def _render(self) -> str:
        changed = self._node.with_changes(names=self._aliases)
        return self._module.with_deep_changes(self._module.body[0], body=[changed]).code

    def _one_a_line(self, newline: str) -> str:
        code = self._module.code_for_node
        plain = [alias.with_changes(comma=cst.MaybeSentinel.DEFAULT) for alias in self._aliases]
        dots = "." * len(self._node.relative)
        head = f"from {dots}{code(self._node.module) if self._node.module else ''} import ("
        return newline.join([head, *(f"    {code(alias)}," for alias in plain), ")"])

    def _insert(self, index: int, new: cst.ImportAlias) -> None:
        if index == len(self._aliases):
            self._append(new)
            return
        before = self._gap(index)
        one_a_line = all(_breaks(self._gap(number)) for number in range(1, len(self._aliases)))
        if isinstance(before, cst.ParenthesizedWhitespace) and one_a_line:
            self._set_gap(index, before.with_changes(empty_lines=[]))
            after: _Gap = _uncommented(before)
        else:
            after = _SPACE
        self._aliases.insert(index, new.with_changes(comma=cst.Comma(whitespace_after=after)))

    def _append(self, new: cst.ImportAlias) -> None:
        last, closing = self._aliases[-1], self._closing()
        element = next(filter(_breaks, (self._gap(index) for index in reversed(range(len(self._aliases))))), None)
        trailing = isinstance(last.comma, cst.Comma)
        if isinstance(closing, cst.ParenthesizedWhitespace) and isinstance(element, cst.ParenthesizedWhitespace):
            between: _Gap = closing.with_changes(empty_lines=[], indent=element.indent, last_line=element.last_line)
            closing = _uncommented(closing)
        else:
            between = _SPACE
        self._aliases[-1] = last.with_changes(comma=cst.Comma(whitespace_after=between))
        self._aliases.append(new.with_changes(comma=cst.Comma()) if trailing else new)
        self._set_closing(closing)

    def _remove(self, index: int) -> None:
        before, after = self._gap(index), self._gap(index + 1) if index + 1 < len(self._aliases) else self._closing()
        if _comment(after) or (index == 0 and len(self._aliases) == 1 and _has_comment(before)):
            raise ValueError("a comment belongs to the name")
        last = index + 1 == len(self._aliases)
        trailing = isinstance(self._aliases[index].comma, cst.Comma)
        del self._aliases[index]
        joined = _joined(before, after)
        if not last:
            self._set_gap(index, joined)
        elif self._aliases:
            comma = cst.Comma() if trailing else cst.MaybeSentinel.DEFAULT
            self._aliases[-1] = self._aliases[-1].with_changes(comma=comma)
            self._set_closing(joined if isinstance(after, cst.ParenthesizedWhitespace) or trailing else after)

    def _gap(self, index: int) -> _Gap:
        """What stands before the alias at `index`: after the comma of the one before it, or after the parenthesis."""
        if index:
            comma = self._aliases[index - 1].comma
            return comma.whitespace_after if isinstance(comma, cst.Comma) else _SPACE
        return self._node.lpar.whitespace_after if self._node.lpar else cst.SimpleWhitespace("")

    def _set_gap(self, index: int, gap: _Gap) -> None:
        if index:
            comma = self._aliases[index - 1].comma
            assert isinstance(comma, cst.Comma)
            comma = comma.with_changes(whitespace_after=gap)
            self._aliases[index - 1] = self._aliases[index - 1].with_changes(comma=comma)
        elif self._node.lpar:
            self._node = self._node.with_changes(lpar=self._node.lpar.with_changes(whitespace_after=gap))

    def _closing(self) -> _Gap:
        """What stands between the last alias, or its comma, and the closing parenthesis."""
        comma = self._aliases[-1].comma
        if isinstance(comma, cst.Comma):
            return comma.whitespace_after
        return self._node.rpar.whitespace_before if self._node.rpar else cst.SimpleWhitespace("")

    def _set_closing(self, gap: _Gap) -> None:
        comma = self._aliases[-1].comma
        if isinstance(comma, cst.Comma):
            comma = comma.with_changes(whitespace_after=gap)
            self._aliases[-1] = self._aliases[-1].with_changes(comma=comma)
            gap = cst.SimpleWhitespace("")
        if self._node.rpar:
            self._node = self._node.with_changes(rpar=self._node.rpar.with_changes(whitespace_before=gap))


def place_among(names: Sequence[str], new: str) -> int:
    """Where `new` goes: in the order the names are in, of those that isort and ruff know; else behind them."""
    for key in (_by_type, _by_letter, _by_code_point):
        keys = [key(name) for name in names]
        if keys == sorted(keys):
            return sum(known <= key(new) for known in keys)
    return len(names)


def _by_type(name: str) -> tuple[int, list[tuple[int, str]], str]:
    """CONSTANTS, then Classes, then the rest: the order of isort and ruff unless told otherwise."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, _natural(name), name


def _by_letter(name: str) -> tuple[int, list[tuple[int, str]], str]:
    return 0, _natural(name), name


def _by_code_point(name: str) -> tuple[int, list[tuple[int, str]], str]:
    return 0, [], name


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|\D+", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _alias(name: str, bound: str | None) -> cst.ImportAlias:
    return cst.ImportAlias(cst.Name(name), cst.AsName(cst.Name(bound)) if bound else None)


def _bound(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name


def _breaks(gap: _Gap) -> bool:
    return isinstance(gap, cst.ParenthesizedWhitespace)


def _comment(gap: _Gap) -> bool:
    """Whether a comment stands on the line that the gap begins on."""
    return isinstance(gap, cst.ParenthesizedWhitespace) and gap.first_line.comment is not None


def _has_comment(gap: _Gap) -> bool:
    return isinstance(gap, cst.ParenthesizedWhitespace) and (
        _comment(gap) or any(line.comment for line in gap.empty_lines)
    )


def _uncommented(gap: cst.ParenthesizedWhitespace) -> cst.ParenthesizedWhitespace:
    line = gap.first_line.with_changes(whitespace=cst.SimpleWhitespace(""), comment=None)
    return gap.with_changes(first_line=line)


def _joined(before: _Gap, after: _Gap) -> _Gap:
    """One gap in place of two around a removed name: the comments of both, the indentation of the second."""
    if not isinstance(before, cst.ParenthesizedWhitespace):
        return after
    if not isinstance(after, cst.ParenthesizedWhitespace):
        return before
    lines = [*before.empty_lines, *after.empty_lines]
    return after.with_changes(first_line=before.first_line, empty_lines=lines)
