"""Which pytest fixture a parameter of a test, or of another fixture, is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class Fixtures:
    """Answers for all tests of one project."""

    project: Project

    @cached_property
    def _all(self) -> Mapping[str, tuple[Definition, ...]]:
        """Every fixture by its name."""
        found: dict[str, list[Definition]] = {}
        for module in self.project.symbols.modules.values():
            for function in _functions(module):
                if is_fixture(function):
                    found.setdefault(_name(function), []).append(Definition(module, function.name, function))
        return {name: tuple(fixtures) for name, fixtures in found.items()}

    def of(self, function: FunctionNode, argument: ast.arg, module: Module) -> Definition | None:
        """The fixture that a parameter means: of the same file, of the nearest conftest.py above, else of a plugin."""
        if argument.arg not in self._all or not (is_test(function, module) or is_fixture(function)):
            return None
        near = [one for one in self._all[argument.arg] if one.node is not function and _visible(one.module, module)]
        return max(near, key=lambda one: _nearness(one.module, module), default=None)

    def handed(self, module: Module) -> Iterator[tuple[FunctionNode, ast.arg, Definition]]:
        """Every parameter of a file that is given a fixture."""
        for function in _functions(module) if self._all else ():
            for argument in [*function.args.args, *function.args.kwonlyargs]:
                if found := self.of(function, argument, module):
                    yield function, argument, found


def is_fixture(function: FunctionNode) -> bool:
    """Whether pytest makes values with it."""
    makers = (item.func if isinstance(item, ast.Call) else item for item in function.decorator_list)
    return any((dotted_name(maker) or "").rpartition(".")[2] == "fixture" for maker in makers)


def is_test(function: FunctionNode, module: Module) -> bool:
    """Whether pytest runs it as a test, by its usual names."""
    file = module.path.rpartition("/")[2]
    return function.name.startswith("test") and (file.startswith("test_") or file.endswith("_test.py"))


def _functions(module: Module) -> list[FunctionNode]:
    return [*module.nodes.of(ast.FunctionDef), *module.nodes.of(ast.AsyncFunctionDef)]


def _name(function: FunctionNode) -> str:
    for decorator in function.decorator_list:
        for keyword in getattr(decorator, "keywords", ()):
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return function.name


def _visible(fixture: Module, module: Module) -> bool:
    """Whether tests of a file may take a fixture of another: a file that holds no tests itself may be a plugin."""
    if fixture is module:
        return True
    folder, _, file = fixture.path.rpartition("/")
    if file == "conftest.py":
        return not folder or module.path.startswith(f"{folder}/")
    return not (file.startswith("test_") or file.endswith("_test.py"))


def _nearness(fixture: Module, module: Module) -> tuple[bool, bool, int]:
    file = fixture.path.rpartition("/")[2]
    return fixture is module, file == "conftest.py", len(fixture.path)
