"""Constructors that talk to the database: where the first statement is that does, and what keeps one from a split."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.refused import Refused

Init = ast.FunctionDef
_PLAIN_BASES = frozenset({"object", "ABC", "Generic", "Protocol", "Exception", "ValueError", "RuntimeError"})
_NAMESPACES = frozenset({"locals", "vars", "exec", "eval"})


@dataclass(frozen=True, eq=False)
class Constructor:
    """An `__init__` that does IO. `cut` is the index of the first statement of its body that goes to `load()`.

    `above` is the class whose `load()` comes first, since this constructor runs that class's own; `place` is the code
    that talks to the database and `way` the functions that it goes through.
    """

    owner: Definition
    init: Init
    cut: int
    place: str
    way: str
    tier: Tier
    above: Definition | None = None

    @property
    def module(self) -> Module:
        """The module that the class stands in."""
        return self.owner.module

    @property
    def head(self) -> list[ast.stmt]:
        """The statements that stay."""
        return self.init.body[: self.cut]

    @property
    def tail(self) -> list[ast.stmt]:
        """The statements that wait for `load()`."""
        return self.init.body[self.cut :]


@dataclass(frozen=True, eq=False)
class Constructors:
    """Finds them in one project."""

    project: Project

    def all(self) -> Iterator[tuple[Definition, Init, Tier]]:
        """Every class whose own `__init__` leads to the database, with how sure that is."""
        members = self.project.callgraph.targets.members
        sure = self.project.effects.io()
        for node in self.project.effects.io(Tier.BY_NAME):
            if isinstance(node, ast.FunctionDef) and node.name == "__init__" and node in members.owners:
                yield members.owners[node], node, Tier.INFERRED if node in sure else Tier.BY_NAME

    def read(self, owner: Definition, init: Init, tier: Tier) -> Constructor | None:
        """Where to split a constructor; None when only what it defines will talk to the database, later.

        Refused when it is not written so that it can be split.
        """
        if not any(True for _ in self.project.effects.within(init, owner.module, tier)):
            return None
        self._written_plainly(owner, init)
        for index, statement in enumerate(init.body):
            places = [place for place, _ in self.project.effects.within(statement, owner.module, tier)]
            above = self._runs_base(statement, owner)
            if above is not None and (places or self._split_above(above)):
                self._only_the_base(statement, places)
                self._returns(init.body[: index + 1])
                return Constructor(owner, init, index + 1, ast.unparse(statement), self._way(init, tier), tier, above)
            if places:
                self._returns(init.body[:index])
                self._base_comes_first(init.body[index:])
                return Constructor(owner, init, index, _short(places[0]), self._way(init, tier), tier)
        return None

    def _way(self, init: Init, tier: Tier) -> str:
        names = [function.symbol for function in self.project.effects.why(init, tier)[1:]]
        return f", through {' and '.join(names)}" if names else ""

    def _written_plainly(self, owner: Definition, init: Init) -> None:
        node = owner.node
        assert isinstance(node, ast.ClassDef)
        if node.decorator_list or node.keywords:
            raise Refused("the class is decorated or has a metaclass, which may construct it: split it by hand")
        if init.decorator_list or not init.args.args or init.args.args[0].arg != "self":
            raise Refused("its __init__ is decorated or has no `self`: split it by hand")
        if node not in owner.module.definitions.values():
            raise Refused("the class is not defined at the top of its module: split it by hand")
        if sum(isinstance(item, ast.FunctionDef) and item.name == "__init__" for item in ast.walk(node)) > 1:
            raise Refused("the class has more than one __init__: split it by hand")
        for base in self.project.bases(owner):
            self._base_is_known(base)
        if any(isinstance(one, ast.Global | ast.Nonlocal) for one in ast.walk(init)):
            raise Refused("__init__ assigns to names outside of it (`global`): split it by hand")
        if any(isinstance(one, ast.Name) and one.id in _NAMESPACES for one in ast.walk(init)):
            raise Refused("__init__ reads its own local names as a whole (`locals()` or the like): split it by hand")

    def _base_is_known(self, found: Definition) -> None:
        for base in getattr(found.node, "bases", ()):
            plain = base.value if isinstance(base, ast.Subscript) else base
            name = dotted_name(plain) or ""
            known = isinstance(self.project.resolve(found.module, name, plain), Definition)
            if not known and name.rpartition(".")[2] not in _PLAIN_BASES:
                raise Refused(
                    f"its base `{ast.unparse(base)}` comes from outside and may construct it: split it by hand"
                )

    def _runs_base(self, statement: ast.stmt, owner: Definition) -> Definition | None:
        """The class whose constructor `super().__init__(...)` runs."""
        if isinstance(statement, ast.Expr) and _super_init(statement.value):
            members = self.project.callgraph.targets.members
            above = members.above(owner, "__init__")
            return members.owners[above] if above else None
        return None

    def _split_above(self, above: Definition) -> bool:
        members = self.project.callgraph.targets.members
        return members.own(above, "__init__") in self.project.effects.io(Tier.BY_NAME)

    def _only_the_base(self, statement: ast.stmt, places: list[ast.AST]) -> None:
        assert isinstance(statement, ast.Expr)
        if any(place is not statement.value for place in places):
            raise Refused("an argument of super().__init__() is read from the database: read it before constructing")

    def _base_comes_first(self, tail: list[ast.stmt]) -> None:
        if any(_super_init(node) for statement in tail for node in ast.walk(statement)):
            raise Refused("super().__init__() comes behind the call that talks to the database: put it first")

    def _returns(self, head: list[ast.stmt]) -> None:
        if any(isinstance(node, ast.Return) for statement in head for node in own_nodes(statement)):
            raise Refused("__init__ may return before it talks to the database: split it by hand")


def own_nodes(statement: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement that belong to the same function."""
    stack = [statement]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack += ast.iter_child_nodes(node)


def _super_init(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__"):
        return False
    value = node.func.value
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "super"


def _short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else f"{text[:57]}..."
