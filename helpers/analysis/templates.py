"""Jinja templates: which attributes a template reads of the objects that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from jinja2 import Environment, TemplateError, nodes

SUFFIXES = (".html", ".jinja", ".jinja2", ".j2", ".htm", ".txt", ".xml", ".md")
_SAME_FILTERS = frozenset(
    {"list", "sort", "reverse", "first", "last", "batch", "slice", "unique", "select", "reject", "default"}
    | {"selectattr", "rejectattr", "d", "items", "dictsort", "random", "groupby"}
)
_DEEPEST = 12


@dataclass(frozen=True)
class TemplateRead:
    """A path of attributes that a template reads, from a name of its context on."""

    path: tuple[str, ...]
    file: str
    line: int


@dataclass(eq=False)
class Templates:
    """The templates below one folder, each read once."""

    root: Path
    files: tuple[str, ...]
    _parsed: dict[str, nodes.Template | None] = field(default_factory=dict, repr=False)

    def reads(self, name: str) -> tuple[TemplateRead, ...]:
        """What a template, and those that it extends or includes, read; nothing where the file cannot be told."""
        found: list[TemplateRead] = []
        seen: set[str] = set()
        queue = [name]
        while queue:
            file = self._file(queue.pop())
            if file is None or file in seen:
                continue
            seen.add(file)
            tree = self._tree(file)
            if tree is not None:
                found += Reader(file).read(tree)
                queue += _others(tree)
        return tuple(dict.fromkeys(found))

    def only_looped(self, name: str, key: str) -> bool:
        """Whether a template, with those that it extends or includes, does nothing with a name but loop over it."""
        seen: set[str] = set()
        queue = [name]
        while queue:
            file = self._file(queue.pop())
            tree = self._tree(file) if file else None
            if file is None or tree is None or _named_at_run_time(tree):
                return False
            if file not in seen:
                seen.add(file)
                looped = {id(loop.iter) for loop in tree.find_all(nodes.For) if not loop.recursive}
                if any(one.name == key and id(one) not in looped for one in tree.find_all(nodes.Name)):
                    return False
                queue += _others(tree)
        return True

    def _file(self, name: str) -> str | None:
        """The one file whose path ends with the name of a template."""
        wanted = PurePosixPath(name).parts
        fitting = [file for file in self.files if PurePosixPath(file).parts[-len(wanted) :] == wanted]
        return fitting[0] if len(fitting) == 1 else None

    def _tree(self, file: str) -> nodes.Template | None:
        if file not in self._parsed:
            try:
                text = (self.root / file).read_text(encoding="utf-8")
                self._parsed[file] = Environment(autoescape=True, extensions=["jinja2.ext.do"]).parse(text)
            except (OSError, UnicodeDecodeError, TemplateError):
                self._parsed[file] = None
        return self._parsed[file]


def _others(tree: nodes.Template) -> Iterator[str]:
    for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
        named = getattr(node, "template", None)
        if isinstance(named, nodes.Const):
            yield str(named.value)


def _named_at_run_time(tree: nodes.Template) -> bool:
    """Whether a template takes in another that its text does not name."""
    takes = list(tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)))
    return len(takes) != len(list(_others(tree)))


@dataclass(eq=False)
class Reader:
    """Reads one template; names that loops and assignments bind stand for what they are bound to."""

    file: str

    def read(self, tree: nodes.Template) -> Iterator[TemplateRead]:
        """Every path of attributes, from a name of the context on."""
        bound: dict[str, list[nodes.Node]] = {}
        for loop in tree.find_all(nodes.For):
            names = [loop.target] if isinstance(loop.target, nodes.Name) else loop.target.find_all(nodes.Name)
            for target in names:
                bound.setdefault(target.name, []).append(loop.iter)
        for given in tree.find_all(nodes.Assign):
            if isinstance(given.target, nodes.Name):
                bound.setdefault(given.target.name, []).append(given.node)
        for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.For)):
            value = node.iter if isinstance(node, nodes.For) else node
            for path in self._paths(value, bound, 0):
                if len(path) > 1:
                    yield TemplateRead(path, self.file, node.lineno)

    def _paths(self, node: nodes.Node, bound: dict[str, list[nodes.Node]], deep: int) -> Iterable[tuple[str, ...]]:
        """The paths that an expression may stand for, each beginning with a name of the context."""
        match node:
            case nodes.Name():
                if node.name in bound and deep < _DEEPEST:
                    found = {path for one in bound[node.name] for path in self._paths(one, bound, deep + 1)}
                    return found or {(node.name,)}
                return {(node.name,)}
            case nodes.Getattr():
                return {(*path, node.attr) for path in self._paths(node.node, bound, deep + 1)}
            case nodes.Getitem():
                key = node.arg.value if isinstance(node.arg, nodes.Const) else None
                paths = self._paths(node.node, bound, deep + 1)
                return {(*path, key) for path in paths} if isinstance(key, str) else paths
            case nodes.Filter() if node.node is not None and node.name in _SAME_FILTERS:
                return self._paths(node.node, bound, deep + 1)
            case nodes.Filter() if node.name == "map" and node.node is not None:
                names = [item.value.value for item in node.kwargs if isinstance(item.value, nodes.Const)]
                paths = self._paths(node.node, bound, deep + 1)
                return {(*path, str(name)) for path in paths for name in names} if names else paths
            case nodes.Call():
                return self._paths(node.node, bound, deep + 1)
            case nodes.CondExpr():
                parts = [part for part in (node.expr1, node.expr2) if part is not None]
                return {path for part in parts for path in self._paths(part, bound, deep + 1)}
            case nodes.Or() | nodes.And():
                return {path for part in (node.left, node.right) for path in self._paths(part, bound, deep + 1)}
        return ()
