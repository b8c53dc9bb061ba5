"""Writes statements that load more of objects which are there already."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.mapping import Entity
from helpers.patterns.lazy_relationship.layout import Layout
from helpers.patterns.lazy_relationship.options import Options, Tree
from helpers.patterns.lazy_relationship.refusal import Refused
from helpers.patterns.lazy_relationship.sites import Steps


@dataclass(frozen=True, eq=False)
class Loading:
    """Writes for one place: the options of its file, how its function names the session, where the line starts."""

    options: Options
    session: str
    start: int

    def of_one(self, name: str, entity: Entity, paths: list[Steps], *, more: tuple[str, ...] = ()) -> str:
        """`db.refresh(quote, ["lines"])`; a query for what lies deeper, because a refresh takes no options.

        `more` are columns that such a refresh selects as well.
        """
        if self.options.modern and all(len(path) == 1 and path[0].kind == "relationship" for path in paths):
            names = ", ".join(f'"{one}"' for one in dict.fromkeys([*(path[0].name for path in paths), *more]))
            return f"{self.session}.refresh({name}, [{names}])"
        return self._selected(entity, f"{{key}} == {name}.{primary_key(entity)}", paths, ending="one")

    def of_each(self, name: str, items: str, entity: Entity, paths: list[Steps]) -> str:
        """A query for all objects of a list, which loads what none of them has by then, and nothing else of them."""
        keys = f"[{name}.{primary_key(entity)} for {name} in {items}]"
        return self._selected(entity, f"{{key}}.in_({keys})", paths, ending="all")

    def _selected(self, entity: Entity, where: str, paths: list[Steps], *, ending: str) -> str:
        speller = self.options.speller
        spelled = speller.entity(entity)
        written = self.options.render(Tree.of(paths), spelled, entity.key)
        links = [
            f"{speller.bound('sqlalchemy', 'select')}({spelled})",
            f".where({where.format(key=f'{spelled}.{primary_key(entity)}')})",
        ]
        layout = Layout(speller.project.sources[speller.module.path], speller.project.line_length)
        return layout.statement(self.session, links, written, self.start, ending=ending)


def primary_key(entity: Entity) -> str:
    """The name of the one primary key column. Refused where there is none to be seen, or more than one."""
    for one in (entity.definition, *entity.bases):
        names = []
        for item in getattr(one.node, "body", ()):
            target = item.target if isinstance(item, ast.AnnAssign) else getattr(item, "targets", [None])[0]
            value = getattr(item, "value", None)
            if isinstance(target, ast.Name) and isinstance(value, ast.Call) and _is_key(value):
                names.append(target.id)
        if len(names) == 1:
            return names[0]
        if names:
            break
    raise Refused(f"`{entity.name}` has no single primary key column: load it again yourself")


def _is_key(call: ast.Call) -> bool:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "primary_key"]
    return any(isinstance(value, ast.Constant) and value.value is True for value in given)
