"""What annotations say of sessions: the classes, their aliases, `Optional`, `Iterator[...]`, and what makes one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.meaning import subscripted
from helpers.analysis.session_types import ASYNC_FACTORY, OTHER, Typed, agree, annotated_external, factory_of
from helpers.analysis.symbols import Definition, External, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_WRAPPERS = frozenset({"Generator", "Iterator", "Iterable", "AsyncGenerator", "AsyncIterator", "AsyncIterable"}) | {
    *("ContextManager", "AbstractContextManager", "AsyncContextManager", "AbstractAsyncContextManager", "Awaitable")
}
_PLAIN = frozenset({"str", "int", "dict", "list", "bool", "float", "bytes", "object"})


@dataclass(frozen=True, eq=False)
class Annotations:
    """Answers for all annotations of one project; each is worked out once."""

    project: Project
    _known: dict[ast.AST, Typed | None] = field(default_factory=dict, repr=False)

    def of(self, annotation: ast.expr, module: Module) -> Typed | None:
        """What an annotation says; every part of a union but None must agree."""
        if annotation not in self._known:
            self._known[annotation] = None  # an alias of itself ends here
            parts = [part for part in subscripted(annotation) if not _none(part)]
            self._known[annotation] = agree([self._part(part, module) for part in parts])
        return self._known[annotation]

    def _part(self, part: ast.expr, module: Module) -> Typed | None:
        if isinstance(part, ast.Subscript):
            return self._generic(part, module)
        name = dotted_name(part) or ""
        found = self.project.symbols.resolve(module, name)
        if isinstance(found, Definition) and name in module.hidden_imports and _inside(part, found.node):
            found = self.project.symbols.absolute(module.hidden_imports[name], module)
        if isinstance(found, External):
            typed = annotated_external(found.name)
            return ASYNC_FACTORY if typed and typed.what == "factory" and self._awaited else typed
        if isinstance(found, Definition):
            if isinstance(found.node, ast.ClassDef):
                return self.instance(found)
            return self.of(_renamed(found.node), found.module) if isinstance(found.node, ast.expr) else None
        return OTHER if name in _PLAIN else None

    @cached_property
    def _awaited(self) -> bool:
        """Whether every `sessionmaker` makes asynchronous sessions, which its bare name does not say: as of 1.4."""
        classes = [
            next((one.value for one in call.keywords if one.arg == "class_"), None)
            for module, call in self.project.calls.get("sessionmaker", ())
            if self.project.meanings.is_sqlalchemy(call.func, module, "sessionmaker")
        ]
        last = [(dotted_name(one) or "").rpartition(".")[2] for one in classes if one is not None]
        return bool(classes) and last == ["AsyncSession"] * len(classes)

    def _generic(self, part: ast.Subscript, module: Module) -> Typed | None:
        """`Iterator[Session]` gives sessions; `Callable[[], Session]` and `type[Session]` make them."""
        name = (dotted_name(part.value) or "").rpartition(".")[2]
        arguments = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
        if name in _WRAPPERS:
            return self.of(arguments[0], module)
        plain = self._part(part.value, module)
        if name in ("Callable", "type", "Type") or (plain and plain.what in ("factory", "async factory")):
            return factory_of(self.of(arguments[-1], module)) or plain
        return plain

    def instance(self, owner: Definition) -> Typed:
        """What an instance of a class of the project is: a session when a base is."""
        for one in self.project.bases(owner):
            for base in getattr(one.node, "bases", ()):
                plain = base.value if isinstance(base, ast.Subscript) else base
                found = self.project.symbols.resolve(one.module, dotted_name(plain) or "")
                typed = annotated_external(found.name) if isinstance(found, External) else None
                if typed and typed.what in ("session", "async session"):
                    return replace(typed, owner=owner)
        return Typed("instance", owner=owner)


def _renamed(value: ast.expr) -> ast.expr:
    """`NewType("Reader", Session)` is a Session to whoever uses it."""
    made = isinstance(value, ast.Call) and (dotted_name(value.func) or "").rpartition(".")[2] == "NewType"
    return value.args[1] if made and isinstance(value, ast.Call) and len(value.args) == 2 else value


def _inside(part: ast.expr, value: ast.AST) -> bool:
    return isinstance(value, ast.expr) and any(node is part for node in ast.walk(value))


def _none(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def named_in(annotation: ast.expr | None) -> Iterator[ast.expr]:
    """Every name in an annotation, quoted ones and type arguments among them."""
    for part in subscripted(annotation) if annotation is not None else ():
        if isinstance(part, ast.Subscript):
            yield part.value
            items = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
            for item in items:
                yield from named_in(item)
        else:
            yield part
