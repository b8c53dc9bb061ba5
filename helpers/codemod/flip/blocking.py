"""What takes long in functions that become asynchronous: the pool had one request wait for it, the loop has all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from helpers.analysis.pooled import Site
from helpers.analysis.project import Project
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.session_types import SessionTypes
from helpers.codemod.flip.threads import Threads
from helpers.codemod.refused import Refused

PATTERN = "sync_function"


@dataclass(frozen=True, eq=False)
class Blocking:
    """Answers for one project."""

    project: Project
    types: SessionTypes

    def sites(self, function: ast.AST) -> Iterator[Site]:
        """The places of a function that would hold up the loop once it is asynchronous; one that is, does already.

        What becomes asynchronous itself is no such place: it tells of its own.
        """
        long, asynchronous = self.project.pooled.long, self.project.colouring.asynchronous
        for site in self.project.pooled.sites(function):
            leading = (long.computing if site.kind == "computes" else long.waiting) - asynchronous.keys()
            edges = sorted(site.edges, key=lambda edge: edge.callee.node not in leading)
            if not edges or edges[0].callee.node in leading:
                yield replace(site, edges=tuple(edges))

    def changes(self, site: Site) -> Iterator[Change]:
        """The place as one that a thread does. Refused where none can, unless it only computes: that may stay."""
        try:
            yield self._threads.change(site)
        except Refused as refused:
            if site.kind != "computes":
                raise Refused(
                    f"{_told(site)} would hold up the event loop, and no thread can do it: {refused}"
                ) from None

    @cached_property
    def _threads(self) -> Threads:
        return Threads(self.project, self.types)


def _told(site: Site) -> str:
    """What holds up."""
    if site.edges:
        return f"{site.edges[0].callee.symbol} leads to a call that"
    return f"`{ast.unparse(site.node.func)}()`" if isinstance(site.node, ast.Call) else "it"
