"""Reads an expression as a query, in whichever of the two interfaces it is written, into one form for both."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.clauses.links import Clause, Link, clauses_of, ending, entries
from benchmarks.clauses.vocabulary import (
    ENDS,
    HEADS,
    LINKS,
    RESULT_ENDS,
    RESULT_LINKS,
    RUNS,
    TELLING,
)


@dataclass(frozen=True, eq=False)
class Chain:
    """A query: what it asks for, or the expression it goes on from (`root`), its clauses, and how it ends.

    `legacy` is one that begins with `query()`, `ran` one that is handed to a session as a statement.
    """

    node: ast.expr
    entities: tuple[ast.expr, ...] = ()
    root: ast.expr | None = None
    clauses: tuple[Clause, ...] = ()
    end: str = ""
    legacy: bool = False
    ran: bool = False

    def of(self, kind: str) -> list[Clause]:
        """Its clauses of one kind, in order."""
        return [clause for clause in self.clauses if clause.kind == kind]


def read(node: ast.AST) -> Chain | None:
    """The query that `node` as a whole is, or None."""
    if isinstance(node, ast.Await):
        return read(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "list":
        inner = read(node.args[0]) if len(node.args) == 1 and not node.keywords else None
        return replace(inner, end="all", node=node) if inner and inner.end in ("iterate", "") else None
    if isinstance(node, ast.Subscript):
        inner = read(node.value)
        return _sliced(inner, node) if inner and not inner.end else None
    if not isinstance(node, ast.Call | ast.Attribute):
        return None
    base, links = _climb(node)
    if (entity := _handed_get(node)) is not None:
        return Chain(node, (entity,))
    return _legacy(node, links) or _ran(node, links) or _begun(node, base, links) or _continued(node, base, links)


def _handed_get(node: ast.expr) -> ast.expr | None:
    """The entity of `partial(session.get, Entity)`, which stands for `session.query(Entity).get` as a value."""
    match node:
        case ast.Call(func=ast.Name(id="partial"), args=[ast.Attribute(attr="get"), entity], keywords=[]):
            return entity
    return None


def rows(chain: Chain) -> Chain:
    """The query where all of its rows are taken, one after the other."""
    return replace(chain, end="all") if chain.end == "iterate" else chain


def chains(node: ast.AST) -> Iterator[Chain]:
    """The outermost queries below `node`, in the order of the text; what stands inside of one belongs to it."""
    found = read(node)
    if found is None:
        for child in ast.iter_child_nodes(node):
            yield from chains(child)
        return
    for root in _roots(found):
        yield from chains(root)
    yield found


def _roots(found: Chain) -> Iterator[ast.expr]:
    """What a query goes on from, also where it counts the rows of another one."""
    inner = (read(arg) for clause in found.of("select_from") for arg in clause.args)
    yield from (one.root for one in (found, *inner) if one and one.root is not None)


def _climb(node: ast.expr) -> tuple[ast.expr, list[Link]]:
    links: list[Link] = []
    while True:
        if isinstance(node, ast.Await):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            links.append(Link(node.func.attr, node, node))
            node = node.func.value
        elif isinstance(node, ast.Attribute):
            links.append(Link(node.attr, None, node))
            node = node.value
        else:
            return node, links[::-1]


def _legacy(node: ast.expr, links: list[Link]) -> Chain | None:
    at = next((i for i, link in enumerate(links) if link.name == "query" and link.call), None)
    if at is None:
        return None
    chain = Chain(node, tuple(links[at].args), legacy=True)
    return _with_links(chain, links[at + 1 :])


def _begun(node: ast.expr, base: ast.expr, links: list[Link]) -> Chain | None:
    if not (isinstance(base, ast.Call) and isinstance(base.func, ast.Name) and base.func.id in HEADS):
        return None
    head, args = base.func.id, tuple(base.args)
    if head == "exists" and len(args) == 1 and (inner := read(args[0])):
        return _with_links(replace(inner, node=node, clauses=(*inner.clauses, Clause("exists"))), links)
    own = (Clause("exists"),) if head == "exists" else ()
    end = head if head in ("delete", "update") else ""
    chain = _with_links(Chain(node, args, clauses=own), links)
    return replace(chain, end=end or chain.end) if chain else None


def _continued(node: ast.expr, base: ast.expr, links: list[Link]) -> Chain | None:
    """A query that goes on from a variable or from another call's result."""
    if not links or (links[-1].call is None and links[-1].name not in ("statement", "selectable")):
        return None
    start = len(links)
    while start and _is_query_link(links[start - 1], last=start == len(links)):
        start -= 1
    own = links[start:]
    if not own or not (any(link.name in TELLING for link in own) or _plain_end(own[-1])):
        return None
    root = links[start - 1].node if start else base
    return _with_links(Chain(node, root=root), own)


def _is_query_link(link: Link, *, last: bool) -> bool:
    return link.name in LINKS or (last and link.name in ENDS)


def _plain_end(link: Link) -> bool:
    arguments = link.call is not None and (link.call.args or link.call.keywords)
    return link.name in ("all", "first", "one", "one_or_none", "scalar", "count") and not arguments


def _ran(node: ast.expr, links: list[Link]) -> Chain | None:
    for at, link in enumerate(links):
        if link.call and link.name == "get" and link.args and (len(link.args) > 1 or link.call.keywords):
            return _got(node, link.call) if at == len(links) - 1 else None
        if link.call and link.name in RUNS and link.args:
            return _with_result(node, link, links[at + 1 :])
    return None


def _got(node: ast.expr, call: ast.Call) -> Chain:
    clauses = [Clause("key", (arg,)) for arg in call.args[1:]]
    for keyword in call.keywords:
        if keyword.arg == "options" and isinstance(keyword.value, ast.List | ast.Tuple):
            clauses += [Clause("options", (item,)) for item in keyword.value.elts]
        elif keyword.arg == "with_for_update":
            clauses.append(_for_update(keyword.value))
        elif keyword.arg == "ident":
            clauses.append(Clause("key", (keyword.value,)))
        else:
            clauses.append(Clause("execution_options", (keyword.value,), name=keyword.arg or ""))
    return Chain(node, tuple(call.args[:1]), clauses=tuple(clauses), end="get")


def _for_update(value: ast.expr) -> Clause:
    if not isinstance(value, ast.Dict):
        return Clause("with_for_update")
    pairs = zip(value.keys, value.values, strict=True)
    return Clause("with_for_update", keywords=tuple((str(k.value), v) for k, v in pairs if isinstance(k, ast.Constant)))


def _with_result(node: ast.expr, run: Link, results: list[Link]) -> Chain | None:
    statement = read(run.args[0]) or Chain(run.args[0], root=run.args[0])
    if statement.end not in ("", "delete", "update") or statement.legacy:
        return None
    end = "scalar" if run.name == "scalar" else "iterate"
    for link in results:
        if link.name in RESULT_ENDS:
            end = RESULT_ENDS[link.name]
        elif link.name not in RESULT_LINKS:
            return None
    assert run.call
    return replace(
        statement, node=node, clauses=(*statement.clauses, *_given(run.call)), end=statement.end or end, ran=True
    )


def _given(call: ast.Call) -> Iterator[Clause]:
    """What is handed to the session beside the statement."""
    yield from (Clause("params", (arg,)) for arg in call.args[1:])
    for keyword in call.keywords:
        if keyword.arg == "execution_options" and isinstance(keyword.value, ast.Dict):
            yield from entries("execution_options", keyword.value)
        elif keyword.arg == "params":
            yield Clause("params", (keyword.value,))


def _with_links(chain: Chain, links: list[Link]) -> Chain | None:
    clauses, end = list(chain.clauses), chain.end
    for at, link in enumerate(links):
        last = at == len(links) - 1
        if last and link.name in ENDS and link.call:
            end = link.name
            clauses += ending(link.call, end)
        elif link.name in LINKS:
            clauses += clauses_of(link, _criteria_of)
        else:
            return None
    return replace(chain, clauses=tuple(clauses), end=end)


def _criteria_of(query: ast.expr) -> list[Clause]:
    chain = read(query)
    return chain.of("where") if chain else []


def _sliced(chain: Chain, node: ast.Subscript) -> Chain | None:
    if not chain.clauses and not chain.legacy:
        return None
    if isinstance(node.slice, ast.Slice):
        bounds = (node.slice.lower or ast.Constant(None), node.slice.upper or ast.Constant(None))
        return replace(chain, node=node, clauses=(*chain.clauses, Clause("slice", bounds)))
    match node.slice:
        case ast.Constant(value=int(at)) if chain.legacy and at >= 0:  # Query asks for that row alone
            bounds = (node.slice, ast.Constant(at + 1))
            return replace(chain, node=node, clauses=(*chain.clauses, Clause("slice", bounds)))
    return replace(chain, node=node, clauses=(*chain.clauses, Clause("index", (node.slice,))))
