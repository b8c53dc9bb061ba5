"""The application's own session factory: the one that made a session, or the only one that there is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from helpers.analysis.parameters import default_of, dependency
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.refused import Refused

_SET_UP = frozenset({"info", "execution_options", "enable_relationship_loading", "bind"})
_TENANTS = ("schema_translate_map", "search_path", "set_config(")


@dataclass(frozen=True, eq=False)
class Factories:
    """Finds them in one project."""

    project: Project

    def of(self, session: ast.expr | None, module: Module) -> Definition:
        """The factory of a session. Refused where none is found, several are, or tests put another session in place."""
        found = self._behind(session, module) if session is not None else None
        if found:
            return found
        self._set_up_nowhere()
        every = list(self._all())
        if len(every) != 1:
            seen = ", ".join(one.qualified for one in every) or "none"
            raise Refused(f"which factory makes the task's session is not clear ({seen}): write it by hand")
        return every[0]

    def _behind(self, session: ast.expr, module: Module) -> Definition | None:
        """The factory that the session's variable leads to, through FastAPI's dependencies."""
        if not isinstance(session, ast.Name):
            return None
        for binding in self.project.scopes(module).lookup(session.id, session):
            if isinstance(binding.node, ast.arg):
                return self._injected(binding.node, module)
            if binding.value is not None:
                return self._called(binding.value, module)
        return None

    def _injected(self, argument: ast.arg, module: Module) -> Definition | None:
        function = next(
            iter(self.project.scopes(module).ancestors(self.project.scopes(module).parents[argument])), None
        )
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        injected = dependency(default_of(function, argument)) or self._in_annotation(argument.annotation, module)
        if injected is None:
            return None
        for found in self.project.callgraph.targets.meant(injected, module):
            if not isinstance(found, Definition):
                self._not_overridden(found.node, injected)
                return self._inside(found.node, injected)
        return None

    def _inside(self, function: ast.AST, written: ast.expr) -> Definition:
        """The factory that a dependency calls. Refused when it does more with the session than open and close it."""
        where = self.project.callgraph.functions[function].module
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        made = next((found for call in calls if (found := self._called(call, where))), None)
        if made is None:
            raise Refused(
                f"where {ast.unparse(written)}() has its session from is not in sight: write the task's by hand"
            )
        effects = self.project.effects.direct.get(function, ())
        sets_up = any(effect.what not in ("close", "commit", "rollback") for effect in effects)
        if sets_up or any(isinstance(node, ast.Attribute) and node.attr in _SET_UP for node in ast.walk(function)):
            raise Refused(
                f"{ast.unparse(written)}() sets its session up, and the factory does not: write the task's by hand"
            )
        return made

    def _set_up_nowhere(self) -> None:
        """Refused when sessions of the application are more than what the factory makes: of one tenant, for example."""
        for path, source in self.project.sources.items():
            if word := next((word for word in _TENANTS if word in source.text), None):
                raise Refused(f"sessions are set up for one tenant (`{word}` in {path}): write the task's by hand")

    def _in_annotation(self, annotation: ast.expr | None, module: Module) -> ast.expr | None:
        """`get_db` in `Annotated[Session, Depends(get_db)]`, also behind an alias in the same module."""
        if isinstance(annotation, ast.Name):
            found = self.project.symbols.resolve(module, annotation.id)
            inside = found.node if isinstance(found, Definition) and found.module is module else None
            annotation = inside if isinstance(inside, ast.Subscript) else None
        for node in ast.walk(annotation) if annotation is not None else ():
            if isinstance(node, ast.Call) and (given := dependency(node)):
                return given
        return None

    def _not_overridden(self, function: ast.AST, written: ast.expr) -> None:
        """Refused when tests give routes another session: the task's own would be on another database there."""
        name = getattr(function, "name", "")
        for module in self.project.symbols.modules.values():
            for node in module.nodes.of(ast.Subscript):
                if (dotted_name(node.value) or "").endswith("dependency_overrides") and _names(node.slice, name):
                    raise Refused(
                        f"{module.path}:{node.lineno} replaces {ast.unparse(written)} in tests, and would not replace "
                        "the factory: let the tests set up the factory's database first"
                    )

    def _called(self, value: ast.expr, module: Module) -> Definition | None:
        if not isinstance(value, ast.Call):
            return None
        typed = self.project.sessions.of(value.func, module)
        found = self.project.resolve(module, dotted_name(value.func) or "", value.func)
        made = typed is not None and typed.what == "factory" and isinstance(found, Definition)
        return found if made and isinstance(found, Definition) else None

    def _all(self) -> Iterator[Definition]:
        for module in self.project.symbols.modules.values():
            parts = PurePosixPath(module.path).parts
            if any(part.startswith(("test", "conftest", "migrations", "alembic")) for part in parts):
                continue
            for name, node in module.definitions.items():
                typed = self.project.sessions.of(node, module) if isinstance(node, ast.Call) else None
                if typed and typed.what == "factory":
                    yield Definition(module, name, node)


def _names(node: ast.expr, name: str) -> bool:
    return (dotted_name(node) or "").rpartition(".")[2] == name
