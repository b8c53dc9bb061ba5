"""What turning a family asynchronous changes, place by place, and what holds it back."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.symbols import Module
from helpers.model import Bridge, Edit, ImportName

if TYPE_CHECKING:
    from helpers.analysis.source import Located


@dataclass(frozen=True, eq=False)
class Change:
    """One place. `pattern` is the name of the pattern that it belongs to."""

    pattern: str
    module: Module
    node: Located
    message: str
    edits: tuple[Edit, ...]
    adds: tuple[ImportName, ...] = ()
    drops: tuple[str, ...] = ()
    bridge: Bridge = ""


@dataclass(frozen=True, eq=False)
class Obstacle:
    """One place that cannot follow, so that its family is left; because of `function`, where that is to be awaited."""

    pattern: str
    module: Module
    node: Located
    reason: str
    function: ast.AST | None = None

    @property
    def place(self) -> str:
        """`path:line`."""
        return f"{self.module.path}:{self.node.lineno}"


@dataclass(eq=False)
class Outcome:
    """What one family comes to."""

    changes: list[Change] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)
    functions: dict[ast.AST, Module] = field(default_factory=dict)
    lists: set[ast.AST] = field(default_factory=set)
    only_types: bool = False  # nothing in it tells which session is passed, and that alone holds it back
