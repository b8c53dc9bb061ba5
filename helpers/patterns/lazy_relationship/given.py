"""What is loaded with the objects of a site already, or out of its reach: by options, refreshes and assignments."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.dataflow.values import Ref, Root, Step
from helpers.analysis.mapping import Entity
from helpers.analysis.scopes import Function
from helpers.analysis.symbols import Module
from helpers.patterns.lazy_relationship.loaders import Loaders, Names, hidden, names_loaders, subclass

if TYPE_CHECKING:
    from helpers.patterns.lazy_relationship.sites import Need, Site, Survey


@dataclass(frozen=True, eq=False)
class Given:
    """Answers for the sites of one survey."""

    survey: Survey

    @cached_property
    def loaders(self) -> Loaders:
        """What options load."""
        return Loaders(self.survey.project, self.survey.flows.callees)

    @cached_property
    def _uses(self) -> dict[Root, list[tuple[ast.Call, Ref]]]:
        """Every method call on what a root gives."""
        found: dict[Root, list[tuple[ast.Call, Ref]]] = {}
        for module in self.survey.project.symbols.modules.values():
            for call in module.nodes.of(ast.Call):
                if isinstance(call.func, ast.Attribute):
                    for ref in self.survey.flows.of(call.func.value, module):
                        if not ref.path:
                            found.setdefault(ref.root, []).append((call, ref))
        return found

    def used(self, site: Site) -> tuple[set[str], set[Names]]:
        """The methods that a site's statement goes through, and what its options load already."""
        own = site.call is site.root.node
        uses = [call for call, ref in self._uses.get(site.root, ()) if own or site.call in ref.via]
        links = {call.func.attr for call in uses if isinstance(call.func, ast.Attribute)}
        options = [call for call in uses if isinstance(call.func, ast.Attribute) and call.func.attr == "options"]
        given = {path for call in options for path in self._options_of(call)}
        given |= set(self._in_call(site.call))
        return links, given

    def is_given(self, site: Site, need: Need) -> bool:
        names = named(need.path)
        first = need.path[0]
        if len(names) == 1 and first.kind == "subclass" and self._is_polymorphic(site, first.owner):
            return True
        if site.kind == "made" and self._comes_with_a_refresh(site, need):
            return True
        if site.kind == "made" and names[0] in self._filled(site) and not self.survey.whole.follow(site, need):
            return len(names) == 1
        given = site.given | {path for call in need.via for path in self._in_call(call)}
        return names in given or names in self._refreshed(site, need) or self._is_out_of_reach(need, given)

    def _comes_with_a_refresh(self, site: Site, need: Need) -> bool:
        """Whether a whole refresh loads what the mapping loads with its owner."""
        with_it = self.survey.flows.members.comes_with_its_owner(need.path[0])
        return with_it and len(need.path) == 1 and self.survey.whole.follow(site, need)

    def is_served(self, site: Site, need: Need) -> bool:
        """Whether the statement's own options load it for its reader, and no refresh does it again."""
        return named(need.path) in site.given and named(need.path) not in self._refreshed(site, need)

    def _is_out_of_reach(self, need: Need, given: set[Names]) -> bool:
        """Whether the way leads through a relationship that refuses, and that these options do not load."""
        steps, names = need.path[:-1], named(need.path)
        return any(
            self.survey.flows.members.refuses(step) and names[: at + 1] not in given for at, step in enumerate(steps)
        )

    def is_hidden(self, site: Site, need: Need) -> bool:
        """Whether options of the query that cannot be read may load what is needed already."""
        return hidden(site.given, named(need.path))

    def _options_of(self, call: ast.Call) -> Iterator[Names]:
        module = self.survey.module(call)
        yield from self.loaders.loaded_by(call.args, module) if module else ()

    def _in_call(self, call: ast.Call) -> Iterator[Names]:
        """What options in the arguments of a call load: `get(..., options=[...])`, `find(db, options=[...])`."""
        module = self.survey.module(call)
        for keyword in call.keywords if module else ():
            if keyword.arg == "options" and module:
                yield from self.loaders.loaded_by([keyword.value], module)
        for value in call.args if module else ():
            if isinstance(value, ast.List | ast.Tuple | ast.Call) and names_loaders(value) and module:
                yield from self.loaders.loaded_by([value], module)

    def _is_polymorphic(self, site: Site, owner: Entity) -> bool:
        """Whether the statement loads the columns of a subclass itself, by `with_polymorphic`."""
        node, module = site.root.node, site.root.module
        if site.kind != "statement" or not isinstance(node, ast.Call):
            return False
        return any(
            self.survey.project.meanings.is_sqlalchemy(call.func, module, "with_polymorphic") and _covers(call, owner)
            for call in self._entity_values(node, site.root)
        )

    def _entity_values(self, statement: ast.Call, root: Root) -> Iterator[ast.Call]:
        """The call that makes the entity of a statement, written out there or where a name got it."""
        given = statement.args[root.column]
        bindings = self.survey.project.scopes(root.module).lookup(ast.unparse(given), statement)
        yield from (one for one in [given, *(binding.value for binding in bindings)] if isinstance(one, ast.Call))

    def _filled(self, site: Site) -> set[str]:
        """What a new object is made with, or is given in the function that makes it."""
        made = {keyword.arg for keyword in site.call.keywords if keyword.arg} if site.kind == "made" else set()
        return made | {
            node.attr
            for node in ast.walk(site.function or site.call)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            for ref in self.survey.flows.of(node.value, site.module)
            if ref.root == site.root and not ref.path
        }

    def _refreshed(self, site: Site, need: Need) -> set[Names]:
        """What a later `refresh(x, [...])` loads of the object."""
        return {
            path
            for ref, paths, function, line in self._refreshes
            if ref.root == site.root and _same_way(ref.via, need.via)
            if not self.survey.whole.between(ref.root, function, after=line, need=need)
            for path in paths
        }

    @cached_property
    def _refreshes(self) -> list[tuple[Ref, list[Names], Function | None, int]]:
        """Each object that is refreshed by name, or selected again with options, and what that loads."""
        found: list[tuple[ast.expr, Module, list[Names]]] = [
            (call.args[0], module, [(name,) for name in _refreshed_names(call)])
            for module, call in self.survey.project.calls.get("refresh", ())
            if call.args
        ]
        for module in self.survey.project.symbols.modules.values():
            for statement in module.nodes.of(ast.Expr):
                again = self.loaders.selected_again(statement.value, module)
                found += [(subject, module, paths) for subject, paths in again]
        return [
            (
                ref,
                [(*_steps(ref), *path) for path in paths],
                self.survey.project.scopes(module).function(node),
                node.lineno,
            )
            for node, module, paths in found
            for ref in self.survey.flows.of(node, module)
            if all(isinstance(part, Step) for part in ref.path)
        ]


def _steps(ref: Ref) -> Names:
    return named(tuple(part for part in ref.path if isinstance(part, Step)))


def named(path: tuple[Step, ...]) -> Names:
    """A path by the names of its steps, as options give it."""
    return tuple(subclass(step.owner.name) if step.kind == "subclass" else step.name for step in path)


def _covers(call: ast.Call, owner: Entity) -> bool:
    """Whether a call of `with_polymorphic` names a class, or all of them."""
    classes = call.args[1] if len(call.args) > 1 else None
    if isinstance(classes, ast.List | ast.Tuple):
        return owner.name in {ast.unparse(one).rpartition(".")[2] for one in classes.elts}
    return True


def _same_way(inner: Iterable[ast.Call], outer: Iterable[ast.Call]) -> bool:
    """Whether one object went the way of the other, perhaps further out."""
    short, long = [*inner], [*outer]
    return long[len(long) - len(short) :] == short


def _refreshed_names(call: ast.Call) -> list[str]:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "attribute_names"]
    given = call.args[1] if len(call.args) > 1 else next(iter(named), None)
    parts = given.elts if isinstance(given, ast.List | ast.Tuple) else []
    return [str(part.value) for part in parts if isinstance(part, ast.Constant)]
