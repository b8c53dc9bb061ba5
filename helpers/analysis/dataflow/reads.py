"""Which relationships are read, and of objects from where: the attributes in code, followed back through every call."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.dataflow.flows import Flows, self_of
from helpers.analysis.dataflow.members import Code, Proxy
from helpers.analysis.dataflow.values import Path, Ref, Refs, Step
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project


@dataclass(frozen=True)
class Reading:
    """Where something is read: a line of the application, and words for what reads it there."""

    path: str
    line: int
    by: str = ""
    node: ast.AST | None = field(default=None, compare=False)

    @property
    def place(self) -> str:
        """`path:line`."""
        return f"{self.path}:{self.line}"


@dataclass(eq=False)
class Reads:
    """What is read of every object whose origin is known.

    `found` holds each object that was reached by reading an attribute which may run SQL, with the first place that
    does; `circular` the steps that are read again along themselves, as in a thread of answers.
    """

    project: Project
    flows: Flows
    found: dict[Ref, Reading] = field(default_factory=dict)
    circular: set[Step] = field(default_factory=set)
    _of_parameter: dict[ast.AST, dict[Path, Reading]] = field(default_factory=dict, repr=False)
    _edges: dict[ast.AST, set[Ref]] = field(default_factory=dict, repr=False)
    _queue: deque[tuple[Ref, Path, Reading]] = field(default_factory=deque, repr=False)

    @cached_property
    def interesting(self) -> frozenset[str]:
        """Every attribute name of a mapped class that may run SQL or code."""
        names: set[str] = set()
        for entity in self.project.mapped.all:
            names |= {relation.name for relation in self.flows.members.relations(entity)}
            for one in (entity.definition, *entity.bases):
                names |= {item.name for item in getattr(one.node, "body", ()) if isinstance(item, ast.FunctionDef)}
            names |= entity.others | set(self.flows.members.later(entity))
        return frozenset(names)

    def attribute(self, refs: Iterable[Ref], name: str, reading: Reading) -> None:
        """Attribute `name` of each object is read."""
        for ref in refs:
            self._attribute(ref, name, reading)

    def handed_on(self, refs: Iterable[Ref], argument: ast.arg | None) -> None:
        """Each object becomes a parameter's value."""
        if argument is None:
            return
        for ref in refs:
            known = self._edges.setdefault(argument, set())
            if ref not in known and (ref.path or ref.root.node is not argument):
                known.add(ref)
                self._queue.extend((ref, path, why) for path, why in self._of_parameter.get(argument, {}).items())

    def handed_to(self, argument: ast.AST) -> Refs:
        """The objects that were handed on as a parameter's value."""
        return frozenset(self._edges.get(argument, ()))

    def settle(self) -> None:
        """Follow what was read of parameters back to what is handed to them, until nothing new comes up."""
        while self._queue:
            start, path, reading = self._queue.popleft()
            self._follow(start, path, reading)

    def _attribute(self, ref: Ref, name: str, reading: Reading) -> None:
        if ref.entity is None:
            if name in self.interesting and not (ref.path and isinstance(ref.path[-1], Step)):
                self._reach(ref.along(name), reading)
            return
        if ref.root.kind == "parameter" and not ref.path and (own := self.flows.members.own_column(ref.entity, name)):
            self._reach(ref.along(own), reading)  # an object that was loaded as its base has to load it
        for member in self.flows.members.of(ref.entity, name) or ():
            match member:
                case Step():
                    self._along(ref, member, reading)
                case Proxy(relation=relation, attribute=attribute):
                    self._attribute(ref, relation, reading)
                    self.attribute(self.flows.step(ref, relation), attribute, reading)
                case Code(function=function):
                    self.handed_on([ref], self_of(function))

    def _along(self, ref: Ref, step: Step, reading: Reading) -> None:
        if step in ref.path:
            self.circular.add(step)
        self._reach(ref.along(step), reading)  # also what it was made with: a refresh throws that away

    def _reach(self, ref: Ref | None, reading: Reading) -> None:
        if ref is None or ref in self.found:
            return
        self.found[ref] = reading
        if ref.root.kind == "parameter":
            self._of_parameter.setdefault(ref.root.node, {})[ref.path] = reading
            starts = self._edges.get(ref.root.node, ())
            self._queue.extend((start, ref.path, reading) for start in starts)

    def _follow(self, start: Ref, path: Path, reading: Reading) -> None:
        """What was read of a parameter is read of the object that is handed to it."""
        ends: Refs = self.flows.walk(start, path[:-1])
        last = path[-1]
        for end in ends:
            if isinstance(last, str):
                self._attribute(end, last, reading)
            elif (
                last.kind == "subclass" and end.root.kind != "parameter" and end.entity and end.entity.is_a(last.owner)
            ):
                continue  # loaded as what it is
            elif end.entity is None or end.entity.is_a(last.owner) or last.owner.is_a(end.entity):
                self._along(end, last, reading)
        if last in start.path and isinstance(last, Step):
            self.circular.add(last)


def reading_at(node: ast.AST, module: Module, by: str = "") -> Reading:
    """A reading on the line of `node`."""
    return Reading(module.path, getattr(node, "lineno", 1), by, node)
