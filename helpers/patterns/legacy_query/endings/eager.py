"""`enable_eagerloads(False)`: select() has no such switch, so the loading is taken out (semantics, rule 11)."""

from __future__ import annotations

import ast
from dataclasses import replace

from helpers.analysis.mapping import Entity, MappedClasses
from helpers.patterns.legacy_query.outcome import Conversion, Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.shape import Shape
from helpers.patterns.legacy_query.state import Rename, cut

_EAGER = ("joinedload", "selectinload", "subqueryload")
_LATER = frozenset({"select", "True", "raise", "raise_on_sql", "noload", "dynamic", "write_only"})


def without_eager(ending: Ending, shape: Shape, conversion: Conversion) -> Conversion:
    """The conversion with its eager options gone, or with `lazyload("*")` where the mapping loads eagerly."""
    if ending.state.eager or not shape.has_entity:
        return conversion
    removed = tuple(_removed(ending))
    loads = {_loads(ending.project.mapped, ref.entity) for ref in shape.entities}
    if loads == {False}:
        return replace(conversion, renames=(*conversion.renames, *removed))
    if ending.state.options or len(shape.entities) != 1 or None in loads:
        raise Refused("enable_eagerloads(False) over a mapping that may load eagerly: name what is loaded lazily")
    needs = (*conversion.needs, ("sqlalchemy.orm", "lazyload"))
    return replace(conversion, after=f'.options({{lazyload}}("*")){conversion.after}', needs=needs)


def _removed(ending: Ending) -> list[Rename]:
    found, previous = [], ending.chain.links[0].stop
    for link in ending.chain.links[1:]:
        if link.name == "options":
            commented = "#" in ending.chain.source.text[link.dot : link.stop]
            if commented or not all(_eager(ending, arg) for arg in link.args):
                raise Refused("enable_eagerloads(False) with these options: take out those that load eagerly")
            found.append(cut(ending.placed(link), previous))
        previous = link.stop
    return found


def _eager(ending: Ending, option: ast.expr) -> bool:
    """`joinedload(User.posts)` alone: what it leads to further would count when the rest is loaded later."""
    return (
        isinstance(option, ast.Call)
        and ending.project.meanings.is_sqlalchemy(option.func, ending.module, *_EAGER)
        and len(option.args) == 1
        and not option.keywords
        and isinstance(option.args[0], ast.Attribute)
    )


def _loads(mapped: MappedClasses, entity: Entity | None, depth: int = 0) -> bool | None:
    """Whether loading an entity loads more by its mapping, one step deep; None where that is not known."""
    if entity is None or not entity.complete:
        return None
    answers: set[bool | None] = {False}
    for one in (entity, *mapped.subclasses(entity)):
        names = {one.name, *(base.name for base in one.bases)}
        backs = [back for name in names for back in mapped.backrefs.get(name, ())]
        for relation in [*one.relationships.values(), *backs]:
            if relation.lazy in _LATER:
                continue
            target = mapped.by_name(relation.target) if relation.target else None
            deeper = _loads(mapped, target, depth + 1) if depth < 1 else False
            answers.add(True if relation.lazy == "joined" and deeper is False else None)
    return None if None in answers else True in answers
