"""The order of the statements in one function: what surely ran before a place, what surely runs after it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.nodes import children
from helpers.analysis.scopes import Scopes

_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, eq=False)
class Flow:
    """Answers for one module; it follows blocks of statements, never the calls inside them."""

    scopes: Scopes

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The innermost statement around `node`, itself when it is one."""
        around = (node, *self.scopes.ancestors(node))
        return next((item for item in around if isinstance(item, ast.stmt)), None)

    def block(self, node: ast.stmt) -> list[ast.stmt]:
        """The statements among which `node` stands."""
        parent = self.scopes.parents.get(node)
        for name in ("body", "orelse", "finalbody"):
            found = getattr(parent, name, None)
            if isinstance(found, list) and node in found:
                return found
        return [node]

    def before(self, node: ast.stmt) -> Iterator[ast.stmt]:
        """What surely ran before `node` in its function, the nearest first; of what is around it, the headers."""
        while True:
            block = self.block(node)
            yield from reversed(block[: block.index(node)])
            parent = self.scopes.parents.get(node)
            if isinstance(parent, ast.Try) and block is parent.orelse:
                yield from reversed(parent.body)
            if isinstance(parent, ast.ExceptHandler | ast.match_case):
                parent = self.scopes.parents.get(parent)
            if not isinstance(parent, ast.stmt) or isinstance(parent, _NESTED):
                return
            yield parent
            node = parent

    def around(self, node: ast.stmt) -> Iterator[tuple[ast.stmt, list[ast.stmt]]]:
        """Each compound statement around `node` in its function, innermost first, with the block that leads to it."""
        while True:
            block = self.block(node)
            parent = self.scopes.parents.get(node)
            if isinstance(parent, ast.ExceptHandler | ast.match_case):
                parent = self.scopes.parents.get(parent)
            if not isinstance(parent, ast.stmt) or isinstance(parent, _NESTED):
                return
            yield parent, block
            node = parent

    def after(self, node: ast.stmt) -> Iterator[ast.stmt]:
        """What runs after `node` and only then, in order, unless something is raised or the function is left."""
        while True:
            block = self.block(node)
            yield from block[block.index(node) + 1 :]
            parent = self.scopes.parents.get(node)
            if isinstance(parent, ast.With | ast.AsyncWith):
                node = parent
                continue
            if not isinstance(parent, ast.Try):
                return
            if block is parent.body:
                yield from parent.orelse  # which runs only when the body did not fail
            if block is not parent.finalbody:
                if not all(map(_left, parent.handlers)):
                    return
                yield from parent.finalbody
            node = parent

    def later(self, node: ast.stmt) -> Iterator[ast.stmt]:
        """Everything else that may run after `node` in its function: what follows the blocks around, loops again."""
        ended = _ends(self.block(node))
        for parent, inner in self.around(node):
            block = self.block(parent)
            if isinstance(parent, ast.Try):  # its `else` is for those who come from its body
                yield from (*(parent.orelse if inner is parent.body else ()), *parent.finalbody)
            if ended is ast.Return or ended is ast.Raise:
                continue
            if isinstance(parent, ast.For | ast.While | ast.AsyncFor):
                if ended is not ast.Break:
                    yield parent
                ended = None
            if ended is None:
                yield from block[block.index(parent) + 1 :]
                ended = _ends(block)


def _ends(block: list[ast.stmt]) -> type[ast.stmt] | None:
    """What a block ends with, when that leaves it."""
    return type(block[-1]) if isinstance(block[-1], _LEAVES) else None


def _left(handler: ast.ExceptHandler) -> bool:
    return leaves(handler.body)


def leaves(block: list[ast.stmt]) -> bool:
    """Whether a block surely ends by leaving: a return, a raise, the next turn of a loop or its end."""
    last = block[-1] if block else None
    if isinstance(last, ast.If):
        return leaves(last.body) and leaves(last.orelse)
    return isinstance(last, _LEAVES)


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and what is below it, in the order of the text; functions and classes inside are named, not entered."""
    yield node
    if not isinstance(node, (*_NESTED, ast.Lambda)):
        for child in children(node):
            yield from own_nodes(child)


def header(node: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a compound statement that run before its blocks; of a plain statement, all of them."""
    for child in children(node):
        if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from own_nodes(child)


def blocks(node: ast.stmt) -> list[list[ast.stmt]]:
    """The blocks of a compound statement; nothing for a plain one."""
    found = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
    found += [item.body for item in getattr(node, "handlers", [])]
    found += [item.body for item in getattr(node, "cases", [])]
    return [block for block in found if block]


def named(node: ast.AST, name: str) -> Iterator[ast.Name]:
    """Where `name` stands in `node`, in functions inside it too; a name of a comprehension's own is another one."""
    if isinstance(node, ast.Name):
        if node.id == name:
            yield node
        return
    own = isinstance(node, _COMPREHENSIONS) and _own(node, name)
    below = [node.generators[0].iter] if own and isinstance(node, _COMPREHENSIONS) else children(node)
    for child in below:
        yield from named(child, name)


def _own(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, name: str) -> bool:
    """Whether a comprehension binds `name` itself."""
    targets = (part for generator in node.generators for part in ast.walk(generator.target))
    return any(isinstance(part, ast.Name) and part.id == name for part in targets)


def mentions(node: ast.AST, name: str) -> bool:
    """Whether `name` stands anywhere in `node`."""
    return next(named(node, name), None) is not None


def rebinds(node: ast.AST, name: str) -> bool:
    """Whether `node` gives `name` another value."""
    return any(isinstance(part.ctx, ast.Store | ast.Del) for part in named(node, name))
