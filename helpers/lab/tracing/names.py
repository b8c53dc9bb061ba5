"""Names the functions of a stack as the application's source does, whichever Python recorded them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from helpers.analysis.source import read_source
from helpers.analysis.trace import Place
from helpers.errors import SourceError

Frame = tuple[str, int, int, str, str]
"""Path, line, first line of the function, its name, and the library that it called the next one through."""
_MODULE = "<module>"


class _Function(NamedTuple):
    first: int
    last: int
    name: str


@dataclass(frozen=True)
class Names:
    """The functions of the files below `root`, each file read when it is first asked for."""

    root: Path
    _known: dict[str, tuple[_Function, ...]] = field(default_factory=dict)

    def place(self, frame: Frame) -> Place:
        """The line of a frame, with the function around it."""
        found = self._function(frame)
        return Place(frame[0], frame[1], found.name if found else _plain(frame[3]))

    def function(self, frame: Frame) -> Place | None:
        """The first line of a frame's function; None for the body of a module or a class, and for a template.

        A comprehension or a lambda belongs to the function around it.
        """
        if frame[3] in (_MODULE, "<template>"):
            return None
        found = self._function(frame)
        if found:
            return Place(frame[0], found.first, found.name)
        readable = self._functions(frame[0])
        return None if readable or frame[3].startswith("<") else Place(frame[0], frame[2], _plain(frame[3]))

    def _function(self, frame: Frame) -> _Function | None:
        path, _, first, name, _ = frame
        functions = self._functions(path)
        if name.rpartition(".")[2].startswith("<"):
            around = [item for item in functions if item.first <= first <= item.last]
            return max(around, default=None)
        return next((item for item in functions if item.first == first), None)

    def _functions(self, path: str) -> tuple[_Function, ...]:
        if path not in self._known:
            self._known[path] = tuple(self._read(path)) if path.endswith(".py") else ()
        return self._known[path]

    def _read(self, path: str) -> Iterator[_Function]:
        try:
            yield from _functions(read_source(self.root, path).tree, ())
        except SourceError:  # too new for this Python: the names that the recorder saw are used
            return


def _functions(node: ast.AST, around: tuple[str, ...]) -> Iterator[_Function]:
    for child in ast.iter_child_nodes(node):
        inside = around
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inside = (*around, child.name)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([child.lineno, *(item.lineno for item in child.decorator_list)])
            yield _Function(first, child.end_lineno or first, ".".join(inside))
        yield from _functions(child, inside)


def _plain(name: str) -> str:
    return name.replace(".<locals>", "")
