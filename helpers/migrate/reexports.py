"""Which names of a file other files of the application read from it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from helpers.analysis.project import Project
from helpers.analysis.source import Source


def read_elsewhere(project: Project, path: str, names: Collection[str]) -> frozenset[str]:
    """Those of `names` that another file imports from the module at `path`, reads as an attribute or names in a string.

    Modules are told apart by their last name alone: a name is rather kept too often than lost.
    """
    module = _module_name(path)
    found: set[str] = set()
    for other, source in project.sources.items():
        if other != path and any(name in source.text for name in (*names, "*")) and module in source.text:
            found.update(_read(source, module, frozenset(names)))
    return frozenset(found)


def _module_name(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]


def _read(source: Source, module: str, names: frozenset[str]) -> Iterator[str]:
    nodes = list(ast.walk(source.tree))
    aliases = {module} | {alias for node in nodes for alias in _aliases(node, module)}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and _last(node.module or "") in {module, ""}:
            imported = {alias.name for alias in node.names}
            yield from names if "*" in imported else names & imported
        elif isinstance(node, ast.Attribute) and node.attr in names and _name(node.value) in aliases:
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and f"{module}." in node.value:
            yield from (name for name in names if f"{module}.{name}" in node.value)  # mock.patch("app.module.name")


def _aliases(node: ast.AST, module: str) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            if alias.asname and _last(alias.name) == module:
                yield alias.asname


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]
