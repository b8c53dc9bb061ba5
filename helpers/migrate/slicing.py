"""Which functions become asynchronous together over the face: router file by router file, from the top down."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field

from helpers.analysis.callgraph import Edge
from helpers.analysis.project import Project
from helpers.codemod.flip.slices import Slices
from helpers.codemod.refused import Refused
from helpers.model import Stage

_SMALL = 3


@dataclass(frozen=True)
class Slice:
    """The functions of one step, each as `path:symbol`, and the bridges that are open after it."""

    stage: Stage
    title: str
    symbols: tuple[str, ...]
    bridges: tuple[str, ...]


@dataclass(eq=False)
class Slicing:
    """Takes one slice after the other, until nothing is left that can be taken."""

    project: Project
    budget: int
    flipped: set[ast.AST] = field(default_factory=set)
    _fits: dict[ast.AST, bool] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.slices = Slices(self.project)
        self.reach = self.slices.reach

    def all(self) -> Iterator[Slice]:
        """Every slice, in order."""
        while taken := self._next():
            stage, title, chosen = taken
            self.flipped |= chosen
            yield Slice(stage, title, tuple(map(self._name, self._sorted(chosen))), self._bridges())

    def _next(self) -> tuple[Stage, str, frozenset[ast.AST]] | None:
        left = self._closure([node for node in self._waiting() if self._is_called(node)])
        if left:
            return Stage.SLICES, f"what only asynchronous functions call: {self._files(left)}", left
        waiting = self._waiting()
        routes = [node for node in waiting if node in self.reach.entries]
        injected = [node for node in waiting if node in self.reach.injected and node not in self.reach.entries]
        others = [node for node in waiting if node not in self.reach.entries | self.reach.injected]
        for stage, nodes in ((Stage.SLICES, routes), (Stage.SHARED, injected), (Stage.SLICES, others)):
            if chosen := self._best(nodes):
                what = "shared dependencies of " if stage is Stage.SHARED else ""
                return stage, f"{what}{self._files(chosen & set(nodes))}", chosen
        return None

    def _waiting(self) -> list[ast.AST]:
        return self._sorted(node for node in self.slices.open if node not in self.flipped)

    def _is_called(self, node: ast.AST) -> bool:
        """Whether asynchronous functions call it, through bridges."""
        return any(
            edge.caller.node in self.flipped or self.slices.is_bridged(edge) for edge in self.slices.callers(node)
        )

    def _best(self, nodes: Iterable[ast.AST]) -> frozenset[ast.AST]:
        """The file whose slice opens the fewest bridges for each of its functions, with small ones beside it."""
        by_file: dict[str, list[ast.AST]] = {}
        for node in nodes:
            by_file.setdefault(self._path(node), []).append(node)
        found = [(path, chosen) for path, entries in by_file.items() if (chosen := self._closure(entries))]
        found.sort(key=lambda item: (self._opened(item[1]) / len(item[1]), item[0]))
        if not found:
            return frozenset()
        taken = found[0][1]
        for _, more in found[1:]:
            both = taken | more
            if (
                len(taken) <= _SMALL
                and len(more) <= _SMALL
                and len(both) <= self.budget
                and self._closure(both) == both
            ):
                taken = both
        return taken

    def _opened(self, chosen: Set[ast.AST]) -> int:
        return sum(1 for node in chosen for edge in self._stays(node, chosen))

    def _closure(self, starts: Iterable[ast.AST]) -> frozenset[ast.AST]:
        """The starts with everything below them that only asynchronous functions call, as far as it can be taken."""
        chosen: set[ast.AST] = set()
        for start in starts:
            self._add(start, chosen)
        queue = self._sorted(chosen)
        while queue:
            for edge in self.slices.calls(queue.pop(0)):
                before = set(chosen)
                if edge.callee.node not in chosen and self._add(edge.callee.node, chosen):
                    queue += self._sorted(chosen - before)
        return self._settled(chosen)

    def _add(self, node: ast.AST, chosen: set[ast.AST]) -> bool:
        unit = self.slices.unit(node)
        if node in chosen or (chosen and len(chosen | unit) > self.budget):
            return False
        if not all(one in self.slices.open and one not in self.flipped and self._fit(one) for one in unit):
            return False
        if not all(self._all_follow(one, chosen | unit) for one in unit):
            return False
        chosen |= unit
        return True

    def _settled(self, chosen: set[ast.AST]) -> frozenset[ast.AST]:
        """What is left when all that cannot be bridged, or whose callers cannot follow, waits for a later step."""
        while True:
            out = {one for node in chosen if self._stuck(node, chosen) for one in self.slices.unit(node)}
            if not out:
                return frozenset(chosen)
            chosen = chosen - out

    def _stuck(self, node: ast.AST, chosen: set[ast.AST]) -> bool:
        if not self._all_follow(node, chosen):
            return True
        stays = list(self._stays(node, chosen))
        if self.slices.in_two_colours(node, [edge.callee.node for edge in stays]):
            return True
        return any(isinstance(self.slices.bridge(edge), str) for edge in stays)

    def _stays(self, node: ast.AST, chosen: Set[ast.AST]) -> Iterator[Edge]:
        """The calls of what stays synchronous when `chosen` become asynchronous."""
        for edge in self.slices.calls(node):
            waits = edge.callee.node not in chosen and edge.callee.node not in self.flipped
            if waits and not self.slices.is_bridged(edge):
                yield edge

    def _all_follow(self, node: ast.AST, chosen: Set[ast.AST]) -> bool:
        """Whether all that call a function, or hand it to a thread, await it or can do without."""
        done = self.flipped | chosen
        handed = all(self.slices.awaits(one, done) for one in self.slices.handed_by(node))
        return handed and all(self._follows(edge, chosen) for edge in self.slices.callers(node))

    def _follows(self, edge: Edge, chosen: Set[ast.AST]) -> bool:
        """Whether a caller awaits, or can do without."""
        caller = edge.caller.node
        if self.slices.is_bridged(edge) or self.slices.awaits(caller, self.flipped | chosen):
            return True
        if not self.reach.may_run(caller):
            return False
        try:
            self.slices.bridges.run(edge, self.slices.faces.dotted)
        except Refused:
            return False
        return True

    def _fit(self, node: ast.AST) -> bool:
        """Whether a function itself can become asynchronous over the face, and all that it is handed to can await."""
        if node not in self._fits:
            self._fits[node] = not isinstance(self.slices.own(node), str) and not self.slices.helper(node)
            try:
                for edge in self.project.callgraph.calls_to.get(node, ()):
                    if edge.kind == "reference":
                        list(self.slices.places.callers.changes(edge))
            except Refused:
                self._fits[node] = False
        return self._fits[node]

    def _bridges(self) -> tuple[str, ...]:
        """Every call of a synchronous function by an asynchronous one, which is a bridge."""
        found = {
            edge.site: f"{self._name(edge.caller.node)} -> {self._name(edge.callee.node)}"
            for node in self.project.colouring.asynchronous
            for edge in self.slices.calls(node)
            if edge.callee.node not in self.flipped and (node in self.flipped or self.slices.is_bridged(edge))
        }
        return tuple(sorted(found.values()))

    def _sorted(self, nodes: Iterable[ast.AST]) -> list[ast.AST]:
        return sorted(nodes, key=lambda node: (self._path(node), getattr(node, "lineno", 0)))

    def _path(self, node: ast.AST) -> str:
        return self.project.callgraph.functions[node].module.path

    def _name(self, node: ast.AST) -> str:
        return f"{self._path(node)}:{self.project.callgraph.functions[node].symbol}"

    def _files(self, nodes: Iterable[ast.AST]) -> str:
        return ", ".join(sorted({self._path(node) for node in nodes}))
