"""The methods and properties of the project's classes: by name, by class, with what overrides them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.symbols import Definition, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_PROPERTIES = frozenset({"property", "cached_property", "hybrid_property", "abstractproperty", "memoized_property"})


@dataclass(frozen=True, eq=False)
class Members:
    """Answers for all classes of one project."""

    project: Project
    _found: dict[tuple[ast.AST, str], tuple[FunctionNode, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def by_name(self) -> Mapping[str, tuple[FunctionNode, ...]]:
        """Every method of the project by its name."""
        found: dict[str, list[FunctionNode]] = {}
        for owner, functions in self.of_class.items():
            for function in functions:
                found.setdefault(function.name, []).append(function)
                self.owners[function] = owner
        return {name: tuple(functions) for name, functions in found.items()}

    @cached_property
    def owners(self) -> dict[ast.AST, Definition]:
        """Method to the class whose body it stands in."""
        return {function: owner for owner, functions in self.of_class.items() for function in functions}

    @cached_property
    def of_class(self) -> Mapping[Definition, tuple[FunctionNode, ...]]:
        """Class to the methods of its body, those under an `if` included."""
        found = {}
        for module in self.project.symbols.modules.values():
            for node in module.nodes.of(ast.ClassDef):
                found[Definition(module, node.name, node)] = tuple(_functions(node))
        return found

    @cached_property
    def _own(self) -> Mapping[ast.AST, Mapping[str, FunctionNode]]:
        return {owner.node: {one.name: one for one in functions} for owner, functions in self.of_class.items()}

    def own(self, owner: Definition, name: str) -> FunctionNode | None:
        """The method of that name in the class's own body; of several (a property and its setter) the last."""
        return self._own.get(owner.node, {}).get(name)

    def nearest(self, owner: Definition, name: str) -> FunctionNode | None:
        """The method that an instance of exactly this class has: its own, or the nearest above."""
        return next((found for one in self.project.bases(owner) if (found := self.own(one, name))), None)

    def above(self, owner: Definition, name: str) -> FunctionNode | None:
        """The method that `super()` means in the body of a class."""
        bases = (one for one in self.project.bases(owner) if one.node is not owner.node)
        return next((found for one in bases if (found := self.own(one, name))), None)

    def of(self, owner: Definition, name: str) -> tuple[FunctionNode, ...]:
        """What calling `name` on an instance that is at least an `owner` may run: its method, and every override."""
        key = (owner.node, name)
        if key not in self._found:
            first = self.nearest(owner, name)
            overrides = [found for one in self.project.below(owner) if (found := self.own(one, name))]
            self._found[key] = tuple(dict.fromkeys([*([first] if first else []), *overrides]))
        return self._found[key]

    def is_callback(self, function: ast.AST) -> bool:
        """Whether a function is the `__call__` of a protocol, which stands for functions of that shape."""
        owner = self.owners.get(function) if getattr(function, "name", "") == "__call__" else None
        return owner is not None and is_protocol(owner)

    def families(self, name: str) -> frozenset[ast.AST]:
        """The topmost classes that define a method of that name: one for all that override each other."""
        return frozenset(self._top(self.owners[function], name) for function in self.by_name.get(name, ()))

    def _top(self, owner: Definition, name: str) -> ast.AST:
        defining = [one.node for one in self.project.bases(owner) if self.own(one, name)]
        return defining[-1] if defining else owner.node

    def is_property(self, function: FunctionNode) -> bool:
        """Whether reading the attribute runs the function."""
        return bool(property_kind(function))


def is_protocol(owner: Definition) -> bool:
    """Whether a class names Protocol as its base."""
    bases = (one.value if isinstance(one, ast.Subscript) else one for one in getattr(owner.node, "bases", ()))
    return any((dotted_name(one) or "").rpartition(".")[2] == "Protocol" for one in bases)


def property_kind(function: FunctionNode) -> str:
    """`property`, `cached_property` and so on, by the decorator's last name; empty for a plain method."""
    for decorator in function.decorator_list:
        name = dotted_name(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""
        last = name.rpartition(".")[2]
        if last in _PROPERTIES:
            return last
        if last in ("setter", "deleter", "getter", "inplace", "expression", "comparator", "update_expression"):
            return last
    return ""


def _functions(owner: ast.ClassDef) -> Iterator[FunctionNode]:
    stack: list[ast.AST] = list(reversed(owner.body))
    while stack:
        node = stack.pop()
        if isinstance(node, FunctionNode):
            yield node
        elif isinstance(node, ast.If | ast.Try | ast.With):
            stack += reversed([child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)])
