"""What every family of methods asks: the state before a link, and small questions about the project."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.meaning import Meaning
from helpers.analysis.project import Project
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import Piece, Placed, Rename, State, cut

Followed = tuple[State, tuple[Rename, ...]]


@dataclass(frozen=True, eq=False)
class Reading:
    """One link behind the state that the links before it made; `previous` is where the link before it ends."""

    project: Project
    state: State
    placed: Placed
    previous: int

    def meaning(self, node: ast.expr) -> Meaning | None:
        """What an argument of the link stands for."""
        return self.project.meanings.of(node, self.placed.module)

    def of(self, piece: Piece) -> Meaning | None:
        """What an argument of an earlier link stands for."""
        return self.project.meanings.of(piece.node, piece.module)

    def renamed(self, name: str) -> Rename:
        """The link under another name."""
        return Rename(self.placed.link.start, self.placed.link.end, name)

    def removed(self) -> Rename:
        """The link taken out; Refused where its arguments hold a comment or another query."""
        link, text = self.placed.link, self.placed.source.text
        inside = text[link.opening : link.stop] if link.call else ""
        if "#" in inside or ".query(" in inside:
            raise Refused(f".{link.name}() is not needed behind the change, and holds more than it says: take it out")
        return cut(self.placed, self.previous)

    def replaced(self, text: str, needs: tuple[tuple[str, str], ...] = ()) -> Rename:
        """The link, from its name on, as `text`; Refused where a comment would be lost."""
        link = self.placed.link
        if "#" in self.placed.source.text[link.start : link.stop]:
            raise Refused(f".{link.name}() holds a comment that would be lost: move it out")
        return Rename(link.start, link.stop, text, needs)

    def only(self, *names: str, most: int = 1) -> None:
        """Refused unless the link has at most so many positional arguments and keywords of these names alone."""
        link = self.placed.link
        starred = any(isinstance(arg, ast.Starred) for arg in link.args)
        if starred or len(link.args) > most or not {keyword.arg for keyword in link.keywords} <= set(names):
            raise Refused(f"this form of .{link.name}() is not in the mapping table: write its arguments out")
