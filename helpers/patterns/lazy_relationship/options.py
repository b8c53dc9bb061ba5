"""Eager options as text: selectinload for collections, joinedload for what there is one of, the rest by kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from helpers.analysis.dataflow.values import Step
from helpers.analysis.mapping import Entity
from helpers.patterns.lazy_relationship.loaders import Names, subclass
from helpers.patterns.lazy_relationship.refusal import Refused
from helpers.patterns.lazy_relationship.spelling import Speller

Steps = tuple[Step, ...]


@dataclass
class Tree:
    """The relationships to load of one object, each with what to load of what it leads to."""

    below: dict[Step, Tree] = field(default_factory=dict)
    wanted: bool = False

    @classmethod
    def of(cls, paths: Iterable[Steps]) -> Tree:
        """The tree of all paths."""
        root = cls()
        for path in paths:
            at = root
            for step in path:
                at = at.below.setdefault(step, cls())
            at.wanted = True
        return root


@dataclass(eq=False)
class Options:
    """Writes the options of one query. `joins` says that a joined table cannot change what the query gives.

    `joined` is a collection that is joined all the same.
    """

    speller: Speller
    circular: frozenset[Step] | set[Step]
    modern: bool
    joins: bool = True
    given: frozenset[Names] = frozenset()
    joined: frozenset[Step] = frozenset()

    def render(self, tree: Tree, prefix: str, owner: str) -> list[str]:
        """One text for each option; `prefix` is how the query names the entity whose key is `owner`."""
        parts = self._parts(tree, prefix, owner, ())
        return [part.text(self.speller) for part in parts]

    def _parts(self, tree: Tree, prefix: str, owner: str, names: Names) -> list[Part]:
        found: list[Part] = []
        asked = [step.owner for step in tree.below if self._of_subclass(step, prefix, owner)]
        known = [one for one in self.given if one[:-1] == names and one[-1].startswith("class ")]
        subclasses = {one.key: one for one in asked if (*names, subclass(one.name)) not in known}
        if subclasses and known:
            raise Refused(f"a selectin_polymorphic is there already: name {_listed(subclasses.values())} in it too")
        if subclasses:
            if names and not self.modern:
                raise Refused("attributes of subclasses behind a relationship need SQLAlchemy 2.0: load them yourself")
            listed = ", ".join(self.speller.entity(entity) for entity in subclasses.values())
            found.append(Part("selectin_polymorphic", f"{prefix}, [{listed}]"))
        for step, below in tree.below.items():
            if step.kind != "subclass":
                found.append(self._part(step, below, prefix if step.owner.key == owner else "", names))
        return found

    def _of_subclass(self, step: Step, prefix: str, owner: str) -> bool:
        """Whether only a subclass of what is loaded has the attribute."""
        above = {f"{base.module.path}:{getattr(base.node, 'lineno', 0)}:{base.name}" for base in step.owner.bases}
        return step.kind == "subclass" or (bool(prefix) and owner in above)

    def _part(self, step: Step, below: Tree, prefix: str, names: Names) -> Part:
        attribute = self._attribute(step, prefix or self.speller.entity(step.owner))
        if step.kind == "deferred":
            return Part("undefer", attribute)
        if step in self.circular and _to_its_own_kind(step):
            return self._circular(step, below, attribute)
        here = (*names, step.name)
        inner: list[Part] = []
        if below.below:
            if step.target is None:
                raise Refused(f"nothing tells what {step.label} leads to")
            inner = self._parts(below, self.speller.entity(step.target), step.target.key, here)
        apart = (step.many and step not in self.joined) or not self.joins
        loader = "selectinload" if apart else "joinedload"
        return Part("defaultload" if here in self.given or not below.wanted else loader, attribute, tuple(inner))

    def _attribute(self, step: Step, owner: str) -> str:
        """How the option names what is loaded.

        What a `backref` elsewhere gives a class is not there, in fact or for a type checker, until the mappers are
        configured, which the first query of a process may come before. `Mapper.relationships` configures them
        (docs.sqlalchemy.org/en/20/orm/mapping_api.html).
        """
        if step.kind != "relationship" or step.name in step.owner.relationships:
            return f"{owner}.{step.name}"
        if not self.speller.is_class(owner):
            reason = f"`{owner}` has no `{step.name}` before mappers are configured, as a backref gives it"
            raise Refused(f"{reason}: declare both sides with back_populates")
        inspect = self.speller.bound("sqlalchemy", "inspect")
        return f'{inspect}({owner}).relationships["{step.name}"].class_attribute'

    def _circular(self, step: Step, below: Tree, attribute: str) -> Part:
        if not self.modern or below.below:
            raise Refused(f"{step.label} is read along itself, to any depth: say how deep to load it")
        return Part("selectinload", f"{attribute}, recursion_depth=-1")


def _listed(entities: Iterable[Entity]) -> str:
    return " and ".join(f"`{entity.name}`" for entity in entities)


def _to_its_own_kind(step: Step) -> bool:
    """Whether a relationship leads to its own class: a longer circle has no depth to be given."""
    return step.target is not None and (step.target.is_a(step.owner) or step.owner.is_a(step.target))


@dataclass(frozen=True)
class Part:
    """One option with those inside it."""

    name: str
    arguments: str
    inner: tuple[Part, ...] = ()

    def text(self, speller: Speller) -> str:
        """The option as an argument of `options()`."""
        return f"{speller.loader(self.name)}({self.arguments}){self._inner(speller)}"

    def _inner(self, speller: Speller) -> str:
        if not self.inner:
            return ""
        first = self.inner[0]
        if len(self.inner) == 1 and first.name != "selectin_polymorphic":
            return f".{first.name}({first.arguments}){first._inner(speller)}"
        listed = ", ".join(part.text(speller) for part in self.inner)
        return f".options({listed})"
