"""Facts about the whole project that change what Query does, so that no chain may be rewritten (semantics, rule 11)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, External, Module, dotted_name

_EVENTS = ("before_compile", "before_compile_update", "before_compile_delete", "after_bulk_update", "after_bulk_delete")
_QUERY_CLASSES = frozenset({"Query", "AppenderQuery", "BaseQuery"})


@dataclass(frozen=True)
class Guard:
    """One such fact. `function` limits it to a function that takes its listener away again."""

    reason: str
    function: ast.AST | None = None


@dataclass(frozen=True, eq=False)
class Guards:
    """Every guard of a project."""

    project: Project

    def reason(self, node: ast.AST, module: Module) -> str | None:
        """Why the chain at `node` is left alone because of something elsewhere; None when nothing is in the way."""
        around = [node, *self.project.scopes(module).ancestors(node)] if self._all else []
        for guard in self._all:
            if guard.function is None or guard.function in around:
                return guard.reason
        return None

    @cached_property
    def own_query(self) -> bool:
        """Whether a class of the project has a method `query`, which a receiver of unknown type may be."""
        return any(
            isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name == "query"
            for module in self.project.symbols.modules.values()
            if "def query" in self.project.sources[module.path].text
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef)
            for item in node.body
        )

    @cached_property
    def _all(self) -> tuple[Guard, ...]:
        modules = self.project.symbols.modules.values()
        return tuple(guard for module in modules if self._may(module) for guard in self._of(module))

    def _may(self, module: Module) -> bool:
        text = self.project.sources[module.path].text
        return any(word in text for word in ("Query", "query_cls", "def query", *_EVENTS))

    def _of(self, module: Module) -> Iterator[Guard]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                yield from self._class(node, module)
            elif isinstance(node, ast.Call):
                yield from self._call(node, module)

    def _class(self, node: ast.ClassDef, module: Module) -> Iterator[Guard]:
        place = f"{module.path}:{node.lineno}"
        for base in node.bases:
            found = self._external(base, module)
            if found.rpartition(".")[2] in _QUERY_CLASSES:
                yield Guard(
                    f"the project subclasses Query ({place}), and select() would pass its methods by: port them first"
                )
        overrides = any(isinstance(item, ast.FunctionDef) and item.name == "query" for item in node.body)
        typed = self.project.sessions.instance(Definition(module, node.name, node)) if overrides else None
        if typed and typed.what == "session":
            yield Guard(f"the project's session has a query() of its own ({place}): port what it adds first")

    def _external(self, base: ast.expr, module: Module) -> str:
        name = dotted_name(base.value if isinstance(base, ast.Subscript) else base) or ""
        found = self.project.symbols.resolve(module, name)
        sqlalchemy = isinstance(found, External) and found.name.startswith(
            ("sqlalchemy", "flask_sqlalchemy", "sqlmodel")
        )
        return found.name if isinstance(found, External) and sqlalchemy else ""

    def _call(self, node: ast.Call, module: Module) -> Iterator[Guard]:
        place = f"{module.path}:{node.lineno}"
        if any(keyword.arg == "query_cls" for keyword in node.keywords):
            yield Guard(
                f"a session factory passes query_cls ({place}), and select() would pass that class by: port it first"
            )
        name = (dotted_name(node.func) or "").rpartition(".")[2]
        if name not in ("listen", "listens_for"):
            return
        for arg in node.args:
            if isinstance(arg, ast.Constant) and arg.value in _EVENTS:
                reason = f"{arg.value} is listened to ({place}) and select() does not fire it: port it first"
                yield Guard(reason, self._temporary(node, module))

    def _temporary(self, node: ast.Call, module: Module) -> ast.AST | None:
        """The function around a listener, if it removes it again and calls nothing of the project."""
        function = self.project.scopes(module).function(node)
        calls = [item for item in ast.walk(function) if isinstance(item, ast.Call)] if function else []
        names = [dotted_name(item.func) or "" for item in calls]
        removed = any(name.endswith("event.remove") for name in names)
        ours = any(
            name.startswith(("self.", "cls.")) or isinstance(self.project.resolve(module, name, item.func), Definition)
            for name, item in zip(names, calls, strict=True)
        )
        return function if removed and not ours else None
