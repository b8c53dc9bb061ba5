"""The places that load objects, each with what is read of them afterwards and not loaded with them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from helpers.analysis.callers import Callers
from helpers.analysis.dataflow.flows import Flows
from helpers.analysis.dataflow.readers import reads_of
from helpers.analysis.dataflow.reads import Reading, Reads
from helpers.analysis.dataflow.values import Ref, Root, Step
from helpers.analysis.declarations import class_value
from helpers.analysis.project import Project
from helpers.analysis.schemas import is_graphql
from helpers.analysis.scopes import Function
from helpers.analysis.symbols import Module
from helpers.patterns.lazy_relationship.loaders import Loaders, Names, hidden, names_loaders, subclass
from helpers.patterns.lazy_relationship.statements import Statements
from helpers.patterns.lazy_relationship.traced import Seen, Traced, origins

Steps = tuple[Step, ...]
MOST_PLACES = 3


@dataclass(frozen=True)
class Need:
    """A relationship that is read along `path` from what a site loads, by objects that `via` handed out."""

    path: Steps
    via: tuple[ast.Call, ...]
    reading: Reading
    conditional: bool = False


@dataclass(eq=False)
class Site:
    """One place that loads objects: a statement, a call that hands one out, a `get`, or a constructor."""

    root: Root
    call: ast.Call
    module: Module
    function: Function | None
    kind: str
    needs: list[Need] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    given: set[Names] = field(default_factory=set)

    @property
    def paths(self) -> list[Steps]:
        """What is needed by anybody, each path once, shorter ones first."""
        return sorted(dict.fromkeys(need.path for need in self.needs), key=len)


@dataclass(eq=False)
class Survey:
    """Everything that the pattern knows of one project; `everywhere` is what no single query is to blame for."""

    project: Project
    everywhere: list[Seen] = field(default_factory=list)

    @cached_property
    def flows(self) -> Flows:
        """Where values come from."""
        return Flows.build(self.project)

    @cached_property
    def reads(self) -> Reads:
        """What is read of them."""
        return reads_of(self.project, self.flows)

    @cached_property
    def loaders(self) -> Loaders:
        """What options load."""
        return Loaders(self.project, self.flows.callees)

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
            site.needs.append(Need(steps, via, reading, self._conditional(reading)))
        self._supplied(found)
        for site in found.values():
            site.links, site.given = self._used(site)
            site.needs = [need for need in site.needs if not self._is_given(site, need)]
        ordered = sorted(found.values(), key=lambda one: (one.module.path, one.call.lineno, one.call.col_offset))
        return [site for site in ordered if site.needs]

    def unseen_by_checkers(self, path: Steps) -> bool:
        """Whether a step comes from a `backref`, and a type checker, which cannot see it, judges the application."""
        return self._checked and any(
            step.kind == "relationship" and step.name not in step.owner.relationships for step in path
        )

    @cached_property
    def _checked(self) -> bool:
        """Whether the application has settings for a type checker."""
        texts = [self.project.root / name for name in ("pyproject.toml", "setup.cfg", "mypy.ini", "pyrightconfig.json")]
        found = [path.read_text(encoding="utf-8", errors="replace") for path in texts if path.is_file()]
        return any("mypy" in text or "pyright" in text for text in found)

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
        last = ref.path[-1]
        return isinstance(last, Step) and self.flows.members.is_eager(last)

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
        return not (isinstance(call.func, ast.Attribute) and call.func.attr in ("get", "get_one"))

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

    @cached_property
    def _uses(self) -> dict[Root, list[tuple[ast.Call, Ref]]]:
        """Every method call on what a root gives."""
        found: dict[Root, list[tuple[ast.Call, Ref]]] = {}
        for module in self.project.symbols.modules.values():
            for call in module.nodes.of(ast.Call):
                if isinstance(call.func, ast.Attribute):
                    for ref in self.flows.of(call.func.value, module):
                        if not ref.path:
                            found.setdefault(ref.root, []).append((call, ref))
        return found

    def _used(self, site: Site) -> tuple[set[str], set[Names]]:
        """The methods that a site's statement goes through, and what its options load already."""
        own = site.call is site.root.node
        uses = [call for call, ref in self._uses.get(site.root, ()) if own or site.call in ref.via]
        links = {call.func.attr for call in uses if isinstance(call.func, ast.Attribute)}
        options = [call for call in uses if isinstance(call.func, ast.Attribute) and call.func.attr == "options"]
        given = {path for call in options for path in self._options_of(call)}
        given |= set(self._in_call(site.call))
        return links, given

    def _is_given(self, site: Site, need: Need) -> bool:
        names = named(need.path)
        if self._is_polymorphic(site) and len(names) == 1 and need.path[0].kind == "subclass":
            return True
        if site.kind == "made" and names[0] in self._filled(site):
            return len(names) == 1
        handed = {path for call in need.via for path in self._in_call(call)}
        return names in site.given or names in handed or names in self._refreshed(site, need)

    def is_hidden(self, site: Site, need: Need) -> bool:
        """Whether options of the query that cannot be read may load what is needed already."""
        return hidden(site.given, named(need.path))

    def _options_of(self, call: ast.Call) -> Iterator[Names]:
        module = self.module(call)
        yield from self.loaders.loaded_by(call.args, module) if module else ()

    def _in_call(self, call: ast.Call) -> Iterator[Names]:
        """What options in the arguments of a call load: `get(..., options=[...])`, `find(db, options=[...])`."""
        module = self.module(call)
        for keyword in call.keywords if module else ():
            if keyword.arg == "options" and module:
                yield from self.loaders.loaded_by([keyword.value], module)
        for value in call.args if module else ():
            if isinstance(value, ast.List | ast.Tuple | ast.Call) and names_loaders(value) and module:
                yield from self.loaders.loaded_by([value], module)

    def _is_polymorphic(self, site: Site) -> bool:
        """Whether the statement loads the columns of subclasses itself, by `with_polymorphic`."""
        node = site.root.node
        if site.kind != "statement" or not isinstance(node, ast.Call):
            return False
        return any(
            self.project.meanings.is_sqlalchemy(call.func, site.root.module, "with_polymorphic")
            for binding in self.project.scopes(site.root.module).lookup(ast.unparse(node.args[site.root.column]), node)
            if isinstance(call := binding.value, ast.Call)
        )

    def _filled(self, site: Site) -> set[str]:
        """What is assigned to a new object in the function that makes it."""
        return {
            node.attr
            for node in ast.walk(site.function or site.call)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            for ref in self.flows.of(node.value, site.module)
            if ref.root == site.root and not ref.path
        }

    def _refreshed(self, site: Site, need: Need) -> set[Names]:
        """What a later `refresh(x, [...])` loads of the object."""
        found = [paths for ref, paths in self._refreshes if ref.root == site.root and _same_way(ref.via, need.via)]
        return {path for paths in found for path in paths}

    @cached_property
    def _refreshes(self) -> list[tuple[Ref, list[Names]]]:
        """Each object that is refreshed by name, or selected again with options, and what that loads."""
        found: list[tuple[ast.expr, Module, list[Names]]] = [
            (call.args[0], module, [(name,) for name in _refreshed_names(call)])
            for module, call in self.project.calls.get("refresh", ())
            if call.args
        ]
        for module in self.project.symbols.modules.values():
            for statement in module.nodes.of(ast.Expr):
                again = self.loaders.selected_again(statement.value, module)
                found += [(subject, module, paths) for subject, paths in again]
        return [(ref, paths) for node, module, paths in found for ref in self.flows.of(node, module) if not ref.path]


def named(path: Steps) -> Names:
    """A path by the names of its steps, as options give it."""
    return tuple(subclass(step.owner.name) if step.kind == "subclass" else step.name for step in path)


def _same_way(inner: Iterable[ast.Call], outer: Iterable[ast.Call]) -> bool:
    """Whether one object went the way of the other, perhaps further out."""
    short, long = [*inner], [*outer]
    return long[len(long) - len(short) :] == short


def _refreshed_names(call: ast.Call) -> list[str]:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "attribute_names"]
    given = call.args[1] if len(call.args) > 1 else next(iter(named), None)
    parts = given.elts if isinstance(given, ast.List | ast.Tuple) else []
    return [str(part.value) for part in parts if isinstance(part, ast.Constant)]
