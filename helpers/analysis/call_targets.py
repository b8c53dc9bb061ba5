"""Which functions of the project an expression means when it is called, read or entered."""

from __future__ import annotations

import ast
import collections
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from helpers.analysis.members import FunctionNode, Members
from helpers.analysis.narrowed import narrowed
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Definition, External, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_MADE_BY = ("__init__", "__new__", "__post_init__")
_ENTERED_BY = ("__enter__", "__exit__", "__aenter__", "__aexit__")
_DEEPEST = 6  # aliases of aliases
# a receiver of which nothing is known is far more often one of these than a class of the project
_CONTAINERS = frozenset(
    name for kind in (str, bytes, list, dict, set, tuple, collections.deque) for name in dir(kind) if name[0] != "_"
)


@dataclass(frozen=True, eq=False)
class Target:
    """A function that an expression may mean, and how sure that is."""

    node: FunctionNode
    tier: Tier = Tier.PROVED
    kind: Literal["function", "constructor", "property", "context"] = "function"


@dataclass(frozen=True, eq=False)
class CallTargets:
    """Answers for the expressions of one project."""

    project: Project
    _meanings: dict[ast.AST, tuple[Target | Definition, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def members(self) -> Members:
        """The methods of the project's classes."""
        return Members(self.project)

    @cached_property
    def _names(self) -> frozenset[str]:
        """Every name that a function or class of the project has somewhere: most expressions have another."""
        found: set[str] = set()
        for module in self.project.symbols.modules.values():
            nodes = module.nodes
            defined: list[FunctionNode | ast.ClassDef] = [*nodes.of(ast.FunctionDef), *nodes.of(ast.AsyncFunctionDef)]
            defined += nodes.of(ast.ClassDef)
            found.update(node.name for node in defined)
            for imported in nodes.of(ast.ImportFrom):
                found.update(alias.asname for alias in imported.names if alias.asname)
            found.update(name for name, value in module.definitions.items() if _stands_for_another(value))
        return frozenset(found)

    def called(self, call: ast.Call, module: Module) -> Iterator[Target]:
        """The functions that a call runs: functions, methods with their overrides, constructors, `__call__`."""
        callee = call.func.value if isinstance(call.func, ast.Subscript) else call.func
        for found in self._run(self.meant(callee, module)):
            if not self.members.is_property(found.node):
                yield found
            elif found.tier > Tier.BY_NAME:  # a property that gives what is called; by its name alone, a plain method
                yield replace(found, kind="property")
        if isinstance(callee, ast.Name | ast.Attribute | ast.Call) and (owner := self._instance(callee, module)):
            yield from self._members(owner[0], "__call__", owner[1])

    def read(self, node: ast.Name | ast.Attribute, module: Module) -> Iterator[Target]:
        """The functions that an expression which is not called means: handed on as values, or properties read."""
        name = node.id if isinstance(node, ast.Name) else node.attr
        if name not in self._names or not isinstance(node.ctx, ast.Load):
            return
        for found in self.meant(node, module):
            if isinstance(found, Definition):
                if self.project.scopes(module).parents.get(node).__class__ in (
                    ast.Call,
                    ast.keyword,
                    ast.List,
                    ast.Dict,
                ):
                    yield from self._made(found, Tier.PROVED)
            else:
                yield replace(found, kind="property") if self.members.is_property(found.node) else found

    def functions(self, node: ast.expr, module: Module) -> tuple[FunctionNode, ...]:
        """The functions and methods that a value surely is."""
        found = [one for one in self.meant(node, module) if isinstance(one, Target)]
        return tuple(one.node for one in found if one.tier is Tier.PROVED)

    def entered(self, node: ast.expr, module: Module) -> Iterator[Target]:
        """The methods that `with node` runs."""
        if owner := self._instance(node, module):
            for name in _ENTERED_BY:
                yield from (replace(found, kind="context") for found in self._members(owner[0], name, owner[1]))

    def meant(self, node: ast.expr, module: Module, depth: int = 0) -> tuple[Target | Definition, ...]:
        """The functions that an expression stands for, and classes as definitions; nothing when nothing tells."""
        if node not in self._meanings:
            self._meanings[node] = ()  # a name that stands for itself ends here
            self._meanings[node] = tuple(self._meant(node, module, depth)) if depth <= _DEEPEST else ()
        return self._meanings[node]

    def _meant(self, node: ast.expr, module: Module, depth: int) -> Iterable[Target | Definition]:
        if isinstance(node, ast.Name):
            return self._name(node, module, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, module, depth)
        if isinstance(node, ast.IfExp):
            return [*self.meant(node.body, module, depth + 1), *self.meant(node.orelse, module, depth + 1)]
        if isinstance(node, ast.Call) and node.args and _last(node.func) in ("partial", "partialmethod", "wraps"):
            return self.meant(node.args[0], module, depth + 1)
        return ()

    def _name(self, node: ast.Name, module: Module, depth: int) -> Iterator[Target | Definition]:
        bindings = self.project.scopes(module).lookup(node.id, node)
        if not bindings:
            yield from self._defined(self.project.symbols.resolve(module, node.id), depth)
        for binding in bindings:
            if binding.kind == "definition":
                yield from self._defined(Definition(module, node.id, binding.node), depth)
            elif binding.kind == "import":
                yield from self._defined(self.project.resolve(module, node.id, node), depth)
            elif binding.kind == "value" and binding.value is not None:
                yield from self.meant(binding.value, module, depth + 1)

    def _defined(self, found: object, depth: int) -> Iterator[Target | Definition]:
        if not isinstance(found, Definition):
            return
        if isinstance(found.node, FunctionNode):
            yield Target(found.node)
        elif isinstance(found.node, ast.ClassDef):
            yield found
        elif isinstance(found.node, ast.expr):
            yield from self.meant(found.node, found.module, depth + 1)

    def _attribute(self, node: ast.Attribute, module: Module, depth: int) -> Iterator[Target | Definition]:
        if node.attr not in self._names:
            return
        dotted = dotted_name(node)
        if dotted and (resolved := self.project.resolve(module, dotted, node)):
            yield from self._defined(resolved, depth)
            return
        if node.attr not in self.members.by_name:
            return
        if _is_super(node.value):
            yield from self._above(node, module)
        elif owner := self._static(node.value, module) or self._instance(node.value, module):
            yield from self._members(owner[0], node.attr, owner[1])
        elif self._unknown(node.value, module):
            yield from self._by_name(node.attr)

    def _static(self, node: ast.expr, module: Module) -> tuple[Definition, Tier] | None:
        """A class itself (`User.find`), `self` and `cls`: the class around the method."""
        if not isinstance(node, ast.Name | ast.Attribute):
            return None
        if isinstance(node, ast.Name) and node.id in ("self", "cls"):
            owner = self.project.class_of(node, module)
            return (owner, Tier.PROVED) if owner else None
        classes = [found for found in self.meant(node, module) if isinstance(found, Definition)]
        return (classes[0], Tier.PROVED) if len(classes) == 1 else None

    def _instance(self, node: ast.expr, module: Module) -> tuple[Definition, Tier] | None:
        """The class of an instance, as annotations, assignments and calls tell it."""
        typed = self.project.sessions.of(node, module)
        if typed and typed.owner:
            return typed.owner, typed.tier
        if isinstance(node, ast.Name) and (asked := narrowed(self.project, node, module)):
            return asked, Tier.PROVED
        found = self._related(node, module) if isinstance(node, ast.Attribute) else self._loaded(node, module)
        return (found, Tier.PROVED) if found else None

    def _related(self, node: ast.Attribute, module: Module) -> Definition | None:
        """The mapped class that a relationship leads to: `key.member`, whose annotation is no class of the project."""
        owner = self._instance(node.value, module)
        return self.project.instances.related(owner[0], node.attr, many=False) if owner else None

    def _loaded(self, node: ast.expr, module: Module) -> Definition | None:
        """The mapped class of what one statement loads, or a name that is given that and nothing else."""
        if isinstance(node, ast.Name):
            bindings = self.project.scopes(module).lookup(node.id, node)
            given = [one.value for one in bindings if one.kind == "value" and isinstance(one.value, ast.Call)]
            return self._loaded(given[0], module) if len(given) == len(bindings) == 1 and given[0] else None
        return self.project.instances.loaded(node, module) if isinstance(node, ast.Call) else None

    def _unknown(self, node: ast.expr, module: Module) -> bool:
        found = self.project.resolve(module, dotted_name(node) or "", node)
        return self.project.sessions.of(node, module) is None and not isinstance(found, External | Module)

    def _members(self, owner: Definition, name: str, tier: Tier) -> Iterator[Target]:
        yield from (Target(function, tier) for function in self.members.of(owner, name))

    def _above(self, node: ast.Attribute, module: Module) -> Iterator[Target]:
        owner = self.project.class_of(node, module)
        above = self.members.above(owner, node.attr) if owner else None
        if above:
            yield Target(above)

    def _by_name(self, name: str) -> Iterator[Target]:
        """A method that no other family of classes has, where nothing is known of the receiver."""
        if name not in _CONTAINERS and len(self.members.families(name)) == 1:
            yield from (Target(function, Tier.BY_NAME) for function in self.members.by_name[name])

    def _run(self, meant: Iterable[Target | Definition]) -> Iterator[Target]:
        for found in meant:
            if isinstance(found, Target):
                yield found
            else:
                yield from self._made(found, Tier.PROVED)

    def _made(self, owner: Definition, tier: Tier) -> Iterator[Target]:
        for name in _MADE_BY:
            if function := self.members.nearest(owner, name):
                yield Target(function, tier, "constructor")


def _stands_for_another(value: ast.AST) -> bool:
    """Whether a value at a module's top may be a function or class under a second name."""
    return isinstance(value, ast.Name | ast.Attribute | ast.IfExp | ast.Call)


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _last(node: ast.expr) -> str:
    return (dotted_name(node) or "").rpartition(".")[2]
