"""Tests and fixtures that become asynchronous: pytest-asyncio runs them, each told so where it stands."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.fixtures import is_fixture
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.analysis.target import declared_version
from helpers.codemod.flip.change import Change
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

PATTERN = "sync_function"
_WITH_LOOP_SCOPE = (0, 24)
_WIDE = frozenset({"module", "package", "session", "class"})


@dataclass(frozen=True, eq=False)
class Tests:
    """Answers for one project."""

    project: Project

    @cached_property
    def scope(self) -> str:
        """What is passed on loops: fixtures that live longer than a test need the loop of the tests.

        Refused where the plugin knows no such thing.
        """
        asynchronous = self.project.colouring.asynchronous
        fixtures = (node for node in asynchronous if isinstance(node, FunctionNode) and is_fixture(node))
        if not any(_wide(one) for one in fixtures):
            return ""
        version = declared_version(self.project.root, "pytest-asyncio")
        if version is not None and version < _WITH_LOOP_SCOPE:
            raise Refused("a fixture outlives its test, and pytest-asyncio knows loop_scope from 0.24 on: ask for that")
        return 'loop_scope="session"'

    def fixture(self, decorator: ast.expr, module: Module) -> Change:
        """`@pytest.fixture` as pytest-asyncio has it."""
        source = self.project.sources[module.path]
        maker = decorator.func if isinstance(decorator, ast.Call) else decorator
        if self.project.meanings.external(maker, module) not in ("pytest.fixture", "pytest_asyncio.fixture"):
            raise Refused(f"the decorator `{ast.unparse(maker)}` may call it and not await it")
        edits = [Edit(*source.segment(maker), "pytest_asyncio.fixture")]
        if self.scope:
            end = source.segment(decorator)[1]
            given = isinstance(decorator, ast.Call) and bool(decorator.args or decorator.keywords)
            text = f", {self.scope}" if given else self.scope
            edits.append(
                Edit(end - 1, end - 1, text) if isinstance(decorator, ast.Call) else Edit(end, end, f"({self.scope})")
            )
        return Change(
            PATTERN,
            module,
            decorator,
            "pytest-asyncio runs it",
            tuple(edits),
            (ImportName("pytest_asyncio"),),
            ("pytest",),
        )

    def marked(self, function: FunctionNode, module: Module) -> Change:
        """A test with its mark."""
        source = self.project.sources[module.path]
        first = min([function, *function.decorator_list], key=lambda item: item.lineno)
        line = source.lines[first.lineno - 1]
        indent = source.text[line : line + len(source.text[line:]) - len(source.text[line:].lstrip(" \t"))]
        at = source.segment(function)[0]
        mark = f"pytest.mark.asyncio({self.scope})" if self.scope else "pytest.mark.asyncio"
        text = f"@{mark}{source.newline}{indent}"
        return Change(
            PATTERN, module, function, "pytest-asyncio runs it", (Edit(at, at, text),), (ImportName("pytest"),)
        )


def _wide(fixture: FunctionNode) -> bool:
    given = [
        keyword.value
        for decorator in fixture.decorator_list
        for keyword in getattr(decorator, "keywords", ())
        if keyword.arg == "scope"
    ]
    return any(not isinstance(value, ast.Constant) or value.value in _WIDE for value in given)
