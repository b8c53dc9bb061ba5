"""Which functions change colour together: those that one session, or one call, may join."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import SessionUse
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.flip.turns import Turns

Unit = ast.AST


@dataclass(frozen=True, eq=False)
class Families:
    """A unit is a function with its parameters and decorators, or a statement of a module's own code."""

    project: Project
    _above: dict[Unit, Unit] = field(default_factory=dict, repr=False)
    _modules: dict[Unit, Module] = field(default_factory=dict, repr=False)

    def all(self) -> Iterator[dict[Unit, Module]]:
        """Each family as its units with their modules, in the order of the files."""
        for unit, module in self._touched():
            self._add(unit, module)
        for first, second in self._ties():
            self._join(first, second)
        families: dict[Unit, dict[Unit, Module]] = {}
        for unit, module in self._modules.items():
            families.setdefault(self._root(unit), {})[unit] = module
        yield from families.values()

    def unit(self, node: ast.AST, module: Module) -> Unit:
        """The unit that a node belongs to."""
        last = node
        if isinstance(node, FunctionNode):
            return node
        for above in self.project.scopes(module).ancestors(node):
            if isinstance(above, FunctionNode):
                return above
            if isinstance(above, ast.Module):
                return last
            last = above
        return last

    def _add(self, unit: Unit, module: Module) -> None:
        self._modules.setdefault(unit, module)

    def _root(self, unit: Unit) -> Unit:
        while (above := self._above.get(unit, unit)) is not unit:
            unit = above
        return unit

    def _join(self, first: tuple[Unit, Module], second: tuple[Unit, Module]) -> None:
        for unit, module in (first, second):
            self._add(unit, module)
        one, two = self._root(first[0]), self._root(second[0])
        if one is not two:
            self._above[two] = one

    def _touched(self) -> Iterator[tuple[Unit, Module]]:
        """Every unit that a session passes through, or that becomes asynchronous."""
        yield from ((unit, module) for unit, module in self.touched.items())

    @cached_property
    def touched(self) -> dict[Unit, Module]:
        """The same as a table."""
        found: dict[Unit, Module] = {}
        graph = self.project.callgraph
        for node in self.project.colouring.asynchronous:
            found[node] = graph.functions[node].module
        for use in self.project.session_uses.all:
            if use.tier > Tier.BY_NAME and not self._inside(use.node, use.module):
                found.setdefault(self.unit(use.node, use.module), use.module)
        for engine in self.project.engines.uses:
            found.setdefault(self.unit(engine.node, engine.module), engine.module)
        for annotation, module in self.annotated():
            if not self._inside(annotation, module):
                found.setdefault(self.unit(annotation, module), module)
        return {node: module for node, module in found.items() if not isinstance(node, ast.Module)}

    def _inside(self, node: ast.AST, module: Module) -> bool:
        """Whether a place belongs to what listens, and so to the inside of something asynchronous."""
        heard = self.project.listeners.at.get(self.project.scopes(module).parents[node])
        unit = self.unit(node, module)
        listens = (heard is None or heard.target is not node) and unit in self.project.listeners.inside
        return listens or unit in self.project.versions.inside

    def annotated(self) -> Iterator[tuple[ast.expr, Module]]:
        """Every annotation that says session, factory or generator of sessions, aliases among them."""
        for module in self.project.symbols.modules.values():
            for annotation in _annotations(module):
                typed = self.project.sessions.annotated(annotation, module)
                if typed and typed.what in ("session", "factory"):
                    yield annotation, module

    def _ties(self) -> Iterator[tuple[tuple[Unit, Module], tuple[Unit, Module]]]:
        yield from self._calls()
        yield from self._definitions()
        yield from self._classes()
        yield from self._nested()
        yield from self._decorated()
        yield from self._twins()
        yield from self._of_objects()
        yield from Turns(self.project).ties()
        for node in self.project.colouring.asynchronous:
            module = self.project.callgraph.functions[node].module
            for other in self.project.colouring.overrides(node):
                yield (node, module), (other, self.project.callgraph.functions[other].module)

    def _calls(self) -> Iterator[tuple[tuple[Unit, Module], tuple[Unit, Module]]]:
        for edge in self.project.callgraph.edges:
            if edge.tier > Tier.BY_NAME and edge.callee.node in self.touched:
                module = edge.caller.module
                yield (self.unit(edge.site, module), module), (edge.callee.node, edge.callee.module)

    def _definitions(self) -> Iterator[tuple[tuple[Unit, Module], tuple[Unit, Module]]]:
        """What names a session, a factory, an engine or an alias that a module's own code defines."""
        holders = dict(self._holders())
        named = {name for name, _ in holders.values()}
        names = named.union(*(self.project.references.aliases.get(name, ()) for name in named))
        for module in self.project.symbols.modules.values():
            nodes: list[ast.Name | ast.Attribute] = [*module.nodes.of(ast.Name), *module.nodes.of(ast.Attribute)]
            for node in nodes:
                if (node.id if isinstance(node, ast.Name) else node.attr) not in names:
                    continue
                found = self.project.resolve(module, dotted_name(node) or "", node)
                if isinstance(found, Definition) and found.node in holders:
                    statement = self.unit(found.node, found.module)
                    yield (self.unit(node, module), module), (statement, found.module)

    def _holders(self) -> Iterator[tuple[ast.AST, tuple[str, Module]]]:
        for module in self.project.symbols.modules.values():
            for name, value in module.definitions.items():
                if isinstance(value, ast.expr) and self._holds(value, module):
                    yield value, (name, module)

    def _holds(self, value: ast.expr, module: Module) -> bool:
        typed = self.project.sessions.of(value, module) or self.project.sessions.annotated(value, module)
        if typed and typed.what in ("session", "factory"):
            return True
        return self.project.engines.is_engine(value, module)

    def _classes(self) -> Iterator[tuple[tuple[Unit, Module], tuple[Unit, Module]]]:
        """Methods that hold a session in an attribute of one class."""
        for use in self.project.session_uses.all:
            if use.tier > Tier.BY_NAME and isinstance(use.node, ast.Attribute):
                for owner in self._owners(use.node, use.module):
                    yield (self.unit(use.node, use.module), use.module), (owner.node, owner.module)
                    yield from (
                        ((method, owner.module), (owner.node, owner.module))
                        for method in owner.node.body  # type: ignore[attr-defined]  # it is a class
                        if isinstance(method, FunctionNode) and _sets(method, use.node.attr)
                    )
            if use.tier > Tier.BY_NAME and use.role == "other":
                yield from self._given_to_objects(use)

    def _given_to_objects(self, use: SessionUse) -> Iterator[tuple[tuple[Unit, Module], tuple[Unit, Module]]]:
        """`service.db = session` goes with the class of the service, which uses it from then on."""
        statement = self.project.scopes(use.module).parents.get(use.node)
        for target in statement.targets if isinstance(statement, ast.Assign) else ():
            for owner in self._owners(target, use.module) if isinstance(target, ast.Attribute) else ():
                yield (self.unit(use.node, use.module), use.module), (owner.node, owner.module)

    def _owners(self, node: ast.Attribute, module: Module) -> Iterable[Definition]:
        owner = None
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            owner = self.project.class_of(node, module)
        elif typed := self.project.sessions.of(node.value, module):
            owner = typed.owner
        return [one for one in self.project.bases(owner) if isinstance(one.node, ast.ClassDef)] if owner else ()

    def _decorated(self) -> Iterator[tuple[tuple[Unit, Module], tuple[Unit, Module]]]:
        """What one decorator with two wrappers decorates, and the wrapper that is taken for its double."""
        for wrapper in self.project.colouring.two_coloured:
            together = [one for one in self.project.decorators.wrapped[wrapper] if one.function in self.touched]
            yield from (((wrapper, one.by.module), (one.function, one.module)) for one in together)

    def _twins(self) -> Iterator[tuple[tuple[Unit, Module], tuple[Unit, Module]]]:
        """What the async face is behind goes together, as the face does."""
        faces = self.project.faces
        twins = [(node, one.module) for node, one in faces.twins.items()] if faces.text else []
        units = [(self.unit(node, module), module) for node, module in twins]
        yield from pairwise(units)

    def _of_objects(self) -> Iterator[tuple[tuple[Unit, Module], tuple[Unit, Module]]]:
        """What asks an object for its session goes with all that makes sessions: the object may be in any."""
        asked = [(module, call) for module, call in self.project.calls.get("object_session", ())]
        makers = [(self.unit(value, module), module) for value, (_, module) in self._holders()] if asked else ()
        for module, call in asked:
            yield from (((self.unit(call, module), module), maker) for maker in makers)

    def _nested(self) -> Iterator[tuple[tuple[Unit, Module], tuple[Unit, Module]]]:
        for unit, module in self.touched.items():
            outer = next(
                (one for one in self.project.scopes(module).ancestors(unit) if isinstance(one, FunctionNode)), None
            )
            if outer is not None and outer in self.touched:
                yield (unit, module), (outer, module)


def _annotations(module: Module) -> Iterator[ast.expr]:
    for argument in module.nodes.of(ast.arg):
        if argument.annotation:
            yield argument.annotation
    for assigned in module.nodes.of(ast.AnnAssign):
        yield assigned.annotation
    functions: list[FunctionNode] = [*module.nodes.of(ast.FunctionDef), *module.nodes.of(ast.AsyncFunctionDef)]
    yield from (function.returns for function in functions if function.returns)


def _sets(method: FunctionNode, attribute: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == attribute and isinstance(node.ctx, ast.Store)
        for node in ast.walk(method)
    )
