"""Whether something is written between loading and reading that an early loading would miss."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from helpers.analysis.dataflow.values import Step
from helpers.analysis.mapping import Entity
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.scopes import Function
from helpers.analysis.symbols import Module
from helpers.patterns.lazy_relationship.lifetime import Level, Lifetime
from helpers.patterns.lazy_relationship.sites import Need, Site, Survey

_BULK = frozenset({"update", "delete", "insert"})


@dataclass(eq=False)
class Staleness:
    """Answers for the sites of one project."""

    survey: Survey
    lifetime: Lifetime
    _known: dict[tuple[ast.AST, str], bool] = field(default_factory=dict, repr=False)

    def of(self, site: Site, need: Need) -> bool:
        """Whether rows that a path leads to may be written after the objects are loaded and before they are read."""
        return any(self.at(level, need, last=last) for level, last in self._levels(site, need))

    def at(self, level: Level, need: Need, *, last: bool) -> bool:
        """The same for one function on the way: behind the call that gives the object, before it is read."""
        function, module, call = level
        if function is None:
            return False
        first, end = call.end_lineno or call.lineno, self._end(function, need) if last else None
        lines = [line for step in need.path for line in self._written(function, module, step)]
        return any(first < line and (end is None or line < end) for line in lines)

    def _levels(self, site: Site, need: Need) -> Iterator[tuple[Level, bool]]:
        levels = self.lifetime.levels(site, need)
        yield from ((level, index == len(levels) - 1) for index, level in enumerate(levels))

    def _end(self, function: Function, need: Need) -> int | None:
        """The line of the reading, where it stands in the function; the end of the function otherwise."""
        node = need.reading.node
        inside = node is not function and any(part is node for part in ast.walk(function))
        return need.reading.line if inside else None

    def _written(self, function: Function, module: Module, step: Step) -> Iterator[int]:
        """The lines of a function that write what a relationship shows."""
        for node in ast.walk(function):
            if step.many and step.target is not None and isinstance(node, ast.Call):
                if self._writes(node, module, step.target):
                    yield node.lineno
            elif (
                not step.many
                and step.kind == "relationship"
                and (self._sets_key(node, module, step) or self._updates_key(node, module, step))
            ):
                yield getattr(node, "lineno", 0)

    def _writes(self, call: ast.Call, module: Module, entity: Entity) -> bool:
        flows = self.survey.flows
        if made := flows.callees.made_class(call, module):
            found = self.survey.project.mapped.entity(made)
            return found is not None and _kin(found, entity)
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in _BULK and self._is_about(call, module, entity):
            return True
        return any(self._function(one.function, one.module, entity) for one in flows.callees.functions(call, module))

    def _is_about(self, call: ast.Call, module: Module, entity: Entity) -> bool:
        """`update(Review)`, `query(Review).update(...)`, `db.delete(review)`."""
        given = [*call.args[:1], *([call.func.value] if isinstance(call.func, ast.Attribute) else [])]
        refs = [ref for value in given for ref in self.survey.flows.of(value, module)]
        meanings = [self.survey.project.meanings.of(value, module) for value in given]
        named = [getattr(meaning, "entity", None) for meaning in meanings]
        return any(found is not None and _kin(found, entity) for found in [*(ref.entity for ref in refs), *named])

    def _function(self, function: FunctionNode, module: Module, entity: Entity) -> bool:
        key = (function, entity.key)
        if key not in self._known:
            self._known[key] = False
            calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
            self._known[key] = any(self._writes(call, module, entity) for call in calls)
        return self._known[key]

    def _updates_key(self, node: ast.AST, module: Module, step: Step) -> bool:
        """`update(Book).values(author_id=2)`, and the same where nobody can see which columns are given values."""
        if not isinstance(node, ast.Call):
            return False
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr == "values":
            chain = [one for one in ast.walk(func.value) if isinstance(one, ast.Call) and _called(one) == "update"]
            about = any(self._is_about(one, module, step.owner) for one in chain)
        else:
            about = _called(node) == "update" and bool(node.args) and isinstance(func, ast.Attribute)
            about = about and self._is_about(node, module, step.owner)
        return about and any(name is None or name.startswith(f"{step.name}_") for name in _columns(node))

    def _sets_key(self, node: ast.AST, module: Module, step: Step) -> bool:
        """`book.author_id = 2`, and `setattr(book, name, value)` for names that nobody can see."""
        flows = self.survey.flows
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            keyed = node.attr in step.owner.columns and node.attr.startswith(f"{step.name}_")
            return keyed and any(ref.entity and _kin(ref.entity, step.owner) for ref in flows.of(node.value, module))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setattr" and len(node.args) == 3:
            computed = not isinstance(node.args[1], ast.Constant)
            return computed and any(
                ref.entity and _kin(ref.entity, step.owner) for ref in flows.of(node.args[0], module)
            )
        return False


def _kin(one: Entity, other: Entity) -> bool:
    return one.is_a(other) or other.is_a(one)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _columns(call: ast.Call) -> Iterator[str | None]:
    """The columns that a bulk update gives values; None for what the text does not tell."""
    for given in call.args[:1]:
        for key in given.keys if isinstance(given, ast.Dict) else [None]:
            known = key.value if isinstance(key, ast.Constant) else getattr(key, "attr", None)
            yield known if isinstance(known, str) else None
    if isinstance(call.func, ast.Attribute) and call.func.attr == "values":
        yield from (keyword.arg for keyword in call.keywords)
