"""Whether tests of the application become asynchronous, and the package that runs such tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from helpers.analysis.fixtures import is_fixture, is_test
from helpers.analysis.project import Project
from helpers.patterns.dependencies.drivers import Needed
from helpers.patterns.dependencies.entries import Entry

RUNNER = "pytest-asyncio"
_AT_MOST = re.compile(r"(===?|~=|\^|~|<=?)\s*v?(\d+)")
WITH_LOOP_SCOPES, _BEFORE = ">=0.24", ">=0.21"  # the first takes loop_scope, and pytest from 8.2 on


def runner(project: Project, present: Iterable[Entry]) -> tuple[Needed, ...]:
    """pytest-asyncio, where pytest is asked for, a test or a fixture leads to the database, and it is not there."""
    named = {entry.name: entry for entry in present}
    if "pytest" not in named or RUNNER in named or not _asynchronous_tests(project):
        return ()
    bounds = _BEFORE if _older(named["pytest"]) else WITH_LOOP_SCOPES
    return (Needed(RUNNER, f"{RUNNER}{bounds}", "tests that become asynchronous", tests_only=True),)


def _older(pytest: Entry) -> bool:
    """Whether the file holds pytest below 8."""
    limits = ((operator, int(number)) for operator, number in _AT_MOST.findall(pytest.text))
    return any(number < 8 or (operator, number) == ("<", 8) for operator, number in limits)


def _asynchronous_tests(project: Project) -> bool:
    asynchronous = project.colouring.asynchronous
    return any(
        function in asynchronous and (is_fixture(function) or is_test(function, module))
        for module in project.symbols.modules.values()
        for function in module.nodes.of(ast.FunctionDef)
    )
