"""Decides for whole families: the edits of every member, or the one reason why all of them are left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from helpers.analysis.project import Project
from helpers.analysis.sessions import Tier
from helpers.analysis.symbols import Module
from helpers.codemod.pattern import fingerprint
from helpers.model import Applicability, Finding, Fix
from helpers.patterns.legacy_query.guards import Guards
from helpers.patterns.legacy_query.held.callees import Callees
from helpers.patterns.legacy_query.held.family import Family, Site
from helpers.patterns.legacy_query.held.names import Names
from helpers.patterns.legacy_query.held.tracer import Tracer
from helpers.patterns.legacy_query.held.writing import Parts, Place, Writer
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.usage import Usage


@dataclass(eq=False)
class Held:
    """Every family of a project, decided once."""

    code: str
    project: Project
    guards: Guards
    _families: dict[ast.Call, Family] = field(default_factory=dict)
    _found: dict[Family, tuple[Finding, ...]] = field(default_factory=dict)
    _at: dict[ast.AST, Finding] = field(default_factory=dict)

    @cached_property
    def _names(self) -> Names:
        return Names(self.project, {})

    @cached_property
    def _callees(self) -> Callees:
        return Callees(self.project)

    def findings(self) -> Iterator[Finding]:
        """The findings of all families, in every file that they reach."""
        for found in self._found.values():
            yield from found

    def take(self, head: ast.Call, module: Module) -> Finding:
        """Decide the family that `x.query(...)` belongs to; the finding for that call."""
        if head not in self._families:
            tracer = Tracer(self.project, self._callees, self._names)
            family = tracer.trace(head, module)
            for site in family.made:
                assert isinstance(site.value, ast.Call)
                self._families[site.value] = family
            self._families[head] = family
            self._found[family] = tuple(self._decide(family, tracer))
        return self._at[head]

    def growth(self, path: str, start: int, stop: int) -> int:
        """How many characters the families add to a piece of a file."""
        here = [finding for found in self._found.values() for finding in found if finding.path == path and finding.fix]
        edits = [edit for finding in here if finding.fix for edit in finding.fix.edits if start <= edit.start < stop]
        return sum(len(edit.text) - (edit.end - edit.start) for edit in edits)

    def leave(self, head: ast.Call | None, reason: str) -> None:
        """Leave the family of `x.query(...)` after all, because of what stands inside it."""
        family = self._families.get(head) if head is not None else None
        if family is not None and not family.reason:
            family.reason = reason
            self._found[family] = tuple(self._left(family))

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
        careful = "by its name alone the receiver is a session" if tier is Tier.BY_NAME else review
        kind = Applicability.REVIEW if careful else Applicability.SAFE
        for part in parts.values():
            for place in part.places:
                once = place is part.places[0]  # imports go with the first place of a file
                adds = tuple(sorted(part.adds)) if once else ()
                drops = tuple(sorted(part.drops)) if once else ()
                fix = Fix(tuple(sorted(set(part.edits[place]))), adds, drops, group)
                message = f"{part.words[place]}; {careful}: look" if careful else part.words[place]
                yield self._finding(part.module, place, message, kind, fix)

    def _left(self, family: Family) -> Iterator[Finding]:
        seen: set[tuple[str, str]] = set()
        for site in sorted(family.sites, key=lambda one: not one.made):
            if site.made and site.ending:
                continue
            symbol = self.project.scopes(site.module).symbol(site.value)
            if not site.made and (site.module.path, symbol) in seen:
                continue
            seen.add((site.module.path, symbol))
            goes = Usage(self.project, site.module).kept_in(site.node)
            said = f"the query {goes} and is left" if site.made else "left"
            message = f"{said} with all its uses: {family.reason}"
            yield self._finding(site.module, site.value, message, Applicability.MANUAL)

    def _finding(
        self, module: Module, node: Place, message: str, kind: Applicability, fix: Fix | None = None
    ) -> Finding:
        source = self.project.sources[module.path]
        start, stop = source.segment(node)
        line, column = source.position(start)
        symbol = self.project.scopes(module).symbol(node)
        name = fingerprint(self.code, module.path, symbol, source.text[start:stop])
        self._at[node] = Finding(self.code, module.path, line, column, symbol, message, kind, fix, name)
        return self._at[node]
