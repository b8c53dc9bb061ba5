"""What of a hand-over belongs to a session: the session itself, objects that it loaded, and what keeps one inside."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.call_targets import Target
from helpers.analysis.mapping import Entity
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.patterns.session_in_task.handovers import HandOver


@dataclass(frozen=True, eq=False)
class Payload:
    """`sessions` and `objects` are arguments; `reason` says why nothing can be done, where that is so."""

    sessions: tuple[ast.expr, ...]
    objects: tuple[tuple[ast.expr, Entity], ...]
    tier: Tier = Tier.PROVED
    reason: str = ""

    def __bool__(self) -> bool:
        return bool(self.sessions or self.objects or self.reason)

    def entity(self, value: ast.expr) -> Entity | None:
        """The mapped class of an argument that is such an object."""
        return next((entity for one, entity in self.objects if one is value), None)


def parameter_of(function: FunctionNode, over: HandOver, value: ast.expr) -> ast.arg | None:
    """The parameter that gets an argument of the hand-over; that of a bound method's instance is passed over."""
    given = function.args
    names = [*given.posonlyargs, *given.args]
    names = names[1:] if names and names[0].arg in ("self", "cls") else names
    for word in over.keywords:
        if word.value is value:
            return next((one for one in [*names, *given.kwonlyargs] if one.arg == word.arg), None)
    index = next((n for n, one in enumerate(over.args) if one is value), len(names))
    return names[index] if index < len(names) else None


@dataclass(frozen=True, eq=False)
class Payloads:
    """Reads them in one project."""

    project: Project

    def of(self, over: HandOver) -> Payload:
        """What the function is given of a session's."""
        module = over.module
        tiers = {value: self.project.sessions.tier(value, module) for value in over.values}
        sessions = tuple(value for value in over.values if tiers[value])
        objects = tuple((value, entity) for value in over.values if (entity := self._given(over, value)))
        tier = min((found for found in tiers.values() if found), default=Tier.PROVED)
        return Payload(sessions, objects, tier, self._hidden(over))

    def _given(self, over: HandOver, value: ast.expr) -> Entity | None:
        """The mapped class of an argument, as its own text tells it or as the function's annotation does."""
        if entity := self._entity(value, over.module):
            return entity
        targets = self.project.callgraph.targets.meant(over.function, over.module)
        found = [parameter_of(one.node, over, value) for one in targets if isinstance(one, Target)]
        if len(found) != 1 or found[0] is None or found[0].annotation is None:
            return None
        where = self.project.callgraph.functions[next(one.node for one in targets if isinstance(one, Target))].module
        typed = self.project.sessions.annotated(found[0].annotation, where)
        return self.project.mapped.entity(typed.owner) if typed and typed.owner else None

    def _entity(self, value: ast.expr, module: Module) -> Entity | None:
        owner = self.project.instances.of(value, module)
        return self.project.mapped.entity(owner) if owner else None

    def _hidden(self, over: HandOver) -> str:
        """A session that goes along unseen: in an object, in a closure."""
        values = list(over.values)
        if isinstance(over.function, ast.Attribute):
            if self.project.sessions.tier(over.function.value, over.module):
                return f"a method of the session itself is handed to {over.by}(): write a function that opens its own"
            values.insert(0, over.function.value)
        for value in values:
            if held := self._keeps(self._class(value, over.module)):
                return f"`{ast.unparse(value)}` keeps a session in `{held}`: make it in the task, on its own session"
        return self._closure(over) or self._around(over)

    def _around(self, over: HandOver) -> str:
        """A session that a coroutine finds at the top of a module: that of whoever starts it, in the same context."""
        if over.holder.func is not over.function:
            return ""
        graph = self.project.callgraph
        for target in graph.targets.meant(over.function, over.module):
            for one in graph.reached(target.node) if isinstance(target, Target) else ():
                for effect in self.project.effects.direct.get(one.node, ()):
                    if name := self._at_the_top(effect.node, one.module):
                        return f"{one.symbol}() uses `{name}`, which the task shares with its caller: give it values"
        return ""

    def _at_the_top(self, call: ast.Call, module: Module) -> str:
        """The receiver of a call on a session that no function around binds."""
        value = call.func.value if isinstance(call.func, ast.Attribute) else None
        name = dotted_name(value) if value is not None else None
        if value is None or name is None or self.project.scopes(module).lookup(name.partition(".")[0], value):
            return ""
        return name

    def _class(self, value: ast.expr, module: Module) -> Definition | None:
        return self.project.instances.of(value, module)

    def _keeps(self, owner: Definition | None) -> str:
        """The attribute of a class of the project that holds a session; nothing for mapped classes."""
        if owner is None or self.project.mapped.entity(owner):
            return ""
        for one in self.project.bases(owner):
            for node in ast.walk(one.node):
                stored = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
                if stored and isinstance(node, ast.Attribute) and self._is_session(node, one.module):
                    return f"self.{node.attr}"
        return ""

    def _is_session(self, node: ast.Attribute, module: Module) -> bool:
        given = list(self.project.assigned(node, module))
        values = [one.value for one in given if one.value is not None]
        return any((self.project.sessions.tier(value, module) or 0) >= Tier.INFERRED for value in values)

    def _closure(self, over: HandOver) -> str:
        """A lambda or a function inside the function that reads its session."""
        body = over.function if isinstance(over.function, ast.Lambda) else self._nested(over)
        if body is None:
            return ""
        names = [node for node in ast.walk(body) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
        for node in names:
            held = self.project.sessions.tier(node, over.module) or self._entity(node, over.module)
            if held and self._from_outside(node, body, over):
                return f"the function handed to {over.by}() reads `{node.id}` from around it: give it ids and values"
        return ""

    def _nested(self, over: HandOver) -> ast.AST | None:
        if not isinstance(over.function, ast.Name):
            return None
        bindings = self.project.scopes(over.module).lookup(over.function.id, over.function)
        nodes = [binding.node for binding in bindings if binding.kind == "definition"]
        return nodes[0] if len(nodes) == 1 else None

    def _from_outside(self, node: ast.Name, body: ast.AST, over: HandOver) -> bool:
        scopes = self.project.scopes(over.module)
        for function in scopes.functions(node):
            if node.id in scopes.bindings(function):
                return function is not body and body not in scopes.ancestors(function)
        return False
