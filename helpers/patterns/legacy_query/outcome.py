"""What a chain becomes, before it is written."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Chain, Link
from helpers.patterns.legacy_query.methods import sets
from helpers.patterns.legacy_query.shape import Shape, shape_of
from helpers.patterns.legacy_query.state import Name, Placed, Rename, State

SELECT: Name = ("sqlalchemy", "select")


@dataclass(frozen=True)
class Conversion:
    """What a chain becomes. `method` is the session's method, or None for a statement that is not run.

    `before` and `after` stand around the statement, `arguments` follow it inside the call, `filters` (`.unique()`) and
    `tail` behind it; `wrap` opens in front of the session and closes before the tail. `ends_with` is a terminal that
    stays, under the name `result`; `renames` change links inside. Names in braces are written as the module imports
    them. `keywords` are those of `get()`.
    """

    chain: Chain
    method: str | None
    before: str = ""
    after: str = ""
    arguments: str = ""
    filters: str = ""
    wrap: str = ""
    tail: str = ""
    result: str = ""
    ends_with: Link | None = None
    head: str = "{select}"
    renames: tuple[Rename, ...] = ()
    needs: tuple[Name, ...] = (SELECT,)
    keywords: tuple[str, ...] = ()
    parentheses: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Ending:
    """A chain that was read up to its terminal: what the ending makes its conversion from."""

    project: Project
    module: Module
    chain: Chain
    state: State
    renames: tuple[Rename, ...]
    terminal: Link | None

    @property
    def shape(self) -> Shape:
        """The shape of the rows; Refused where it cannot be told."""
        return shape_of(self.project, self.state)

    @property
    def head(self) -> tuple[str, tuple[Name, ...]]:
        """What opens the statement, and the names in it."""
        piece = self.state.columns[0] if self.state.columns else None
        meaning = self.project.meanings.of(piece.node, piece.module) if piece else None
        text, needs = sets.head(self.state, meaning, ast.unparse(piece.node) if piece else "")
        return text, (SELECT, *needs)

    @property
    def previous(self) -> int:
        """Where the link before the terminal ends."""
        links = self.chain.links
        return links[-2].stop if self.terminal and len(links) > 1 else links[-1].stop

    @property
    def parent(self) -> ast.AST | None:
        """What the chain stands in."""
        return self.project.scopes(self.module).parents.get(self.chain.node)

    @property
    def parentheses(self) -> tuple[int, int] | None:
        """The offsets of `(` and behind `)` when a whole right side, value or statement is the chain in parentheses."""
        if not isinstance(self.parent, ast.Assign | ast.AnnAssign | ast.Return | ast.AugAssign | ast.Expr):
            return None
        text = self.chain.source.text
        before, after = self.chain.start, self.chain.stop
        while before and text[before - 1].isspace():
            before -= 1
        while after < len(text) and text[after].isspace():
            after += 1
        held = text[before - 1 : before] == "(" and text[after : after + 1] == ")"
        return (before - 1, after + 1) if held else None

    def placed(self, link: Link) -> Placed:
        """A link of the chain with its module."""
        return Placed(link, self.module, self.chain.source)
