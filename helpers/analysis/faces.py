"""The async face of an application under way: its file, what gives it to routes, and which functions are over it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.parameters import default_of, dependency
from helpers.analysis.source import Text
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

STEM = "async_face"
CLASS = "AsyncFace"
RUN = "run"
MARK = '"""Async face of a synchronous session, for the time of the migration:'
PREFIX = "async_"
ALIAS = "Async"


def is_face(text: Text) -> bool:
    """Whether a file is the face that a step added, and no file of the application's own."""
    return text.path.rpartition("/")[2] == f"{STEM}.py" and text.text.startswith(MARK)


@dataclass(frozen=True)
class Provided:
    """A dependency that yields a session, or an alias of one, with the name of its asynchronous twin."""

    module: Module
    name: str
    node: ast.AST

    @property
    def twin(self) -> str:
        """`get_async_db` for `get_db`, `AsyncSessionDep` for `SessionDep`."""
        if self.name == "Session":
            return f"{ALIAS}SessionDep"
        if isinstance(self.node, ast.expr):
            return f"{ALIAS}{self.name}" if not self.name.islower() else f"{PREFIX}{self.name}"
        head, _, rest = self.name.partition("_")
        return f"{head}_{PREFIX}{rest}" if rest and head == "get" else f"{PREFIX}{self.name}"


@dataclass(frozen=True, eq=False)
class Faces:
    """Answers for one project."""

    project: Project

    @cached_property
    def text(self) -> Text | None:
        """The file of the face; None where the migration is not under way, or has ended."""
        return next((text for text in self.project.texts.values() if is_face(text)), None)

    def named(self, node: ast.expr, module: Module, name: str) -> bool:
        """Whether an expression means `name` of the face's file."""
        if self.text is None or not isinstance(node, ast.Name):
            return False
        return f".{module.imports.get(node.id, '')}".endswith(f".{STEM}.{name}")

    @cached_property
    def providers(self) -> tuple[Provided, ...]:
        """Every dependency of FastAPI that yields a synchronous session of the application's own making."""
        found: dict[ast.AST, Provided] = {}
        for edge in self.project.callgraph.edges:
            node = edge.callee.node
            injected = edge.kind == "reference" and edge.given_to.rpartition(".")[2] == "Depends"
            if not (injected and isinstance(node, ast.FunctionDef)) or node in found:
                continue
            if self._provides(node, edge.callee.module):
                found[node] = Provided(edge.callee.module, node.name, node)
        return tuple(found.values())

    def _provides(self, function: ast.FunctionDef, module: Module) -> bool:
        if module.definitions.get(function.name) is not function:
            return False
        yields = [node for node in self.project.scopes(module).results(function) if isinstance(node, ast.Yield)]
        values = [node.value for node in yields if node.value is not None]
        return len(yields) == 1 and len(values) == 1 and bool(self.project.sessions.tier(values[0], module))

    @cached_property
    def aliases(self) -> tuple[Provided, ...]:
        """`SessionDep = Annotated[Session, Depends(get_db)]`, for each provider."""
        return tuple(
            Provided(module, name, value)
            for module in self.project.symbols.modules.values()
            for name, value in module.definitions.items()
            if isinstance(value, ast.Subscript) and self._injected(value, module) in self._nodes
        )

    @property
    def _nodes(self) -> frozenset[ast.AST]:
        return frozenset(one.node for one in self.providers)

    def _injected(self, annotation: ast.Subscript, module: Module) -> ast.AST | None:
        """The function that `Annotated[..., Depends(f)]` names."""
        if (dotted_name(annotation.value) or "").rpartition(".")[2] != "Annotated":
            return None
        parts = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else []
        given = [one for part in parts if (one := dependency(part)) is not None]
        return self.function(given[0], module) if len(given) == 1 else None

    def function(self, node: ast.expr, module: Module) -> ast.AST | None:
        """The function or value of the project that a name means."""
        found = self.project.resolve(module, dotted_name(node) or "", node)
        return found.node if isinstance(found, Definition) else None

    @cached_property
    def twins(self) -> Mapping[ast.AST, Provided]:
        """The node of each twin that is there, function or value, to what it is a twin of."""
        there: dict[ast.AST, Provided] = {}
        for one in (*self.providers, *self.aliases):
            node = one.module.definitions.get(one.twin)
            if isinstance(node, ast.AsyncFunctionDef | ast.Subscript):
                there[node] = one
        return there

    def source_of(self, argument: ast.arg, function: ast.AST, module: Module) -> ast.expr | None:
        """What names the provider for a parameter: the `get_db` of its `Depends`, or the alias it is annotated with."""
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        if given := dependency(default_of(function, argument)):
            return given
        if isinstance(argument.annotation, ast.Subscript) and self._injected(argument.annotation, module):
            return next(one for one in map(dependency, _parts(argument.annotation)) if one)
        known: set[ast.AST | None] = {*(one.node for one in self.aliases), *self.twins}
        if not isinstance(argument.annotation, ast.Name | ast.Attribute):
            return None
        return argument.annotation if self.function(argument.annotation, module) in known else None

    def uses(self) -> Iterator[tuple[ast.Call, Module, str]]:
        """Every call of the face's class and of its `run`."""
        if self.text is None:
            return
        for module in self.project.symbols.modules.values():
            for call in module.nodes.of(ast.Call):
                for name in (CLASS, RUN):
                    if isinstance(call.func, ast.Name | ast.Attribute) and self.named(call.func, module, name):
                        yield call, module, name


def _parts(annotation: ast.Subscript) -> list[ast.expr]:
    return annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else []
