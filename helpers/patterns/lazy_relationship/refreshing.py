"""Objects that change after they were loaded or made: what is read of them then is loaded by a refresh before."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from helpers.analysis.callers import Chain
from helpers.analysis.columns import columns, eager_defaults
from helpers.analysis.flow import Flow
from helpers.analysis.mapping import Entity
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.symbols import Module
from helpers.analysis.transactions import COMMITS
from helpers.analysis.uses import Uses
from helpers.codemod.lines import line_behind
from helpers.model import Edit, Finding
from helpers.patterns.lazy_relationship.anchors import is_dotted
from helpers.patterns.lazy_relationship.at_once import AtOnce, margin_of
from helpers.patterns.lazy_relationship.late import Later, moved_out
from helpers.patterns.lazy_relationship.lifetime import Level, Lifetime
from helpers.patterns.lazy_relationship.loading import Loading
from helpers.patterns.lazy_relationship.naming import free_name, session_of
from helpers.patterns.lazy_relationship.options import Options
from helpers.patterns.lazy_relationship.placing import leads
from helpers.patterns.lazy_relationship.refusal import Refused
from helpers.patterns.lazy_relationship.single import Single
from helpers.patterns.lazy_relationship.sites import Need, Site, Steps, Survey
from helpers.patterns.lazy_relationship.staleness import Staleness

_REFRESH = re.compile(r"(?P<head>.*\.refresh\(\s*\w+, )\[(?P<names>[^\]]*)\](?P<tail>\s*\)\s*(return \w+)?)", re.S)


def refreshed_once(found: Iterable[Finding]) -> Iterator[Finding]:
    """The same findings, in which those that refresh one object at one place ask for the same: all that any names."""
    found = list(found)
    wanted: dict[tuple[str, int, str, str], dict[str, None]] = {}
    for path, edit in ((one.path, edit) for one in found if one.fix for edit in one.fix.edits):
        if match := _REFRESH.fullmatch(edit.text):
            names = wanted.setdefault((path, edit.start, match["head"], match["tail"]), {})
            names.update(dict.fromkeys(match["names"].split(", ")))
    for one in found:
        fix = one.fix and replace(one.fix, edits=tuple(_asking(one.path, edit, wanted) for edit in one.fix.edits))
        yield replace(one, fix=fix)


def _asking(path: str, edit: Edit, wanted: Mapping[tuple[str, int, str, str], Iterable[str]]) -> Edit:
    match = _REFRESH.fullmatch(edit.text)
    if match is None:
        return edit
    names = ", ".join(wanted[path, edit.start, match["head"], match["tail"]])
    return replace(edit, text=f"{match['head']}[{names}]{match['tail']}")


@dataclass(frozen=True, eq=False)
class Spot:
    """A function that an object passes through; `call` gives it there, and `settled` says that it changes no more."""

    function: FunctionNode
    module: Module
    call: ast.Call
    reading: ast.AST | None = None
    settled: bool = False


@dataclass(frozen=True, eq=False)
class Refreshing:
    """Finds where one object is refreshed, and writes it: a new one once it is stored, another once it is outdated."""

    survey: Survey
    lifetime: Lifetime
    staleness: Staleness
    site: Site

    def spots(self, needs: list[Need]) -> tuple[list[tuple[Spot, list[Need]]], dict[str, list[Need]]]:
        """Each function that refreshes, with whom that serves; by the reason, those for whom there is none."""
        found: dict[tuple[ast.Call, int], tuple[Spot, list[Need]]] = {}
        left: dict[str, list[Need]] = {}
        for need in needs:
            try:
                spot = self._spot(need)
            except Refused as refusal:
                left.setdefault(str(refusal), []).append(need)
                continue
            before = self.survey.whole.between(self.site.root, spot.function, after=spot.call.lineno, need=need)
            found.setdefault((spot.call, len(before)), (spot, []))[1].append(need)
        return sorted(found.values(), key=lambda one: (one[0].module.path, one[0].call.lineno)), left

    def _spot(self, need: Need) -> Spot:
        """The first function on the way in which the object is stored and all whom it serves need what is read."""
        levels = self.lifetime.levels(self.site, need)
        for index, (function, module, call) in enumerate(levels):
            before = levels[: index + 1]
            stored = any(self._changed(level, need, last=level is levels[-1]) for level in before)
            if not isinstance(function, FunctionNode) or not stored:
                continue
            if self.lifetime.transactions.wrapped(function, module, COMMITS):
                continue
            outdated = any(self._changed(level, need, last=level is levels[-1]) for level in levels[index + 1 :])
            if not outdated and self._serves_all(function, need, levels[index + 1 :]):
                inside = index == len(levels) - 1 and any(part is need.reading.node for part in ast.walk(function))
                node = need.reading.node if inside and need.reading.node is not function else None
                here = self._changed((function, module, call), need, last=inside)
                return Spot(function, module, call, node, settled=index > 0 and not here)
        raise Refused("no function on the way to the reader both has it as it is then and hands it on to nobody else")

    def _changed(self, level: Level, need: Need, *, last: bool) -> bool:
        """Whether a function stores the new object, writes what the other one would show, or refreshes it whole."""
        function, _, call = level
        if self.survey.whole.between(self.site.root, function, after=call.lineno, need=need):
            return True
        if self.site.kind == "made":
            return self.lifetime.writes(level)
        return self.staleness.at(level, need, last=last)

    def _serves_all(self, function: FunctionNode, need: Need, further: list[Level]) -> bool:
        """Whether every chain of calls into a function ends where the same is read."""
        via: Chain = need.via[: len(further)]
        others = [other for other in self.site.needs if other.path == need.path]
        chains = self.survey.callers.chains(function)
        return all(any(leads(_cut(other, via), chain) for other in others) for chain in chains)

    def edits(self, spot: Spot, paths: list[Steps], options: Options) -> list[Edit]:
        """A refresh before each `return` of the object, or before the statement that reads it where it was made."""
        source = self.survey.project.sources[spot.module.path]
        session = self._session(spot)
        if spot.settled and (named := self._named(spot)) is not None:
            name, statement = named[0], self._stored(*named, spot)
            start, end = source.segment(statement)
            text = self._loading(name, session, paths, options, start)
            return [Edit(end, end, f"{margin_of(source, start)}{text}")]
        if spot.reading is not None:
            return [self._before_reading(spot, session, paths, options)]
        returns = [*self._returns(spot)]
        if not returns:
            raise Refused("the object is not returned by name: refresh it where it is stored")
        edits: list[Edit] = []
        for given, value in returns:
            start = source.segment(given)[0]
            margin = margin_of(source, start)
            name = value.id if isinstance(value, ast.Name) else self._free_name(spot)
            text = self._loading(name, session, paths, options, start)
            if isinstance(value, ast.Name):
                edits.append(self._at_once(spot, given, name, options) or Edit(start, start, f"{text}{margin}"))
            else:
                written = source.text[slice(*source.segment(value))]
                whole = f"{name} = {written}{margin}{text}{margin}return {name}"
                edits.append(Edit(start, source.segment(given)[1], whole))
        return edits

    def behind(self, later: Later, options: Options) -> list[Edit]:
        """What a query is not to load in vain: behind the checks, of the object's name or of one that it is given."""
        function, module, call = later.level
        assert isinstance(function, FunctionNode)
        spot, place = Spot(function, module, call), later.anchor
        source = self.survey.project.sources[module.path]
        start = source.segment(place.statement)[0]
        name = place.name or self._free_name(spot)
        text = Loading(options, self._session(spot), start).of_one(name, self._entity, later.paths)
        if not place.name:
            return moved_out(source, place, name, text)
        if whole := self._merged(place.statement, spot, options):
            return [whole]
        edit = line_behind(source, place.statement, text)
        if edit is None:
            raise Refused("the check has no line of its own: load it behind that")
        return [edit]

    @property
    def _entity(self) -> Entity:
        assert self.site.root.entity is not None
        return self.site.root.entity

    def _free_name(self, spot: Spot) -> str:
        return free_name(self._entity, spot.function, spot.module)

    def _named(self, spot: Spot) -> tuple[str, ast.Assign] | None:
        """The name that a function gives to the object as soon as it has it, and the assignment."""
        match self.survey.project.scopes(spot.module).parents.get(spot.call):
            case ast.Assign(targets=[ast.Name(id=name)]) as given if self._is_one(given.value, spot.module):
                return name, given
        return None

    def _stored(self, name: str, given: ast.Assign, spot: Spot) -> ast.stmt:
        """The statement behind which a name surely holds an object: the one that gives it, or a test for None."""
        scopes = self.survey.project.scopes(spot.module)
        known = self.survey.objects.of(given.value, spot.module)
        if known is not None and not known.optional:
            return given
        behind = list(Flow(scopes).after(given))
        tested = isinstance(behind[0], ast.If) if len(behind) > 1 else False
        if tested and Uses(Flow(scopes)).not_none(name, behind[1]):
            return behind[0]
        raise Refused("it may be None where it is given its name: refresh it behind a test for that")

    def _before_reading(self, spot: Spot, session: str, paths: list[Steps], options: Options) -> Edit:
        """Before the statement that reads the object by its name."""
        name = getattr(spot.reading, "value", None)
        refs = self.survey.flows.of(name, spot.module) if isinstance(name, ast.Name) else ()
        mine = any(ref.root == self.site.root and not ref.path for ref in refs)
        if not (isinstance(name, ast.Name) and mine and self._is_one(name, spot.module)):
            raise Refused("it is not read by its own name: refresh it before it is read")
        if any(ref.root.kind == "made" and ref.root != self.site.root and not ref.path for ref in refs):
            raise Refused("it may be a new object there, which nothing has stored yet: refresh it where it is stored")
        source = self.survey.project.sources[spot.module.path]
        statement = self._statement(name, spot)
        start = source.segment(statement)[0]
        text = f"{self._loading(name.id, session, paths, options, start)}{margin_of(source, start)}"
        return self._at_once(spot, statement, name.id, options) or Edit(start, start, text)

    def _at_once(self, spot: Spot, statement: ast.stmt, name: str, options: Options) -> Edit | None:
        """The edit of a whole refresh right in front of a statement, where one refresh can do for both."""
        whole = AtOnce(self.survey).before(statement, name, spot.module)
        return self._merged(whole, spot, options) if whole else None

    def _merged(self, whole: ast.stmt, spot: Spot, options: Options) -> Edit | None:
        one = AtOnce(self.survey)
        names = one.names(whole, spot.module) if options.modern else []
        place = self.survey.project.sources[spot.module.path].segment(whole)
        return Edit(*place, one.text(whole, names, options.speller)) if names else None

    def _statement(self, name: ast.Name, spot: Spot) -> ast.stmt:
        """The statement that a name is read in. Refused in a loop, which would load again and again."""
        scopes = self.survey.project.scopes(spot.module)
        around = [node for node in scopes.ancestors(name) if isinstance(node, ast.stmt)]
        inside = around[: around.index(spot.function)]
        if any(isinstance(node, ast.For | ast.While | ast.AsyncFor) for node in inside):
            raise Refused("it is read in a loop: refresh it before the loop")
        for node, above in zip(inside, around[1:], strict=False):
            chained = isinstance(above, ast.If) and node in above.orelse and isinstance(node, ast.If)
            if not chained:  # before an `elif` nothing can stand
                return node
        raise Refused("it is read in a condition: refresh it before")

    def _is_one(self, node: ast.expr, module: Module) -> bool:
        return Single(self.survey).is_one(node, module)

    def _returns(self, spot: Spot) -> Iterator[tuple[ast.Return, ast.expr]]:
        """The returns of a function that hand on the object, behind the line that gives it, with the object in each."""
        for item in self.survey.project.scopes(spot.module).results(spot.function):
            if isinstance(item, ast.Return) and item.value is not None and item.lineno >= spot.call.lineno:
                parts = item.value.elts if isinstance(item.value, ast.Tuple) else [item.value]
                plain = (one for one in parts if isinstance(one, ast.Name) or one is item.value is spot.call)
                value = next((one for one in plain if self._is_mine(one, spot)), None)
                if value is not None:
                    yield item, value

    def _is_mine(self, value: ast.expr, spot: Spot) -> bool:
        refs = self.survey.flows.of(value, spot.module)
        mine = any(ref.root == self.site.root and not ref.path for ref in refs)
        return mine and self._is_one(value, spot.module)

    def _loading(self, name: str, session: str, paths: list[Steps], options: Options, start: int) -> str:
        """What is read, and the columns that the database computed when the object was written."""
        return Loading(options, session, start).of_one(name, self._entity, paths, more=self._computed)

    @property
    def _computed(self) -> tuple[str, ...]:
        known = columns(self.survey.project.symbols, self._entity).values()
        return () if eager_defaults(self._entity) else tuple(one.name for one in known if one.made_on_update)

    def _session(self, spot: Spot) -> str:
        """How the function names its session: the one of the call that gives the object, or one that it uses."""
        call = spot.call
        asked = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        for value in [*asked, *call.args, *(keyword.value for keyword in call.keywords)]:
            if is_dotted(value) and self.survey.project.sessions.tier(value, spot.module) is not None:
                return ast.unparse(value)
        return session_of(self.survey, spot.function, spot.module)


def _cut(need: Need, via: Chain) -> Need:
    """The same need seen from a function further out."""
    return Need(need.path, need.via[: len(via)], need.reading, need.conditional)
