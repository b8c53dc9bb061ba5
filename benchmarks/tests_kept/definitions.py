"""Compares functions and classes of two modules by name: decorators, parameters, base classes and bodies."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from benchmarks.tests_kept.bodies import DEFINITIONS, Where, bodies, text
from benchmarks.tests_kept.checking import checks
from benchmarks.tests_kept.difference import Difference
from benchmarks.tests_kept.rewrites import Rewrites
from benchmarks.tests_kept.spellings import HOOKS_OF_TESTCASE

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
_RUNNERS = ("pytest.mark.asyncio", "pytest.mark.anyio")
_FIXTURES = frozenset({"pytest.fixture", "fixture", "pytest_asyncio.fixture"})
_SKIPPING = ("skip", "skipif", "xfail")


@dataclass(frozen=True)
class Suite:
    """What holds for all of one file: its path, how it writes, and whether a setting has async tests run."""

    path: str
    rewrites: Rewrites
    automatic: bool = False

    def compare(self, old: Sequence[ast.stmt], new: Sequence[ast.stmt], name: str = "") -> Iterator[Difference]:
        """What the definitions and statements of two modules or classes differ in."""
        where = Where(self.path, name, self.rewrites, inside=False)
        yield from bodies(old, new, where)
        yield from self.definitions(old, new, name)

    def definitions(self, old: Sequence[ast.stmt], new: Sequence[ast.stmt], name: str) -> Iterator[Difference]:
        """What functions and classes differ in, each compared with that of its name."""
        before, after = named(old), named(new)
        for called, nodes in before.items():
            others = after.get(called) or after.get(HOOKS_OF_TESTCASE.get(called, ""), [])
            where = Where(self.path, f"{name}::{called}".removeprefix("::"), self.rewrites)
            yield from self._pairs(nodes, others, where)
        for called, others in after.items():
            if called not in before and called not in map(HOOKS_OF_TESTCASE.get, before):
                where = Where(self.path, f"{name}::{called}".removeprefix("::"), self.rewrites)
                yield from (where.new(node, _noun(node), harmless=_calm(node)) for node in others)

    def _pairs(self, old: Sequence[Definition], new: Sequence[Definition], where: Where) -> Iterator[Difference]:
        for before, after in zip_longest(old, new):
            if after is None:
                yield where.gone(before, _noun(before))
            elif before is None:  # the last of two of one name is the one that runs
                yield where.new(after, _noun(after))
            elif isinstance(before, ast.ClassDef) and isinstance(after, ast.ClassDef):
                yield from self._class(before, after, where)
            elif isinstance(before, ast.ClassDef) or isinstance(after, ast.ClassDef):
                yield where.changed(before, after, _noun(before))
            else:
                yield from self._function(before, after, where)

    def _class(self, old: ast.ClassDef, new: ast.ClassDef, where: Where) -> Iterator[Difference]:
        yield from decorators(old, new, where)
        if not self.rewrites.all_same([*old.bases, *old.keywords], [*new.bases, *new.keywords]):
            yield Difference(where.place(old), where.test, "class", "changed", _head(old), _head(new))
        inner = replace(self, automatic=run_in_class(new, self.automatic))
        yield from inner.compare(old.body, _undivided(old, new), where.test)

    def _function(self, old: Function, new: Function, where: Where) -> Iterator[Difference]:
        yield from decorators(old, new, where)
        yield from parameters(old, new, where)
        if isinstance(old, ast.AsyncFunctionDef) and isinstance(new, ast.FunctionDef):
            yield where.changed(old, new, "colour")
        if is_test(new) and _turned(old, new) and not (self.automatic or _run_by_mark(new)):
            yield Difference(where.place(old), where.test, "test", "changed", after="nothing runs it: no mark, no mode")
        where = replace(where, rewrites=replace(where.rewrites, own=old.name == "__init__"))
        yield from bodies(old.body, new.body, where)
        inner = replace(self, rewrites=where.rewrites)
        yield from inner.definitions(old.body, new.body, where.test)


def decorators(old: Definition, new: Definition, where: Where) -> Iterator[Difference]:
    """Marks, parameters and patches that are gone, new or say something else."""
    left = [node for node in new.decorator_list if not _added(node, old)]
    for node in old.decorator_list:
        same = next((one for one in left if _same_decorator(node, one, where.rewrites)), None)
        like = same or next((one for one in left if _maker(one) == _maker(node)), None)
        if like is None:
            yield where.gone(node, "decorator")
            continue
        left.remove(like)
        if same is None:
            yield where.changed(node, like, "decorator")
    yield from (where.new(node, "skip" if _skips(node) else "decorator") for node in left)


def parameters(old: Function, new: Function, where: Where) -> Iterator[Difference]:
    """Parameters that are gone, in another order, or have another default; new ones have one and come last."""
    before, after = old.args, new.args
    names, others = ([one.arg for one in [*args.posonlyargs, *args.args]] for args in (before, after))
    same = names == others and where.rewrites.all_same(before.defaults, after.defaults)
    kept = {one.arg for one in after.kwonlyargs} >= {one.arg for one in before.kwonlyargs}
    if not (same and kept):
        yield Difference(where.place(old), where.test, "parameters", "changed", ast.unparse(before), ast.unparse(after))


def named(body: Sequence[ast.stmt]) -> Mapping[str, list[Definition]]:
    """The functions and classes of a body by name, also those under a condition."""
    found: defaultdict[str, list[Definition]] = defaultdict(list)
    for node in _reached(body):
        found[node.name].append(node)
    return found


def is_test(node: ast.AST) -> bool:
    """Whether pytest takes a function for a test by its name."""
    return isinstance(node, Function) and node.name.startswith("test")


def _reached(body: Sequence[ast.stmt]) -> Iterator[Definition]:
    for node in body:
        if isinstance(node, DEFINITIONS):
            yield node
        else:
            for name in ("body", "orelse", "finalbody", "handlers"):
                inner = getattr(node, name, [])
                yield from _reached([stmt for one in inner for stmt in one.body] if name == "handlers" else inner)


def _noun(node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        return "class"
    return "test" if is_test(node) else "hook" if node.name.startswith("pytest_") else "function"


def _calm(node: Definition) -> bool:
    """Whether a new definition changes nothing by itself: it is no hook and no fixture that every test uses."""
    everywhere = any("autouse=True" in ast.unparse(one) for one in node.decorator_list)
    return not everywhere and _noun(node) != "hook"


def _added(node: ast.expr, old: Definition) -> bool:
    """Whether it is the mark that has a test awaited, which was none before."""
    return _maker(node) in _RUNNERS and _maker(node) not in map(_maker, old.decorator_list)


def _same_decorator(old: ast.expr, new: ast.expr, rewrites: Rewrites) -> bool:
    if _maker(old) == _maker(new) == "fixture":
        return rewrites.same(_arguments(old), _arguments(new))
    return rewrites.same(old, new)


def _arguments(decorator: ast.expr) -> ast.Call:
    """A call of a fixture's decorator under one name, with brackets or without."""
    given = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
    return ast.Call(ast.Name("fixture", ast.Load()), given.args, given.keywords)


def _maker(decorator: ast.expr) -> str:
    """What makes it; a fixture is one, whoever runs it."""
    name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return "fixture" if name in _FIXTURES else name


def _skips(decorator: ast.expr) -> bool:
    return _maker(decorator).rpartition(".")[2] in _SKIPPING


def _turned(old: Function, new: Function) -> bool:
    return isinstance(old, ast.FunctionDef) and isinstance(new, ast.AsyncFunctionDef)


def _run_by_mark(node: Function) -> bool:
    return any(_maker(one) in _RUNNERS for one in node.decorator_list)


def run_in_class(node: ast.ClassDef, automatic: bool) -> bool:
    """Whether something runs the asynchronous tests of a class; a TestCase calls them and awaits nothing."""
    bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
    if "IsolatedAsyncioTestCase" in bases:
        return True
    return "TestCase" not in bases and (automatic or any(_maker(one) in _RUNNERS for one in node.decorator_list))


def _head(node: ast.ClassDef) -> str:
    return text(ast.ClassDef(node.name, node.bases, node.keywords, [ast.Pass()], []))


def _undivided(old: ast.ClassDef, new: ast.ClassDef) -> list[ast.stmt]:
    """The body of a class with `load()` put back into the constructor that it was taken from."""
    before, after = named(old.body), named(new.body)
    if "load" in before or "load" not in after or "__init__" not in after:
        return new.body
    (init, *_), (load, *_) = after["__init__"], after["load"]
    rest = [node for node in load.body if ast.unparse(node) != "return self" and not _is_text(node)]
    whole = ast.FunctionDef("__init__", init.args, [*init.body, *rest], init.decorator_list)  # type: ignore[union-attr]  # no class
    return [ast.copy_location(whole, init) if node is init else node for node in new.body if node is not load]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def count_checks(nodes: Sequence[ast.stmt]) -> int:
    """How much is checked below some statements."""
    return sum(1 for node in nodes for _ in checks(node))
