"""Decides for whole families: the edits of every member, or the one reason why all of them are left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from helpers.analysis.project import Project
from helpers.analysis.sessions import Tier
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Chain
from helpers.codemod.imports import NameBinder
from helpers.codemod.pattern import fingerprint
from helpers.model import Applicability, Edit, Finding, Fix, ImportName
from helpers.patterns.legacy_query.guards import Guards
from helpers.patterns.legacy_query.held.callees import Callees
from helpers.patterns.legacy_query.held.family import Family, Site
from helpers.patterns.legacy_query.held.reach import Reach
from helpers.patterns.legacy_query.held.runs import Runs
from helpers.patterns.legacy_query.held.states import States
from helpers.patterns.legacy_query.held.tracer import Tracer
from helpers.patterns.legacy_query.held.types import Types
from helpers.patterns.legacy_query.layout import prefix, receiver_is_bare
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.render import render, written
from helpers.patterns.legacy_query.state import Rename


@dataclass
class Parts:
    """The edits of one file, by the place that they belong to."""

    module: Module
    edits: dict[ast.AST, list[Edit]] = field(default_factory=dict)
    adds: set[ImportName] = field(default_factory=set)
    drops: set[str] = field(default_factory=set)

    def put(self, at: ast.AST, *edits: Edit) -> None:
        """Edits that belong to the place `at`."""
        self.edits.setdefault(at, []).extend(edits)


@dataclass(eq=False)
class Held:
    """Every family of a project, decided once."""

    code: str
    project: Project
    guards: Guards
    _families: dict[ast.Call, Family] = field(default_factory=dict)
    _found: dict[Family, tuple[Finding, ...]] = field(default_factory=dict)
    _flows: dict = field(default_factory=dict)

    @cached_property
    def _callees(self) -> Callees:
        return Callees(self.project)

    def findings(self) -> Iterator[Finding]:
        """The findings of all families, in every file that they reach."""
        for found in self._found.values():
            yield from found

    def take(self, head: ast.Call, module: Module) -> None:
        """Decide the family that `x.query(...)` belongs to."""
        if head not in self._families:
            tracer = Tracer(self.project, self._callees, self._flows)
            family = tracer.trace(head, module)
            for site in family.made:
                assert isinstance(site.value, ast.Call)
                self._families[site.value] = family
            self._families[head] = family
            self._found[family] = tuple(self._decide(family, tracer))

    def _decide(self, family: Family, tracer: Tracer) -> Iterator[Finding]:
        if not family.reason:
            try:
                tiers = [self._allowed(site) for site in family.made]
                writer = Writer(self.project, family, tracer)
                parts = writer.parts()
                yield from self._fixes(family, parts, min(tiers), review=writer.review)
                return
            except Refused as refusal:
                family.reason = str(refusal)
        yield from self._left(family)

    def _allowed(self, site: Site) -> Tier:
        if reason := self.guards.reason(site.value, site.module):
            raise Refused(reason)
        tier = self.project.sessions.tier(site.chain.receiver, site.module)
        if tier is None or (tier is Tier.BY_NAME and self.guards.own_query):
            raise Refused(f"`{ast.unparse(site.chain.receiver)}` may be no session ({site.place}): annotate it")
        return tier

    def _fixes(self, family: Family, parts: dict[str, Parts], tier: Tier, *, review: str) -> Iterator[Finding]:
        first = family.made[0]
        group = fingerprint(self.code, first.module.path, str(first.value.lineno), first.chain.text)
        for part in parts.values():
            places = _sorted_places(part)
            for index, (node, edits) in enumerate(places):
                adds = tuple(sorted(part.adds)) if index == 0 else ()
                drops = tuple(sorted(part.drops)) if index == 0 else ()
                fix = Fix(tuple(sorted(set(edits))), adds, drops, group)
                made = any(site.value is node for site in family.made)
                message = "becomes select(), run where it is used" if made else "runs the select() it is given"
                if tier is Tier.BY_NAME:
                    message, kind = f"{message}; by its name alone the receiver is a session: look", Applicability.REVIEW
                elif review:
                    message, kind = f"{message}; {review}: look", Applicability.REVIEW
                else:
                    kind = Applicability.SAFE
                yield self._finding(part.module, node, message, kind, fix)

    def _left(self, family: Family) -> Iterator[Finding]:
        seen: set[tuple[str, str]] = set()
        for site in sorted(family.sites, key=lambda one: not one.made):
            if site.made and site.ending:
                continue
            symbol = self.project.scopes(site.module).symbol(site.value)
            if not site.made and (site.module.path, symbol) in seen:
                continue
            seen.add((site.module.path, symbol))
            yield self._finding(site.module, site.value, f"left with all its uses: {family.reason}", Applicability.MANUAL)

    def _finding(
        self, module: Module, node: ast.AST, message: str, kind: Applicability, fix: Fix | None = None
    ) -> Finding:
        source = self.project.sources[module.path]
        start, stop = source.segment(node)
        line, column = source.position(start)
        symbol = self.project.scopes(module).symbol(node)
        name = fingerprint(self.code, module.path, symbol, source.text[start:stop])
        return Finding(self.code, module.path, line, column, symbol, message, kind, fix, name)


def _sorted_places(part: Parts) -> list[tuple[ast.AST, list[Edit]]]:
    """By place; one with no edits of its own is left out unless imports need it."""
    found = [(node, edits) for node, edits in part.edits.items() if edits]
    return sorted(found, key=lambda item: (getattr(item[0], "lineno", 0), getattr(item[0], "col_offset", 0)))


@dataclass(eq=False)
class Writer:
    """Writes the edits of one family. Refused as soon as one member cannot be written."""

    project: Project
    family: Family
    tracer: Tracer
    review: str = ""
    _parts: dict[str, Parts] = field(default_factory=dict)
    _binders: dict[str, NameBinder] = field(default_factory=dict)

    def parts(self) -> dict[str, Parts]:
        """The edits by file."""
        states = States(self.project, self.family)
        states.settle()
        reach = Reach(self.project, self.family, self.tracer)
        runs = Runs(self.project, states)
        for site in self.family.sites:
            self._site(site, states, reach, runs)
        Types(self.project, self.family, states, self).annotations()
        self._added(reach)
        return self._parts

    def part(self, module: Module) -> Parts:
        """The edits of one file."""
        return self._parts.setdefault(module.path, Parts(module))

    def binder(self, module: Module) -> NameBinder:
        """Spells names in one file."""
        if module.path not in self._binders:
            source = self.project.sources[module.path]
            self._binders[module.path] = NameBinder(source.tree, source.text)
        return self._binders[module.path]

    def name(self, module: Module, package: str, name: str) -> str:
        """A name as the module spells it, imported where it has to be."""
        text, added = self.binder(module).name(package, name)
        if added:
            self.part(module).adds.add(added)
        return text

    def _site(self, site: Site, states: States, reach: Reach, runs: Runs) -> None:
        states.alike(site)
        part, session = self.part(site.module), reach.at(site).text
        if site.made:
            part.put(site.value, self._head(site))
        if site.use == "session":
            part.put(site.value, Edit(site.chain.start, site.chain.stop, session))
        elif site.use in ("run", "operand", "member"):
            made = runs.conversion(site, session)
            fix = render(made, self.binder(site.module), self.project.line_length)
            part.put(site.value, *(edit for edit in fix.edits if edit.text or edit.start < edit.end))
            part.adds.update(fix.adds)
        else:
            part.put(site.value, *(self._renamed(one, site.module) for one in states.renames(site)))

    def _renamed(self, item: Rename, module: Module) -> Edit:
        names = {name: self.name(module, package, name) for package, name in item.needs}
        return Edit(item.start, item.stop, written(item.text, names))

    def _head(self, site: Site) -> Edit:
        chain: Chain = site.chain
        receiver_is_bare(chain)
        select = self.name(site.module, "sqlalchemy", "select")
        return Edit(chain.start, chain.links[0].end, f"{prefix(chain)}{select}")

    def _added(self, reach: Reach) -> None:
        """Session parameters that functions get, and what their callers pass for them."""
        done: set[object] = set()
        while len(done) < len(reach.added):
            for function, added in list(reach.added.items()):
                if function in done:
                    continue
                done.add(function)
                self.review = f"`{function.node.name}` takes the session as well"
                self._parameter(function, added.name)
                for module, call in self.tracer.calls(function):
                    ref = reach.given_at(function, call)
                    self.part(module).put(call, self._argument(module, call, f"{added.name}={ref.text}"))

    def _argument(self, module: Module, call: ast.Call, text: str) -> Edit:
        source = self.project.sources[module.path]
        closing = source.segment(call)[1] - 1
        return _appended(source.text, closing, text, empty=not (call.args or call.keywords))

    def _parameter(self, function: object, name: str) -> None:
        from helpers.patterns.legacy_query.held.callees import Function

        assert isinstance(function, Function)
        node, source = function.node, self.project.sources[function.module.path]
        arguments = node.args
        annotated = any(one.annotation for one in [*arguments.args, *arguments.kwonlyargs]) or node.returns is not None
        typed = f"{name}: {self.name(function.module, 'sqlalchemy.orm', 'Session')}" if annotated else name
        if arguments.kwarg is not None:
            raise Refused(f"`{node.name}` ({function.place}) has no session in reach and takes any keyword")
        if not (arguments.kwonlyargs or arguments.vararg):
            typed = f"*, {typed}"
        closing = _closing_of(source.text, source.segment(node)[0], node, source)
        everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        self.part(function.module).put(node, _appended(source.text, closing, typed, empty=not everything))


def _appended(text: str, closing: int, added: str, *, empty: bool) -> Edit:
    """One more item in front of a closing parenthesis, on a line of its own where the others have theirs."""
    end = closing
    while text[end - 1].isspace():
        end -= 1
    comma = text[end - 1] == ","
    gap = text[end:closing]
    if "\n" in gap and not empty:
        start = text.rfind("\n", 0, end) + 1
        indent = text[start:end][: len(text[start:end]) - len(text[start:end].lstrip())]
        return Edit(end, end, f"{'' if comma else ','}\n{indent}{added}{',' if comma else ''}")
    if empty:
        return Edit(closing, closing, added)
    return Edit(end, end, f"{' ' if comma else ', '}{added}")


def _closing_of(text: str, start: int, node: ast.FunctionDef | ast.AsyncFunctionDef, source: object) -> int:
    """The offset of the parenthesis that closes the parameters."""
    from helpers.analysis.source import Source

    assert isinstance(source, Source)
    inside = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    parts: list[ast.AST] = [*inside, *node.args.defaults, *(one for one in node.args.kw_defaults if one)]
    parts += [one for one in [node.args.vararg, node.args.kwarg] if one]
    position = max((source.segment(one)[1] for one in parts), default=text.index("(", text.index(node.name, start)) + 1)
    while text[position] != ")":
        if text[position] == "#":
            position = text.index("\n", position)
        position += 1
    return position
