"""Special methods that Python calls itself: what they do cannot be awaited, and no name can be changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Definition

_INSTEAD = {
    "__iter__": "give a method that returns the list, or an asynchronous `__aiter__`, and change every loop",
    "__next__": "give a method that returns the list, or an asynchronous `__anext__`, and change every loop",
    "__del__": "nothing can be awaited when an object goes: close it explicitly",
}
_ASKED = frozenset(
    {"__getattr__", "__getattribute__", "__setattr__", "__len__", "__bool__", "__eq__", "__ne__", "__lt__", "__le__"}
    | {"__gt__", "__ge__", "__hash__", "__str__", "__repr__", "__format__", "__contains__", "__getitem__", "__int__"}
    | {"__setitem__", "__delitem__", "__add__", "__float__", "__get__", "__set__", "__set_name__"}
)


def implicit(project: Project) -> Iterator[tuple[Definition, ast.FunctionDef, str]]:
    """Each special method that leads to the database, with what to do about it by hand."""
    members = project.callgraph.targets.members
    for node in project.effects.io(Tier.BY_NAME):
        if isinstance(node, ast.FunctionDef) and node in members.owners and node.name in _ASKED | _INSTEAD.keys():
            instead = _INSTEAD.get(node.name, "load what it needs before, and let it read only that")
            yield members.owners[node], node, f"Python calls {node.name} itself and awaits nothing: {instead}"
