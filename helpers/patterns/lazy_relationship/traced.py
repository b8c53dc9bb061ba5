"""What a traced run read: it supplies what the text does not show, at the query that had loaded the object."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.dataflow.flows import Flows
from helpers.analysis.dataflow.members import Members
from helpers.analysis.dataflow.reads import Reading
from helpers.analysis.dataflow.sites import loaded
from helpers.analysis.dataflow.values import Ref, Step
from helpers.analysis.mapping import Entity
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.analysis.trace import LazyLoad, Loading, Place


@dataclass(frozen=True)
class Seen:
    """A step that a traced run took by a lazy load, and how that was told."""

    step: Step
    load: LazyLoad

    @property
    def reading(self) -> Reading:
        """Where it was read."""
        place = self.load.place or self.load.endpoint or Place("?", 0)
        by = f"the schema {self.load.schema}" if self.load.schema else "the tests" if not self.load.place else ""
        return Reading(place.path, place.line, f"{by} {self.load.count} times in the trace".strip())


@dataclass(eq=False)
class Traced:
    """The lazy loads of one project's trace, as steps of its mapped classes."""

    project: Project
    members: Members

    def seen(self) -> Iterator[Seen]:
        """Every lazy load of the application itself whose attribute the mapping knows."""
        trace = self.project.trace
        for load in trace.lazy_loads if trace else ():
            step = self._step(load) if load.origin == "application" else None
            if step is not None:
                yield Seen(step, load)

    def _step(self, load: LazyLoad) -> Step | None:
        entity = self._entity(load.declared)
        if entity is None:
            return None
        found = [one for one in self.members.of(entity, load.attribute) or () if isinstance(one, Step)]
        return found[0] if found else self.members.own_column(entity, load.attribute)

    def _entity(self, dotted: str) -> Entity | None:
        """The mapped class that the recorder named by `module.Class`."""
        module, _, name = dotted.rpartition(".")
        named = [entity for entity in self.project.mapped.all if entity.name == name]
        homes = [entity for entity in named if f".{entity.definition.module.name}".endswith(f".{module}")]
        return homes[0] if len(homes) == 1 else named[0] if len(named) == 1 else None


def origins(flows: Flows, loading: Loading, step: Step) -> list[Ref]:
    """The objects that the statement at a recorded line loads and that have the attribute."""
    if loading.kind != "query" or loading.place is None:
        return []
    module = flows.project.symbols.modules.get(loading.place.path)
    found = {ref for ref in _at(flows, module, loading.place.line) if _has(ref, step)} if module else set()
    return sorted(found, key=lambda ref: (ref.root.module.path, getattr(ref.root.node, "lineno", 0)))


def _at(flows: Flows, module: Module, line: int) -> Iterator[Ref]:
    for call in module.nodes.of(ast.Call):
        if call.lineno <= line <= (call.end_lineno or call.lineno):
            yield from loaded(flows.project, call, module) or ()
            yield from (ref for ref in flows.of(call, module) if ref.root.kind == "load" and not ref.path)


def _has(ref: Ref, step: Step) -> bool:
    entity = ref.entity
    return entity is not None and (entity.is_a(step.owner) or step.owner.is_a(entity))
