"""Finds for each query of one tree what became of it in another, function by function."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from benchmarks.clauses.links import Clause
from benchmarks.clauses.matching import lost
from benchmarks.clauses.reading import Chain, chains, rows

COLLECTORS = frozenset(
    {"list", "set", "tuple", "dict", "sorted", "frozenset", "sum", "max", "min", "enumerate", "any", "all"}
)
Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class Placed:
    """A query where it stands; `target` is the variable that it is assigned to as a whole."""

    chain: Chain
    path: str
    symbol: str
    line: int
    target: str = ""

    @property
    def text(self) -> str:
        """Its code on one line."""
        return ast.unparse(self.chain.node)


@dataclass(eq=False)
class Unit:
    """A function, a class body or a module body, without the functions and classes inside of it."""

    path: str
    symbol: str
    node: Scope
    placed: list[Placed] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Pair:
    """A query and its counterpart, if it has one, with the clauses that were lost on the way."""

    old: Placed
    new: Placed | None
    lost: tuple[str, ...] = ()
    moved: bool = False

    @property
    def left(self) -> bool:
        """Whether it is as it was."""
        return self.new is not None and self.old.text == self.new.text


def units(tree: ast.Module, path: str) -> dict[str, Unit]:
    """The units of a module by qualified name; of equal names the second is called `name#2`."""
    found: dict[str, Unit] = {}
    for symbol, node in _scopes(tree, ""):
        name, number = symbol, 1
        while name in found:
            number += 1
            name = f"{symbol}#{number}"
        unit = Unit(path, name, node)
        unit.placed = list(_placed(unit))
        found[name] = unit
    return found


def pair_units(old: Unit, new: Unit) -> list[Pair]:
    """Every query of a unit with its counterpart; queries in pieces are put together where the pieces do not fit."""
    pairs = _aligned(old.placed, new.placed)
    if not any(pair.lost for pair in pairs):
        return pairs
    whole = _aligned(_whole(old.placed), _whole(new.placed))
    return whole if _loss(whole) < _loss(pairs) else pairs


def moved(lossy: Sequence[Pair], spare: Sequence[Placed]) -> list[Pair]:
    """The same pairs, where a spare query of another function of the new tree says it all."""
    free = list(spare)
    result = []
    for pair in lossy:
        others = ((i, new) for i, new in enumerate(free) if (new.path, new.symbol) != (pair.old.path, pair.old.symbol))
        at = next((i for i, new in others if not lost(pair.old.chain, new.chain)), None)
        result.append(pair if at is None else Pair(pair.old, free.pop(at), moved=True))
    return result


def _loss(pairs: Sequence[Pair]) -> int:
    return sum(len(pair.lost) for pair in pairs)


def _scopes(node: ast.AST, prefix: str) -> Iterator[tuple[str, Scope]]:
    if isinstance(node, ast.Module):
        yield "", node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            symbol = f"{prefix}{child.name}"
            yield symbol, child
            yield from _scopes(child, f"{symbol}.")
        else:
            yield from _scopes(child, prefix)


def _placed(unit: Unit) -> Iterator[Placed]:
    taken = {id(node) for node in _iterated(unit.node)}
    for node in _own(unit.node):
        value, target = _assigned(node)
        for chain in chains(value) if value is not None else ():
            whole = rows(chain) if id(chain.node) in taken else chain
            yield Placed(whole, unit.path, unit.symbol, chain.node.lineno, target if chain.node is value else "")


def _iterated(scope: Scope) -> Iterator[ast.expr]:
    """What a loop, a comprehension, a star or a function of collections goes through."""
    for node in ast.walk(scope):
        match node:
            case ast.For(iter=source) | ast.comprehension(iter=source) | ast.Starred(value=source):
                yield source
            case ast.Call(func=ast.Name(id=name), args=[source, *_]) if name in COLLECTORS:
                yield source


def _own(scope: Scope) -> Iterator[ast.AST]:
    """The expressions and assignments of a scope, in order, those of nested functions and classes left out."""
    stack = list(ast.iter_child_nodes(scope))[::-1]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            # decorators and defaults belong to the scope around
            stack += [*node.decorator_list, *getattr(getattr(node, "args", None), "defaults", [])][::-1]
        elif isinstance(node, ast.expr | ast.Assign | ast.AnnAssign):
            yield node
        else:
            stack += list(ast.iter_child_nodes(node))[::-1]


def _assigned(node: ast.AST) -> tuple[ast.expr | None, str]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return _plain(value), name
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            return (_plain(value) if value else None), name
        case ast.Assign(value=value):
            return value, ""
        case ast.AnnAssign(value=value):
            return value, ""
        case ast.expr():
            return node, ""
    return None, ""


def _plain(value: ast.expr) -> ast.expr:
    return value.value if isinstance(value, ast.Await) else value


def _aligned(old: Sequence[Placed], new: Sequence[Placed]) -> list[Pair]:
    """The best pairs that keep the order of both; what is left over may find a counterpart out of order."""
    losses = functools.cache(lambda i, j: lost(old[i].chain, new[j].chain))
    partner = _best(len(old), len(new), lambda i, j: _score(old[i], new[j], losses(i, j)))
    taken = {j for i, j in partner.items() if not losses(i, j)}
    pairs = []
    for i, item in enumerate(old):
        j = partner.get(i)
        if j is None or losses(i, j):
            free = (k for k in range(len(new)) if k not in taken and item.target and new[k].target == item.target)
            other = next((k for k in free if not losses(i, k)), None)
            if other is not None:
                taken.add(other)
                j = other
        counterpart = None if j is None else new[j]
        pairs.append(Pair(item, counterpart, (item.text,) if j is None else losses(i, j)))
    return pairs


def _score(old: Placed, new: Placed, losses: tuple[str, ...]) -> float:
    size = 2 + len(old.chain.clauses)
    if losses:
        return max(0.0, 0.5 * (size - len(losses)) / size)
    # one that is as it was, or says no more than the old one, is better than one that merely includes it
    return 2 + size - 0.01 * abs(len(new.chain.clauses) - len(old.chain.clauses)) + (old.text == new.text)


def _written_out(clause: Clause, earlier: Sequence[Placed]) -> Clause:
    """What is selected from, where that is a statement that was put into a variable before."""
    if clause.kind != "select_from":
        return clause
    return replace(clause, args=tuple(_inlined(arg, earlier) for arg in clause.args))


def _inlined(node: ast.expr, earlier: Sequence[Placed]) -> ast.expr:
    """The expression with the query that its first name stands for in the place of that name."""
    if isinstance(node, ast.Name):
        at = next((at for at in range(len(earlier) - 1, -1, -1) if earlier[at].target == node.id), None)
        return node if at is None else _inlined(earlier[at].chain.node, earlier[:at])
    if isinstance(node, ast.Attribute):
        return ast.Attribute(_inlined(node.value, earlier), node.attr, node.ctx)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return ast.Call(_inlined(node.func, earlier), node.args, node.keywords)
    return node


def _best(rows: int, columns: int, score: Callable[[int, int], float]) -> dict[int, int]:
    table = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            table[i][j] = max(table[i + 1][j], table[i][j + 1], table[i + 1][j + 1] + score(i, j))
    partner, i, j = {}, 0, 0
    while i < rows and j < columns:
        if table[i][j] == table[i + 1][j + 1] + (gain := score(i, j)) and gain > 0:
            partner[i] = j
            i, j = i + 1, j + 1
        elif table[i][j] == table[i + 1][j]:
            i += 1
        else:
            j += 1
    return partner


def _whole(placed: Sequence[Placed]) -> list[Placed]:
    """The queries that are run or handed on, each with the pieces that its variable was made of."""
    roots = {item.chain.root.id for item in placed if isinstance(item.chain.root, ast.Name)}
    grown = [_grown(item, placed[:at]) for at, item in enumerate(placed)]
    return [item for item in grown if item.target not in roots or not item.target]


def _grown(item: Placed, earlier: Sequence[Placed]) -> Placed:
    """The query with all pieces that were assigned to its variable before, whichever branch they stand in."""
    chain = replace(item.chain, clauses=tuple(_written_out(clause, earlier) for clause in item.chain.clauses))
    if not isinstance(chain.root, ast.Name):
        return replace(item, chain=chain)
    names = {chain.root.id}
    for other in reversed(earlier):
        if other.target not in names:
            continue
        piece = other.chain
        if isinstance(piece.root, ast.Name):
            names.add(piece.root.id)
        chain = replace(
            chain,
            entities=(*piece.entities, *chain.entities),
            root=None if piece.entities else chain.root,
            clauses=(*piece.clauses, *chain.clauses),
            legacy=chain.legacy or piece.legacy,
        )
    return replace(item, chain=chain)
