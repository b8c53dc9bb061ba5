"""One finding for each place that loads objects of which more is read than it loads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.imports import NameBinder
from helpers.codemod.pattern import fingerprint
from helpers.model import Applicability, Edit, Finding, Fix
from helpers.patterns.lazy_relationship.layout import Layout
from helpers.patterns.lazy_relationship.lifetime import Lifetime
from helpers.patterns.lazy_relationship.options import Options, Tree
from helpers.patterns.lazy_relationship.placing import NO_JOIN, Placing
from helpers.patterns.lazy_relationship.refreshing import Refreshing
from helpers.patterns.lazy_relationship.refusal import Refused
from helpers.patterns.lazy_relationship.sites import Need, Site, Steps, Survey
from helpers.patterns.lazy_relationship.spelling import Speller

_NO_OPTIONS = frozenset({"update", "delete", "with_only_columns", "with_entities"})


def findings(code: str, project: Project) -> Iterator[Finding]:
    """Everything that the pattern finds in a project."""
    survey = Survey(project)
    placing, lifetime = Placing(survey), Lifetime(survey)
    for site in survey.sites():
        yield from Finder(code, survey, site, lifetime).findings(placing)


@dataclass(frozen=True, eq=False)
class Finder:
    """Decides one site."""

    code: str
    survey: Survey
    site: Site
    lifetime: Lifetime

    def findings(self, placing: Placing) -> Iterator[Finding]:
        """The fix at the site, and what is left to a person."""
        yield from self._expired()
        if self.site.kind == "made":
            yield from self._made()
            return
        chosen = placing.at_site(self.site)
        if chosen:
            try:
                fix = self._fix(chosen)
                yield self._finding(self._told(chosen), Applicability.SAFE, fix)
            except Refused as refusal:
                yield self._finding(f"{self._told(chosen)}; left: {refusal}", Applicability.MANUAL, None)
        for need in self._left(chosen):
            yield self._finding(self._unplaced(need), Applicability.MANUAL, None)

    def _expired(self) -> Iterator[Finding]:
        """What a commit expires before it is read is of no use when it is loaded before."""
        gone = [need for need in self.site.needs if self.lifetime.expired(self.site, need)]
        self.site.needs = [need for need in self.site.needs if need not in gone]
        if gone:
            told = dict.fromkeys(f"{need.path[-1].label} ({_where(need)})" for need in gone)
            message = (
                f"a commit expires the object before {', '.join(told)} is read: let expire_on_commit (AM301) go "
                "first, then look again"
            )
            yield self._finding(message, Applicability.MANUAL, None)

    def _made(self) -> Iterator[Finding]:
        """An object that is made here: refreshed once it is stored, before it is handed on."""
        self.site.needs = [need for need in self.site.needs if self.lifetime.stored(self.site, need)]
        needs = [need for need in self.site.needs if not need.conditional]
        if not needs:
            return
        refreshing = Refreshing(self.survey, self.lifetime, self.site)
        told = ", ".join(dict.fromkeys(f"{need.path[-1].label} ({_where(need)})" for need in needs))
        try:
            for spot, paths in refreshing.spots(needs):
                module = spot.module
                options = self._options(module)
                edits = refreshing.edits(spot, paths, options)
                fix = Fix(tuple(edits), tuple(options.speller.adds))
                message = f"refreshes the new object before it is read: {_labels(paths)}"
                yield self._finding(message, Applicability.REVIEW, fix, (module, spot.call))
        except Refused as refusal:
            message = f"of the new object is read later: {told}; left: {refusal}"
            yield self._finding(message, Applicability.MANUAL, None)

    def _left(self, chosen: list[Steps]) -> list[Need]:
        left: dict[Steps, Need] = {}
        for need in self.site.needs:
            if need.path not in chosen:
                left.setdefault(need.path, need)
        return [*left.values()]

    def _fix(self, paths: list[Steps]) -> Fix:
        if bad := self.site.links & _NO_OPTIONS:
            raise Refused(f"the statement goes on to {', '.join(sorted(bad))}(), which takes no eager options")
        project, module = self.survey.project, self.site.module
        options = self._options(module)
        entity = self.site.root.entity
        assert entity is not None
        written = options.render(Tree.of(paths), self._prefix(options.speller), entity.key)
        layout = Layout(project.sources[module.path], project.line_length)
        return Fix((self._edit(layout, written),), tuple(options.speller.adds))

    def _options(self, module: Module) -> Options:
        project = self.survey.project
        version = project.sqlalchemy
        return Options(
            Speller(project, module, NameBinder(module.tree, project.sources[module.path].text)),
            self.survey.reads.circular,
            modern=version is None or version >= (2, 0),
            joins=not (self.site.links & NO_JOIN),
            given=frozenset(self.site.given),
        )

    def _edit(self, layout: Layout, written: list[str]) -> Edit:
        if self.site.kind == "statement":
            return layout.behind(self.site.call, written)
        named = [keyword.value for keyword in self.site.call.keywords if keyword.arg == "options"]
        if not named:
            return layout.inside(self.site.call, written)
        if isinstance(named[0], ast.List | ast.Tuple):
            return layout.appended(named[0], written)
        raise Refused("its options are made elsewhere: add them there")

    def _prefix(self, speller: Speller) -> str:
        """How the query itself names the entity; an alias has to be named as such."""
        root = self.site.root
        assert isinstance(root.node, ast.Call) and root.entity is not None
        if self.site.call is root.node:
            return ast.unparse(root.node.args[root.column])
        return speller.entity(root.entity)

    def _told(self, paths: list[Steps]) -> str:
        first = {need.path: need for need in reversed(self.site.needs)}
        parts = [f"{path[-1].label} ({_where(first[path])})" for path in paths if path in first]
        return f"loads with the query what is read later: {', '.join(parts)}"

    def _unplaced(self, need: Need) -> str:
        reader = "a resolver reads it only when it is asked for: a DataLoader, or options for that query" if (
            need.conditional
        ) else "others that load by this line do not need it: give the function options, or load it in a query of its own"
        return f"{need.path[-1].label} is loaded when it is read ({_where(need)}), and {reader}"

    def _finding(
        self,
        message: str,
        applicability: Applicability,
        fix: Fix | None,
        place: tuple[Module, ast.Call] | None = None,
    ) -> Finding:
        module, call = place or (self.site.module, self.site.call)
        source = self.survey.project.sources[module.path]
        start, stop = source.segment(call)
        line, column = source.position(start)
        symbol = self.survey.project.scopes(module).symbol(call)
        text = source.text[start:stop] + (message if fix is None else "")
        mark = fingerprint(self.code, source.path, symbol, text)
        return Finding(self.code, source.path, line, column, symbol, message, applicability, fix, mark)


def _labels(paths: list[Steps]) -> str:
    return ", ".join(path[-1].label for path in paths)


def _where(need: Need) -> str:
    return f"{need.reading.place}{', by ' + need.reading.by if need.reading.by else ''}"
