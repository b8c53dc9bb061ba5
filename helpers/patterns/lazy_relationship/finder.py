"""One finding for each place that loads objects of which more is read than it loads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.dataflow.sites import is_partial_get
from helpers.analysis.mapping import Entity
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.imports import NameBinder
from helpers.codemod.pattern import fingerprint
from helpers.model import Applicability, Edit, Finding, Fix
from helpers.patterns.lazy_relationship.everywhere import everywhere
from helpers.patterns.lazy_relationship.guarding import Guarding
from helpers.patterns.lazy_relationship.late import Late
from helpers.patterns.lazy_relationship.layout import Layout
from helpers.patterns.lazy_relationship.lifetime import Lifetime
from helpers.patterns.lazy_relationship.options import Options, Tree
from helpers.patterns.lazy_relationship.placing import NO_JOIN, Placing
from helpers.patterns.lazy_relationship.refreshing import Refreshing, Spot, refreshed_once
from helpers.patterns.lazy_relationship.refusal import Refused
from helpers.patterns.lazy_relationship.sites import Need, Site, Steps, Survey
from helpers.patterns.lazy_relationship.spelling import Speller
from helpers.patterns.lazy_relationship.staleness import Staleness
from helpers.patterns.lazy_relationship.widening import NAME, Asked, Widening

_NO_OPTIONS = frozenset({"update", "delete", "with_only_columns", "with_entities"})


def findings(code: str, project: Project) -> Iterator[Finding]:
    """Everything that the pattern finds in a project."""
    survey = Survey(project)
    placing, lifetime = Placing(survey), Lifetime(survey)
    staleness = Staleness(survey, lifetime)
    written: set[tuple[str, Edit]] = set()
    found = [
        one for site in survey.sites() for one in Finder(code, survey, site, lifetime, staleness).findings(placing)
    ]
    for finding in refreshed_once(found):
        edits = {(finding.path, edit) for edit in finding.fix.edits} if finding.fix else set()
        if not edits or edits - written:  # two origins of one object ask for the same refresh
            yield finding
        written |= edits
    yield from everywhere(code, survey)


@dataclass(frozen=True, eq=False)
class Finder:
    """Decides one site."""

    code: str
    survey: Survey
    site: Site
    lifetime: Lifetime
    staleness: Staleness

    def findings(self, placing: Placing) -> Iterator[Finding]:
        """The fix at the site, and what is left to a person."""
        self.site.needs = [need for need in self.site.needs if not self.lifetime.detached(self.site, need)]
        gone = [need for need in self.site.needs if self.lifetime.expired(self.site, need)]
        yield from self._expired(gone)
        if self.site.kind == "made":
            stored = [need for need in self.site.needs if self.lifetime.stored(self.site, need)]
            yield from self._expired_too(stored) if gone else self._refreshed(stored, "new")
            return
        stale = [need for need in self.site.needs if self.staleness.of(self.site, need)]
        yield from self._expired_too(stale) if gone else self._refreshed(stale, "changed")
        self.site.needs = [need for need in self.site.needs if need not in stale]
        yield from self._hidden()
        yield from self._behind_checks(placing)
        chosen = placing.at_site(self.site)
        if not self.site.needs:
            return
        widening = Widening(self.survey, self.site, placing)
        asked = widening.asked(chosen)
        try:
            found = [*self._widened(widening, chosen, asked)] if asked else []
        except Refused:
            asked, found = [], []
        if chosen and not asked:
            found = [self._loaded(chosen)]
        yield from found
        if left := self._left(chosen, asked):
            yield self._finding(self._unplaced(left), Applicability.MANUAL, None)

    def _loaded(self, chosen: list[Steps]) -> Finding:
        """The options that everybody needs, at the query itself."""
        try:
            return self._finding(self._told(chosen), Applicability.SAFE, self._fix(chosen))
        except Refused as refusal:
            return self._finding(f"{self._told(chosen)}; left: {refusal}", Applicability.MANUAL, None)

    def _widened(self, widening: Widening, chosen: list[Steps], asked: list[Asked]) -> Iterator[Finding]:
        """The function takes options; each caller whose readers need more passes its own."""
        group = widening.group
        parameter, adds = widening.parameter()
        fix = self._fix(chosen, further=True)
        fix = Fix((*fix.edits, parameter), (*fix.adds, *adds), group=group)
        told = f"{self._told(chosen)}, and " if chosen else ""
        yield self._finding(f"{told}takes further options from its callers", Applicability.REVIEW, fix)
        for one in asked:
            options = self._options(one.module)
            options.joined = Late(self.survey, self.lifetime).joined(self.site, one.paths, chosen)
            written = self._rendered(options, one.paths, options.speller.entity(self._entity))
            layout = Layout(self.survey.project.sources[one.module.path], self.survey.project.line_length)
            edit = layout.inside(one.call, written)
            passed = Fix((edit,), tuple(options.speller.adds), group=group)
            message = f"passes what is read of the result: {_labels(one.paths)}"
            yield self._finding(message, Applicability.REVIEW, passed, (one.module, one.call))

    def _expired(self, gone: list[Need]) -> Iterator[Finding]:
        """What a commit expires before it is read is of no use when it is loaded before."""
        self.site.needs = [need for need in self.site.needs if need not in gone]
        if gone:
            told = dict.fromkeys(f"{need.path[-1].label} ({_where(need)})" for need in gone)
            message = (
                f"a commit expires the object before {', '.join(told)} is read: let expire_on_commit (AM301) go "
                "first, then look again"
            )
            yield self._finding(message, Applicability.MANUAL, None)

    def _expired_too(self, needs: list[Need]) -> Iterator[Finding]:
        """What would be refreshed of an object that a commit expires then, so that all is loaded once more."""
        if needs:
            told = ", ".join(dict.fromkeys(f"{need.path[-1].label} ({_where(need)})" for need in needs))
            message = f"{told} is read of an object that a commit expires: let expire_on_commit (AM301) go first"
            yield self._finding(message, Applicability.MANUAL, None)

    def _hidden(self) -> Iterator[Finding]:
        """What options that cannot be read may load already: a second option for it may contradict the first."""
        kept = [need for need in self.site.needs if self.survey.given.is_hidden(self.site, need)]
        self.site.needs = [need for need in self.site.needs if need not in kept]
        if kept:
            told = ", ".join(dict.fromkeys(f"{need.path[-1].label} ({_where(need)})" for need in kept))
            message = f"{told} is read later, and the query has options that are made elsewhere: load it there"
            yield self._finding(message, Applicability.MANUAL, None)

    def _refreshed(self, needs: list[Need], what: str) -> Iterator[Finding]:
        """An object that is made here, or outdated by what is written: refreshed then, before it is handed on."""
        if not needs:
            return
        refreshing = Refreshing(self.survey, self.lifetime, self.staleness, self.site)
        found, left = refreshing.spots(needs)
        for call in dict.fromkeys(spot.call for spot, _ in found):
            spots = [one for one in found if one[0].call is call]
            try:
                yield self._refresh(refreshing, spots, what)
            except Refused as refusal:
                left.setdefault(str(refusal), []).extend(need for _, served in spots for need in served)
        for reason, unserved in left.items():
            yield from self._guarded(unserved, what, reason)

    def _guarded(self, needs: list[Need], what: str, reason: str) -> Iterator[Finding]:
        """What is read where no refresh fits: loaded in front of that, if nothing has loaded it by then."""
        guarding = Guarding(self.survey, self.site)
        guards, unserved = guarding.guards(needs)
        for together in guards:
            options = self._options(together[0].module)
            fix = Fix((guarding.edit(together, options),), tuple(options.speller.adds))
            told = ", ".join(dict.fromkeys(f"{one.need.path[-1].label} ({_where(one.need)})" for one in together))
            message = f"loads what is read, if nothing has loaded it by then: {told}"
            yield self._finding(message, Applicability.REVIEW, fix, (together[0].module, together[0].place))
        if unserved:
            told = ", ".join(dict.fromkeys(f"{need.path[-1].label} ({_where(need)})" for need in unserved))
            message = f"of the {what} object is read later: {told}; left: {reason}"
            yield self._finding(message, Applicability.MANUAL, None)

    def _refresh(self, refreshing: Refreshing, spots: list[tuple[Spot, list[Need]]], what: str) -> Finding:
        """What one call gives, refreshed at its spots."""
        module, call = spots[0][0].module, spots[0][0].call
        options = self._options(module)
        paths = [(spot, list(dict.fromkeys(need.path for need in served))) for spot, served in spots]
        edits = [edit for spot, wanted in paths for edit in refreshing.edits(spot, wanted, options)]
        fix = Fix(tuple(dict.fromkeys(edits)), tuple(options.speller.adds))
        labels = dict.fromkeys(path[-1].label for _, wanted in paths for path in wanted)
        message = f"refreshes the {what} object before it is read: {', '.join(labels)}"
        return self._finding(message, Applicability.REVIEW, fix, (module, call))

    def _behind_checks(self, placing: Placing) -> Iterator[Finding]:
        """What the query would load in vain when a check refuses the object, or load twice."""
        widening = Widening(self.survey, self.site, placing)
        refreshing = Refreshing(self.survey, self.lifetime, self.staleness, self.site)
        for later in Late(self.survey, self.lifetime).of(self.site, spread=widening.possible):
            _, module, call = later.level
            options = self._options(module)
            try:
                fix = Fix(tuple(refreshing.behind(later, options)), tuple(options.speller.adds))
            except Refused:
                continue  # it is loaded with the query
            message = f"loads behind the checks what is read later: {_labels(later.paths)}"
            yield self._finding(message, Applicability.REVIEW, fix, (module, call))
            self.site.late.add(call)
            self.site.needs = [need for need in self.site.needs if need not in later.needs]

    def _left(self, chosen: list[Steps], asked: list[Asked]) -> list[Need]:
        passed = {(one.call, path) for one in asked for path in one.paths}
        left: dict[Steps, Need] = {}
        for need in self.site.needs:
            if need.path not in chosen and (need.via[-1:] and (need.via[-1], need.path)) not in passed:
                left.setdefault(need.path, need)
        return [*left.values()]

    @property
    def _entity(self) -> Entity:
        assert self.site.root.entity is not None
        return self.site.root.entity

    def _rendered(self, options: Options, paths: list[Steps], prefix: str) -> list[str]:
        return options.render(Tree.of(paths), prefix, self._entity.key)

    def _fix(self, paths: list[Steps], *, further: bool = False) -> Fix:
        """The options at the site; `further` adds those that the function is handed."""
        if bad := self.site.links & _NO_OPTIONS:
            raise Refused(f"the statement goes on to {', '.join(sorted(bad))}(), which takes no eager options")
        options = self._options(self.site.module)
        written = self._rendered(options, paths, self._prefix(options.speller))
        written += [f"*{NAME}"] if further else []
        layout = Layout(self.survey.project.sources[self.site.module.path], self.survey.project.line_length)
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
            named = root.node.args[1 if is_partial_get(root.node) else root.column]
            if isinstance(named, ast.Call):
                raise Refused(f"the query gives `{ast.unparse(named)}` no name: give it one, which options can use")
            return ast.unparse(named)
        return speller.entity(root.entity)

    def _told(self, paths: list[Steps]) -> str:
        first = {need.path: need for need in reversed(self.site.needs)}
        parts = [f"{path[-1].label} ({_where(first[path])})" for path in paths if path in first]
        return f"loads with the query what is read later: {', '.join(parts)}"

    def _unplaced(self, left: list[Need]) -> str:
        told = ", ".join(f"{need.path[-1].label} ({_where(need)})" for need in left)
        return f"{told} is loaded when it is read, and {_remedy(left)}"

    def _finding(
        self,
        message: str,
        applicability: Applicability,
        fix: Fix | None,
        place: tuple[Module, ast.Call | ast.stmt] | None = None,
    ) -> Finding:
        module, call = place or (self.site.module, self.site.call)
        source = self.survey.project.sources[module.path]
        start, stop = source.segment(call)
        line, column = source.position(start)
        symbol = self.survey.project.scopes(module).symbol(call)
        text = source.text[start:stop] + (message if fix is None else "")
        mark = fingerprint(self.code, source.path, symbol, text)
        return Finding(self.code, source.path, line, column, symbol, message, applicability, fix, mark)


def _remedy(left: list[Need]) -> str:
    if all(need.conditional for need in left):
        return "a resolver reads it only when a query asks for it: give it a DataLoader, or that query its options"
    return "others that load by this line do not need it: give the function options, or load it in a query apart"


def _labels(paths: list[Steps]) -> str:
    return ", ".join(path[-1].label for path in paths)


def _where(need: Need) -> str:
    return f"{need.reading.place}{', by ' + need.reading.by if need.reading.by else ''}"
