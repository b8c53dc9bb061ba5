"""The vocabulary of the data flow: where an object comes from, and which relationships lead to it from there."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

from helpers.analysis.mapping import Entity
from helpers.analysis.symbols import Module

LONGEST_PATH = 6
MOST_UNKNOWN = 3  # attributes in a row of objects whose class is not known
LONGEST_VIA = 5

# what statements, results, lists and dictionaries are asked for, and what still holds the same objects
SAME_OBJECTS = frozenset(
    {"filter", "filter_by", "where", "join", "outerjoin", "options", "order_by", "group_by", "having", "limit"}
    | {"offset", "distinct", "execution_options", "with_for_update", "populate_existing", "yield_per", "select_from"}
    | {"all", "first", "one", "one_or_none", "scalars", "scalar", "scalar_one", "scalar_one_or_none", "unique"}
    | {"mappings", "tuples", "fetchall", "fetchone", "fetchmany", "partitions", "slice", "reset_joinpoint"}
    | {"values", "items", "get", "pop", "popitem", "copy", "setdefault", "result", "append", "extend", "__iter__"}
)
# what has rows of a statement no longer
NO_OBJECTS = frozenset(
    {"subquery", "cte", "alias", "exists", "scalar_subquery", "lateral", "c", "columns", "selected_columns"}
    | {"column_descriptions", "with_entities", "with_only_columns", "as_scalar", "count", "update", "delete"}
)


@dataclass(frozen=True)
class Root:
    """Where an object comes from: a parameter, a statement or `get` that loads it, or a constructor that makes it.

    `column` is its place in the rows of a statement that gives `width` values each.
    """

    kind: Literal["parameter", "load", "made"]
    node: ast.AST
    module: Module = field(compare=False)
    entity: Entity | None = field(default=None, compare=False)
    column: int = 0
    width: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Step:
    """One relationship (or column that is loaded later) of a mapped class; `target` is what it leads to."""

    owner: Entity = field(compare=False)
    name: str
    target: Entity | None = field(default=None, compare=False)
    many: bool = field(default=False, compare=False)
    kind: Literal["relationship", "deferred", "subclass"] = "relationship"
    key: str = ""

    @property
    def label(self) -> str:
        """`Class.attribute`."""
        return f"{self.owner.name}.{self.name}"


Part = Step | str
Path = tuple[Part, ...]


@dataclass(frozen=True)
class Ref:
    """An object: from `root` along `path`. A text in the path is an attribute of an object of unknown class.

    `via` are the calls that handed it out, the outermost first.
    """

    root: Root
    path: Path = ()
    via: tuple[ast.Call, ...] = ()

    @property
    def entity(self) -> Entity | None:
        """The mapped class of the object, where it is known."""
        if not self.path:
            return self.root.entity
        last = self.path[-1]
        return last.target if isinstance(last, Step) else None

    @property
    def known(self) -> bool:
        """Whether nothing is left to be told about the path."""
        return (self.entity is not None or bool(self.path)) and not any(isinstance(part, str) for part in self.path)

    def along(self, *parts: Part) -> Ref | None:
        """The object further along; None where the path goes round in circles or gets too long."""
        path = self.path + parts
        if sum(isinstance(part, str) for part in path) > MOST_UNKNOWN or len(path) > LONGEST_PATH:
            return None
        if any(part in self.path and isinstance(part, Step) for part in parts):
            return None
        return Ref(self.root, path, self.via)


Refs = frozenset[Ref]
NOTHING: Refs = frozenset()
