"""Classes that are context managers: `__aenter__` and `__aexit__`, entered with `async with` wherever they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.callgraph import Edge
from helpers.analysis.flow import named
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.refused import Refused
from helpers.model import Edit

PATTERN = "sync_function"
NAMES = {"__enter__": "__aenter__", "__exit__": "__aexit__"}
_QUIET_BASES = frozenset({"object", "Generic", "Protocol", "ABC"})


@dataclass(frozen=True, eq=False)
class Entering:
    """Answers for the context manager classes of one project."""

    project: Project

    def renamed(self, function: FunctionNode, module: Module) -> Change:
        """`__enter__` under the name that `async with` looks for. Refused where an instance may be entered unseen."""
        owner = self.project.callgraph.targets.members.owners.get(function)
        if owner is None:
            raise Refused("a context manager class has to become an asynchronous one: rewrite it by hand")
        self._both(owner)
        for one in [*self.project.bases(owner), *self.project.below(owner)]:
            self._bases(one)
            self._instances(one)
        source = self.project.sources[module.path]
        start = source.segment(function)[0]
        name = re.compile(rf"def\s+({function.name})\b").search(source.text, start)
        assert name is not None
        edits = (Edit(*name.span(1), NAMES[function.name]),)
        return Change(PATTERN, module, function, "`async with` enters and leaves it", edits)

    def _both(self, owner: Definition) -> None:
        members = self.project.callgraph.targets.members
        if any(members.nearest(owner, new) for new in NAMES.values()):
            raise Refused(f"`{owner.name}` is entered by both colours: rewrite it by hand")
        if any(members.nearest(owner, old) is None for old in NAMES):
            raise Refused(f"`{owner.name}` has only one of __enter__ and __exit__ in sight")

    def _bases(self, owner: Definition) -> None:
        for base in getattr(owner.node, "bases", ()):
            plain = base.value if isinstance(base, ast.Subscript) else base
            found = self.project.symbols.resolve(owner.module, dotted_name(plain) or "")
            inside = isinstance(found, Definition) and isinstance(found.node, ast.ClassDef)
            if not inside and (dotted_name(plain) or "").rpartition(".")[2] not in _QUIET_BASES:
                raise Refused(f"`{ast.unparse(base)}`, a base from outside, may enter it with `with`")

    def _instances(self, owner: Definition) -> None:
        """Every instance is entered where it is made, or kept in a variable that is entered."""
        for use in self.project.references.of(owner):
            if use.role == "called" and use.call is not None:
                self._made(use.call, use.module, owner)
            elif use.role not in ("base", "annotation", "tested", "member"):
                place = f"{use.module.path}:{use.node.lineno}"
                raise Refused(f"`{owner.name}` is handed on at {place}, and who enters it there is not followed")

    def _made(self, call: ast.Call, module: Module, owner: Definition) -> None:
        scopes = self.project.scopes(module)
        above = scopes.parents[call]
        reads: list[ast.AST] = [call]
        if isinstance(above, ast.Assign) and len(above.targets) == 1 and isinstance(above.targets[0], ast.Name):
            function = scopes.function(call)
            if function is not None:
                names = named(function, above.targets[0].id)
                reads = [one for one in names if isinstance(one.ctx, ast.Load)]
        for read in reads:
            if not isinstance(scopes.parents[read], ast.withitem | ast.Attribute):
                place = f"{module.path}:{call.lineno}"
                raise Refused(f"a `{owner.name}` is made at {place}, and who enters it is not followed")

    def entered(self, edge: Edge) -> Iterator[Change]:
        """`with` over an instance. Refused where it is no such statement."""
        module = edge.caller.module
        parents = self.project.scopes(module).parents
        item = parents.get(edge.site)
        statement = parents.get(item) if isinstance(item, ast.withitem) else None
        if edge.kind != "context" or not isinstance(statement, ast.With | ast.AsyncWith):
            raise Refused(f"{edge.callee.symbol} is called by its name: enter the instance with `with`")
        if isinstance(statement, ast.AsyncWith) or not isinstance(edge.site, ast.expr):
            return
        source = self.project.sources[module.path]
        Awaiting(source, parents, self.project.loops.kept).generators(edge.site)
        at = source.segment(statement)[0]
        yield Change("sync_caller", module, edge.site, "it is entered with `async with`", (Edit(at, at, "async "),))
