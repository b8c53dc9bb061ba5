"""Which expressions are sessions, and how sure that is: proved by the text, inferred from every call, by name only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis import faces
from helpers.analysis.annotations import Annotations
from helpers.analysis.contexts import context_of
from helpers.analysis.parameters import default_of, dependency, passed_to
from helpers.analysis.scopes import Binding
from helpers.analysis.session_factories import inside
from helpers.analysis.session_types import (
    OTHER,
    Tier,
    Typed,
    agree,
    called_external,
    factory_of,
    imported_external,
)
from helpers.analysis.symbols import Definition, External, Module, dotted_name
from helpers.analysis.wrapped import spread_arguments, wrapped_arguments, wrapped_owners

if TYPE_CHECKING:
    from helpers.analysis.project import Project

__all__ = ["Sessions", "Tier", "Typed"]
_USUAL_NAMES = frozenset({"db", "session", "db_session", "dbsession", "sess", "sa_session", "orm_session"})
_ENTERED = frozenset({"next", "anext", "enter_context", "enter_async_context"})
_MAKERS = frozenset({"contextmanager", "asynccontextmanager", "partial"})
_DEEPEST = 60  # questions that wait for one another; beyond that nothing is told, well before Python's own limit


@dataclass(eq=False)
class Sessions:
    """Answers for all expressions of one project; each is worked out once."""

    project: Project
    _known: dict[ast.AST, Typed | None] = field(default_factory=dict, repr=False)
    _asked: dict[ast.AST, Typed | None] = field(default_factory=dict, repr=False)
    _deep: int = 0
    _cuts: int = 0

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
    def _inside(self) -> frozenset[ast.AST]:
        return inside(self.project)

    @cached_property
    def names(self) -> frozenset[str]:
        """Parameter names that the project annotates as sessions, and the usual ones."""
        annotated = {
            argument.arg
            for module in self.project.symbols.modules.values()
            for argument in module.nodes.of(ast.arg)
            if argument.annotation
            and (typed := self.annotated(argument.annotation, module))
            and typed.what == "session"
        }
        return frozenset(annotated) | _USUAL_NAMES

    def _named_like_one(self, node: ast.expr) -> bool:
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        return name.lstrip("_") in self.names

    def of(self, node: ast.expr, module: Module) -> Typed | None:
        """What `node` holds; None when nothing tells.

        What depends on itself is told by the rest of what it depends on. An answer that leant on such an open
        question is kept for the question at hand only, so that the order of the questions does not matter.
        """
        if node in self._known:
            return self._known[node]
        if node in self._asked or self._deep > _DEEPEST:
            self._cuts += 1
            return self._asked.get(node)
        outermost, cuts = not self._asked, self._cuts
        self._asked[node] = None
        self._deep += 1
        try:
            found = self._asked[node] = self._of(node, module)
        finally:
            self._deep -= 1
            if outermost:
                self._asked.clear()
        if outermost or cuts == self._cuts:
            self._known[node] = found
        return found

    def _of(self, node: ast.expr, module: Module) -> Typed | None:
        match node:
            case ast.Name():
                return self._name(node, module)
            case ast.Attribute():
                return self._attribute(node, module)
            case ast.Call():
                return self._call(node, module)
            case ast.IfExp(body=one, orelse=two):
                return agree([self.of(item, module) for item in (one, two) if not _none(item)])
            case ast.BoolOp(values=values):
                return agree([self.of(value, module) for value in values if not isinstance(value, ast.Constant)])
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                return self.of(value, module)
            case ast.Subscript():
                return self._spread(node, module)
            case ast.Constant(value=None):
                return None
            case ast.Constant() | ast.JoinedStr() | ast.Dict() | ast.List() | ast.Tuple() | ast.Set() | ast.Compare():
                return OTHER
        return None

    def _name(self, node: ast.Name, module: Module) -> Typed | None:
        scopes = self.project.scopes(module)
        bindings = scopes.lookup(node.id, node)
        if not bindings:
            if found := self.project.symbols.resolve(module, node.id):
                return self._resolved(found)
            bindings = scopes.top_level(node.id)
        return agree([self._bound(binding, module) for binding in bindings if not _none(binding.value)])

    def _bound(self, binding: Binding, module: Module) -> Typed | None:
        if isinstance(binding.node, ast.arg):
            return self._parameter(binding.node, module)
        if isinstance(binding.node, ast.Import | ast.ImportFrom):
            return self._resolved(self.project.resolve(module, binding.target, binding.node))
        if isinstance(binding.node, ast.AnnAssign):
            return self.annotated(binding.node.annotation, module) or self._value(binding.value, module)
        if binding.kind == "value":
            return self._value(binding.value, module)
        if binding.kind == "context" and binding.value:
            return self._entered(binding.value, module)
        return self._item(binding.value, module) if binding.kind == "item" and binding.value else None

    def _value(self, value: ast.expr | None, module: Module) -> Typed | None:
        return self.of(value, module) if value is not None else None

    def _entered(self, node: ast.expr, module: Module) -> Typed | None:
        """What `with node as x` binds: a session and a manager of one give the session."""
        found = self.of(node, module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "begin":
            factory = self.of(node.func.value, module)
            return factory.opened if factory and factory.what != "session" else None
        if found and found.what == "instance" and found.owner:
            own = self._member(found.owner, "__enter__") or self._member(found.owner, "__aenter__")
            return own or found
        return found

    def _item(self, node: ast.expr, module: Module) -> Typed | None:
        """What `for x in node` and `next(node)` give: a generator of sessions gives sessions."""
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return agree([self.of(item, module) for item in node.elts])
        found = self.of(node, module)
        if found and found.what == "instance" and found.owner:
            return self._member(found.owner, "__iter__")
        return found if found and found.what in ("session", "async session") else None

    def _resolved(self, found: object) -> Typed | None:
        if isinstance(found, Definition) and isinstance(found.node, ast.expr):
            return self.of(found.node, found.module)
        return imported_external(found.name) if isinstance(found, External) else None

    def annotated(self, annotation: ast.expr, module: Module) -> Typed | None:
        """What an annotation says; every part of a union but None must agree."""
        return self._annotations.of(annotation, module)

    def instance(self, owner: Definition) -> Typed:
        """What an instance of a class of the project is: a session when a base is."""
        return self._annotations.instance(owner)

    @cached_property
    def _annotations(self) -> Annotations:
        return Annotations(self.project)

    def _parameter(self, argument: ast.arg, module: Module) -> Typed | None:
        if argument.annotation is not None and (told := self.annotated(argument.annotation, module)):
            return told
        parents = self.project.scopes(module).parents
        function = parents[parents[argument]]
        if isinstance(function, ast.Lambda):
            return self._bridged(function, argument, module)
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        if argument.arg in ("self", "cls"):
            owner = self.project.class_of(function, module)
            if owner is not None or function not in self.project.decorators.wrapped:
                return self.instance(owner) if owner else None
        if fixture := self.project.fixtures.of(function, argument, module):
            return self._returned_by(fixture)
        given = dependency(default_of(function, argument))
        if given is not None and (injected := self._returned(given, module)):
            return injected
        passed = [self.of(value, where) for where, value in passed_to(self.project, function, argument, module)]
        passed += [self._parameter(one, where) for where, one in wrapped_arguments(self.project, function, argument)]
        found = agree(passed)
        return replace(found, tier=min(found.tier, Tier.INFERRED)) if found else None

    def _spread(self, node: ast.Call | ast.Subscript, module: Module) -> Typed | None:
        """`kwargs["db"]`, `kwargs.get("db")`, `args[0]` in a wrapper: what the functions that it wraps take there."""
        given = [self._parameter(one, where) for where, one in spread_arguments(self.project, node, module)]
        found = agree(given)
        return replace(found, tier=min(found.tier, Tier.INFERRED)) if found else None

    def _bridged(self, function: ast.Lambda, argument: ast.arg, module: Module) -> Typed | None:
        """`await db.run_sync(lambda s: ...)` gives the session inside the asynchronous one."""
        call = self.project.scopes(module).parents[function]
        if not (isinstance(call, ast.Call) and call.args[:1] == [function] and function.args.args == [argument]):
            return None
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "run_sync"):
            return None
        found = self.of(call.func.value, module)
        return Typed("session", found.tier) if found and found.what == "async session" else None

    def _returned_by(self, fixture: Definition) -> Typed | None:
        assert isinstance(fixture.node, ast.FunctionDef | ast.AsyncFunctionDef)
        return self._function(fixture.node, fixture.module)

    def _attribute(self, node: ast.Attribute, module: Module) -> Typed | None:
        if context := context_of(self.project, node, module):
            return self.annotated(*context)
        owner = self.of(node.value, module)
        if owner is not None and owner.owner is not None:
            return self._member(owner.owner, node.attr)
        if found_in := [self._member(one, node.attr) for one in wrapped_owners(self.project, node.value, module)]:
            typed = agree(found_in)
            return replace(typed, tier=min(typed.tier, Tier.INFERRED)) if typed else None
        found = self.project.resolve(module, dotted_name(node) or "", node)
        if isinstance(found, Definition):
            return self._resolved(found)
        return Typed("session") if node.attr == "session" and self._flask(node.value, module) else None

    def _flask(self, node: ast.expr, module: Module) -> bool:
        found = self.project.resolve(module, dotted_name(node) or "", node)
        return (
            isinstance(found, Definition)
            and isinstance(found.node, ast.Call)
            and (dotted_name(found.node.func) or "").rpartition(".")[2] == "SQLAlchemy"
        )

    def _member(self, owner: Definition, name: str) -> Typed | None:
        """What attribute `name` of an instance holds: an assignment or annotation, a property's or method's result."""
        given = [
            self.annotated(one.annotation, one.module) if one.annotation else self._value(one.value, one.module)
            for one in self.project.attributes(owner, name)
            if one.annotation is not None or not _none(one.value)
        ]
        if given:
            return agree(given)
        for one in self.project.bases(owner):
            for item in getattr(one.node, "body", ()):
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name == name:
                    return self._function(item, one.module)
        return None

    def _call(self, node: ast.Call, module: Module) -> Typed | None:
        callee = node.func.value if isinstance(node.func, ast.Subscript) else node.func
        last = (dotted_name(callee) or "").rpartition(".")[2]
        first = node.args[0] if node.args else None
        if last in ("get", "pop") and (spread := self._spread(node, module)):
            return spread
        if first is not None and last in _ENTERED:
            return self._item(first, module) if last.endswith("next") else self._entered(first, module)
        if first is not None and last == "closing":
            return self.of(first, module)
        if first is not None and last == "cast":
            return self.annotated(first, module)
        if first is not None and last in _MAKERS:
            return factory_of(self._returned(first, module))
        if last == "object_session":
            return Typed("session")
        if self.project.faces.named(callee, module, faces.CLASS):
            return Typed("async session")
        if external := self.project.meanings.external(callee, module):
            return self._made(called_external(external), node, module)
        return self._returned(callee, module)

    def _made(self, found: Typed | None, call: ast.Call, module: Module) -> Typed | None:
        """A factory with `class_=AsyncSession` makes those; one that is handed to another for the inside is none."""
        if call in self._inside:
            return OTHER
        given = [keyword.value for keyword in call.keywords if keyword.arg == "class_"]
        if found and found.what == "factory" and given and (typed := self.annotated(given[0], module)):
            return factory_of(typed) or found
        return found

    def _returned(self, callee: ast.expr, module: Module) -> Typed | None:
        """What calling `callee` gives."""
        found = self.project.resolve(module, dotted_name(callee) or "", callee)
        if isinstance(found, External):
            return called_external(found.name)
        if isinstance(found, Definition):
            if isinstance(found.node, ast.FunctionDef | ast.AsyncFunctionDef):
                return self._function(found.node, found.module)
            if isinstance(found.node, ast.ClassDef):
                return self.instance(found)
        typed = self.of(callee, module) if isinstance(callee, ast.Name | ast.Attribute | ast.Call) else None
        if typed and (typed.opened or typed.what == "session"):  # a scoped_session is called to get the current one
            return typed.opened or typed
        if isinstance(callee, ast.Attribute):
            owner = self.of(callee.value, module)
            return self._member(owner.owner, callee.attr) if owner and owner.owner else None
        return None

    def _function(self, function: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> Typed | None:
        if function.returns is not None and (found := self.annotated(function.returns, module)):
            return found
        return agree(list(self._results(function, module)))

    def _results(self, function: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> Iterator[Typed | None]:
        for node in self.project.scopes(module).results(function):
            if isinstance(node, ast.YieldFrom):
                yield self._item(node.value, module)
            elif isinstance(node.value, ast.expr) and not _none(node.value):
                yield self.of(node.value, module)


def _none(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
