"""Pairs the queries of two trees, file by file; pure but for reading the files."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clauses.pairing import Pair, Placed, Unit, moved, pair_units, units
from benchmarks.trees import python_files

Trees = Mapping[str, ast.Module]


@dataclass(frozen=True)
class Unread:
    """A file that this Python cannot parse, and why."""

    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """All queries of the old tree with what became of them, and the files that were not read."""

    pairs: tuple[Pair, ...]
    unread: tuple[Unread, ...] = ()


def compare_folders(before: Path, after: Path) -> Comparison:
    """Pair the queries of all Python files of two folders."""
    unread: list[Unread] = []
    old, new = (_parsed(root, unread) for root in (before, after))
    return Comparison(compare_trees(old, new), tuple(unread))


def compare_trees(old: Trees, new: Trees) -> tuple[Pair, ...]:
    """Pair the queries of modules by path; a query that has no counterpart in its own function is looked for in all."""
    found: list[Pair] = []
    spare: list[Placed] = []
    for path in sorted(old.keys() | new.keys()):
        before, after = (units(tree[path], path) if path in tree else {} for tree in (old, new))
        pairs = [pair for unit in before.values() for pair in _pairs(unit, after.get(unit.symbol))]
        found += pairs
        spare += _unused(after.values(), pairs)
    lossy = [pair for pair in found if pair.lost]
    again = dict(zip(map(id, lossy), moved(lossy, spare), strict=True))
    return tuple(again.get(id(pair), pair) for pair in found)


def _pairs(old: Unit, new: Unit | None) -> list[Pair]:
    if new is None:
        return [Pair(item, None, (item.text,)) for item in old.placed]
    return pair_units(old, new)


def _unused(after: Iterable[Unit], pairs: list[Pair]) -> Iterator[Placed]:
    used = {id(pair.new.chain.node) for pair in pairs if pair.new and not pair.lost}
    for unit in after:
        yield from (item for item in unit.placed if id(item.chain.node) not in used)


def parse(text: str | bytes) -> ast.Module:
    """A module with every name of SQLAlchemy written as SQLAlchemy has it, whatever it was imported as."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        tree = ast.parse(text)
    waited = _Waited().visit(named_alike(tree))
    assert isinstance(waited, ast.Module)
    return waited


def named_alike(tree: ast.Module) -> ast.Module:
    """The module with the names of SQLAlchemy as SQLAlchemy has them; it is changed in place."""
    names, modules = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _of_sqlalchemy(node.module or ""):
            names.update({item.asname: item.name for item in node.names if item.asname})
        elif isinstance(node, ast.Import):
            modules |= {item.asname or item.name for item in node.names if _of_sqlalchemy(item.name)}
            modules |= {item.name.partition(".")[0] for item in node.names if _bare(item)}
    renamed = _Renamed(names, modules).visit(tree)
    assert isinstance(renamed, ast.Module)
    return renamed


def _of_sqlalchemy(module: str) -> bool:
    return module.partition(".")[0] in ("sqlalchemy", "sqlmodel")


def _bare(item: ast.alias) -> bool:
    """`import sqlalchemy.exc` gives the name `sqlalchemy` too."""
    return not item.asname and _of_sqlalchemy(item.name)


class _Renamed(ast.NodeTransformer):
    """`sa.select` and `sql_select` become `select`, so that both trees speak alike."""

    def __init__(self, names: Mapping[str, str], modules: set[str]) -> None:
        self.names, self.modules = names, modules

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.names:
            return ast.copy_location(ast.Name(self.names[node.id], node.ctx), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if ast.unparse(node.value) in self.modules:
            return ast.copy_location(ast.Name(node.attr, node.ctx), node)
        return node


class _Waited(ast.NodeTransformer):
    def visit_Await(self, node: ast.Await) -> ast.AST:
        """To wait for a statement is no clause of it."""
        return self.visit(node.value)  # type: ignore[no-any-return]  # visit gives Any


def _parsed(root: Path, unread: list[Unread]) -> dict[str, ast.Module]:
    found = {}
    for path in python_files(root):
        try:
            found[path] = parse((root / path).read_bytes())
        except (SyntaxError, ValueError) as error:
            unread.append(Unread(path, str(error)))
    return found
