"""Ends: functions that nobody awaits, outside of requests, which run what they did in a loop of their own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.schema import line_of
from helpers.codemod.flip.split import split
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

PATTERN = "sync_function"
_NAME = "run_in_own_loop"
_HELPER = f'''\
def {_NAME}(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end for a caller that cannot await it: in a thread with a loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, coroutine).result()


'''
_IMPORTS = (
    ImportName("asyncio"),
    ImportName("concurrent.futures", "ThreadPoolExecutor"),
    ImportName("contextvars", "copy_context"),
    ImportName("typing", "Any"),
    ImportName("typing", "Coroutine"),
)


@dataclass(frozen=True, eq=False)
class Ends:
    """The changes of the ends of one project."""

    project: Project

    def changes(self, function: ast.FunctionDef, module: Module) -> Iterator[Change]:
        """The body in an asynchronous function below the end, which runs it. Refused where it has no place."""
        source = self.project.sources[module.path]
        edits = [split(function, source, _NAME, method=self._owner(function, module) is not None)]
        adds: tuple[ImportName, ...] = ()
        if self._is_first(function, module):
            if _NAME in source.text:
                raise Refused(f"the file has a {_NAME}() of its own")
            at = line_of(source, self._owner(function, module) or function)
            edits.insert(0, Edit(at, at, _HELPER.replace("\n", source.newline)))
            adds = _IMPORTS
        message = "nobody awaits it, and no request leads to it: it runs what it did in a loop of its own"
        yield Change(PATTERN, module, function, message, tuple(edits), adds, bridge="loop")

    def _owner(self, function: ast.FunctionDef, module: Module) -> ast.stmt | None:
        above = self.project.scopes(module).parents[function]
        return above if isinstance(above, ast.ClassDef) else None

    def _is_first(self, function: ast.FunctionDef, module: Module) -> bool:
        """Whether it is the first end of its file that is split."""
        ends = [one for one in self.project.ends if one in self.project.colouring.asynchronous]
        lines = [getattr(one, "lineno", 0) for one in ends if self._file(one) == module.path]
        return bool(lines) and function.lineno == min(lines)

    def _file(self, function: ast.AST) -> str:
        return self.project.callgraph.functions[function].module.path
