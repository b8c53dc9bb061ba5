"""Who awaits what it is handed, where that is asynchronous: FastAPI, Starlette, Strawberry and their like."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.function_uses import Called, FunctionUses, UnfollowedError
from helpers.analysis.outside import Outside
from helpers.analysis.project import Project
from helpers.analysis.routes import METHODS
from helpers.analysis.scopes import Binding
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.flip.unthreaded import Unthreaded

# what FastAPI and Starlette are handed they await, if it is asynchronous
_AWAITING = frozenset(
    {"Depends", "Security", "add_task", "add_api_route", "add_exception_handler", "add_event_handler"}
    | {"add_api_websocket_route", "BackgroundTask", "fixture"}
)
_BY_KEYWORD = {"GraphQLRouter": frozenset({"context_getter", "root_value_getter"})}
# Strawberry awaits them, several at the same time
_LOADERS = frozenset({"strawberry.dataloader.DataLoader", "strawberry.DataLoader", "aiodataloader.DataLoader"})
TOGETHER = _LOADERS | {"strawberry.field"}
ONE_BY_ONE = frozenset({"strawberry.mutation"})  # the top level of a mutation is worked off in turn
_DECORATORS = frozenset({"tenacity.retry", "freezegun.freeze_time"}) | {
    f"{mock}.{name}" for mock in ("unittest.mock", "mock") for name in ("patch", "patch.object", "patch.dict")
}
_ASYNCHRONOUS_SERVERS = ("strawberry.fastapi", "strawberry.asgi")
_LOOK_AT = frozenset({"isinstance", "issubclass"})


_SERVERS = ("fastapi.", "starlette.")
_REGISTERING = METHODS | {"api_route", "route", "add_api_route", "add_route", "websocket", "add_api_websocket_route"}


def served(project: Project, maker: ast.expr, module: Module) -> bool:
    """Whether a function is FastAPI's or Starlette's, or a method of something that they make or annotate."""
    if project.meanings.external(maker, module).startswith(_SERVERS):
        return True
    if not isinstance(maker, ast.Attribute):
        return False
    name = dotted_name(maker.value) or ""
    found = project.resolve(module, name, maker)
    if isinstance(found, Definition) and isinstance(found.node, ast.Call):
        return _serves(project, found.node.func, found.module)
    return any(
        _serves(project, told, module)
        for binding in project.scopes(module).lookup(name, maker)
        for told in _told(binding)
    )


def _serves(project: Project, node: ast.expr, module: Module) -> bool:
    """Whether a class is FastAPI's or Starlette's, or one of the project that registers functions as theirs do."""
    if project.meanings.external(node, module).startswith(_SERVERS):
        return True
    found = project.resolve(module, dotted_name(node) or "", node)
    if not (isinstance(found, Definition) and isinstance(found.node, ast.ClassDef)):
        return False
    own = {getattr(item, "name", "") for one in project.bases(found) for item in getattr(one.node, "body", ())}
    return not own & _REGISTERING and any(one.startswith(_SERVERS) for one in Outside(project).bases(found))


def _told(binding: Binding) -> Iterator[ast.expr]:
    """The class that a name is said to be an instance of."""
    if isinstance(binding.value, ast.Call):
        yield binding.value.func
    annotation = getattr(binding.node, "annotation", None)
    if annotation is not None:
        yield from (part for part in ast.walk(annotation) if isinstance(part, ast.Name | ast.Attribute))


@dataclass(frozen=True, eq=False)
class Served:
    """Answers for one project."""

    project: Project

    def awaits(self, call: ast.Call, given: ast.AST, module: Module) -> bool:
        """Whether what a call is given for an argument is awaited by whoever gets it."""
        last = (dotted_name(call.func) or "").rpartition(".")[2]
        if last in _LOOK_AT or (last in _AWAITING and (last == "fixture" or served(self.project, call.func, module))):
            return True
        keyword = next((one.arg for one in call.keywords if one is given or one.value is given), None)
        if keyword in _BY_KEYWORD.get(last, ()):
            return True
        if Unthreaded(self.project).is_run(call, given, module):
            return True
        return self._resolves(self.project.meanings.external(call.func, module))

    def awaits_decorated(self, name: str) -> bool:
        """Whether a decorator from outside, by its dotted name, awaits what it decorates."""
        return name in _DECORATORS or self._resolves(name)

    def _resolves(self, name: str) -> bool:
        """Whether Strawberry awaits what it is handed so: an asynchronous server alone runs the schema."""
        if name not in TOGETHER | ONE_BY_ONE or self.project.calls.get("execute_sync"):
            return False
        if not name.startswith("strawberry.") or name in _LOADERS:
            return True
        modules = self.project.symbols.modules.values()
        return any(target.startswith(_ASYNCHRONOUS_SERVERS) for one in modules for target in one.imports.values())

    def calls(self, node: ast.AST, module: Module) -> Iterator[Called]:
        """Every place where a function, handed on at `node`, is called. UnfollowedError where it goes out of sight."""
        yield from self._checked(FunctionUses(self.project, self.awaits).of(node, module))

    def through(self, parameter: ast.arg, module: Module) -> Iterator[Called]:
        """The same for a function that a parameter gets."""
        yield from self._checked(FunctionUses(self.project, self.awaits).parameter(parameter, module))

    def _checked(self, calls: Iterator[Called]) -> Iterator[Called]:
        for one in calls:
            if not one.by and not self.project.callgraph.at.get(one.call):
                place = f"{one.module.path}:{one.call.lineno}"
                raise UnfollowedError(f"called at {place} with others that are not in sight")
            yield one
