"""Functions around which no loop runs: those that run while modules are imported, and tests that stay synchronous."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.fixtures import is_test
from helpers.analysis.members import FunctionNode
from helpers.analysis.overrides import overriding
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Module
from helpers.analysis.target import declared_version

if TYPE_CHECKING:
    from helpers.analysis.project import Project

# the first FastAPI whose TestClient runs the application in a thread of its own, so that a test may be in a loop
_IN_A_THREAD = (0, 69)
_NO_LOOP_WAITS = (3, 12)  # from here on `asyncio.get_event_loop()` warns where no loop is set, and then raises
_CLIENTS = frozenset({"fastapi.testclient.TestClient", "starlette.testclient.TestClient"})
_ANY = (0, 0)
_PYDANTIC_2 = tuple(
    f"pydantic.{name}"
    for name in (
        *("ConfigDict", "RootModel", "TypeAdapter", "computed_field", "field_serializer", "field_validator"),
        *("model_serializer", "model_validator"),
    )
)
_AS_PYDANTIC_2 = frozenset({"model_dump", "model_dump_json", "model_validate"})
_PLUGINS = ("pytest_asyncio", "anyio", "pytest_anyio")


@dataclass(frozen=True, eq=False)
class Loops:
    """Answers for all functions of one project."""

    project: Project

    def without(self, node: ast.AST) -> bool:
        """Whether a function, or a module's top level, may run where no loop runs and nothing can be awaited."""
        return isinstance(node, ast.Module) or node in self.imported or node in self.kept

    @cached_property
    def imported(self) -> frozenset[ast.AST]:
        """Functions that run while a module is imported; what a program runs when it is started is none of them."""
        graph = self.project.callgraph
        found: set[ast.AST] = set()
        for module in self.project.symbols.modules.values():
            for edge in graph.calls_from.get(module.tree, ()):
                started = edge.kind == "reference" or edge.tier < Tier.INFERRED or self._program(edge.site, module)
                if not started and edge.callee.node not in found:
                    found |= {one.node for one in graph.reached(edge.callee.node)}
        return frozenset(found)

    def _program(self, site: ast.AST, module: Module) -> bool:
        """Whether a place stands below `if __name__ == "__main__":`."""
        return any(
            isinstance(above, ast.If) and any(getattr(part, "id", "") == "__name__" for part in ast.walk(above.test))
            for above in self.project.scopes(module).ancestors(site)
        )

    @cached_property
    def kept(self) -> frozenset[ast.AST]:
        """The functions of tests whose client may run the application in the test's own thread, and so no loop."""
        modules = [one for one in self.project.symbols.modules.values() if is_of_tests(one.path)]
        named = {target for module in modules for target in module.imports.values()}
        run = any(is_test(one, module) for module in modules for one in module.nodes.of(ast.AsyncFunctionDef))
        if not named & _CLIENTS or run or any(name.startswith(_PLUGINS) for name in named) or self._runs_in_a_thread:
            return frozenset()
        functions = self.project.callgraph.functions.values()
        return frozenset(
            one.node
            for one in functions
            if isinstance(one.node, ast.FunctionDef) and is_of_tests(one.module.path) and not self._is_served(one.node)
        )

    def _is_served(self, function: ast.AST) -> bool:
        """Whether the application calls it in place of a dependency: in its own loop, or in a thread."""
        edges = self.project.callgraph.calls_to.get(function, ())
        return any(
            edge.kind == "reference"
            and overriding(edge.site, self.project.scopes(edge.caller.module).parents) == "value"
            for edge in edges
        )

    @property
    def _runs_in_a_thread(self) -> bool:
        """Whether the client is known to be a newer one; no older one runs on a Python that has no loop in waiting."""
        version, python = declared_version(self.project.root, "fastapi"), self.project.python
        if python is not None and python >= _NO_LOOP_WAITS:
            return True
        return self._is_recent if version is None else version >= _IN_A_THREAD

    @property
    def _is_recent(self) -> bool:
        """Whether the code needs what is younger than every older client: SQLAlchemy 2.0 and pydantic 2 are of 2023.

        A FastAPI that is installed beside them, and that nothing holds back, is younger than they are.
        """
        if (self.project.sqlalchemy or _ANY) >= (2, 0):
            return True
        pydantic = declared_version(self.project.root, "pydantic") or _ANY
        modules = self.project.symbols.modules.values()
        named = (target for module in modules for target in module.imports.values())
        return (
            pydantic >= (2, 0)
            or any(target.startswith((*_PYDANTIC_2, "pydantic_settings")) for target in named)
            or not _AS_PYDANTIC_2.isdisjoint(self.project.calls)
        )

    def kept_around(self, node: ast.AST, module: Module) -> bool:
        """Whether a place belongs to a function that stays synchronous."""
        around = (one for one in self.project.scopes(module).functions(node) if isinstance(one, FunctionNode))
        return next(around, None) in self.kept


def is_of_tests(path: str) -> bool:
    """Whether a file belongs to the tests, by its place or its name."""
    *folders, file = path.split("/")
    named = file == "conftest.py" or file.startswith("test_") or file.endswith("_test.py")
    return named or any(folder in ("tests", "test") for folder in folders)
