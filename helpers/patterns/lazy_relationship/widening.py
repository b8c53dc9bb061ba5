"""A function that loads for many: it takes further options, and the callers whose readers need more pass them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.analysis.callees import decorated
from helpers.analysis.parameters import FunctionNode, dependency
from helpers.analysis.routes import routes
from helpers.codemod.pattern import fingerprint
from helpers.model import Edit, ImportName
from helpers.patterns.lazy_relationship.placing import MOST_IN_VAIN, NO_JOIN, Placing, through_subclass
from helpers.patterns.lazy_relationship.sites import Need, Site, Steps, Survey, in_order

if TYPE_CHECKING:
    from helpers.analysis.symbols import Module

NAME = "options"
_PLAIN = ("staticmethod", "classmethod")


@dataclass(frozen=True, eq=False)
class Asked:
    """One call of the function, and what its readers need beyond what the function loads for all."""

    call: ast.Call
    module: Module
    paths: list[Steps]


@dataclass(frozen=True, eq=False)
class Widening:
    """Decides whether one site's function can take options, and which of its callers pass which."""

    survey: Survey
    site: Site
    placing: Placing

    @property
    def group(self) -> str:
        """The name that the findings of this change share."""
        return fingerprint("AM302", self.site.module.path, "widening", ast.unparse(self.site.call))

    def asked(self, chosen: list[Steps]) -> list[Asked]:
        """The calls that shall pass options; nothing where the function cannot take them."""
        return [*self._calls(chosen)] if self.possible else []

    @property
    def possible(self) -> bool:
        """Whether the function can take options at all."""
        function = self.site.function
        if not isinstance(function, FunctionNode) or not self._widenable(function):
            return False
        return not any(keyword.arg == NAME for keyword in self.site.call.keywords)

    def _calls(self, chosen: list[Steps]) -> Iterator[Asked]:
        grouped: dict[ast.Call, list[Need]] = {}
        for need in self.site.needs:
            if need.path not in chosen and need.via:
                grouped.setdefault(need.via[-1], []).append(need)
        for call, needs in grouped.items():
            module = self.survey.module(call)
            if module is None or dependency(call) is not None or any(item.arg is None for item in call.keywords):
                continue
            paths = self._affordable(call, in_order(need.path for need in needs), chosen)
            if paths:
                yield Asked(call, module, paths)

    def _affordable(self, call: ast.Call, paths: list[Steps], chosen: list[Steps]) -> list[Steps]:
        """The paths that this caller's own callers need, but for one that some of them may not."""
        joins = not (self.site.links & NO_JOIN)
        chains = [(*chain, call) for chain in self.survey.callers.chains(self.survey.callers.around(call))]
        kept: list[Steps] = []
        for path in paths:
            if len(path) > 1 and path[:-1] not in [*kept, *chosen] and path[:-1] in self.site.paths:
                continue
            worst = max(self.placing.in_vain(self.site, [*kept, path], chain, joins=joins) for chain in chains)
            if worst <= MOST_IN_VAIN and not self._collides(path, chosen):
                kept.append(path)
        return kept

    def _collides(self, path: Steps, chosen: list[Steps]) -> bool:
        """Whether the function's own options name subclasses as well: a statement takes one such option alone."""
        own = [*chosen, *(need.path for need in self.site.served)]
        return through_subclass(self.site, path) and any(through_subclass(self.site, one) for one in own)

    def _widenable(self, function: FunctionNode) -> bool:
        """Whether a function is only ever called by its callers: no route, dependency, override or value."""
        given = function.args
        names = {one.arg for one in [*given.posonlyargs, *given.args, *given.kwonlyargs]}
        bound = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        if given.vararg or given.kwarg or NAME in names | bound:
            return False
        if any(not decorated(function, *_PLAIN) for _ in function.decorator_list):
            return False
        if any(route.function is function for route in routes(self.survey.project)):
            return False
        return not self._handed_on(function) and not self._overridden(function)

    def _handed_on(self, function: FunctionNode) -> bool:
        """Whether the function is named anywhere but where it is called."""
        for module in self.survey.project.symbols.modules.values():
            scopes = self.survey.project.scopes(module)
            nodes: list[ast.expr] = [*module.nodes.of(ast.Name), *module.nodes.of(ast.Attribute)]
            for node in nodes:
                name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
                parent = scopes.parents.get(node)
                called = isinstance(parent, ast.Call) and parent.func is node
                if name == function.name and not called and self._means(node, module, function):
                    return True
        return False

    def _means(self, node: ast.expr, module: Module, function: FunctionNode) -> bool:
        return any(callee.function is function for callee in self.survey.flows.callees.of(node, module))

    def _overridden(self, function: FunctionNode) -> bool:
        """Whether another class of the family has a method of that name."""
        owner = self.survey.project.class_of(function, self.site.module)
        if owner is None:
            return False
        family = [*self.survey.project.bases(owner), *self.survey.project.subclasses.get(owner.node, ())]
        found = [
            item
            for one in family
            for item in getattr(one.node, "body", ())
            if isinstance(item, FunctionNode) and item.name == function.name
        ]
        return len(found) > 1

    def parameter(self) -> tuple[Edit, list[ImportName]]:
        """The new parameter, by keyword alone, annotated where the others are."""
        function = self.site.function
        assert isinstance(function, FunctionNode)
        source = self.survey.project.sources[self.site.module.path]
        given = function.args
        every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        annotated = any(one.annotation is not None for one in every)
        written = f"{NAME}: Sequence[ORMOption] = ()" if annotated else f"{NAME}=()"
        adds = [ImportName("collections.abc", "Sequence"), ImportName("sqlalchemy.orm.interfaces", "ORMOption")]
        defaults = [*given.defaults, *(default for default in given.kw_defaults if default)]
        last: list[ast.arg | ast.expr] = [*every, *defaults]
        at = max(source.segment(one)[1] for one in last) if last else -1
        if at < 0:
            at = source.text.index("(", source.segment(function)[0]) + 1
            return Edit(at, at, f"*, {written}"), adds if annotated else []
        star = "" if given.kwonlyargs else "*, "
        line = source.text[source.lines[source.position(at)[0] - 1] :].split("\n", 1)[0]
        inner = " " * (function.col_offset + 8)
        long = len(line) + len(written) + len(star) + 2 > self.survey.project.line_length
        lead = f",{source.newline}{inner}" if long else ", "
        return Edit(at, at, f"{lead}{star}{written}"), adds if annotated else []
