"""Compares two bodies statement by statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.tests_kept.alignment import COMPOUND, align, same_statement
from benchmarks.tests_kept.checking import harmless, kind
from benchmarks.tests_kept.difference import Difference, Place
from benchmarks.tests_kept.rewrites import Rewrites

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LEFT_OUT = (*DEFINITIONS, ast.Import, ast.ImportFrom, ast.Pass, ast.Global, ast.Nonlocal)
_LONGEST = 160


@dataclass(frozen=True)
class Where:
    """The test, fixture or other function that is compared, or a class or module (`inside` no function)."""

    path: str
    test: str
    rewrites: Rewrites
    inside: bool = True

    def gone(self, node: ast.AST, what: str = "") -> Difference:
        """Something that there is no more."""
        return Difference(self.place(node), self.test, what or kind(node), "gone", before=text(node))

    def new(self, node: ast.AST, what: str = "", *, harmless: bool = False) -> Difference:
        """Something that was not there."""
        return Difference(self.place(node), self.test, what or kind(node), "new", after=text(node), harmless=harmless)

    def changed(self, old: ast.AST, new: ast.AST, what: str = "") -> Difference:
        """Something that says something else."""
        return Difference(self.place(old), self.test, what or kind(old), "changed", text(old), text(new))

    def place(self, node: ast.AST) -> Place:
        """Where a node stands."""
        return Place(self.path, getattr(node, "lineno", 0))


def bodies(old: Sequence[ast.stmt], new: Sequence[ast.stmt], where: Where) -> Iterator[Difference]:
    """What two bodies differ in; definitions and imports in them are compared elsewhere."""
    pairs = align(_own(old), _own(new), where.rewrites)
    found = [one for before, after in pairs for one in _pair(before, after, where)]
    yield from _without_moved(found)


def text(node: ast.AST) -> str:
    """The first line of some code, not too long of it."""
    written = ast.unparse(node).strip()
    first, more, _ = written.partition("\n")
    return f"{first[:_LONGEST]} …" if more or len(first) > _LONGEST else first


def _own(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return [node for node in body if not isinstance(node, _LEFT_OUT)]


def _pair(old: ast.stmt | None, new: ast.stmt | None, where: Where) -> Iterator[Difference]:
    if old is None and new is not None:
        yield where.new(new, harmless=harmless(new, inside=where.inside))
    elif new is None and old is not None:
        yield where.gone(old)
    elif old is not None and new is not None and not same_statement(old, new, where.rewrites):
        yield from _compound(old, new, where) if isinstance(old, COMPOUND) else [where.changed(old, new)]


def _compound(old: ast.stmt, new: ast.stmt, where: Where) -> Iterator[Difference]:
    if not where.rewrites.same_header(old, new):
        yield where.changed(old, new)
    yield from _blocks(old, new, where)
    for name in ("handlers", "cases"):
        before, after = (getattr(node, name, []) for node in (old, new))
        if len(before) != len(after):
            yield where.changed(old, new)
        for one, other in zip(before, after, strict=False):
            if not all(_same_part(one, other, part, where.rewrites) for part in ("type", "pattern", "guard")):
                yield where.changed(one, other, "handler")
            yield from _blocks(one, other, where)


def _blocks(old: ast.AST, new: ast.AST, where: Where) -> Iterator[Difference]:
    for name in ("body", "orelse", "finalbody"):
        yield from bodies(getattr(old, name, []), getattr(new, name, []), where)


def _same_part(old: ast.AST, new: ast.AST, name: str, rewrites: Rewrites) -> bool:
    before, after = getattr(old, name, None), getattr(new, name, None)
    return before is after if before is None or after is None else rewrites.same(before, after)


def _without_moved(found: Sequence[Difference]) -> Iterator[Difference]:
    """A statement that checks nothing and stands elsewhere in the same body is no difference."""
    gone = [one.before for one in found if one.word == "gone" and one.what == "statement"]
    new = [one.after for one in found if one.word == "new" and one.what == "statement"]
    moved = set(gone) & set(new)
    yield from (one for one in found if (one.before or one.after) not in moved)
