"""Which expressions are sessions, and how sure that is: proved by the text, inferred from every call, or by name only."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from helpers.analysis.meaning import subscripted
from helpers.analysis.scopes import Binding, Function
from helpers.analysis.symbols import Definition, External, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_ASYNC = frozenset({"AsyncSession", "async_scoped_session"})
_SESSIONS = frozenset({"Session", "scoped_session"})
_FACTORIES = frozenset({"sessionmaker"})
_ASYNC_FACTORIES = frozenset({"async_sessionmaker"})
_GENERATORS = frozenset({"Generator", "Iterator", "Iterable", "AsyncGenerator", "AsyncIterator", "ContextManager", "AbstractContextManager"})
_USUAL_NAMES = frozenset({"db", "session", "db_session", "dbsession", "sess", "sa_session", "orm_session"})


class Tier(enum.IntEnum):
    """How a receiver is known to be a session, the surest last."""

    BY_NAME = 1
    INFERRED = 2
    PROVED = 3


@dataclass(frozen=True)
class Typed:
    """What an expression holds, as far as sessions go; `owner` is the project's class of an instance."""

    what: Literal["session", "async session", "factory", "async factory", "instance", "other"]
    tier: Tier = Tier.PROVED
    owner: Definition | None = field(default=None, compare=False)


OTHER = Typed("other")


@dataclass(frozen=True, eq=False)
class Sessions:
    """Answers for all expressions of one project."""

    project: Project
    _asked: set[ast.AST] = field(default_factory=set, repr=False)

    def tier(self, node: ast.expr, module: Module) -> Tier | None:
        """How surely `node` is a synchronous session; None when it is something else or nothing says so."""
        found = self.of(node, module)
        if found is None:
            return Tier.BY_NAME if self._named_like_one(node) else None
        return found.tier if found.what == "session" else None

    def refuted(self, node: ast.expr, module: Module) -> bool:
        """Whether `node` is known to be something other than a synchronous session."""
        found = self.of(node, module)
        return found is not None and found.what != "session"

    @cached_property
    def names(self) -> frozenset[str]:
        """Parameter names that the project annotates as sessions, and the usual ones."""
        annotated = {
            argument.arg
            for module in self.project.symbols.modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            if argument.annotation and (typed := self.annotated(argument.annotation, module)) and typed.what == "session"
        }
        return frozenset(annotated) | _USUAL_NAMES

    def _named_like_one(self, node: ast.expr) -> bool:
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        return name.lstrip("_") in self.names

    def of(self, node: ast.expr, module: Module) -> Typed | None:
        """What `node` holds; None when nothing tells."""
        if node in self._asked:
            return None  # it depends on itself: what else it depends on decides
        self._asked.add(node)
        try:
            return self._of(node, module)
        finally:
            self._asked.discard(node)

    def _of(self, node: ast.expr, module: Module) -> Typed | None:
        match node:
            case ast.Name():
                return self._name(node, module)
            case ast.Attribute():
                return self._attribute(node, module)
            case ast.Call():
                return self._call(node, module)
            case ast.IfExp(body=one, orelse=two):
                return _agree([self.of(one, module), self.of(two, module)])
            case ast.BoolOp(values=values):
                return _agree([self.of(value, module) for value in values if not isinstance(value, ast.Constant)])
            case ast.NamedExpr(value=value):
                return self.of(value, module)
            case ast.Constant(value=None):
                return None
            case ast.Constant() | ast.JoinedStr() | ast.Dict() | ast.List() | ast.Tuple() | ast.Set() | ast.Compare():
                return OTHER
        return None

    def _name(self, node: ast.Name, module: Module) -> Typed | None:
        bindings = self.project.scopes(module).lookup(node.id, node)
        if bindings:
            return _agree([self._bound(binding, module) for binding in bindings if not _none(binding.value)])
        return self._resolved(self.project.symbols.resolve(module, node.id), module)

    def _bound(self, binding: Binding, module: Module) -> Typed | None:
        if isinstance(binding.node, ast.arg):
            return self._parameter(binding.node, module)
        if isinstance(binding.node, ast.Import | ast.ImportFrom):
            return self._resolved(self.project.resolve(module, binding.target, _body_of(binding.node)), module, binding)
        if isinstance(binding.node, ast.AnnAssign):
            return self.annotated(binding.node.annotation, module)
        if binding.value is None:
            return None
        if binding.kind == "value":
            return self.of(binding.value, module)
        return self._entered(binding.value, module) if binding.kind in ("context", "item") else None

    def _entered(self, node: ast.expr, module: Module) -> Typed | None:
        """What `with node as x` or `for x in node` binds: a session's manager and a generator of sessions give sessions."""
        found = self.of(node, module)
        if found and found.what in ("session", "async session"):
            return found
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "begin":
            factory = self.of(node.func.value, module)
            return Typed("session", factory.tier) if factory and factory.what == "factory" else None
        return found

    def _resolved(self, found: object, module: Module, binding: Binding | None = None) -> Typed | None:
        if binding is not None and found is None:
            imported = binding.node
            assert isinstance(imported, ast.Import | ast.ImportFrom)
            found = self.project.symbols.resolve(module, binding.target)
        if isinstance(found, Definition) and isinstance(found.node, ast.expr):
            return self.of(found.node, found.module)
        return OTHER if isinstance(found, External) else None

    def annotated(self, annotation: ast.expr, module: Module) -> Typed | None:
        """What an annotation says; every part of a union but None must agree."""
        parts = [part for part in subscripted(annotation) if not (isinstance(part, ast.Constant) and part.value is None)]
        return _agree([self._part(part, module) for part in parts])

    def _part(self, part: ast.expr, module: Module) -> Typed | None:
        if isinstance(part, ast.Subscript):
            name = (dotted_name(part.value) or "").rpartition(".")[2]
            if name in _GENERATORS:
                first = part.slice.elts[0] if isinstance(part.slice, ast.Tuple) else part.slice
                return self.annotated(first, module)
            part = part.value
        name = dotted_name(part) or ""
        found = self.project.symbols.resolve(module, name)
        if isinstance(found, External):
            return _external(found.name)
        if isinstance(found, Definition):
            return self._definition(found)
        return OTHER if name in ("str", "int", "dict", "list", "bool", "float", "bytes", "object") else None

    def _definition(self, found: Definition) -> Typed | None:
        if isinstance(found.node, ast.ClassDef):
            return self.instance(found)
        if isinstance(found.node, ast.expr) and found.node not in self._asked:
            self._asked.add(found.node)
            try:
                return self.annotated(found.node, found.module)
            finally:
                self._asked.discard(found.node)
        return None

    def instance(self, owner: Definition) -> Typed:
        """What an instance of a class of the project is: a session when a base is."""
        for one in self.project.bases(owner):
            assert isinstance(one.node, ast.ClassDef)
            for base in one.node.bases:
                found = self.project.symbols.resolve(one.module, dotted_name(base) or "")
                if isinstance(found, External) and (typed := _external(found.name)).what in ("session", "async session"):
                    return replace(typed, owner=owner)
        return Typed("instance", owner=owner)

    def _parameter(self, argument: ast.arg, module: Module) -> Typed | None:
        if argument.annotation is not None:
            return self.annotated(argument.annotation, module)
        function = self.project.scopes(module).parents.get(self.project.scopes(module).parents[argument])
        if not isinstance(function, Function) or isinstance(function, ast.Lambda):
            return None
        if default := _default(function, argument):
            found = self._dependency(default, module)
            if found is not None:
                return found
        if argument.arg in ("self", "cls"):
            owner = self.project.class_of(function, module)
            return self.instance(owner) if owner else None
        given = [self.of(value, where) for where, value in self._given(function, argument)]
        known = [typed for typed in given if typed is not None]
        if not known:
            return None
        found = _agree(given)
        return replace(found, tier=min(found.tier, Tier.INFERRED)) if found else None

    def _dependency(self, default: ast.expr, module: Module) -> Typed | None:
        """What FastAPI passes for `Depends(fn)`."""
        if isinstance(default, ast.Call) and (dotted_name(default.func) or "").rpartition(".")[2] in ("Depends", "Security"):
            return self._returned(default.args[0], module) if default.args else None
        return None

    def _given(self, function: ast.FunctionDef | ast.AsyncFunctionDef, argument: ast.arg) -> Iterator[tuple[Module, ast.expr]]:
        """What every call of a function that the project makes passes for one parameter; calls are matched by name."""
        positional = [*function.args.posonlyargs, *function.args.args]
        bound = bool(positional) and positional[0].arg in ("self", "cls")
        name = function.name
        if name == "__init__":
            owner = next((m for m in self.project.symbols.modules.values() if function in ast.walk(m.tree)), None)
            found = self.project.scopes(owner).owner(function) if owner else None
            name = found.name if found else name
        index = positional.index(argument) - bound if argument in positional else None
        for module, call in self.project.calls.get(name, ()):
            value = _passed(call, argument.arg, index)
            if value is not None:
                yield module, value

    def _attribute(self, node: ast.Attribute, module: Module) -> Typed | None:
        on_self = [
            self.annotated(annotation, module) if annotation is not None else self.of(value, module)
            for value, annotation in self.project.on_self(node, module)
            if annotation is not None or (value is not None and not _none(value))
        ]
        if on_self:
            return _agree(on_self)
        owner = self.of(node.value, module)
        if owner is not None and owner.owner is not None:
            return self._member(owner.owner, node.attr)
        found = self.project.resolve(module, dotted_name(node) or "", node)
        if isinstance(found, Definition):
            return self._resolved(found, module)
        if node.attr == "session" and self._flask(node.value, module):
            return Typed("session")
        return None

    def _flask(self, node: ast.expr, module: Module) -> bool:
        found = self.project.resolve(module, dotted_name(node) or "", node)
        return (
            isinstance(found, Definition)
            and isinstance(found.node, ast.Call)
            and (dotted_name(found.node.func) or "").rpartition(".")[2] == "SQLAlchemy"
        )

    def _member(self, owner: Definition, name: str) -> Typed | None:
        """What attribute `name` of an instance holds: a property's return, an annotation, an assignment in a method."""
        for one in self.project.bases(owner):
            assert isinstance(one.node, ast.ClassDef)
            for item in one.node.body:
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name == name:
                    return self._function(item, one.module)
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id == name:
                    return self.annotated(item.annotation, one.module)
            values = [
                node.value
                for node in ast.walk(one.node)
                if isinstance(node, ast.Assign)
                and any(isinstance(t, ast.Attribute) and t.attr == name and getattr(t.value, "id", "") == "self" for t in node.targets)
            ]
            if values:
                return _agree([self.of(value, one.module) for value in values if not _none(value)])
        return None

    def _call(self, node: ast.Call, module: Module) -> Typed | None:
        name = dotted_name(node.func) or ""
        last = name.rpartition(".")[2]
        if last in ("next", "anext", "enter_context", "enter_async_context") and node.args:
            return self._entered(node.args[0], module)
        if last == "object_session":
            return Typed("session")
        external = self.project.meanings.external(node.func, module)
        if external:
            return _made(external)
        return self._returned(node.func, module)

    def _returned(self, callee: ast.expr, module: Module) -> Typed | None:
        """What calling `callee` gives."""
        found = self.project.resolve(module, dotted_name(callee) or "", callee)
        if isinstance(found, External):
            return _made(found.name)
        if isinstance(found, Definition):
            if isinstance(found.node, ast.FunctionDef | ast.AsyncFunctionDef):
                return self._function(found.node, found.module)
            if isinstance(found.node, ast.ClassDef):
                return self.instance(found)
        typed = self.of(callee, module) if isinstance(callee, ast.Name | ast.Attribute | ast.Call) else None
        if typed and typed.what in ("factory", "async factory"):
            return Typed("session" if typed.what == "factory" else "async session", typed.tier)
        if typed and typed.what == "session":  # a scoped_session is called to get the current one
            return typed
        if isinstance(callee, ast.Attribute):
            owner = self.of(callee.value, module)
            return self._member(owner.owner, callee.attr) if owner and owner.owner else None
        return None

    def _function(self, function: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> Typed | None:
        if function.returns is not None and (found := self.annotated(function.returns, module)):
            return found
        own = [node for node in ast.walk(function) if self.project.scopes(module).function(node) is function]
        given = [node.value for node in own if isinstance(node, ast.Return | ast.Yield) and node.value is not None]
        return _agree([self.of(value, module) for value in given if not _none(value)])


def _agree(found: list[Typed | None]) -> Typed | None:
    """The common answer, as sure as the least sure one; None when there is none or they differ."""
    known = [typed for typed in found if typed is not None]
    if not known or len({typed.what for typed in known}) > 1:
        return None
    least = min(known, key=lambda typed: typed.tier)
    return least if len(known) == len(found) else replace(least, tier=min(least.tier, Tier.INFERRED))


def _external(name: str) -> Typed:
    last = name.rpartition(".")[2]
    if not name.startswith(("sqlalchemy", "sqlmodel", "flask_sqlalchemy")):
        return OTHER
    kinds: dict[str, Typed] = {
        **dict.fromkeys(_SESSIONS, Typed("session")),
        **dict.fromkeys(_ASYNC, Typed("async session")),
        **dict.fromkeys(_FACTORIES, Typed("factory")),
        **dict.fromkeys(_ASYNC_FACTORIES, Typed("async factory")),
    }
    return kinds.get(last, OTHER)


def _made(name: str) -> Typed | None:
    """What calling an external gives: `Session(...)`, `sessionmaker(...)`; an unknown call says nothing."""
    made = _external(name)
    return made if made is not OTHER else None


def _default(function: ast.FunctionDef | ast.AsyncFunctionDef, argument: ast.arg) -> ast.expr | None:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(reversed(positional), reversed(arguments.defaults), strict=False), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return next((default for one, default in pairs if one is argument), None)


def _passed(call: ast.Call, name: str, index: int | None) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if index is None or any(isinstance(item, ast.Starred) for item in call.args[: index + 1]):
        return None
    return call.args[index] if 0 <= index < len(call.args) else None


def _none(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _body_of(node: ast.AST) -> ast.AST:
    return node
