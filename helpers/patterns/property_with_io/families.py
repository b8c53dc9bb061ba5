"""Properties that talk to the database, each with all that override each other: they change together or not at all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.members import property_kind
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Definition, External, dotted_name
from helpers.codemod.refused import Refused

_TURNED = frozenset({"property", "cached_property", "hybrid_property"})
_BESIDE = frozenset({"abstractmethod", "override", "final"})


@dataclass(frozen=True, eq=False)
class Family:
    """The definitions of one property: `members` are (class, function, kind), `owners` every class that has it.

    `place` is the call in `first` that talks to the database, `way` the functions that it goes through.
    """

    name: str
    members: tuple[tuple[Definition, ast.FunctionDef, str], ...]
    owners: tuple[Definition, ...]
    first: ast.FunctionDef
    place: str
    way: str
    tier: Tier

    @property
    def group(self) -> str:
        """What the findings of the family share."""
        owner = self.members[0][0]
        return f"AM402:{owner.module.path}:{owner.name}.{self.name}"

    @property
    def cached(self) -> bool:
        """Whether the first result is kept."""
        return any(kind == "cached_property" for _, _, kind in self.members)


@dataclass(frozen=True, eq=False)
class Families:
    """Finds them in one project."""

    project: Project

    def candidates(self) -> Iterator[tuple[Definition, ast.FunctionDef, str, Tier]]:
        """Every function that runs when an attribute is read, or set, and leads to the database."""
        members = self.project.callgraph.targets.members
        sure = self.project.effects.io()
        for node in self.project.effects.io(Tier.BY_NAME):
            if isinstance(node, ast.FunctionDef) and node in members.owners and (kind := property_kind(node)):
                yield members.owners[node], node, kind, Tier.INFERRED if node in sure else Tier.BY_NAME

    def read(self, owner: Definition, function: ast.FunctionDef, tier: Tier) -> Family:
        """The family that a property belongs to. Refused when one of its definitions cannot become a method."""
        owners = self._hierarchy(owner, function.name)
        found = tuple(member for one in owners for member in self._defined(one, function.name))
        places = self.project.effects.within(function, owner.module, tier)
        place, _ = next(places, (function, tier))
        names = [one.symbol for one in self.project.effects.why(function, tier)[1:]]
        way = f", through {' and '.join(names)}" if names else ""
        text = ast.unparse(place) if place is not function else function.name
        return Family(function.name, found, tuple(owners), function, text, way, tier)

    def _hierarchy(self, owner: Definition, name: str) -> list[Definition]:
        """The topmost class that defines the name and all below it."""
        tops = [one for one in self.project.bases(owner) if _says(one, name)]
        found = {one.node: one for top in tops for one in (top, *self.project.below(top))}
        for one in list(found.values()):  # another base of a class below may define it as well
            found |= {base.node: base for base in self.project.bases(one) if _says(base, name)}
        return list(found.values())

    def _defined(self, one: Definition, name: str) -> Iterator[tuple[Definition, ast.FunctionDef, str]]:
        for item in getattr(one.node, "body", ()):
            if isinstance(item, ast.FunctionDef) and item.name == name:
                kind = property_kind(item)
                if kind not in _TURNED:
                    what = f"has a {kind}" if kind else "is no property in every class"
                    raise Refused(f"`{name}` {what} ({one.name}): turn it into methods by hand")
                self._decorators(item, one)
                yield one, item, kind
            elif _assigns(item, name):
                raise Refused(f"`{name}` is an attribute in {one.name} and a property elsewhere: turn it by hand")
            elif isinstance(item, ast.If | ast.Try) and any(_names(node, name) for node in ast.walk(item)):
                raise Refused(f"`{name}` is defined under a condition in {one.name}: turn it into a method by hand")

    def _decorators(self, function: ast.FunctionDef, one: Definition) -> None:
        for decorator in function.decorator_list:
            last = (dotted_name(decorator) or "").rpartition(".")[2]
            if last not in _TURNED | _BESIDE:
                raise Refused(f"`@{ast.unparse(decorator)}` reads it as an attribute ({one.name}): turn it by hand")

    def new_name(self, family: Family) -> str:
        """A name for the method that nothing has: a reader that was overlooked then fails loudly, not silently."""
        members = self.project.callgraph.targets.members
        for name in (f"get_{family.name}", f"read_{family.name}", f"find_{family.name}"):
            owners = {base.node: base for one in family.owners for base in self.project.bases(one)}
            if not any(members.own(one, name) or _says(one, name) for one in owners.values()):
                return name
        raise Refused(f"the class has a method `get_{family.name}` already: turn the property by hand")

    def bases_are_known(self, family: Family) -> None:
        """Refused when code outside the project may define or read the property through a base class."""
        for one in family.owners:
            for base in getattr(one.node, "bases", ()):
                plain = base.value if isinstance(base, ast.Subscript) else base
                found = self.project.resolve(one.module, dotted_name(plain) or "", plain)
                if isinstance(found, External) and found.name.partition(".")[0] in (
                    "pydantic",
                    "strawberry",
                    "graphene",
                ):
                    raise Refused(f"{one.name} is a schema of {found.name.partition('.')[0]}, which may read it")


def _says(one: Definition, name: str) -> bool:
    return any(_assigns(item, name) or _names(item, name) for item in getattr(one.node, "body", ()))


def _names(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name


def _assigns(item: ast.AST, name: str) -> bool:
    targets = item.targets if isinstance(item, ast.Assign) else [getattr(item, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)
