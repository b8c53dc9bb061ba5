"""Whether a piece of a test says the same as before, but for what the engine itself writes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.tests_kept.queries import same_query
from benchmarks.tests_kept.spellings import FACTORIES, new_keyword, opened, renamed, same_text

_TURNED = {ast.AsyncFunctionDef: ast.FunctionDef, ast.AsyncFor: ast.For, ast.AsyncWith: ast.With}
# Annotations check nothing.
_PASSED_OVER = frozenset({"ctx", "kind", "type_comment", "annotation", "returns", "type_params"})


def same_type(old: ast.AST, new: ast.AST) -> bool:
    """Whether both are the same kind of node, or the new one is its asynchronous form."""
    return type(old) is type(new) or _TURNED.get(type(new)) is type(old)


@dataclass(frozen=True)
class Rewrites:
    """Answers for one file. `runs` are the names that it calls the face's `run` by, `own` those kept on `self`."""

    runs: frozenset[str] = frozenset()
    own: bool = False

    def same(self, old: ast.AST, new: ast.AST) -> bool:
        """Whether `new` is `old`, or what the engine makes of it."""
        if self._alike(old, new) or same_query(old, new):
            return True
        return any(self.same(old, inner) for inner in opened(new, self.runs) if not _plain_method(old, new, inner))

    def _alike(self, old: ast.AST, new: ast.AST) -> bool:
        if isinstance(old, ast.Name) and self._kept_on_self(old, new):
            return True
        if not same_type(old, new):
            return False
        match old, new:
            case ast.Constant(value=before), ast.Constant(value=after):
                return _same_constant(before, after)
            case ast.Name(id=before), ast.Name(id=after):
                return renamed(before, after)
            case ast.Attribute(attr=before), ast.Attribute(attr=after):
                return renamed(before, after) and self.same(old.value, new.value)
            case ast.Call(), ast.Call():
                return self._same_call(old, new)
            case ast.comprehension(), ast.comprehension():
                return self._same_loop(old, new) and self.all_same(old.ifs, new.ifs) and old.is_async <= new.is_async
            case ((ast.For() | ast.AsyncFor()), (ast.For() | ast.AsyncFor())):
                return self._same_loop(old, new) and self._same_fields(old, new, ("body", "orelse"))
        return self._same_fields(old, new)

    def all_same(self, old: Sequence[ast.AST], new: Sequence[ast.AST]) -> bool:
        """Whether two lists are the same, item by item."""
        return len(old) == len(new) and all(map(self.same, old, new))

    def same_header(self, old: ast.stmt, new: ast.stmt) -> bool:
        """Whether two compound statements are the same but for the statements in them."""
        if isinstance(old, ast.For | ast.AsyncFor) and isinstance(new, ast.For | ast.AsyncFor):
            return self._same_loop(old, new)
        names = [name for name in old._fields if name not in ("body", "orelse", "finalbody", "handlers", "cases")]
        return same_type(old, new) and self._same_fields(old, new, names)

    def _same_loop(
        self, old: ast.For | ast.AsyncFor | ast.comprehension, new: ast.For | ast.AsyncFor | ast.comprehension
    ) -> bool:
        if not self.same(old.target, new.target):
            return False
        return self.same(old.iter, new.iter) or same_query(old.iter, new.iter, iterated=True)

    def _same_call(self, old: ast.Call, new: ast.Call) -> bool:
        """Whether function and arguments are the same; keywords that the engine adds may be more."""
        if not (self.same(old.func, new.func) and self.all_same(old.args, new.args)):
            return False
        stay = [one for one in new.keywords if not new_keyword(new, one) or any(one.arg == k.arg for k in old.keywords)]
        if getattr(new.func, "id", "") in FACTORIES:
            return self._same_options(old.keywords, stay)
        return self.all_same(old.keywords, stay)

    def _same_options(self, old: Sequence[ast.keyword], new: Sequence[ast.keyword]) -> bool:
        """Options of an engine or a factory: what an asynchronous one does not know (autocommit, future) may go."""
        known = {one.arg: one.value for one in old}
        return all(one.arg in known and self.same(known[one.arg], one.value) for one in new)

    def _same_fields(self, old: ast.AST, new: ast.AST, only: Sequence[str] = ()) -> bool:
        names = only or [name for name in old._fields if name not in _PASSED_OVER]
        return all(self._same_value(getattr(old, name, None), getattr(new, name, None)) for name in names)

    def _same_value(self, old: object, new: object) -> bool:
        if isinstance(old, list) and isinstance(new, list):
            return len(old) == len(new) and all(map(self._same_value, old, new))
        if isinstance(old, ast.AST) and isinstance(new, ast.AST):
            return self.same(old, new)
        return old == new

    def _kept_on_self(self, old: ast.Name, new: ast.AST) -> bool:
        """`db` of a constructor is `self.db` in the method that does what the constructor did."""
        return self.own and isinstance(new, ast.Attribute) and ast.unparse(new) == f"self.{old.id}"


def _same_constant(old: object, new: object) -> bool:
    """`1` is not `True`: an assertion would not be the same."""
    if isinstance(old, str) and isinstance(new, str):
        return same_text(old, new)
    return type(old) is type(new) and repr(old) == repr(new)


def _plain_method(old: ast.AST, new: ast.AST, inner: ast.AST) -> bool:
    """Whether taking the call away would compare something other than an attribute with a method."""
    return isinstance(new, ast.Call) and isinstance(inner, ast.Attribute) and not isinstance(old, ast.Attribute)
