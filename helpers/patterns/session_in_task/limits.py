"""Which hand-overs a wrapper can serve: one known function, whose result needs no session and whose work is its own."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.call_targets import Target
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, dotted_name
from helpers.codemod.refused import Refused
from helpers.patterns.session_in_task.handovers import HandOver
from helpers.patterns.session_in_task.order import Order
from helpers.patterns.session_in_task.payload import Payload
from helpers.patterns.session_in_task.wrapper import Task

_VALUES = frozenset(
    {"int", "str", "bool", "float", "bytes", "None", "dict", "list", "tuple", "set", "Decimal", "datetime"}
)


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
