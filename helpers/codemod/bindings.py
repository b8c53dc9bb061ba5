"""Which identifiers a file binds, to what, and whether that holds whenever the file runs."""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

_SAME_OBJECTS = {"sqlalchemy.future.select": "sqlalchemy.select", "sqlalchemy.sql.functions.func": "sqlalchemy.func"}
_SAME_MODULES = {
    "sqlalchemy.sql": "sqlalchemy",
    "sqlalchemy.sql.expression": "sqlalchemy",
    "sqlalchemy.orm.session": "sqlalchemy.orm",
    "sqlalchemy.orm.query": "sqlalchemy.orm",
    "sqlalchemy.orm.util": "sqlalchemy.orm",
    "sqlalchemy.ext.asyncio.session": "sqlalchemy.ext.asyncio",
    "sqlalchemy.ext.asyncio.engine": "sqlalchemy.ext.asyncio",
}


def canonical(target: str) -> str:
    """One spelling for an object that SQLAlchemy offers under several dotted names."""
    module, _, name = target.rpartition(".")
    return _SAME_OBJECTS.get(target) or f"{_SAME_MODULES.get(module, module)}.{name}"


@dataclass(frozen=True)
class Bound:
    """An identifier bound by an import. `target` is what it denotes, `loaded` the module that the import loads."""

    name: str
    target: str
    loaded: str
    line: int
    certain: bool  # bound whenever the file has run past this line
    harmless: bool  # a module-level name for the same object may stand beside it


@dataclass(frozen=True)
class _Place:
    """Where a statement stands: under which scope, and whether it is sure to run."""

    scope: str = "module"
    certain: bool = True
    leading: bool = True


class Bindings:
    """The identifiers of one file: what its imports denote, what something else takes, what is read."""

    def __init__(self, tree: ast.Module) -> None:
        self.imports: dict[str, list[Bound]] = defaultdict(list)
        self.stars: list[tuple[str, int, bool]] = []  # module, line, certain
        self._passed_over: set[int] = set()
        for bound in self._block(tree.body, _Place()):
            self.imports[bound.name].append(bound)
        self._tree = tree

    @property
    def taken(self) -> frozenset[str]:
        """The identifiers that something other than an import binds, in any scope but a class's methods."""
        return self._names[0]

    @property
    def read(self) -> frozenset[str]:
        """The identifiers that the file reads."""
        return self._names[1]

    def usable(self, target: str) -> list[str]:
        """The identifiers that denote `target` at run time, everywhere in the file, in the order of their lines."""
        found = [name for name, bound in self.imports.items() if self._sure(name, bound, target)]
        star = any(certain and canonical(f"{module}.{_last(target)}") == target for module, _, certain in self.stars)
        if star and not self.last_star and not {_last(target)} & (self.taken | self.imports.keys()):
            found.append(_last(target))
        return found

    def free(self, name: str, target: str) -> bool:
        """Whether `name` may be bound to `target` at the top of the file without changing what any line means."""
        if name in self.taken or (hasattr(builtins, name) and name in self.read):
            return False
        if self.last_star and name in self.read:
            return False
        return all(bound.harmless and canonical(bound.target) == target for bound in self.imports.get(name, ()))

    def modules(self) -> Iterator[tuple[str, str]]:
        """Each (expression, module) under which a loaded module can be reached everywhere in the file."""
        for name, bounds in self.imports.items():
            harmless = all(bound.harmless for bound in bounds)
            if harmless and name not in self.taken and len({bound.target for bound in bounds}) == 1:
                for bound in bounds:
                    if bound.certain and bound.line > self._last_star_line(name):
                        yield name, bound.target
                        yield name + bound.loaded.removeprefix(bound.target), bound.loaded

    @property
    def last_star(self) -> int:
        """The line of the last star import that could bring in any name at all; 0 without one."""
        return max((line for module, line, _ in self.stars if module.partition(".")[0] != "sqlalchemy"), default=0)

    def _last_star_line(self, name: str) -> int:
        return self.last_star if name in self.read else 0

    def _sure(self, name: str, bounds: Sequence[Bound], target: str) -> bool:
        same = all(canonical(bound.target) == target and bound.harmless for bound in bounds)
        return same and name not in self.taken and any(b.certain and b.line > self.last_star for b in bounds)

    def _block(self, body: Iterable[ast.stmt], place: _Place) -> Iterator[Bound]:
        for statement in body:
            yield from self._statement(statement, place)
            if not _introduces(statement):
                place = replace(place, leading=False)

    def _statement(self, node: ast.stmt, place: _Place) -> Iterator[Bound]:
        match node:
            case ast.Import() | ast.ImportFrom():
                yield from self._import(node, place)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from self._block(node.body, _Place("function", certain=False))
            case ast.ClassDef():
                self._passed_over.update(id(part) for part in node.body if isinstance(part, ast.FunctionDef))
                self._passed_over.update(id(part) for part in node.body if isinstance(part, ast.AsyncFunctionDef))
                yield from self._block(node.body, _Place("class", certain=False))
            case ast.If():
                yield from self._if(node, place)
            case ast.Try() | ast.TryStar():
                yield from self._try(node, place)
            case ast.With() | ast.AsyncWith():
                yield from self._block(node.body, place)
            case ast.For() | ast.AsyncFor() | ast.While():
                yield from self._block([*node.body, *node.orelse], replace(place, certain=False, leading=False))
            case ast.Match():
                for case in node.cases:
                    yield from self._block(case.body, replace(place, certain=False, leading=False))

    def _if(self, node: ast.If, place: _Place) -> Iterator[Bound]:
        maybe = replace(place, certain=False, leading=False)
        positive, negative = type_checking(node.test), type_checking(node.test, negated=True)
        typing = replace(maybe, scope="typing") if positive else maybe
        yield from self._block(node.body, place if negative else typing)
        yield from self._block(node.orelse, place if positive else maybe)

    def _try(self, node: ast.Try | ast.TryStar, place: _Place) -> Iterator[Bound]:
        guard = len({_root(part) for part in node.body}) == 1 and _root(node.body[0]) is not None
        sure = place if guard or not node.handlers else replace(place, certain=False, leading=False)
        body = list(self._block(node.body, sure))
        yield from body
        names = {bound.name for bound in body}
        for handler in node.handlers:
            rest = list(self._block(handler.body, replace(place, certain=False, leading=False)))
            if guard:  # runs only where the import above fails; what it binds instead is never seen beside it
                self._passed_over.update(id(part) for part in ast.walk(handler) if _stored(part) in names)
            yield from (bound for bound in rest if not (guard and bound.name in names))
        yield from self._block(node.orelse, sure)
        yield from self._block(node.finalbody, place)

    def _import(self, node: ast.Import | ast.ImportFrom, place: _Place) -> Iterator[Bound]:
        certain = place.certain and place.scope == "module"
        harmless = place.scope != "function" or place.leading
        for alias in node.names:
            if isinstance(node, ast.Import):
                target = alias.name if alias.asname else alias.name.partition(".")[0]
                yield Bound(alias.asname or target, target, alias.name, node.lineno, certain, harmless)
                continue
            module = "." * node.level + (node.module or "")
            if alias.name == "*":
                if place.scope != "typing":
                    self.stars.append((module, node.lineno, certain))
                continue
            target = f"{module}.{alias.name}"
            yield Bound(alias.asname or alias.name, target, target, node.lineno, certain, harmless)

    @cached_property
    def _names(self) -> tuple[frozenset[str], frozenset[str]]:
        taken, read = set(), set()
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                read.add(node.id)
            elif (name := _stored(node)) and id(node) not in self._passed_over:
                taken.add(name)
        return frozenset(taken), frozenset(read)


def type_checking(test: ast.expr, *, negated: bool = False) -> bool:
    """Whether an `if` asks for TYPE_CHECKING, or for its opposite when `negated`."""
    if negated:
        return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and type_checking(test.operand)
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _stored(node: ast.AST) -> str | None:
    """The identifier that a node other than an import binds."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.ExceptHandler(name=name) | ast.MatchAs(name=name) | ast.MatchStar(name=name):
            return name
        case ast.MatchMapping(rest=name):
            return name
    return node.name if type(node).__name__ in {"TypeVar", "ParamSpec", "TypeVarTuple"} else None  # type: ignore[attr-defined]


def _introduces(node: ast.stmt) -> bool:
    """Whether a statement may stand before a function's own imports: a docstring or an import."""
    return isinstance(node, ast.Import | ast.ImportFrom) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _root(node: ast.stmt) -> str | None:
    """The one package that an import statement loads from, None for anything else."""
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return node.module.partition(".")[0]
    roots = {alias.name.partition(".")[0] for alias in node.names} if isinstance(node, ast.Import) else set()
    return roots.pop() if len(roots) == 1 else None


def _last(target: str) -> str:
    return target.rpartition(".")[2]
