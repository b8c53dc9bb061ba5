"""Where coroutines go that are kept: in names of a function, in attributes, in loops over several of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.coroutines.known import Kind
from helpers.analysis.local_definitions import Definition
from helpers.analysis.local_flow import Flow
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.coroutines.fates import Fates

Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(eq=False)
class Names:
    """Answers for all names of one project; each function is walked once."""

    fates: Fates
    _flows: dict[ast.AST, Flow] = field(default_factory=dict, repr=False)

    @staticmethod
    def paired(node: ast.Assign) -> bool:
        """Whether `a, b = f(), g()` gives each name its own value."""
        sides = (node.value, *node.targets)
        lengths = {len(one.elts) if isinstance(one, ast.Tuple | ast.List) else -1 for one in sides}
        written = [part for one in sides if isinstance(one, ast.Tuple | ast.List) for part in one.elts]
        return len(lengths) == 1 and -1 not in lengths and not any(isinstance(part, ast.Starred) for part in written)

    def assigned(self, node: Assignment, value: ast.expr, module: Module, kind: Kind) -> str:
        """Empty where what an assignment keeps is seen to later."""
        fates = [self._target(target, node, module, kind) for target in _targets(node, value)]
        return "" if "" in fates else next(iter(fates), "it is kept and never awaited")

    def _target(self, target: ast.expr, node: Assignment, module: Module, kind: Kind) -> str:
        match target:
            case ast.Name():
                return self._name(target, node, module, kind)
            case ast.Attribute():
                return self._attribute(target, module, kind)
            case ast.Subscript():
                return self.grown(target.value, module)
            case ast.Tuple() | ast.List() if kind == "several":
                names = [part for part in target.elts if isinstance(part, ast.Name)]
                found = [self._name(part, node, module, "coroutine") for part in names]
                return "" if "" in found or not found else found[0]
        return "it is unpacked without being awaited"

    def _name(self, target: ast.Name, node: Assignment, module: Module, kind: Kind) -> str:
        flow = self.flow(node, module)
        where = f"it is kept in `{target.id}`"
        if target.id in flow.shared:
            return self._anywhere(target.id, module, kind, where)
        made = [one for one in flow.definitions.get(node, []) if one.name == target.id]
        return self.fates.any_used(self._reads(flow, made, target.id), module, kind, where)

    def _reads(self, flow: Flow, made: list[Definition], name: str) -> Iterator[ast.expr]:
        for read, reached in flow.reads.items():
            if isinstance(read.ctx, ast.Load) and any(one.definition in made for one in reached):
                yield read
        yield from (one for one in flow.later.get(name, ()) if isinstance(one.ctx, ast.Load))

    def _anywhere(self, name: str, module: Module, kind: Kind, where: str) -> str:
        reads = (one for one in module.nodes.of(ast.Name) if one.id == name and isinstance(one.ctx, ast.Load))
        return self.fates.any_used(reads, module, kind, where)

    def parameter(self, argument: ast.arg, function: ast.AST, module: Module, kind: Kind) -> str:
        """Empty where a function sees to what one of its parameters is given."""
        flow = self._walked(function)
        made = flow.definitions.get(argument, [])
        where = f"it is `{argument.arg}` there"
        return self.fates.any_used(self._reads(flow, made, argument.arg), module, kind, where)

    def _attribute(self, target: ast.Attribute, module: Module, kind: Kind) -> str:
        """Empty where somebody in the project awaits an attribute of that name."""
        uses = self.fates.project.references.by_name.get(target.attr, ())
        for where, read in uses:
            if not isinstance(read, ast.Attribute) or not isinstance(read.ctx, ast.Load):
                continue
            with self.fates.strictly():  # it may be an attribute of something else
                if not self.fates.of(read, where, kind):
                    return ""
        return f"it is kept in `.{target.attr}` and never awaited"

    def grown(self, container: ast.expr, module: Module) -> str:
        """Empty where somebody awaits what was put into a list, a dict or a queue."""
        if isinstance(container, ast.Attribute):
            return self._attribute(container, module, "several")
        if not isinstance(container, ast.Name):
            return "it is put away and never awaited"
        bindings = self.fates.project.scopes(module).lookup(container.id, container)
        if any(one.kind == "parameter" for one in bindings):
            return ""  # whoever passed the list has it
        return self._anywhere(container.id, module, "several", f"it is put into `{container.id}`")

    def items(self, loop: ast.For | ast.AsyncFor | ast.comprehension, module: Module) -> str:
        """Empty where a loop over coroutines awaits each of them."""
        where = "it is given to a loop"
        names = {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}
        if isinstance(loop, ast.comprehension):
            around = self.fates.project.scopes(module).parents[loop]
            reads: Iterator[ast.expr] = (
                one
                for one in ast.walk(around)
                if isinstance(one, ast.Name) and one.id in names and isinstance(one.ctx, ast.Load)
            )
            return self.fates.any_used(reads, module, "coroutine", where)
        flow = self.flow(loop, module)
        made = flow.definitions.get(loop, [])
        found = (read for name in names for read in self._reads(flow, made, name))
        return self.fates.any_used(found, module, "coroutine", where)

    def flow(self, node: ast.AST, module: Module) -> Flow:
        """The flow of the function around a node, or of the module's own code."""
        return self._walked(self.fates.project.scopes(module).function(node) or module.tree)

    def _walked(self, function: ast.AST) -> Flow:
        if function not in self._flows:
            assert isinstance(function, _FUNCTIONS | ast.Module)
            self._flows[function] = Flow(function).run()
        return self._flows[function]


def _targets(node: Assignment, value: ast.expr) -> list[ast.expr]:
    """What an assignment gives the value to."""
    if not isinstance(node, ast.Assign):
        return [node.target]
    if value is node.value:
        return node.targets
    assert isinstance(node.value, ast.Tuple | ast.List)
    place = node.value.elts.index(value)
    return [one.elts[place] for one in node.targets if isinstance(one, ast.Tuple | ast.List)]
