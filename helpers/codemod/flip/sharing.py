"""Functions of one request that a framework runs at the same time, and the one session that each of them uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from helpers.analysis.function_uses import FunctionUses, UnfollowedError
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.session_uses import is_generator
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.flip.handing import Handing, is_plain
from helpers.codemod.flip.served import ONE_BY_ONE, TOGETHER, Served
from helpers.codemod.refused import Refused

TURN = "turn"  # what the lock is called in the `.info` of a session
_WAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)
# what one does to the objects or the transaction of the others, who would be in the middle of something
_MEDDLES = frozenset(
    {"commit", "rollback", "close", "flush", "add", "add_all", "delete", "merge", "refresh", "begin", "begin_nested"}
    | {"expire", "expire_all", "expunge", "expunge_all", "reset", "invalidate"}
)
_WRITES = frozenset({"insert", "update", "delete"})


@dataclass(frozen=True)
class Shared:
    """The session that a function shares with others, in its own words, and who runs it.

    `shielded` is what is cancelled when another of its request fails; `alone` what others run beside only by mischance.
    """

    text: str
    by: str
    shielded: bool
    alone: bool


@dataclass(frozen=True, eq=False)
class Sharing:
    """Answers for one project."""

    project: Project
    _known: dict[ast.AST, Shared | Refused | None] = field(default_factory=dict, repr=False)

    def of(self, function: ast.AST) -> Shared | None:
        """The session that a function shares. Refused where it could not take turns with the others."""
        if function not in self._known:
            try:
                self._known[function] = self._shared(function)
            except Refused as refused:
                self._known[function] = refused
        found = self._known[function]
        if isinstance(found, Refused):
            raise found
        return found

    @cached_property
    def together(self) -> Mapping[FunctionNode, str]:
        """Every function that becomes asynchronous and runs beside others of its request, with what runs it."""
        graph, found = self.project.callgraph, {}
        for node in self.project.colouring.asynchronous:
            module = graph.functions[node].module
            if isinstance(node, FunctionNode) and (by := next(self._by(node, module), "")):
                found[node] = by
        return found

    @cached_property
    def takers(self) -> tuple[FunctionNode, ...]:
        """The functions that take turns, or cannot; of mutations only those that others run beside."""
        found = [node for node in self.together if self._takes(node, alone=False)]
        return (*found, *(node for node in self.together if self._takes(node, alone=True))) if found else ()

    def _takes(self, function: FunctionNode, *, alone: bool) -> bool:
        try:
            shared = self.of(function)
        except Refused:
            return not alone
        return shared is not None and shared.alone is alone

    def _by(self, function: FunctionNode, module: Module) -> Iterator[str]:
        """What runs a function beside others: its decorator, the project's own around one, or whoever is handed it."""
        external, both = self.project.meanings.external, TOGETHER | ONE_BY_ONE
        for decorator in function.decorator_list:
            name = external(decorator.func if isinstance(decorator, ast.Call) else decorator, module)
            if name in both:
                yield name
            elif found := self.project.decorators.read(decorator, module):
                uses = FunctionUses(self.project, Served(self.project).awaits)
                yield from self._names(uses.parameter(found.parameter, found.module))
        for edge in self.project.callgraph.calls_to.get(function, ()):
            if edge.kind == "reference":
                uses = FunctionUses(self.project, Served(self.project).awaits)
                yield from self._names(uses.of(edge.site, edge.caller.module))

    def _names(self, calls: Iterator[object]) -> Iterator[str]:
        both = TOGETHER | ONE_BY_ONE
        try:
            for one in calls:
                name = self.project.meanings.external(one.call.func, one.module)  # type: ignore[attr-defined]
                if name in both:
                    yield name
        except UnfollowedError:
            return  # which is told where it is handed on

    def _shared(self, function: ast.AST) -> Shared | None:
        by = self.together.get(function)  # type: ignore[call-overload]  # any node may be asked for
        if by is None or not isinstance(function, FunctionNode):
            return None
        module = self.project.callgraph.functions[function].module
        handing = Handing(self.project)
        sessions = handing.sessions(function, module)
        unseen = handing.unseen(function, module)
        if not sessions and unseen is None:
            return None
        if guessed := handing.guessed(function, module):
            raise Refused(f"nothing but its name tells that `{guessed}` is a session: annotate it")
        reason = self._cannot(function, module, sessions) or unseen or self._taken
        if reason:
            raise Refused(f"`{by}` runs asynchronous functions of one request at the same time, and {reason}")
        alone = by in ONE_BY_ONE or self.project.scopes(module).owner(function) in self._roots
        if not alone:
            self._harmless(function, by)
        return Shared(sessions[0], by, shielded=by == "strawberry.field" and not alone, alone=alone)

    def _cannot(self, function: FunctionNode, module: Module, sessions: list[str]) -> str:
        """Why a function cannot take turns; empty where it can."""
        if len(sessions) != 1:
            names = " and ".join(f"`{one}`" for one in sessions)
            return f"{function.name} uses {names}: use one session, or open one in {function.name}" if sessions else ""
        share = f"they would share `{sessions[0]}`"
        if not is_plain(sessions[0], function, self.project.scopes(module)):
            return f"{share}: open a session in {function.name}"
        if is_generator(function):
            return f"{share}, from one item to the next: open a session in {function.name}"
        inside = [node for statement in function.body for node in ast.walk(statement)]
        if any(isinstance(one, _WAITS) or (isinstance(one, ast.comprehension) and one.is_async) for one in inside):
            return f"{share}; {function.name} awaits something in between: open a session in {function.name}"
        for one in self.project.callgraph.reached(function):
            if one.node is not function and one.node in self.together and self._has_session(one.node):
                return f"{function.name} would wait for its own turn in {one.symbol}, which shares a session as well"
        if self._recurs(function):
            return f"{function.name} would wait for its own turn, as it calls itself"
        return self._decorated(function)

    @cached_property
    def _taken(self) -> str:
        """Why no turn can be kept with a session; empty where it can."""
        for module in self.project.symbols.modules.values():
            for node in module.nodes.of(ast.Constant):
                if node.value == TURN and any(map(_of_info, islice(self.project.scopes(module).ancestors(node), 2))):
                    return f"`{TURN}` at {module.path}:{node.lineno} may be kept in the `.info` of a session already"
        return ""

    def _recurs(self, function: FunctionNode) -> bool:
        graph = self.project.callgraph
        below = {one.node for one in graph.reached(function)}
        calls = (edge for edge in graph.calls_to.get(function, ()) if edge.kind != "reference")
        return any(edge.caller.node in below for edge in calls)

    def _has_session(self, node: ast.AST) -> bool:
        module = self.project.callgraph.functions[node].module
        return isinstance(node, FunctionNode) and bool(Handing(self.project).sessions(node, module))

    def _decorated(self, function: FunctionNode) -> str:
        for decorator in self.project.decorators.over(function):
            for wrapper in decorator.wrappers:
                if Handing(self.project).sessions(wrapper, decorator.module) or wrapper in self.project.colouring.own:
                    return f"{wrapper.name}, which stands in the place of {function.name}, uses a session as well"
        return ""

    def _harmless(self, function: FunctionNode, by: str) -> None:
        """Refused where a function writes or expires something: before or behind which others is no longer told."""
        sessions = self.project.sessions
        for one in self.project.callgraph.reached(function):
            for node in ast.walk(one.node) if isinstance(one.node, FunctionNode) else ():
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                    continue
                meddles = node.func.attr in _MEDDLES or any(_writes(value) for value in node.args[:1])
                if meddles and sessions.tier(node.func.value, one.module):
                    place = f"{one.module.path}:{node.lineno}"
                    raise Refused(
                        f"`{by}` runs asynchronous functions of one request in no order that is told, and "
                        f"`{ast.unparse(node)[:40]}` at {place} is more than reading: make a mutation of it"
                    )

    @cached_property
    def _roots(self) -> frozenset[ast.AST]:
        """The classes whose fields are mutations, and nothing else."""
        queries, mutations = set(), set()
        for module, call in self.project.calls.get("Schema", ()):
            if self.project.meanings.external(call.func, module).startswith("strawberry."):
                given = {one.arg: one.value for one in call.keywords}
                given |= dict(zip(("query", "mutation", "subscription"), call.args, strict=False))
                mutations.add(self._class(given.pop("mutation", None), module))
                queries |= {self._class(value, module) for value in given.values()}
        return frozenset(one for one in mutations - queries if one is not None)

    def _class(self, node: ast.expr | None, module: Module) -> ast.AST | None:
        found = self.project.resolve(module, dotted_name(node) or "", node) if node is not None else None
        return found.node if isinstance(found, Definition) and isinstance(found.node, ast.ClassDef) else None


def _writes(statement: ast.expr) -> bool:
    """Whether a statement is an INSERT, UPDATE or DELETE that is written out."""
    while isinstance(statement, ast.Call) and isinstance(statement.func, ast.Attribute):
        statement = statement.func.value
    return isinstance(statement, ast.Call) and (dotted_name(statement.func) or "") in _WRITES


def _of_info(node: ast.AST) -> bool:
    """Whether something is put into `.info`, or taken out of it; a lock is one of ours."""
    of = node.func if isinstance(node, ast.Call) else node
    locks = isinstance(node, ast.Call) and any(ast.unparse(one).endswith("Lock()") for one in node.args)
    return not locks and getattr(getattr(of, "value", None), "attr", "") == "info"


def turn(session: str) -> str:
    """The lock of a session, which is made by whoever comes first."""
    return f'{session}.info.setdefault("{TURN}", asyncio.Lock())'
