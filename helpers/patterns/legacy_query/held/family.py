"""The vocabulary of families: places where a Query is made, grown or used up, and the slots that carry it between."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from helpers.analysis.local_definitions import Definition
from helpers.analysis.local_flow import Flow
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Chain, Link
from helpers.patterns.legacy_query.held.callees import Function

Use = Literal["carried", "run", "operand", "member", "kept as is", "tested", "session"]


@dataclass(frozen=True)
class Local:
    """A definition of a local name (or of a module's), a parameter among them."""

    definition: Definition
    flow: Flow
    module: Module

    @property
    def label(self) -> str:
        """How a reader knows it."""
        return f"`{self.definition.name}`"


@dataclass(frozen=True)
class Returned:
    """What a function gives."""

    function: Function

    @property
    def label(self) -> str:
        """How a reader knows it."""
        return f"what `{self.function.node.name}` returns"


@dataclass(frozen=True)
class Kept:
    """An attribute of the instances of a class, by the topmost class that assigns it."""

    owner: ast.ClassDef
    name: str
    module: Module

    @property
    def label(self) -> str:
        """How a reader knows it."""
        return f"`self.{self.name}`"


@dataclass(frozen=True)
class Inner:
    """An expression that passes a Query through: a conditional, a walrus, an awaited call."""

    node: ast.expr
    module: Module

    @property
    def label(self) -> str:
        """How a reader knows it."""
        return f"`{ast.unparse(self.node)[:40]}`"


Slot = Local | Returned | Kept | Inner


@dataclass(eq=False)
class Site:
    """One expression that is a Query, with the links called on it here.

    `value` is the expression itself: a `x.query(...)` call, a name, a call of a helper. `reads` are the slots that it
    takes its value from, `feeds` those that the whole chain goes to.
    """

    module: Module
    value: ast.expr
    chain: Chain
    made: bool
    ending: Link | None = None
    reads: tuple[Slot, ...] = ()
    feeds: list[Slot] = field(default_factory=list)
    use: Use = "carried"
    rebound: frozenset[str] = frozenset()
    asked: list[ast.expr] = field(default_factory=list)

    @property
    def node(self) -> ast.expr:
        """The whole chain."""
        return self.chain.node

    @property
    def terminal(self) -> Link | None:
        """The ending where it is a call."""
        return self.ending if self.ending and self.ending.call else None

    @property
    def middle(self) -> list[Link]:
        """The links between the value and the terminal."""
        links = list(self.chain.links[1:] if self.made else self.chain.links)
        return links[:-1] if self.ending else links

    @property
    def place(self) -> str:
        """`path:line`."""
        return f"{self.module.path}:{self.value.lineno}"


@dataclass(eq=False)
class Family:
    """All places that one Query may reach, or that may reach them. `reason` says why all of it is left alone."""

    sites: list[Site] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    reason: str = ""

    @property
    def made(self) -> list[Site]:
        """The places where a Query is made."""
        return [site for site in self.sites if site.made]

    def feeding(self, slot: Slot) -> Iterator[Site]:
        """The places whose Query goes to a slot."""
        return (site for site in self.sites if slot in site.feeds)

    def before(self, site: Site) -> Iterator[Site]:
        """The places that a site takes its Query from."""
        return (one for slot in site.reads for one in self.feeding(slot))

    def upstream(self, site: Site) -> list[Site]:
        """Every place that a site's Query may have gone through, the nearest first."""
        found: dict[Site, None] = {}
        queue = list(self.before(site))
        while queue:
            one = queue.pop(0)
            if one not in found:
                found[one] = None
                queue += self.before(one)
        return list(found)
