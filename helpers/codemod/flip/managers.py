"""`with` over several managers of which some become asynchronous: one statement for each colour, in the same order."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

from helpers.analysis.project import Project
from helpers.analysis.source import Located, Source
from helpers.codemod.flip.change import Change, Obstacle, Outcome
from helpers.codemod.refused import Refused
from helpers.model import Edit


def settle(project: Project, outcome: Outcome) -> None:
    """Take the changes of statements with several managers for what those statements become together."""
    found: dict[ast.With, list[Change]] = {}
    for change in outcome.changes:
        parents = project.scopes(change.module).parents
        item = parents.get(change.node)  # type: ignore[call-overload]  # it is a node
        statement = parents.get(item) if isinstance(item, ast.withitem) else None
        if isinstance(statement, ast.With) and len(statement.items) > 1 and _only_async(change):
            found.setdefault(statement, []).append(change)
    for statement, changes in found.items():
        asynchronous = {change.node for change in changes}
        if all(item.context_expr in asynchronous for item in statement.items):
            continue
        outcome.changes = [change for change in outcome.changes if change not in changes]
        first = changes[0]
        try:
            edits = _Split(project.sources[first.module.path], statement).edits(
                asynchronous, outcome, first.module.path
            )
            outcome.changes.append(Change(first.pattern, first.module, first.node, first.message, edits))
        except Refused as refused:
            outcome.obstacles.append(Obstacle(first.pattern, first.module, first.node, str(refused)))


def _only_async(change: Change) -> bool:
    return [edit.text for edit in change.edits] == ["async "]


@dataclass(frozen=True, eq=False)
class _Split:
    source: Source
    statement: ast.With

    def edits(self, asynchronous: set[Located], outcome: Outcome, path: str) -> tuple[Edit, ...]:
        """The statements one inside the other, and the body that far inside. Refused where that is not sure."""
        start, end = self.source.segment(self.statement)
        inner = [edit for one in outcome.changes if one.module.path == path for edit in one.edits]
        if any("\n" in edit.text and start <= edit.start < end for edit in inner):
            raise Refused("it is entered together with another manager: give each a `with` of its own")
        groups = [
            list(items) for _, items in groupby(self.statement.items, lambda one: one.context_expr in asynchronous)
        ]
        return tuple(sorted([*self._heads(groups, asynchronous), *self._body(len(groups) - 1)]))

    def _heads(self, groups: list[list[ast.withitem]], asynchronous: set[Located]) -> Iterator[Edit]:
        text, source = self.source.text, self.source
        start = source.segment(self.statement)[0]
        line = text[source.lines[self.statement.lineno - 1] : start]
        first = source.segment(groups[0][0].context_expr)[0]
        if line.strip() or text[start:first].strip() != "with":
            raise Refused("it is entered together with another manager: give each a `with` of its own")
        if groups[0][0].context_expr in asynchronous:
            yield Edit(start, start, "async ")
        for depth, (before, after) in enumerate(pairwise(groups), 1):
            last = before[-1].optional_vars or before[-1].context_expr
            begin, end = source.segment(last)[1], source.segment(after[0].context_expr)[0]
            if text[begin:end].strip(" \t") != ",":
                raise Refused("it is entered together with another manager: give each a `with` of its own")
            word = "async with " if after[0].context_expr in asynchronous else "with "
            yield Edit(begin, end, f":{source.newline}{line}{self._step(line) * depth}{word}")

    def _step(self, line: str) -> str:
        return "\t" if line.startswith("\t") else "    "

    def _body(self, depth: int) -> Iterator[Edit]:
        """Every line of the body moved, those inside of a text left where they are."""
        body = self.statement.body
        if body[0].lineno == self.statement.lineno:
            raise Refused("it is entered together with another manager: give each a `with` of its own")
        inside = set(self._inside_texts())
        line = self.source.text[self.source.lines[self.statement.lineno - 1] :]
        step = self._step(line) * depth
        head = self.statement.items[-1].optional_vars or self.statement.items[-1].context_expr
        for number in range((head.end_lineno or head.lineno) + 1, (body[-1].end_lineno or body[-1].lineno) + 1):
            at = self.source.lines[number - 1]
            if number not in inside and self.source.text[at : at + 1] not in ("\n", "\r", ""):
                yield Edit(at, at, step)

    def _inside_texts(self) -> Iterator[int]:
        """The numbers of the lines that begin inside of a text."""
        lines = io.StringIO(self.source.text, newline=None)
        for token in tokenize.generate_tokens(lines.readline):
            if token.start[0] < token.end[0] and token.type not in (tokenize.NEWLINE, tokenize.NL):
                yield from range(token.start[0] + 1, token.end[0] + 1)
