"""What the workbook answers, as pictures: diffs side by side, comparisons, findings, plain tables and bars."""

from __future__ import annotations

import difflib
import itertools
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from helpers.model import ChangeSet, CheckResult, Example, FileChange, Finding, Plan, Skipped, Step
from helpers.ui.code import Run, Span, changed_spans, coloured, markup
from helpers.ui.picture import Picture
from helpers.workbook import Census, Comparison, Observation, Trace, Workbook

CONTEXT = 3  # unchanged lines shown around a change
NEWLINE = "\n"
SIGNS = {"same": "= same", "different": "≠ different", "not applicable": "· not asked"}


@dataclass(frozen=True)
class _Side:
    """One side of a diff: its lines, their colours, and how it tells what changed."""

    lines: Sequence[str]
    runs: Sequence[Sequence[Run]]
    sign: str
    tag: str
    style: str

    @classmethod
    def read(cls, text: str, *, sign: str, tag: str, style: str) -> _Side:
        """The side that shows `text`."""
        lines = text.splitlines()
        return cls(lines, coloured("\n".join(lines)), sign, tag, style)

    def cells(self, index: int | None, marks: Sequence[Span], *, changed: bool) -> str:
        """Number, sign and code of the line at `index`; empty cells where this side has none."""
        if index is None:
            return '<td class="no"></td><td class="sign"></td><td class="half"></td>'
        style = self.style if changed else ""
        code = markup(self.runs[index], marks, self.tag)
        return (
            f'<td class="no">{index + 1}</td><td class="sign {style}">{self.sign if changed else " "}</td>'
            f'<td class="half code {style}">{code}</td>'
        )


def change_set(changes: ChangeSet) -> Picture:
    """Every file of a change set side by side, and what it leaves with the reasons; the text is the unified diff."""
    if not changes.changes:
        return message("Nothing to change.") + skipped(changes.skipped)
    pictures = [file_change(change) for change in changes.changes]
    picture = Picture("".join(x.html for x in pictures), "\n".join(x.text for x in pictures))
    return picture + skipped(changes.skipped) if changes.skipped else picture


def file_change(change: FileChange) -> Picture:
    """One file before and after, side by side, as far as it changes; the text is its unified diff."""
    before, after = (
        (data or b"").decode(change.encoding).removeprefix("\ufeff") for data in (change.before, change.after)
    )
    rows = "".join(_rows(before, after))
    sides = "".join(f'<th colspan="3" scope="colgroup">{side}</th>' for side in ("- before", "+ after"))
    html = _table(f"<code>{escape(change.path)}</code>", sides, rows)
    return Picture(html, change.diff().rstrip("\n"))


def example(shown: Example) -> Picture:
    """The two texts of an example, side by side; the text is their diff."""
    before, after = (text.encode() for text in (shown.before, shown.after))
    return file_change(FileChange(shown.title, before, after))


def _rows(before: str, after: str) -> Iterator[str]:
    old = _Side.read(before, sign="-", tag="del", style="gone")
    new = _Side.read(after, sign="+", tag="ins", style="come")
    matcher = difflib.SequenceMatcher(None, old.lines, new.lines, autojunk=False)
    if old.lines == new.lines:
        yield '<tr class="skip"><td colspan="6">Only line endings differ.</td></tr>'
    shown = 0
    for group in matcher.get_grouped_opcodes(CONTEXT):
        yield _gap(shown, group[0][1])
        for operation, i, j, m, n in group:
            for a, b in itertools.zip_longest(range(i, j), range(m, n)):
                yield _pair(old, a, new, b, changed=operation != "equal")
        shown = group[-1][2]
    yield _gap(shown, len(old.lines))


def _pair(old: _Side, a: int | None, new: _Side, b: int | None, *, changed: bool) -> str:
    gone, come = changed_spans(old.lines[a], new.lines[b]) if changed and a is not None and b is not None else ([], [])
    return f"<tr>{old.cells(a, gone, changed=changed)}{new.cells(b, come, changed=changed)}</tr>"


def _gap(first: int, last: int) -> str:
    count = last - first
    text = f"⋯ {count} unchanged line{'s' * (count != 1)}"
    return f'<tr class="skip"><td colspan="6">{text}</td></tr>' if count else ""


def comparison(found: Comparison, *, width: int = 100) -> Picture:
    """Both runs side by side: value, exception, rows written, SQL, and what each check says of them."""
    checks = {check.check: check for check in found.checks}
    rows = [_beside(title, before, after, checks.get(title)) for title, before, after in found.sections]
    shown = {title for title, *_ in found.sections}
    rows += [
        _beside(check.check, ["see the verdict"], ["see the verdict"], check)
        for check in found.checks
        if check.outcome == "different" and check.check not in shown
    ]
    return Picture(_table("", _headers("", "before", "after", "verdict"), "".join(rows)), found.text(width))


def _beside(title: str, before: Sequence[str], after: Sequence[str], check: CheckResult | None) -> str:
    sides = "".join(f'<td class="half"><pre>{escape(NEWLINE.join(side))}</pre></td>' for side in (before, after))
    verdict = escape(f"{SIGNS[check.outcome]}\n{check.detail}".strip()) if check else ""
    return f'<tr class="rule"><th scope="row">{escape(title)}</th>{sides}<td><pre>{verdict}</pre></td></tr>'


def differences(found: Mapping[str, Comparison]) -> Picture:
    """For each named comparison what is different, one line for each check that says so."""
    rows = []
    for name, compared in found.items():
        different = [(check.check, check.detail) for check in compared.checks if check.outcome == "different"]
        rows += [(name, *row) for row in different or [("nothing", "both sides do the same")]]
    return table(("", "different", "before became after"), rows)


def observation(seen: Observation, *, width: int = 100) -> Picture:
    """What one run did: value, exception, rows written and SQL."""
    sections = [(title, lines) for title, lines, _ in Workbook.compare_runs(seen, seen).sections]
    body = "".join(
        f'<tr class="rule"><th scope="row">{title}</th><td><pre>{escape(NEWLINE.join(lines))}</pre></td></tr>'
        for title, lines in sections
    )
    text = [line for title, lines in sections for line in (f"{title}:", *_wrapped(lines, width))]
    return Picture(_table("", "", body), NEWLINE.join(text))


def _wrapped(lines: Iterable[str], width: int) -> Iterator[str]:
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        yield from textwrap.wrap(line, width, initial_indent="  ", subsequent_indent=f"  {indent}") or [""]


def census(found: Census) -> Picture:
    """How large the job is, as bars to one scale, and the routes that block the event loop."""
    queries = found.calls.get("query", 0)
    counts = (
        ("routes", len(found.routes)),
        ("routes that block the loop", len(found.blocking)),
        ("calls on a session", found.session_calls),
        ("of these .query(...)", queries),
    )
    blocking = [(f"{route.path}:{route.line}", route.symbol) for route in found.blocking]
    caption = f"{_count(found.files, 'Python file')} with {found.lines} lines"
    head = "async def, with a session that blocks"
    return bars(counts, caption=caption) + table(("route", "function"), blocking, caption=head)


def plan(found: Plan) -> Picture:
    """The steps that are left, in order: what each turns asynchronous, and how many bridges are open after it."""
    rows = [(x.number, stage(x), x.title, len(x.symbols), len(x.bridges)) for x in found.steps]
    caption = f"{_count(len(rows), 'step')}, {_count(len(found.left), 'place')} left with a reason"
    return table(("step", "stage", "what", "functions", "bridges after"), rows, caption=caption)


def stage(step: Step) -> str:
    """The name of a step's stage, in words."""
    return step.stage.name.lower().replace("_", " ")


def findings(found: Iterable[Finding]) -> Picture:
    """A table of findings: place, function, how far the fix may be trusted, and what happens to it."""
    rows = [(x.place, x.symbol, x.applicability.value, x.message) for x in found]
    return table(("place", "in", "trust", "what"), rows, caption=_count(len(rows), "finding"))


def trace(found: Trace) -> Picture:
    """The lazy loads of the application, the most frequent first, and whether the trace lists all that was counted."""
    loads = [load for load in found.lazy_loads if load.origin != "tests"]
    rows = [
        (load.where, load.name, load.kind, load.count, load.test_count, "; ".join(map(str, load.loaded_by)))
        for load in sorted(loads, key=lambda load: -load.count)
    ]
    caption = f"{_count(len(rows), 'place')}; {found.check.hooked} loads hooked, {found.check.listed} listed"
    return table(("where", "what", "kind", "times", "tests", "loaded by"), rows, caption=caption)


def skipped(left: Iterable[Skipped]) -> Picture:
    """What was left alone and why, one line for each place."""
    rows = [(x.finding.place, x.finding.symbol, x.reason) for x in left]
    caption = f"{_count(len(rows), 'place')} left as before, with the reason"
    return table(("place", "in", "reason"), rows, caption=caption)


def reasons(left: Iterable[Skipped]) -> Picture:
    """Why places were left alone: how many for each reason, the most frequent first, and where one of them is.

    Reasons that differ in the names between back quotes alone are one.
    """
    kinds: dict[str, list[Skipped]] = {}
    for skip in left:
        kinds.setdefault(re.sub(r"`[^`]*`", "`...`", skip.reason), []).append(skip)
    ordered = sorted(kinds.items(), key=lambda kind: -len(kind[1]))
    rows = [(len(skips), reason, f"{skips[0].finding.symbol}, {skips[0].finding.place}") for reason, skips in ordered]
    caption = f"{_count(sum(map(len, kinds.values())), 'place')} left as before"
    return table(("places", "reason", "for example"), rows, caption=caption)


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "") -> Picture:
    """A plain table; its text has one line for each row, in aligned columns."""
    cells = [[str(cell) for cell in row] for row in rows]
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
    html = _table(escape(caption), _headers(*headers), body)
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    lines = ["  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in (headers, *cells)]
    return Picture(html, "\n".join([*([caption] if caption else []), *lines]))


def bars(values: Sequence[tuple[str, int]], *, caption: str, longest: int = 40) -> Picture:
    """Counts as bars to the same scale, `longest` characters or per cent for the highest; each bar has its number."""
    top = max([count for _, count in values] or [1]) or 1
    name_width = max((len(name) for name, _ in values), default=0)
    rows, lines = [], [caption]
    for name, count in values:
        bar = f'<span class="bar" style="width:{100 * count / top * 0.7:.0f}%"></span> {count}'
        rows.append(f'<tr><th scope="row" style="width:1%;white-space:nowrap">{escape(name)}</th><td>{bar}</td></tr>')
        lines.append(f"{name:<{name_width}}  {'#' * round(longest * count / top)} {count}")
    return Picture(
        f"<table><caption>{escape(caption)}</caption><tbody>{''.join(rows)}</tbody></table>", "\n".join(lines)
    )


def source(text: str, *, path: str, line: int) -> Picture:
    """Python source with its line numbers, the first of which is `line`."""
    numbered = list(enumerate(zip(text.splitlines(), coloured(text), strict=False), line))
    rows = "".join(f'<tr><td class="no">{n}</td><td class="code">{markup(runs)}</td></tr>' for n, (_, runs) in numbered)
    title = f"<code>{escape(path)}</code>, from line {line}"
    plain = "\n".join([f"{path}, from line {line}", *(f"{n:>4}  {code}".rstrip() for n, (code, _) in numbered)])
    return Picture(_table(title, "", rows), plain)


def message(text: str) -> Picture:
    """One or more plain lines."""
    return Picture(f"<pre>{escape(text)}</pre>", text)


def _table(caption: str, head: str, body: str) -> str:
    title = f"<caption>{caption}</caption>" if caption else ""
    top = f'<thead><tr class="rule">{head}</tr></thead>' if head else ""
    return f"<table>{title}{top}<tbody>{body}</tbody></table>"


def _headers(*names: str) -> str:
    return "".join(f'<th scope="col">{escape(name)}</th>' if name else "<td></td>" for name in names)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
