"""Writes a conversion as edits: names, parentheses and layout change, arguments and comments stay."""

from __future__ import annotations

import re
from dataclasses import replace

from helpers.analysis.symbols import dotted_name
from helpers.codemod.chains import Chain, Link, significant
from helpers.codemod.imports import NameBinder
from helpers.model import Edit, Fix, ImportName
from helpers.patterns.legacy_query.layout import Layout, newline_in, prefix, receiver_is_bare
from helpers.patterns.legacy_query.outcome import Conversion
from helpers.patterns.legacy_query.refusal import Refused

_BRACED = re.compile(r"\{(\w+)\}")


def render(conversion: Conversion, binder: NameBinder, line_length: int) -> Fix:
    """The fix for one chain. Refused where its parentheses cannot be taken apart."""
    names: dict[str, str] = {}
    adds: list[ImportName] = []
    wanted = [*conversion.needs, *(need for item in conversion.renames for need in item.needs)]
    for module, name in dict.fromkeys(wanted):
        names[name], added = binder.name(module, name)
        adds += [added] if added else []
    conversion = _named(conversion, names)
    edits = _get(conversion) if conversion.method == "get" else _statement(conversion, line_length)
    inside = [Edit(item.start, item.stop, item.text) for item in conversion.renames]
    return Fix(tuple(sorted([*edits, *inside])), tuple(adds))


def _named(conversion: Conversion, names: dict[str, str]) -> Conversion:
    """The conversion with every name in braces as the module writes it; other braces are the code's own."""
    return replace(
        conversion,
        head=written(conversion.head, names),
        before=written(conversion.before, names),
        after=written(conversion.after, names),
        wrap=written(conversion.wrap, names),
        renames=tuple(replace(item, text=written(item.text, names)) for item in conversion.renames),
    )


def written(text: str, names: dict[str, str]) -> str:
    """The text with every name in braces as the module writes it."""
    return _BRACED.sub(lambda match: names.get(match[1], match[0]), text)


def _statement(conversion: Conversion, line_length: int) -> list[Edit]:
    if conversion.method is None:
        return _unrun(conversion)
    if held := _held(conversion):
        return held
    plain = Layout(conversion).edits()
    inside = [Edit(item.start, item.stop, item.text) for item in conversion.renames]
    if not fits(conversion.chain, [*plain, *inside], line_length) and not prefix(conversion.chain):
        several = newline_in(conversion.chain.text)
        broken = Layout(conversion, 2 if conversion.before and several else 1, line_length)
        if conversion.before and not broken.fits(line_length):
            broken = Layout(conversion, 2, line_length)
        if not several:
            stacked = replace(broken, stacked=_overlong(conversion, broken.edits(), line_length) > 0)
            return stacked.edits()
        if broken.fits(line_length):
            return broken.edits()
        fewer = _overlong(conversion, broken.edits(), line_length) < _overlong(conversion, plain, line_length)
        return broken.edits() if fewer else plain
    return plain


def _overlong(conversion: Conversion, edits: list[Edit], line_length: int) -> int:
    """How many lines of the chain would be too long."""
    source = conversion.chain.source
    start = source.lines[source.position(conversion.chain.start)[0] - 1]
    text = source.text[start : conversion.chain.stop]
    kept = [item for item in conversion.renames if item.stop <= conversion.chain.stop]
    inside = [Edit(item.start, item.stop, item.text) for item in kept]
    for edit in sorted([*edits, *inside], reverse=True):
        text = text[: edit.start - start] + edit.text + text[edit.end - start :]
    return sum(len(line) > line_length for line in text.splitlines())


def _unrun(conversion: Conversion) -> list[Edit]:
    chain = conversion.chain
    if not conversion.head:
        return []
    receiver_is_bare(chain)
    if dotted_name(chain.receiver) is None:
        raise Refused("its session comes from a call that would be dropped: give the session a name first")
    return [Edit(chain.start, chain.links[0].end, f"{prefix(chain)}{conversion.head}")]


def _held(conversion: Conversion) -> list[Edit] | None:
    """The smallest change, where parentheses around the chain can become those of the call: no line moves.

    `x = (`, a chain over several lines, `)` becomes `x = db.scalars(`, the same lines, `).first()`;
    so does `(...).first()`.
    """
    chain, ending = conversion.chain, conversion.ends_with
    if conversion.before or not conversion.head or chain.gap(0):
        return None
    inner = ending is not None and prefix(chain).strip() == "(" and chain.gap(len(chain.links) - 1) == ")"
    around = None if prefix(chain) else conversion.parentheses
    if not inner and (around is None or not newline_in(chain.source.text[around[0] : chain.start])):
        return None
    opening = chain.start if around is None else around[0]
    receiver_start, receiver_stop = chain.source.segment(chain.receiver)
    text = chain.source.text
    called = f"{conversion.wrap}{text[receiver_start:receiver_stop]}.{conversion.method}"
    edits = [Edit(opening, chain.links[0].end, f"{called}{text[opening:receiver_start]}{conversion.head}")]
    return [*edits, *(_held_ending(conversion, ending, around) if ending else _held_tail(conversion, around))]


def _held_tail(conversion: Conversion, around: tuple[int, int] | None) -> list[Edit]:
    """The end of a statement without a terminal that stays: everything goes behind its last link."""
    assert around is not None
    chain, inside = conversion.chain, f"{conversion.after}{conversion.arguments}"
    close = ")" if conversion.wrap else ""
    last = chain.source.lines[chain.source.position(chain.links[-1].dot)[0] - 1]
    lead = chain.source.text[last : chain.links[-1].dot]
    own_line = conversion.after and not lead.strip()
    added = [Edit(chain.stop, chain.stop, f"{chain.source.newline}{lead}{inside}" if own_line else inside)]
    return [*(added if inside else ()), Edit(around[1], around[1], f"{conversion.filters}{close}{conversion.tail}")]


def _held_ending(conversion: Conversion, ending: Link, around: tuple[int, int] | None) -> list[Edit]:
    chain, text = conversion.chain, conversion.chain.source.text
    last = chain.links[-2]
    after = f"{conversion.after}{conversion.arguments}"
    result = f"{conversion.filters})" if conversion.wrap else f"{conversion.filters}.{conversion.result}()"
    if around is None:
        added = [Edit(last.stop, last.stop, after)] if after else []
        return [*added, Edit(ending.dot, ending.stop, result)]
    start = ending.dot
    while text[start - 1] in " \t":
        start -= 1
    own_line = text[start - 1] in "\r\n"
    if own_line and conversion.after:  # `.limit(1)` takes the terminal's line
        return [Edit(ending.dot, ending.stop, after), Edit(around[1], around[1], result)]
    if own_line:
        start -= 2 if text[start - 2 : start] == "\r\n" else 1
    return [Edit(start, ending.stop, after), Edit(around[1], around[1], result)]


def fits(chain: Chain, edits: list[Edit], line_length: int) -> bool:
    """Whether a chain on one line stays on it; one on several lines gets a layout of its own."""
    text = chain.source.text
    if newline_in(chain.text):
        return False
    line, _ = chain.source.position(chain.start)
    start = chain.source.lines[line - 1]
    stop = chain.source.lines[line] if line < len(chain.source.lines) else len(text)
    grown = sum(len(edit.text) - (edit.end - edit.start) for edit in edits)
    old = len(text[start:stop].rstrip("\r\n"))
    return old + grown <= max(line_length, old)


def _get(conversion: Conversion) -> list[Edit]:
    """`db.query(X).options(o).get(pk)` becomes `db.get(X, pk, options=[o])`."""
    chain, terminal = conversion.chain, conversion.ends_with
    assert terminal is not None
    text, head = chain.source.text, chain.links[0]
    if prefix(chain) or chain.gap(0):
        raise Refused("get() on a query in parentheses of its own: take them out")
    comma = " " if _trailing_comma(chain, head) else ", "
    edits = [Edit(head.start, head.end, "get")]
    between = _comment(text[head.closing : terminal.dot])
    if conversion.keywords:
        if between:
            raise Refused("get() behind options with comments between them: move the comments out")
        ending = "" if _trailing_comma(chain, terminal) else ","
        edits.append(Edit(terminal.closing, terminal.closing, f"{ending} {', '.join(conversion.keywords)}"))
    elif between:
        return [
            *edits,
            Edit(head.closing, head.closing + 1, comma.strip()),
            Edit(terminal.dot, terminal.opening + 1, ""),
        ]
    return [*edits, Edit(head.closing, terminal.opening + 1, comma)]


def _comment(gap: str) -> bool:
    return "#" in gap


def _trailing_comma(chain: Chain, link: Link) -> bool:
    ends = [chain.source.segment(node)[1] for node in [*link.args, *(item.value for item in link.keywords)]]
    if not ends:
        return False
    return any(char == "," for char, _ in significant(chain.source.text, max(ends), link.closing))
