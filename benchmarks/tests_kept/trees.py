"""Compares the tests of two trees, file by file."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clauses.trees import named_alike
from benchmarks.tests_kept.definitions import Suite, count_checks, is_test
from benchmarks.tests_kept.difference import Counted, Difference, Kept, Place
from benchmarks.tests_kept.rewrites import Rewrites
from benchmarks.tests_kept.settings import compare_settings, runs_by_itself
from benchmarks.tests_kept.spellings import renamed
from benchmarks.trees import python_files
from helpers.analysis.faces import RUN, STEM
from helpers.lab.tracing.merge import TESTS

_of_tests = re.compile(TESTS).search


@dataclass(frozen=True)
class Read:
    """A file of tests: its tree, or why there is none."""

    data: bytes
    tree: ast.Module | None
    reason: str = ""


def compare_folders(before: Path, after: Path) -> Kept:
    """What the tests below two folders differ in, the settings of pytest included."""
    old, new = read_tests(before), read_tests(after)
    automatic = runs_by_itself(after)
    found = [one for path in sorted(old.keys() | new.keys()) for one in _file(path, old, new, automatic)]
    found += compare_settings(before, after)
    return Kept(counted(old), counted(new), tuple(sorted(found)))


def read_tests(root: Path) -> dict[str, Read]:
    """The files of tests below `root` by path."""
    return {path: _read((root / path).read_bytes()) for path in python_files(root) if _of_tests(path)}


def counted(files: Mapping[str, Read]) -> Counted:
    """How many files, tests and checks there are."""
    trees = [read.tree for read in files.values() if read.tree]
    tests = sum(is_test(node) for tree in trees for node in ast.walk(tree))
    return Counted(len(files), tests, sum(count_checks(tree.body) for tree in trees))


def _file(path: str, old: Mapping[str, Read], new: Mapping[str, Read], automatic: bool) -> Iterator[Difference]:
    if path not in old or path not in new:
        word = "gone" if path in old else "new"
        yield Difference(Place(path), "", "file", word, harmless=path in new and not path.endswith("conftest.py"))
        return
    before, after = old[path], new[path]
    if before.data == after.data:
        return
    if before.tree is None or after.tree is None:
        yield Difference(Place(path), "", "file", "changed", after=f"not read: {before.reason or after.reason}")
        return
    yield from compare_modules(path, before.tree, after.tree, automatic=automatic)


def compare_modules(path: str, old: ast.Module, new: ast.Module, *, automatic: bool = False) -> Iterator[Difference]:
    """What two states of one file of tests differ in. `automatic`: a setting has asynchronous tests run."""
    old, new = (_single(tree) for tree in (old, new))
    before, after = imports(old), imports(new)
    runs = frozenset(name for name, source in after.items() if source.endswith(f"{STEM}.{RUN}"))
    old, new = named_alike(old), named_alike(new)
    yield from _imported(path, before, after)
    yield from Suite(path, Rewrites(runs), automatic or _marked(new)).compare(old.body, new.body)


def imports(tree: ast.Module) -> dict[str, str]:
    """Where the names come from that a module imports."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            found |= {item.asname or item.name: f"{source}.{item.name}" for item in node.names}
        elif isinstance(node, ast.Import):
            found |= {item.asname: item.name for item in node.names if item.asname}
    return found


def _imported(path: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    """Names that mean something else than before."""
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name], after[name]
        same = renamed(old.rpartition(".")[2], new.rpartition(".")[2])
        if old != new and not (same and _of_sqlalchemy(old) and _of_sqlalchemy(new)):
            yield Difference(Place(path), "", "import", "changed", old, new)


def _of_sqlalchemy(source: str) -> bool:
    return source.partition(".")[0] in ("sqlalchemy", "sqlmodel")


def _marked(tree: ast.Module) -> bool:
    """Whether a `pytestmark` has every asynchronous test of a file run."""
    told = [ast.unparse(node.value) for node in tree.body if isinstance(node, ast.Assign) and _is_mark(node)]
    return any("mark.asyncio" in text or "mark.anyio" in text for text in told)


def _is_mark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def _read(data: bytes) -> Read:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return Read(data, ast.parse(data))
    except (SyntaxError, ValueError) as error:
        return Read(data, None, str(error))


def _single(tree: ast.Module) -> ast.Module:
    """The module with each manager in a `with` of its own, as the engine writes them where colours mix."""
    result = _Single().visit(tree)
    assert isinstance(result, ast.Module)
    return result


class _Single(ast.NodeTransformer):
    def visit_With(self, node: ast.With) -> ast.With:
        self.generic_visit(node)
        for item in node.items[:0:-1]:
            inner = ast.copy_location(ast.With([item], node.body), node)
            node.items, node.body = node.items[:-1], [inner]
        return node

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AsyncWith:
        self.generic_visit(node)
        for item in node.items[:0:-1]:
            inner = ast.copy_location(ast.AsyncWith([item], node.body), node)
            node.items, node.body = node.items[:-1], [inner]
        return node
