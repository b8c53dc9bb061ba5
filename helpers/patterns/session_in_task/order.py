"""What is written and committed when: whether a task on a session of its own would see what the caller did."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.callgraph import Function
from helpers.analysis.effects import Effect
from helpers.analysis.project import Project
from helpers.codemod.refused import Refused
from helpers.patterns.session_in_task.handovers import HandOver

_WRITES = ("write", "pending")


@dataclass(frozen=True, eq=False)
class Order:
    """Answers for the functions of one project."""

    project: Project

    def committed(self, over: HandOver) -> None:
        """Refused unless everything that the caller wrote is committed when the function runs."""
        around = self.project.callgraph.around(over.at, over.module)
        open_since: ast.AST | None = None
        for node in _in_order(around.node):
            if over.way != "later" and _begins(node) >= _begins(over.at):
                break
            what = self._does(node, around)
            if what == "write":
                open_since = node
            elif what == "commit":
                open_since = None if self._surely_before(node, over) else (open_since or node)
        if open_since is not None:
            line = getattr(open_since, "lineno", 0)
            raise Refused(
                f"what line {line} writes may not be committed when the task opens its own session: commit before "
                f"{over.by}()"
            )

    def _does(self, node: ast.AST, around: Function) -> str:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            return "write" if self._on_entity(node, around) else ""
        if not isinstance(node, ast.Call):
            return ""
        effect = self.project.effects.on(node)
        if effect:
            return "write" if effect.what in _WRITES else "commit" if effect.what == "commit" else ""
        edges = [edge for edge in self.project.callgraph.at.get(node, ()) if edge.kind != "reference"]
        kinds = {self._whole(edge.callee) for edge in edges}
        return "write" if "write" in kinds else "commit" if "commit" in kinds else ""

    def _on_entity(self, node: ast.Attribute, around: Function) -> bool:
        owner = self.project.instances.of(node.value, around.module)
        return owner is not None and self.project.mapped.entity(owner) is not None

    def _whole(self, function: Function) -> str:
        """What a function leaves behind: `commit` where its last act on a session surely is one, `write` if any is."""
        if not self.writes(function):
            return ""
        last = next(
            (node for node in reversed(list(_in_order(function.node))) if self._does_itself(node, function)), None
        )
        effect = self.project.effects.on(last) if isinstance(last, ast.Call) else None
        top = isinstance(self._statement(last, function), ast.Expr) if last is not None else False
        return "commit" if effect and effect.what == "commit" and top else "write"

    def _does_itself(self, node: ast.AST, function: Function) -> bool:
        if isinstance(node, ast.Attribute):
            return isinstance(node.ctx, ast.Store) and self._on_entity(node, function)
        if isinstance(node, ast.Call) and (effect := self.project.effects.on(node)):
            return effect.what in (*_WRITES, "commit")
        edges = self.project.callgraph.at.get(node, ()) if isinstance(node, ast.Call) else ()
        return any(edge.kind != "reference" and self.writes(edge.callee) for edge in edges)

    def _statement(self, node: ast.AST, function: Function) -> ast.AST | None:
        """The statement of the function's own body around a node; None inside a branch or loop."""
        parents = self.project.scopes(function.module).parents
        above = parents.get(node)
        return above if above in function.node.body else None

    def _surely_before(self, commit: ast.AST, over: HandOver) -> bool:
        """Whether the block that the commit stands in is one that the hand-over stands in too."""
        scopes = self.project.scopes(over.module)
        blocks = {over.at, *scopes.ancestors(over.at)}
        statement = next(node for node in scopes.ancestors(commit) if isinstance(node, ast.stmt))
        above = scopes.parents[statement]
        return above in blocks and not isinstance(above, ast.ExceptHandler)

    def writes(self, function: Function) -> bool:
        """Whether a function, or one that it calls, changes anything in a session."""
        return any(effect.what in _WRITES for one in self._reached(function) for effect in self._effects(one)) or any(
            self._assigns(one) for one in self._reached(function)
        )

    def commits(self, function: Function) -> bool:
        """Whether a function, or one that it calls, commits."""
        return any(effect.what == "commit" for one in self._reached(function) for effect in self._effects(one))

    def _assigns(self, function: Function) -> bool:
        return any(
            isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and self._on_entity(node, function)
            for node in _in_order(function.node)
        )

    def _effects(self, function: Function) -> tuple[Effect, ...]:
        return self.project.effects.direct.get(function.node, ())

    def _reached(self, function: Function) -> tuple[Function, ...]:
        return self.project.callgraph.reached(function.node)


def _in_order(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's body in the order of the text; a call counts where it ends."""
    nodes = [node for statement in getattr(function, "body", ()) for node in ast.walk(statement)]
    return iter(sorted((node for node in nodes if hasattr(node, "end_lineno")), key=_begins))


def _begins(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "end_lineno", 0) or 0, getattr(node, "end_col_offset", 0) or 0
