"""Observations as plain text that is the same on every run: no addresses, no times, no temporary paths."""

from __future__ import annotations

import difflib
import itertools
import re
import textwrap
from collections.abc import Iterable, Sequence

from helpers.lab.labels import without_labels
from helpers.lab.runner import Failure, Observation
from helpers.lab.worker import Json
from helpers.model import CheckResult

Block = list[str]
# The name of an item of a row, which alone has a colon.
_ROW_NAME = re.compile(r"^( +)\S+: ")


def comparison(before: Observation, after: Observation, checks: Sequence[CheckResult], *, width: int = 100) -> str:
    """The two runs in columns, a line that differs marked in the middle, then one line for each check."""
    column = (width - 3) // 2
    lines = [*_row("before", "after", "|", column), "-" * column + "-+-" + "-" * column]
    for title, was, now in sections(before, after):
        lines += [f"{title}:", *_beside(was, now, column)]
    lines += ["", *(_check_line(check) for check in checks)]
    verdict = "different" if any(check.outcome == "different" for check in checks) else "same"
    return "\n".join([*lines, f"{'verdict':<14}{verdict}"])


def value(data: Json) -> Block:
    """A normalised value as indented lines."""
    if not isinstance(data, dict):
        return [repr(data)]
    if data["kind"] == "other":
        return [f"{data['type']} {data['text']}"]
    if data["kind"] == "again":
        return [f"{data['class']} #{data['number']} again"]
    if data["kind"] == "object":
        pairs = list(data["attributes"].items())
        return [f"{data['class']} #{data['number']} {data['state']}", *_indented(_pair(k, value(v)) for k, v in pairs)]
    if data["kind"] == "row":
        return ["row", *_indented(_pair(name, value(v), ": ") for name, v in _named(data))]
    if data["kind"] == "dict":
        return [_count(data), *_indented(_pair(brief(k), value(v)) for k, v in data["items"])]
    return [_count(data), *_indented(value(x) for x in data["items"])]


def brief(data: Json) -> str:
    """A normalised value on a short line."""
    return textwrap.shorten(" ".join(line.strip() for line in value(data)), 60, placeholder=" ...")


def first_difference(before: Json, after: Json) -> str:
    """Where the lines of two normalised values part, `... became ...`."""
    pairs = [*itertools.zip_longest(value(before), value(after), fillvalue="nothing")]
    plain = [pair for pair in pairs if _nameless(pair[0]) != _nameless(pair[1])]
    was, now = next(
        iter(plain or [pair for pair in pairs if pair[0] != pair[1]]), ("value", "another of the same look")
    )
    return f"{was.strip()} became {now.strip()}"


def failure(seen: Failure | None) -> str:
    """An exception as Python would print its last line, or `none`."""
    return f"{seen.type}: {seen.message}" if seen else "none"


def plural(number: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _count(data: dict[str, Json]) -> str:
    return f"{data['kind']} of {len(data['items'])}"


def _pair(name: str, lines: Block, sign: str = " = ") -> Block:
    return [f"{name}{sign}{lines[0]}", *lines[1:]]


def _named(row: Json) -> Iterable[tuple[str, Json]]:
    """The items of a row, each with the name that gives it, or with its position."""
    left = dict(row["names"])
    for position, item in enumerate(row["items"]):
        name = next((name for name, found in left.items() if found == item), f"[{position}]")
        left.pop(name, None)
        yield name, item


def _indented(blocks: Iterable[Block]) -> Block:
    return [f"  {line}" for block in blocks for line in block]


def sections(before: Observation, after: Observation) -> Iterable[tuple[str, Block, Block]]:
    """What there is to see of two runs, in the order in which it is shown: a title and the lines of each."""
    yield "value", _value_block(before), _value_block(after)
    yield "exception", [failure(before.failure)], [failure(after.failure)]
    yield "rows written", list(before.written) or ["none"], list(after.written) or ["none"]
    yield "SQL", _statements(before), _statements(after)
    if before.warnings or after.warnings:
        yield "warnings", _warnings(before), _warnings(after)


def _value_block(seen: Observation) -> Block:
    return ["raises"] if seen.failure else value(seen.value)


def _warnings(seen: Observation) -> Block:
    return [f"{x.category}: {x.message}" for x in seen.warnings] or ["none"]


def _statements(seen: Observation) -> Block:
    return [f"{n}. {s.sql}  {_parameters(s.parameters)}" for n, s in enumerate(seen.statements, start=1)] or ["none"]


def _parameters(data: Json) -> str:
    if not isinstance(data, dict) or "items" not in data:
        return brief(data)
    return "(" + ", ".join(_parameters(x) for x in data["items"]) + ")"


def _beside(left: Block, right: Block, column: int) -> Block:
    """Lines that are alike stand on one height; `!` marks those that differ, `~` those that differ in names alone."""
    alike = [_nameless(x) for x in left], [_nameless(x) for x in right]
    lines: Block = []
    for tag, i, j, m, n in difflib.SequenceMatcher(None, *alike, autojunk=False).get_opcodes():
        for a, b in itertools.zip_longest(left[i:j], right[m:n], fillvalue=""):
            lines += _row(a, b, "!" if tag != "equal" else "|" if a == b else "~", column)
    return lines


def _nameless(line: str) -> str:
    return without_labels(_ROW_NAME.sub(r"\1", line))


def _row(left: str, right: str, sign: str, column: int) -> Block:
    pairs = itertools.zip_longest(_wrapped(left, column), _wrapped(right, column), fillvalue="")
    return [f"{a:<{column}} {sign} {b}".rstrip() for a, b in pairs]


def _wrapped(line: str, column: int) -> Block:
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(line, column, subsequent_indent=indent + "  ", break_on_hyphens=False) or [""]


def _check_line(check: CheckResult) -> str:
    return f"{check.check:<14}{check.outcome}" + (f" ({check.detail})" if check.detail else "")
