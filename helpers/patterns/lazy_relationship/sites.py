"""The places that load objects, each with what is read of them afterwards and not loaded with them."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from helpers.analysis.callers import Callers
from helpers.analysis.dataflow.flows import Flows
from helpers.analysis.dataflow.readers import reads_of
from helpers.analysis.dataflow.reads import Reading, Reads
from helpers.analysis.dataflow.sites import is_partial_get
from helpers.analysis.dataflow.values import Ref, Root, Step
from helpers.analysis.declarations import class_value
from helpers.analysis.mapped_objects import MappedObjects
from helpers.analysis.project import Project
from helpers.analysis.schemas import is_graphql
from helpers.analysis.scopes import Function
from helpers.analysis.symbols import Module
from helpers.patterns.lazy_relationship.given import Given
from helpers.patterns.lazy_relationship.loaders import Names
from helpers.patterns.lazy_relationship.statements import Statements
from helpers.patterns.lazy_relationship.traced import Seen, Traced, origins
from helpers.patterns.lazy_relationship.whole import WholeRefreshes

Steps = tuple[Step, ...]
MOST_PLACES = 3


def in_order(paths: Iterable[Steps]) -> list[Steps]:
    """Paths, each once, shorter ones first, equal ones by name: an order that is the same in every run."""
    return sorted(set(paths), key=lambda path: (len(path), [step.label for step in path]))


@dataclass(frozen=True)
class Need:
    """A relationship that is read along `path` from what a site loads, by objects that `via` handed out."""

    path: Steps
    via: tuple[ast.Call, ...]
    reading: Reading
    conditional: bool = False


@dataclass(eq=False)
class Site:
    """One place that loads objects: a statement, a call that hands one out, a `get`, or a constructor.

    `served` is what readers need and the statement loads already, `every` all that is read, whoever loads it, `late`
    the calls behind which more is loaded, at the cost of one more statement.
    """

    root: Root
    call: ast.Call
    module: Module
    function: Function | None
    kind: str
    needs: list[Need] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    given: set[Names] = field(default_factory=set)
    served: list[Need] = field(default_factory=list)
    every: tuple[Need, ...] = ()
    late: set[ast.Call] = field(default_factory=set)

    @property
    def paths(self) -> list[Steps]:
        """What is needed by anybody, each path once, shorter ones first."""
        return in_order(need.path for need in self.needs)


def _place(site: Site) -> tuple[str, int, int, int]:
    """Where a site stands, of several objects of one row which of them it gives: the same order in every run."""
    return site.module.path, site.call.lineno, site.call.col_offset, site.root.column


@dataclass(eq=False)
class Survey:
    """Everything that the pattern knows of one project; `everywhere` is what no single query is to blame for."""

    project: Project
    everywhere: list[Seen] = field(default_factory=list)
    by_root: dict[Root, list[Site]] = field(default_factory=dict)

    @cached_property
    def flows(self) -> Flows:
        """Where values come from."""
        return Flows.build(self.project)

    @cached_property
    def reads(self) -> Reads:
        """What is read of them."""
        return reads_of(self.project, self.flows)

    @cached_property
    def objects(self) -> MappedObjects:
        """Which expressions are mapped objects."""
        return MappedObjects(self.project)

    @cached_property
    def given(self) -> Given:
        """What is loaded already."""
        return Given(self)

    @cached_property
    def whole(self) -> WholeRefreshes:
        """Where an object is refreshed whole."""
        return WholeRefreshes(self)

    @cached_property
    def callers(self) -> Callers:
        """Who calls whom."""
        return Callers(self.project, self.flows.callees)

    @cached_property
    def statements(self) -> Statements:
        """Which functions hand out statements that nobody has run."""
        return Statements(self.project, self.flows)

    def sites(self) -> list[Site]:
        """Every place that loads objects of which more is read, in the order of the files."""
        found: dict[tuple[Root, ast.Call], Site] = {}
        for ref, reading in self.reads.found.items():
            if ref.root.kind == "parameter" or not all(isinstance(part, Step) for part in ref.path):
                continue
            if self._loaded_anyway(ref):
                continue
            site, via = self._site(found, ref)
            steps = tuple(part for part in ref.path if isinstance(part, Step))
            conditional = site.function not in self.flows.batches.all and self._conditional(reading)
            site.needs.append(Need(steps, via, reading, conditional))  # a DataLoader loads it for all who ask at once
        self._supplied(found)
        for site in found.values():
            site.every = tuple(site.needs)
            self.by_root.setdefault(site.root, []).append(site)
            site.links, site.given = self.given.used(site)
            site.served = [need for need in site.needs if self.given.is_served(site, need)]
            site.needs = [need for need in site.needs if not self.given.is_given(site, need)]
        ordered = sorted(found.values(), key=_place)
        return [site for site in ordered if site.needs or site.served]

    def _supplied(self, found: dict[tuple[Root, ast.Call], Site]) -> None:
        """What a traced run read and the text does not show, at the query that had loaded the object."""
        known = {(site.root, need.path[-1]) for site in found.values() for need in site.needs}
        later: list[Seen] = []
        for seen in Traced(self.project, self.flows.members).seen():
            places = [one for one in seen.load.loaded_by if one.kind == "query" and one.place]
            refs = [origins(self.flows, one, seen.step) for one in places]
            told = bool(places) and len(places) == len(seen.load.loaded_by) and len(places) <= MOST_PLACES
            if not told or any(len({ref.root for ref in each}) != 1 for each in refs):
                later.append(seen)
                continue
            for [ref, *_] in refs:
                if (ref.root, seen.step) not in known:
                    known.add((ref.root, seen.step))
                    site, via = self._site(found, ref)
                    site.needs.append(Need((seen.step,), via, seen.reading))
        self.everywhere = [seen for seen in later if not self._says_eager(seen.step)]

    def _says_eager(self, step: Step) -> bool:
        """Whether the mapping was changed since the run: it names an eager strategy itself."""
        for one in (step.owner.definition, *step.owner.bases):
            value = class_value(one.node, step.name)
            if isinstance(value, ast.Call):
                return '"selectin"' in ast.unparse(value).replace("'", '"') or "polymorphic" in ast.unparse(value)
        return step.kind == "relationship" and self.flows.members.is_eager(step)

    def _loaded_anyway(self, ref: Ref) -> bool:
        """Whether nothing is loaded by touching it: the mapping loads it before, or refuses to load it then."""
        last, members = ref.path[-1], self.flows.members
        if not isinstance(last, Step) or members.refuses(last):
            return isinstance(last, Step)
        unloaded = ref.root.kind == "made" and len(ref.path) == 1 and members.comes_with_its_owner(last)
        return members.is_eager(last) and not unloaded

    def _site(self, found: dict[tuple[Root, ast.Call], Site], ref: Ref) -> tuple[Site, tuple[ast.Call, ...]]:
        """Where options go for an object: at its statement, or at the call that handed the statement out."""
        assert isinstance(ref.root.node, ast.Call)
        call, module, via = ref.root.node, ref.root.module, ref.via
        kind = "made" if ref.root.kind == "made" else "statement" if self._is_statement(call) else "get"
        while kind == "statement" and via and self.statements.hands_out(self._around(call, module)):
            call, via = via[-1], via[:-1]
            module = self.module(call) or module
        key = (ref.root, call)
        if key not in found:
            found[key] = Site(ref.root, call, module, self._around(call, module), kind)
        return found[key], via

    def _is_statement(self, call: ast.Call) -> bool:
        plain = isinstance(call.func, ast.Attribute) and call.func.attr in ("get", "get_one")
        return not plain and not is_partial_get(call)

    def _around(self, call: ast.Call, module: Module) -> Function | None:
        return self.project.scopes(module).function(call)

    @cached_property
    def _modules(self) -> dict[ast.Call, Module]:
        modules = self.project.symbols.modules.values()
        return {call: module for module in modules for call in module.nodes.of(ast.Call)}

    def module(self, call: ast.Call) -> Module | None:
        """The module that a call stands in."""
        return self._modules.get(call)

    def _conditional(self, reading: Reading) -> bool:
        """Whether something is read only when somebody asks for it: by a resolver of a GraphQL type."""
        module = self.project.symbols.modules.get(reading.path)
        if module is None or reading.node is None:
            return False
        return any(is_graphql(node) for node in self.project.scopes(module).ancestors(reading.node))
