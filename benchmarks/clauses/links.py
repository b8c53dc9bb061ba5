"""What each link of a query says, as clauses of one form for both interfaces."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from benchmarks.clauses.vocabulary import AS_OPTION, SAME_AS, SPLIT


@dataclass(frozen=True, eq=False)
class Clause:
    """One thing that a query says: a criterion, an ordering, an option. `name` tells keywords and options apart."""

    kind: str
    args: tuple[ast.expr, ...] = ()
    keywords: tuple[tuple[str, ast.expr], ...] = ()
    name: str = ""

    @property
    def text(self) -> str:
        """The clause as a person would write it."""
        words = [ast.unparse(arg) for arg in self.args] + [f"{key}={ast.unparse(arg)}" for key, arg in self.keywords]
        inside = ", ".join(words)
        return f"{self.kind}({self.name}={inside})" if self.name else f"{self.kind}({inside})"


@dataclass(frozen=True, eq=False)
class Link:
    """One `.name` or `.name(...)`."""

    name: str
    call: ast.Call | None
    node: ast.expr

    @property
    def args(self) -> list[ast.expr]:
        return self.call.args if self.call else []


CriteriaOf = Callable[[ast.expr], Iterable[Clause]]


def ending(call: ast.Call, end: str) -> Iterator[Clause]:
    """What the call that ends a query says by its arguments."""
    if end == "get":
        yield from (Clause("key", (arg,)) for arg in [*call.args, *(keyword.value for keyword in call.keywords)])
    elif end == "value":
        yield Clause("with_entities", tuple(call.args))
    elif end in ("update", "delete"):
        names = ("values", "synchronize_session") if end == "update" else ("synchronize_session",)
        given = [*zip(names, call.args, strict=False), *((word.arg or "", word.value) for word in call.keywords)]
        for name, value in given:
            if name == "values":
                yield from entries("values", value)
            elif name == "synchronize_session":
                yield Clause("execution_options", (value,), name=name)
            elif name == "update_args" and _keeps_order(value):
                continue  # the values are a list of pairs, and `ordered_values` keeps their order
            else:
                yield Clause(name, (value,))


def _keeps_order(value: ast.expr) -> bool:
    """Whether the arguments ask for nothing but the order of the values."""
    return ast.unparse(value) == "{'preserve_parameter_order': True}"


def clauses_of(link: Link, criteria_of: CriteriaOf) -> Iterator[Clause]:
    """What one link says; `criteria_of` tells the criteria of a query whose `whereclause` is named."""
    name = SAME_AS.get(link.name, link.name)
    args, words = link.args, link.call.keywords if link.call else []
    keywords = tuple((word.arg or "**", word.value) for word in words)
    if name in ("filter_by", "execution_options"):
        yield from (Clause(name, (value,), name=key) for key, value in keywords)
        yield from (Clause(name, (arg,)) for arg in args)
    elif name == "values" and link.call:
        yield from (clause for arg in args for clause in entries("values", arg))
        yield from (Clause("values", (value,), name=key) for key, value in keywords)
    elif name in AS_OPTION:
        yield Clause("execution_options", tuple(args or [ast.Constant(True)]), name=name)
    elif name == "outerjoin":
        yield Clause("join", tuple(args), (*keywords, ("isouter", ast.Constant(True))))
    elif name == "where":
        yield from (clause for arg in args for clause in _criteria(arg, criteria_of))
    elif name in SPLIT and args:
        yield from (Clause(name, (arg,), keywords) for arg in args)
    elif name not in SPLIT or name == "distinct":
        yield Clause(name, tuple(args), keywords)


def _criteria(arg: ast.expr, criteria_of: CriteriaOf) -> Iterator[Clause]:
    """One criterion; `query.where(...).whereclause`, cast or not, stands for those of that query."""
    match arg:
        case ast.Call(func=ast.Name(id="cast"), args=[_, value]):
            yield from _criteria(value, criteria_of)
        case ast.Attribute(attr="whereclause", value=value):
            yield from criteria_of(value)
        case _:
            yield Clause("where", (arg,))


def entries(kind: str, value: ast.expr) -> Iterator[Clause]:
    """The entries of a dict or of a list of pairs, each a clause that is named after its key."""
    if isinstance(value, ast.Dict):
        pairs = list(zip(value.keys, value.values, strict=True))
    elif isinstance(value, ast.Tuple) and len(value.elts) == 2:
        pairs = [(value.elts[0], value.elts[1])]
    elif isinstance(value, ast.List):
        yield from (clause for item in value.elts for clause in entries(kind, item))
        return
    else:
        yield Clause(kind, (value,))
        return
    for key, item in pairs:
        yield Clause(kind, (item,), name=_key(key))


def _key(key: ast.expr | None) -> str:
    if isinstance(key, ast.Constant):
        return str(key.value)
    return key.attr if isinstance(key, ast.Attribute) else ast.unparse(key) if key else "**"
