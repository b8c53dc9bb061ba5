"""What becomes of every engine: whom it is given to, what is run on it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from helpers.analysis.apart import Apart
from helpers.analysis.callees import Callees, arguments, decorated
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

Role = Literal["bound", "given", "schema", "method", "listened", "returned", "other"]
ENGINES = frozenset(
    {"sqlalchemy.Engine", "sqlalchemy.engine.Engine", "sqlalchemy.engine.base.Engine", "sqlalchemy.future.Engine"}
)
_SCHEMA = frozenset({"create_all", "drop_all", "reflect"})
_DEEPEST = 6


@dataclass(frozen=True, eq=False)
class EngineUse:
    """One place that names an engine. `call` is what it is given to, or the call of the method `name`."""

    node: ast.expr
    module: Module
    role: Role
    name: str = ""
    call: ast.Call | None = None

    @property
    def is_io(self) -> bool:
        """Whether the place itself talks to the database."""
        return self.role == "schema" or (self.role == "method" and self.name in ("connect", "begin", "dispose"))


@dataclass(frozen=True, eq=False)
class Engines:
    """Answers for all expressions of one project."""

    project: Project
    _apart: dict[ast.Call, bool] = field(default_factory=dict, repr=False)

    def is_engine(self, node: ast.expr, module: Module, depth: int = 0) -> bool:
        """Whether an expression is a synchronous engine that the project makes."""
        if isinstance(node, ast.Call):
            return self.makes(node, module) or self._built(node, module, depth)
        if depth > _DEEPEST or not isinstance(node, ast.Name | ast.Attribute):
            return False
        if isinstance(node, ast.Name):
            bindings = self.project.scopes(module).lookup(node.id, node)
            if bindings and all(isinstance(one.node, ast.arg) for one in bindings):
                return all(self._parameter(one.node, module) for one in bindings)
            values = [one.value for one in bindings if one.kind == "value"]
            if bindings and all(one.kind != "import" for one in bindings):
                return bool(values) and all(v is not None and self.is_engine(v, module, depth + 1) for v in values)
        found = self.project.resolve(module, dotted_name(node) or "", node)
        return (
            isinstance(found, Definition)
            and isinstance(found.node, ast.expr)
            and self.is_engine(found.node, found.module, depth + 1)
        )

    def makes(self, call: ast.Call, module: Module) -> bool:
        """Whether a call is `create_engine(...)`, those left out whose engines have nothing to do with sessions."""
        made = self.project.meanings.is_sqlalchemy(call.func, module, "create_engine")
        return made and not self._stays(call, module)

    def _stays(self, call: ast.Call, module: Module) -> bool:
        if call not in self._apart:
            self._apart[call] = Apart(self.project).stays(call, module)
        return self._apart[call]

    def _built(self, call: ast.Call, module: Module, depth: int) -> bool:
        """Whether a call means a function of the project that gives an engine."""
        dotted = dotted_name(call.func) or ""
        if depth > _DEEPEST or dotted.rpartition(".")[2] not in self._returning:
            return False
        found = self.project.resolve(module, dotted, call.func)
        if not isinstance(found, Definition) or not isinstance(found.node, ast.FunctionDef):
            return False
        return self.builds(found.node, found.module, depth + 1)

    def builds(self, function: ast.FunctionDef, module: Module, depth: int = 0) -> bool:
        """Whether a function gives an engine, whichever way it ends; what `cache` keeps is one all the same."""
        decorators = len(function.decorator_list)
        if decorators > 1 or (decorators and not decorated(function, "cache", "lru_cache")):
            return False
        results = self.project.scopes(module).results(function)
        plain = all(isinstance(one, ast.Return) and one.value is not None for one in results)
        return bool(results) and plain and all(self.is_engine(one.value, module, depth) for one in results if one.value)

    @cached_property
    def _returning(self) -> frozenset[str]:
        """The names of functions that return something that has a name or is called."""
        modules = self.project.symbols.modules.values()
        returns = ((module, node) for module in modules for node in module.nodes.of(ast.Return))
        told = (pair for pair in returns if isinstance(pair[1].value, ast.Name | ast.Attribute | ast.Call))
        functions = (self.project.scopes(module).function(node) for module, node in told)
        return frozenset(one.name for one in functions if isinstance(one, ast.FunctionDef))

    def _parameter(self, argument: ast.AST, module: Module) -> bool:
        """Whether a parameter is annotated as an engine."""
        annotation = getattr(argument, "annotation", None)
        return annotation is not None and self.project.meanings.external(annotation, module) in ENGINES

    def takes_one(self, call: ast.Call, node: ast.expr, module: Module) -> bool:
        """Whether the project's functions that a call means, all proved, take `node` as an engine."""
        edges = [edge for edge in self.project.callgraph.at.get(call, ()) if edge.kind in ("call", "constructor")]
        callees = Callees(self.project).functions(call, module)
        given = [argument for callee in callees for argument, value in arguments(call, callee) if value is node]
        sure = all(edge.tier is Tier.PROVED for edge in edges) and len(edges) == len(callees) == len(given)
        return bool(edges) and sure and all(self._parameter(one, callees[0].module) for one in given)

    @cached_property
    def uses(self) -> tuple[EngineUse, ...]:
        """Every place that names one or makes one."""
        modules = self.project.symbols.modules.values()
        return tuple(use for module in modules for use in self._in_module(module))

    @cached_property
    def by_function(self) -> Mapping[ast.AST, tuple[EngineUse, ...]]:
        """Function, or a module's tree, to the uses in its own code."""
        found: dict[ast.AST, list[EngineUse]] = {}
        for use in self.uses:
            found.setdefault(self.project.callgraph.around(use.node, use.module).node, []).append(use)
        return {node: tuple(uses) for node, uses in found.items()}

    @cached_property
    def _names(self) -> frozenset[str]:
        """Every name that an engine has somewhere."""
        found: set[str] = set()
        for module in self.project.symbols.modules.values():
            for assigned in module.nodes.of(ast.Assign):
                if isinstance(assigned.value, ast.Call | ast.Name | ast.Attribute):
                    found.update(one.id for one in assigned.targets if isinstance(one, ast.Name))
            for argument in module.nodes.of(ast.arg):
                if argument.annotation is not None and self._parameter(argument, module):
                    found.add(argument.arg)
            for imported in module.nodes.of(ast.ImportFrom):
                found.update(alias.asname for alias in imported.names if alias.asname)
        return frozenset(found)

    def _in_module(self, module: Module) -> Iterator[EngineUse]:
        nodes: list[ast.expr] = [*module.nodes.of(ast.Name), *module.nodes.of(ast.Attribute)]
        for node in nodes:
            name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
            if (
                name in self._names
                and isinstance(getattr(node, "ctx", None), ast.Load)
                and self.is_engine(node, module)
            ):
                yield self._use(node, module)
        for call in module.nodes.of(ast.Call):
            if self.is_engine(call, module):
                yield self._use(call, module)

    def _use(self, node: ast.expr, module: Module) -> EngineUse:
        parents = self.project.scopes(module).parents
        above = parents[node]
        if isinstance(above, ast.keyword):
            above = parents[above]
        if isinstance(above, ast.Attribute):
            call = parents.get(above)
            called = call if isinstance(call, ast.Call) and call.func is above else None
            return EngineUse(node, module, "method" if called else "other", above.attr, called)
        if isinstance(above, ast.Assign | ast.AnnAssign) and above.value is node:
            targets = above.targets if isinstance(above, ast.Assign) else [above.target]
            plain = all(isinstance(one, ast.Name) for one in targets) and not isinstance(parents[above], ast.ClassDef)
            return EngineUse(node, module, "bound" if plain else "other")
        if isinstance(above, ast.Call) and above.func is not node:
            last = (dotted_name(above.func) or "").rpartition(".")[2]
            if last in _SCHEMA:
                return EngineUse(node, module, "schema", last, above)
            return EngineUse(node, module, "listened" if last == "listens_for" else "given", last, above)
        return EngineUse(node, module, "returned" if isinstance(above, ast.Return) else "other")
