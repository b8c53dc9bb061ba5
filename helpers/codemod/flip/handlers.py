"""Whether a function that listens does the same once what it is handed is the inside of something asynchronous."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from helpers.analysis.callees import Callee, Callees, arguments
from helpers.analysis.colouring import AWAITED, BLOCKS, MISSING
from helpers.analysis.drivers import async_driver
from helpers.analysis.flow import named
from helpers.analysis.listeners import SESSIONS, Handler
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module, dotted_name
from helpers.codemod.flip.event_tables import ANY, MEMBERS, TITLES, Member
from helpers.codemod.refused import Refused

_ANOTHER = "an asynchronous driver"
_QUERIES = AWAITED | BLOCKS | MISSING | {"query"}
_FREE = frozenset({"session", "state"})  # what is not in their tables does what it did
_TESTED = (ast.If, ast.While, ast.Assert, ast.IfExp)
_RUNS = frozenset(
    {("dbapi", "execute"), ("cursor", "execute"), ("cursor", "executemany"), ("connection", "exec_driver_sql")}
)


@dataclass(frozen=True, eq=False)
class Judge:
    """Follows what one event hands over; `waits` says whether the event is told where the database can be waited for.

    `backends` are the databases that it may be about.
    """

    project: Project
    event: str
    waits: bool
    backends: tuple[str, ...]
    _seen: set[tuple[ast.AST, str]] = field(default_factory=set)

    def function(self, handler: Handler, module: Module, kinds: tuple[str, ...]) -> None:
        """Nothing. Refused where a function does something with a parameter that may not be the same."""
        given = [*handler.args.posonlyargs, *handler.args.args]
        if given and given[0].arg in ("self", "cls"):
            given = given[1:]
        rest, behind = handler.args.vararg, any(kind != ANY for kind in kinds[len(given) :])
        if rest is not None and behind and any(True for _ in self._reads(rest.arg, handler, module)):
            raise Refused(f"`*{rest.arg}` holds more than is followed")
        for argument, kind in zip(given, kinds, strict=False):
            self.name(argument.arg, handler, module, kind)
        for call in (one for one in ast.walk(handler) if isinstance(one, ast.Call)):
            if (dotted_name(call.func) or "").rpartition(".")[2] == "object_session":
                self._value(call, module, "session")

    def name(self, name: str, function: Handler, module: Module, kind: str) -> None:
        """The same for all that a function does with a name that holds it."""
        if kind == ANY or (function, name + kind) in self._seen:
            return
        self._seen.add((function, name + kind))
        for read in self._reads(name, function, module):
            if self.project.scopes(module).function(read) is not function:
                raise Refused(f"{TITLES[kind]} `{name}` goes into a function inside, which may be called later")
            self._value(read, module, kind)

    def _reads(self, name: str, function: Handler, module: Module) -> Iterator[ast.Name]:
        scopes = self.project.scopes(module)
        own = scopes.bindings(function).get(name)
        body = function.body if isinstance(function.body, list) else [function.body]
        for read in (read for part in body for read in named(part, name)):
            if isinstance(read.ctx, ast.Load) and scopes.lookup(name, read) == own:
                yield read

    def _value(self, node: ast.expr, module: Module, kind: str) -> None:
        """What becomes of an expression that holds it."""
        parents = self.project.scopes(module).parents
        above = parents[node]
        match above:
            case _ if kind == ANY:
                return
            case ast.Attribute():
                self._attribute(above, module, kind)
            case ast.Expr():
                return
            case ast.Assign(targets=[ast.Name(id=target)]) | ast.NamedExpr(target=ast.Name(id=target)):
                self._assigned(target, above, module, kind)
            case ast.Compare() if _with_none(above, node) or (kind == "session" and _contains(above, node)):
                return
            case ast.BoolOp() | ast.UnaryOp() | ast.If() | ast.While() | ast.IfExp() | ast.Assert():
                if not _tested(node, above, parents):
                    raise self._unfollowed(node, kind)
            case ast.For() | ast.comprehension() if kind in ("session", "cursor") and above.iter is node:
                self._needs(Member(never_on=frozenset({"asyncpg"} if kind == "cursor" else ())), "iteration", kind)
            case ast.Call():
                self._passed(node, above, module, kind)
            case ast.keyword():
                self._passed(node, parents[above], module, kind)
            case _:
                raise self._unfollowed(node, kind)

    def _assigned(self, target: str, above: ast.AST, module: Module, kind: str) -> None:
        function = self.project.scopes(module).function(above)
        if function is None:
            raise Refused(f"{TITLES[kind]} is kept in `{target}`")
        self.name(target, function, module, kind)
        if isinstance(above, ast.NamedExpr):
            self._value(above, module, kind)

    def _attribute(self, node: ast.Attribute, module: Module, kind: str) -> None:
        """A member of it: one that the tables know, with what that gives."""
        member = MEMBERS[kind].get(node.attr)
        if member is None and kind in _FREE:
            member = Member(waits=kind == "session" and node.attr in _QUERIES, sets=True)
        call = self.project.scopes(module).parents[node]
        called = call if isinstance(call, ast.Call) and call.func is node else None
        if (
            member is None
            or (member.called and called is None)
            or (not isinstance(node.ctx, ast.Load) and not member.sets)
        ):
            raise Refused(f"`.{node.attr}` of {TITLES[kind]} is not known to be the same under {_ANOTHER}")
        self._needs(member, node.attr, kind)
        if member.dropped and not isinstance(self.project.scopes(module).parents[call], ast.Expr):
            raise Refused(f"what `.{node.attr}()` of {TITLES[kind]} gives is something else under {_ANOTHER}")
        if called is not None and (kind, node.attr) in _RUNS:
            self._statement(called)
        self._value(called if called and member.called else node, module, member.gives)

    def _needs(self, member: Member, name: str, kind: str) -> None:
        """What the event and the databases have to be for a member."""
        if member.waits and not self.waits:
            raise Refused(f"`{name}` waits for the database, and `{self.event}` may be told where nothing can")
        if member.on and not set(self.backends) <= set(member.on):
            raise Refused(f"`.{name}` of {TITLES[kind]} is the same on {member.on[0]} alone: write the URL out")
        drivers = {async_driver(self.project, backend) for backend in self.backends}
        if drivers & member.never_on:
            raise Refused(f"`.{name}` of {TITLES[kind]} is another under {min(drivers & member.never_on)}")

    def _statement(self, call: ast.Call) -> None:
        """The text of a statement, which asyncpg reads in its own way."""
        texts = [one.value for one in ast.walk(call) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        plain = len(call.args) == 1 and not call.keywords and not any(";" in text.rstrip("; \n") for text in texts)
        drivers = {async_driver(self.project, one) for one in self.backends}
        if not plain and "asyncpg" in drivers and not _sqlite_only(texts):
            raise Refused("asyncpg numbers the parameters of a statement and runs one at a time")

    def _passed(self, node: ast.expr, call: ast.AST, module: Module, kind: str) -> None:
        """An argument: of a function of the project, which is followed, or of what only looks at it."""
        if not isinstance(call, ast.Call):
            raise self._unfollowed(node, kind)
        name = (dotted_name(call.func) or "").rpartition(".")[2]
        if name == "closing" and kind in ("cursor", "dbapi"):
            self._closing(call, module, kind)
            return
        if name in ("list", "iter", "len", "inspect") and kind in ("session", "connection"):
            return
        if kind in ("connection", "engine") and self.project.meanings.external(call.func, module) in SESSIONS:
            self._value(call, module, "session")
            return
        if name in ("isinstance", "type"):
            raise Refused(f"{TITLES[kind]} is of another class under {_ANOTHER}: ask for the dialect, or the URL")
        callees = Callees(self.project).functions(call, module)
        if len(callees) != 1 or not _told(call, callees[0], node):
            raise Refused(f"{TITLES[kind]} is handed to `{name or '?'}`, which is not followed")
        for argument, value in arguments(call, callees[0]):
            if value is node:
                self.name(argument.arg, callees[0].function, callees[0].module, kind)

    def _closing(self, call: ast.Call, module: Module, kind: str) -> None:
        item = self.project.scopes(module).parents[call]
        if not isinstance(item, ast.withitem) or not isinstance(item.optional_vars, ast.Name | None):
            raise self._unfollowed(call, kind)
        if item.optional_vars is not None:
            self._assigned(item.optional_vars.id, item, module, kind)

    def _unfollowed(self, node: ast.expr, kind: str) -> Refused:
        return Refused(f"what becomes of {TITLES[kind]} in `{ast.unparse(node)[:40]}` is not followed")


def _with_none(node: ast.Compare, value: ast.expr) -> bool:
    others = [one for one in (node.left, *node.comparators) if one is not value]
    return all(isinstance(one, ast.Constant) and one.value is None for one in others)


def _contains(node: ast.Compare, value: ast.expr) -> bool:
    return len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn) and node.comparators[0] is value


def _tested(node: ast.AST, above: ast.AST, parents: object) -> bool:
    """Whether only the truth of a value is asked for."""
    while isinstance(above, ast.BoolOp | ast.UnaryOp):
        if isinstance(above, ast.UnaryOp):
            return isinstance(above.op, ast.Not)
        node, above = above, parents[above]  # type: ignore[index]  # a mapping of nodes
    return isinstance(above, _TESTED) and above.test is node


def _told(call: ast.Call, callee: Callee, node: ast.expr) -> bool:
    return any(value is node for _, value in arguments(call, callee)) and not any(
        isinstance(one, ast.Starred) for one in call.args
    )


def _sqlite_only(texts: list[str]) -> bool:
    return any(text.lstrip().upper().startswith("PRAGMA") for text in texts)
