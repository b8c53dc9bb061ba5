"""What the links of a query have said so far, wherever they stand: in one chain, several statements or two modules."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.source import Source
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Link

Name = tuple[str, str]
EXECUTION = frozenset({"execution_options", "populate_existing", "yield_per", "autoflush"})
# endings that do not run the statement: it takes parameters on itself
BUILT = frozenset({"subquery", "cte", "scalar_subquery", "as_scalar", "label", "statement"})


@dataclass(frozen=True)
class Rename:
    """A piece of the source text, by offsets, and what is written instead.

    `needs` are the (module, name) pairs that stand in `text` as `{name}`.
    """

    start: int
    stop: int
    text: str
    needs: tuple[Name, ...] = ()


@dataclass(frozen=True, eq=False)
class Placed:
    """One link and the module it stands in."""

    link: Link
    module: Module
    source: Source

    @property
    def name(self) -> str:
        """The method's name."""
        return self.link.name

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The positional arguments."""
        return tuple(Piece(arg, self.module) for arg in self.link.args)

    def text(self, node: ast.expr) -> str:
        """An argument as written."""
        start, stop = self.source.segment(node)
        return self.source.text[start:stop]


@dataclass(frozen=True, eq=False)
class Piece:
    """An argument and the module it stands in."""

    node: ast.expr
    module: Module


@dataclass(frozen=True, eq=False)
class State:
    """A query after some of its links.

    `columns` are the entities and columns that its rows are made of, `froms` what `select_from()` named, `joint` the
    join that `filter_by()` looks at, `limited` the first link that set a limit while guards were on, `ending` the
    terminal where it is known.
    """

    columns: tuple[Piece, ...]
    ending: str = ""
    froms: tuple[Piece, ...] = ()
    joins: tuple[Placed, ...] = ()
    joint: Placed | None = None
    criteria: tuple[Piece, ...] = ()
    options: tuple[Piece, ...] = ()
    links: tuple[Placed, ...] = ()
    params: tuple[Placed, ...] = ()
    limited: str = ""
    guarded: bool = True
    yields: bool = False
    tuples: bool = False
    sets: str = ""  # union() and its like, and the name of the alias that its rows were given
    named: str = ""
    whole: bool = False  # from_statement() gave the whole statement
    eager: bool = True

    @property
    def seen(self) -> frozenset[str]:
        """The names of the links so far."""
        return frozenset(placed.name for placed in self.links)


def cut(placed: Placed, previous: int) -> Rename:
    """Take a link out: `previous` is where the link before it ends. Comments between the two stay."""
    gap = placed.source.text[previous : placed.link.dot]
    start = placed.link.dot if "#" in gap else previous
    return Rename(start, placed.link.stop, "")


def argument(placed: Placed, position: int, name: str) -> ast.expr | None:
    """The argument at `position`, or the one that is given by `name`."""
    if position < len(placed.link.args):
        return placed.link.args[position]
    return next((keyword.value for keyword in placed.link.keywords if keyword.arg == name), None)
