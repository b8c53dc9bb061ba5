"""The packages that a call of setup() names in lists that are written out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module
from helpers.patterns.dependencies.entries import Entry, entry


def setup_calls(project: Project) -> Iterator[tuple[Module, ast.Call]]:
    """The calls of setuptools' or distutils' setup()."""
    for module, call in project.calls.get("setup", ()):
        if project.meanings.external(call.func, module).startswith(("setuptools.", "distutils.")):
            yield module, call


def setup_entries(project: Project, module: Module, call: ast.Call) -> list[Entry] | None:
    """What its `install_requires` names; None where the list is not written out in this file, or has none."""
    value = next((keyword.value for keyword in call.keywords if keyword.arg == "install_requires"), None)
    if isinstance(value, ast.Name):
        found = project.resolve(module, value.id, value)
        value = found.node if isinstance(found, Definition) and found.module is module else None  # type: ignore[assignment]
    if not isinstance(value, ast.List | ast.Tuple):
        return None
    source = project.sources[module.path]
    given = []
    for item in value.elts:
        if not (isinstance(item, ast.Constant) and isinstance(item.value, str)):
            return None
        start, end = source.segment(item)
        text = source.text[start:end]
        if text[1:-1] != item.value:
            return None
        given.append(entry(item.value, start + 1, "install_requires", "array"))
    return [one for one in given if one]
