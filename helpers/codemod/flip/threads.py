"""Calls that take long go to the thread pool: `f(x)` becomes `await run_in_threadpool(f, x)`, where a thread may."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.long_calls import is_lazy
from helpers.analysis.members import FunctionNode
from helpers.analysis.pooled import Site
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import is_generator
from helpers.analysis.symbols import Module
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.locks import Locks
from helpers.codemod.flip.own_threads import OwnThreads
from helpers.codemod.flip.session_types import SessionTypes
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

PATTERN = "sync_caller"
_FIRST = "func"  # what the pool calls its own first parameter


@dataclass(frozen=True, eq=False)
class Threads:
    """Answers for one project."""

    project: Project
    types: SessionTypes

    def change(self, site: Site) -> Change:
        """The call as one that a thread of the pool does while the loop goes on. Refused where it cannot be one."""
        call, module = site.node, site.module
        if not isinstance(call, ast.Call) or any(edge.kind not in ("call", "constructor") for edge in site.edges):
            raise Refused("it runs without being called")
        self._runs_alone(site, call)
        self._written_plainly(site, call)
        if held := self.project.pooled.carried.by_call(call, module):
            raise Refused(f"`{held[:40]}` is of the session, which no thread may use")
        if next(self.locks.around(call, module), None) is not None:
            raise Refused("a lock of threads is held around it")
        edits, adds = self._edits(call, module)
        return Change(PATTERN, module, call, _message(site, call), edits, adds, bridge="thread")

    @cached_property
    def locks(self) -> Locks:
        """What locks are held."""
        return Locks(self.project)

    @cached_property
    def _own(self) -> OwnThreads:
        return OwnThreads(self.project)

    def _runs_alone(self, site: Site, call: ast.Call) -> None:
        """Whether all that the call may run can run in another thread and is done when it returns."""
        if site.kind == "gives":
            raise Refused("what it gives waits later: put all of its use into a function of its own")
        for edge in site.edges:
            callee = edge.callee
            if edge.tier is Tier.BY_NAME:
                raise Refused(f"nothing tells whether this is {callee.qualified}: annotate it")
            if callee.is_async or callee.node in self.project.colouring.asynchronous:
                raise Refused(f"it may also be {callee.qualified}, which is awaited")
            if isinstance(callee.node, FunctionNode) and (is_generator(callee.node) or is_lazy(callee.node)):
                raise Refused(f"{callee.symbol} gives its values one by one: put the loop over them into a function")
        self._own.check([edge.callee.node for edge in site.edges])

    def _written_plainly(self, site: Site, call: ast.Call) -> None:
        module = site.module
        names = [keyword.arg for keyword in call.keywords]
        if None in names or _FIRST in names:
            raise Refused("its keywords may be taken for those of the pool: name them, or use functools.partial")
        if not isinstance(call.func, ast.Name | ast.Attribute):
            raise Refused("what is called is computed here: keep it in a variable first")
        known = any(self.project.callgraph.targets.called(call, module))
        if (site.edges and not known) or (isinstance(call.func, ast.Name) and self._is_kept(call.func, module)):
            raise Refused(f"`{ast.unparse(call.func)}` holds what is called, and maybe more: call it by its own name")

    def _is_kept(self, name: ast.Name, module: Module) -> bool:
        """Whether a name is a variable, and no function's own."""
        bindings = self.project.scopes(module).lookup(name.id, name)
        return any(one.kind not in ("definition", "import") for one in bindings)

    def _edits(self, call: ast.Call, module: Module) -> tuple[tuple[Edit, ...], tuple[ImportName, ...]]:
        """What makes an argument of the function that is called, and awaits the pool in its place."""
        source = self.project.sources[module.path]
        first, last = self._awaited(call, module)
        name, add = self.types.binder(module).name(*self._pool)
        end = source.segment(call.func)[1]
        opening = source.text.index("(", end)
        if source.text[end:opening].strip():
            raise Refused("what is called stands in parentheses of its own")
        blank, comma = _layout(source.text[opening + 1 : source.segment(call)[1]])
        edits = (
            Edit(first.start, first.end, f"{first.text}{name}({blank}"),
            Edit(end, opening + 1, comma),
            last,
        )
        return edits, (add,) if add else ()

    def _awaited(self, call: ast.Call, module: Module) -> tuple[Edit, Edit]:
        """The edits that await the call. Refused where nothing can be awaited."""
        parents = self.project.scopes(module).parents
        awaiting = Awaiting(self.project.sources[module.path], parents, self.project.loops.kept)
        if isinstance(parents[call], ast.Await):
            raise Refused("it is awaited already")
        if any(isinstance(above, ast.Lambda) for above in self.project.scopes(module).functions(call)):
            raise Refused("it stands in a lambda, which cannot await")
        if awaiting.generators(call) or any(awaiting.lazy(call)):
            raise Refused("it stands in a generator expression: write the loop out")
        first, last = awaiting.edits(call)
        return first, last

    @cached_property
    def _pool(self) -> tuple[str, str]:
        """The function that hands to the pool which ran the routes, by its module and its name."""
        modules = self.project.symbols.modules.values()
        named = {target.partition(".")[0] for one in modules for target in one.imports.values()}
        library = next((one for one in ("fastapi", "starlette") if one in named), None)
        return (f"{library}.concurrency", "run_in_threadpool") if library else ("asyncio", "to_thread")


def _layout(arguments: str) -> tuple[str, str]:
    """What stands before the function and behind it, when it becomes the first of these arguments."""
    if arguments.strip() == ")":
        return "", ""
    blank = arguments[: len(arguments) - len(arguments.lstrip())]
    if "\n" in blank or "\r" in blank:
        return blank, ","
    return "", "," if arguments.lstrip().startswith("#") else ", "


def _message(site: Site, call: ast.Call) -> str:
    """Why a call is handed over."""
    text = site.edges[0].callee.symbol if site.edges else f"{ast.unparse(call.func)}()"
    leads = " leads to a call that" if site.edges else ""
    what = "takes long" if site.kind == "computes" else "would hold up the event loop"
    return f"handed to a thread: {text}{leads} {what}"
