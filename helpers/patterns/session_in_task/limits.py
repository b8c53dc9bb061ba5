"""Which hand-overs a wrapper can serve: one known function, whose result needs no session and whose work is its own."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.call_targets import Target
from helpers.analysis.mapping import Entity
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, dotted_name
from helpers.codemod.refused import Refused
from helpers.patterns.session_in_task.handovers import HandOver
from helpers.patterns.session_in_task.order import Order
from helpers.patterns.session_in_task.payload import Payload, parameter_of
from helpers.patterns.session_in_task.values import PLAIN, Values
from helpers.patterns.session_in_task.wrapper import Task

_VALUES = PLAIN | {"dict", "list", "tuple", "set"}


def _optional(annotation: ast.expr) -> str:
    return ast.unparse(annotation).replace("Optional", "None")


def _adds(node: ast.AST, text: str) -> bool:
    """`session.add(x)`, and `session.add_all([x])`."""
    if not (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("add", "add_all")
    ):
        return False
    return any(ast.unparse(one) == text for arg in node.args for one in ast.walk(arg) if isinstance(one, ast.Name))


@dataclass(frozen=True, eq=False)
class Limits:
    """Answers for the hand-overs of one project."""

    project: Project

    def task(self, over: HandOver, payload: Payload) -> Task:
        """The function that is handed over. Refused, with the reason, where a wrapper would change what happens."""
        if over.way == "together":
            raise Refused(
                f"{over.by}() runs several tasks on one session: run them one after the other, load all with one "
                "statement, or open a session in each"
            )
        task = self._known(over)
        if over.way == "queue":
            raise Refused(f"{over.by}() sends it to another process: send ids and values, and load in the task")
        if len(payload.sessions) > 1:
            raise Refused("it is given two sessions: write by hand which of them the task opens")
        for value, entity in payload.objects:
            self._object(over, value, entity, task)
        for value in over.values:
            if value not in payload.sessions and payload.entity(value) is None:
                self._value(over, value, task)
        self._result(over, payload, task)
        self._own_work(over, payload, task)
        return task

    def _known(self, over: HandOver) -> Task:
        meant = [
            one for one in self.project.callgraph.targets.meant(over.function, over.module) if isinstance(one, Target)
        ]
        if len(meant) != 1:
            raise Refused(f"`{ast.unparse(over.function)}` is not one known function: write the task's session by hand")
        function = self.project.callgraph.functions[meant[0].node]
        node = function.node
        assert isinstance(node, FunctionNode)
        owner = self.project.callgraph.targets.members.owners.get(node)
        if owner and self._through_class(over):
            raise Refused("a method is handed over by its class: write the task's session by hand")
        if node.decorator_list and over.way != "queue":
            raise Refused(f"{node.name}() is decorated: see what the decorator does, and write it by hand")
        if any(
            isinstance(one, ast.Yield | ast.YieldFrom) for one in self.project.scopes(function.module).results(node)
        ):
            raise Refused(f"{node.name}() is a generator, which runs only when it is read: write it by hand")
        return Task(node, function.module, owner)

    def _through_class(self, over: HandOver) -> bool:
        value = over.function.value if isinstance(over.function, ast.Attribute) else None
        if value is None:
            return True
        return any(isinstance(one, Definition) for one in self.project.callgraph.targets.meant(value, over.module))

    def _object(self, over: HandOver, value: ast.expr, entity: Entity, task: Task) -> None:
        """An object can be loaded again by its id where it is stored, is one for sure, and holds nothing else."""
        text = ast.unparse(value)
        around = self.project.callgraph.around(over.at, over.module).node
        nodes = list(ast.walk(around))
        sets = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
        for name in (node.attr for node in sets if ast.unparse(node.value) == text):
            if name not in entity.columns and not self.project.mapped.relationship(entity, name):
                raise Refused(f"`{text}.{name}` is set and is no column: hand the value over")
        bound = self.project.scopes(over.module).lookup(text, value) if isinstance(value, ast.Name) else ()
        made = [one.value for one in bound if isinstance(one.value, ast.Call)]
        new = any(self._is_class(call.func, over) for call in made) or isinstance(value, ast.Call)
        added = any(_adds(node, text) for node in nodes)
        if new and not added:
            raise Refused(f"`{text}` may not be stored yet: add and commit it first, or hand its values over")
        self._not_none(value, over, task)

    def _value(self, over: HandOver, value: ast.expr, task: Task) -> None:
        """Refused for an argument that may be an object of the session, for all that the text tells."""
        if isinstance(value, ast.Starred):
            raise Refused("its arguments cannot be told one by one: write them out")
        parameter, values = parameter_of(task.function, over, value), Values(self.project)
        if parameter and values.annotated(parameter.annotation, task.module):
            return
        if not values.plain(value, over.module):
            raise Refused(f"`{ast.unparse(value)}` may be an object of the session: annotate it, or hand its id over")

    def _is_class(self, func: ast.expr, over: HandOver) -> bool:
        meant = self.project.callgraph.targets.meant(func, over.module)
        return any(isinstance(one, Definition) for one in meant)

    def _not_none(self, value: ast.expr, over: HandOver, task: Task) -> None:
        """Refused when the task looks whether there is an object at all: None has no id."""
        parameter = parameter_of(task.function, over, value)
        name = parameter.arg if parameter else ""
        if parameter and parameter.annotation and "None" in _optional(parameter.annotation):
            raise Refused(f"`{name}` of {task.function.name}() may be None, which has no id: hand the id over")
        for node in ast.walk(task.function):
            test = (
                getattr(node, "test", None) if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert) else None
            )
            tested = test if test is not None else node if isinstance(node, ast.BoolOp) else None
            plain = [one for one in ast.walk(tested) if isinstance(one, ast.Name)] if tested is not None else []
            parents = self.project.scopes(task.module).parents
            if any(one.id == name and not isinstance(parents.get(one), ast.Attribute) for one in plain):
                raise Refused(
                    f"{task.function.name}() looks whether `{name}` is there: hand the id over and load in it"
                )

    def _result(self, over: HandOver, payload: Payload, task: Task) -> None:
        """What comes back must not need the session that is closed by then."""
        above = self.project.scopes(over.module).parents.get(over.at)
        if over.way == "later" or (isinstance(above, ast.Expr) and over.way == "beside"):
            return
        results = self.project.scopes(task.module).results(task.function)
        gives = any(isinstance(one, ast.Return) and one.value is not None for one in results)
        if gives and not self._plain(task):
            raise Refused(
                f"{task.function.name}() may give back objects of its session, which is closed by then: return values"
            )
        if payload.objects and gives:
            raise Refused(f"{task.function.name}() gives a result and takes an object: hand the id over and load there")

    def _plain(self, task: Task) -> bool:
        returns = task.function.returns
        if returns is None:
            return False
        names = [dotted_name(node) or "" for node in ast.walk(returns) if isinstance(node, ast.Name | ast.Attribute)]
        return all(name.rpartition(".")[2] in _VALUES for name in names)

    def _own_work(self, over: HandOver, payload: Payload, task: Task) -> None:
        """What the task writes must be committed by it, and by nobody else's objects be expected."""
        order = Order(self.project)
        function = self.project.callgraph.functions[task.function]
        if not order.writes(function):
            return
        if not order.commits(function):
            raise Refused(f"{task.function.name}() writes and leaves the commit to others: let it commit")
        if over.way == "awaited":
            raise Refused(
                f"{task.function.name}() writes, and its caller goes on with objects loaded before: load them after"
            )
