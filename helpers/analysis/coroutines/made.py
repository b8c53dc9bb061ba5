"""Which expressions give a coroutine, an asynchronous generator or what only `async with` enters."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.annotations import named_in
from helpers.analysis.coroutines.known import CONTEXTS, COROUTINES, EITHER, FUNCTIONS, GENERATORS, Kind
from helpers.analysis.coroutines.receivers import Receivers
from helpers.analysis.members import FunctionNode
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.call_targets import Target
    from helpers.analysis.project import Project

_AWAITED = frozenset({"Awaitable", "Coroutine"})
_ITERATED = frozenset({"AsyncIterator", "AsyncGenerator", "AsyncIterable"})
_SYNCHRONOUS = frozenset({"async_to_sync", "syncify", "unsync", "make_sync", "run_async", "contextmanager"})
_RUNS = frozenset({"run", "run_until_complete", "async_to_sync", "run_coroutine_threadsafe", "create_task", "call"})


@dataclass(frozen=True)
class Made:
    """What an expression gives: its kind, what a reader calls it, and how surely that is what is meant."""

    kind: Kind
    name: str
    tier: Tier = Tier.PROVED


@dataclass(eq=False)
class Makers:
    """Answers for all expressions of one project."""

    project: Project
    _kinds: dict[ast.AST, Kind | None] = field(default_factory=dict, repr=False)

    @cached_property
    def receivers(self) -> Receivers:
        """The instances of SQLAlchemy's classes."""
        return Receivers(self.project)

    def at(self, node: ast.expr, module: Module) -> Made | None:
        """What a call gives, or an attribute that runs a property; None for a plain value or where nothing tells."""
        if isinstance(node, ast.Call):
            known = self._sqlalchemy(node, module) or self._external(node, module)
            return known or self._called(node, module) or self._annotated(node, module)
        if isinstance(node, ast.Attribute):
            found = [one for one in self.project.callgraph.targets.read(node, module) if one.kind == "property"]
            return self._targets(found, f"`{ast.unparse(node)}`")
        return None

    def named(self, node: ast.expr, module: Module) -> Made | None:
        """What calling the function gives that an expression, handed on as it is, stands for."""
        if not isinstance(node, ast.Name | ast.Attribute):
            return None
        found = [one for one in self.project.callgraph.targets.read(node, module) if one.kind == "function"]
        return self._targets(found, f"{ast.unparse(node)}()")

    def _sqlalchemy(self, node: ast.Call, module: Module) -> Made | None:
        if not isinstance(node.func, ast.Attribute):
            return None
        tables: list[tuple[dict[str, frozenset[str]], Kind]] = [
            (dict(COROUTINES), "coroutine"),
            (dict(GENERATORS), "generator"),
            (dict(EITHER), "either"),
            (dict(CONTEXTS), "context"),
        ]
        wanted = [(table, kind) for table, kind in tables if any(node.func.attr in names for names in table.values())]
        owner = self.receivers.of(node.func.value, module) if wanted and not self._own(node, module) else ""
        kinds = [kind for table, kind in wanted if node.func.attr in table.get(owner, ())]
        return Made(kinds[0], f"{ast.unparse(node.func)}()") if kinds else None

    def _own(self, node: ast.Call, module: Module) -> bool:
        """Whether the receiver is of a class of the project, which may have its own method of that name."""
        assert isinstance(node.func, ast.Attribute)
        typed = self.project.sessions.of(node.func.value, module)
        return bool(typed and typed.owner and self.project.callgraph.targets.members.of(typed.owner, node.func.attr))

    def _external(self, node: ast.Call, module: Module) -> Made | None:
        name = self.project.meanings.external(node.func, module)
        return Made("coroutine", f"{ast.unparse(node.func)}()") if name in FUNCTIONS else None

    def _called(self, node: ast.Call, module: Module) -> Made | None:
        targets = [one for one in self.project.callgraph.targets.called(node, module) if one.kind == "function"]
        return self._targets(targets, f"{_short(node.func)}()")

    def _annotated(self, node: ast.Call, module: Module) -> Made | None:
        """A call of a parameter that is annotated as `Callable[..., Awaitable[...]]`, by an alias too."""
        bindings = self.project.scopes(module).lookup(node.func.id, node) if isinstance(node.func, ast.Name) else ()
        annotations = [one.node.annotation for one in bindings if isinstance(one.node, ast.arg | ast.AnnAssign)]
        if len(bindings) != 1 or not annotations or annotations[0] is None:
            return None
        given = self._callable(annotations[0], module)
        return Made("coroutine", f"{ast.unparse(node.func)}()", Tier.INFERRED) if given else None

    def _callable(self, annotation: ast.expr, module: Module) -> bool:
        found = self.project.symbols.resolve(module, dotted_name(annotation) or "")
        alias = found.node if isinstance(found, Definition) else annotation
        if (
            not isinstance(alias, ast.Subscript)
            or _last(alias.value) != "Callable"
            or not isinstance(alias.slice, ast.Tuple)
        ):
            return False
        gives = _outermost(alias.slice.elts[-1])
        return gives is not None and _last(gives) in _AWAITED

    def _targets(self, targets: list[Target], name: str) -> Made | None:
        """What the nearest one gives. By a method's name alone all must agree, and the name must tell something."""
        kinds = [self.kind(one.node) for one in targets]
        if not kinds or kinds[0] is None:
            return None
        if targets[0].tier is Tier.BY_NAME and (None in kinds or "_" not in targets[0].node.name.strip("_")):
            return None  # `post` and `start` are names of many things
        kind: Kind = "generator" if "generator" in kinds else kinds[0]
        return Made(kind, name, targets[0].tier)

    def kind(self, function: FunctionNode) -> Kind | None:
        """What calling a function of the project gives; None for a plain value."""
        if function not in self._kinds:
            self._kinds[function] = None  # a function that returns what it gives itself ends here
            self._kinds[function] = self._kind(function, self.project.callgraph.functions[function].module)
        return self._kinds[function]

    def _kind(self, function: FunctionNode, module: Module) -> Kind | None:
        names = [_last(one.func if isinstance(one, ast.Call) else one) for one in function.decorator_list]
        if "asynccontextmanager" in names:
            return "context"
        if _SYNCHRONOUS & set(names) or any(self._runs(one, module) for one in function.decorator_list):
            return None
        results = self.project.scopes(module).results(function)
        if any(isinstance(one, ast.Yield | ast.YieldFrom) for one in results):
            return "generator" if isinstance(function, ast.AsyncFunctionDef) else None
        told = {_last(part) for part in named_in(_outermost(function.returns))}
        if told & _ITERATED and (_is_stub(function) or isinstance(function, ast.FunctionDef)):
            return "generator"
        if isinstance(function, ast.AsyncFunctionDef) or told & _AWAITED:
            return "coroutine"
        return self._returned((one.value for one in results), module)

    def _returned(self, values: Iterable[ast.expr | None], module: Module) -> Kind | None:
        """A function that returns what another one gives has that one's colour."""
        found = [self.at(value, module) for value in values if value is not None]
        kinds = [made.kind for made in found if made is not None and made.tier > Tier.BY_NAME]
        return kinds[0] if kinds and kinds[0] != "several" else None

    def _runs(self, decorator: ast.expr, module: Module) -> bool:
        """Whether a decorator of the project puts a plain function in front that runs the coroutine itself."""
        callee = decorator.func if isinstance(decorator, ast.Call) else decorator
        found = self.project.resolve(module, dotted_name(callee) or "", callee)
        if not isinstance(found, Definition) or not isinstance(found.node, FunctionNode):
            return isinstance(found, Definition) and isinstance(found.node, ast.ClassDef)
        inner = [node for node in ast.walk(found.node) if isinstance(node, ast.FunctionDef) and node is not found.node]
        return any(_last(call.func) in _RUNS for one in inner for call in _calls(one))


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Call))


def _outermost(annotation: ast.expr | None) -> ast.expr | None:
    """`Awaitable` of `Awaitable[list[Task]]`: what is inside is given once that was awaited."""
    return annotation.value if isinstance(annotation, ast.Subscript) else annotation


def _is_stub(function: FunctionNode) -> bool:
    """Whether a body says nothing: text, `...`, `pass`, or a raise."""
    return all(
        isinstance(one, ast.Pass | ast.Raise) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in function.body
    )


def _last(node: ast.expr) -> str:
    return (dotted_name(node) or "").rpartition(".")[2]


def _short(node: ast.expr) -> str:
    """A callee in few words: its dotted name, or its last part behind a longer expression."""
    name = dotted_name(node)
    return name or (f"….{node.attr}" if isinstance(node, ast.Attribute) else "the function")
