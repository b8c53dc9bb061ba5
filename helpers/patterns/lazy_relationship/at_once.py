"""One refresh in place of two: where an object is refreshed whole, what is read of it is loaded at once."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from helpers.analysis.flow import Flow
from helpers.analysis.mapping import Entity
from helpers.analysis.scopes import Function
from helpers.analysis.source import Source
from helpers.analysis.symbols import Module
from helpers.patterns.lazy_relationship.sites import Need, Site, Survey
from helpers.patterns.lazy_relationship.spelling import Speller
from helpers.patterns.lazy_relationship.whole import is_whole


@dataclass(frozen=True, eq=False)
class AtOnce:
    """Answers for one survey: what `session.refresh(x)` may become when relationships of x are read behind it."""

    survey: Survey

    def before(self, statement: ast.stmt, name: str, module: Module) -> ast.Expr | None:
        """The statement right in front of another, where it refreshes the object whole."""
        block = Flow(self.survey.project.scopes(module)).block(statement)
        at = block.index(statement)
        match block[at - 1] if at else None:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="refresh"), args=[ast.Name(id=one)]) as call) as found:
                return found if one == name and is_whole(call) else None
        return None

    def names(self, statement: ast.stmt, module: Module) -> list[str]:
        """The relationships to be loaded together with the columns; nothing where that would leave something out.

        A whole refresh also loads what the mapping or the options of the query load with the object.
        """
        call = getattr(statement, "value", None)
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "refresh"):
            return []
        if not is_whole(call) or not isinstance(call.args[0], ast.Name):
            return []
        refs = [ref for ref in self.survey.flows.of(call.args[0], module) if ref.entity is not None]
        function = self.survey.project.scopes(module).function(statement)
        if any(ref.path or ref.root.kind == "parameter" or self._is_eager(ref.entity) for ref in refs if ref.entity):
            return []
        sites = [site for ref in refs for site in self.survey.by_root.get(ref.root, ())]
        paths = [need.path for site in sites for need in _handed_through(self.survey, site, function)]
        if any(len(path) > 1 for path in paths):
            return []
        return list(dict.fromkeys(path[0].name for path in paths if path[0].kind == "relationship"))

    def text(self, statement: ast.stmt, names: Iterable[str], speller: Speller) -> str:
        """`db.expire(x)` and a refresh that names the columns and these relationships, at the place of the other."""
        call = getattr(statement, "value", None)
        assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        session, name = ast.unparse(call.func.value), ast.unparse(call.args[0])
        source = speller.project.sources[speller.module.path]
        margin = margin_of(source, source.segment(statement)[0])
        columns = f"*{speller.bound('sqlalchemy', 'inspect')}({name}).mapper.column_attrs.keys()"
        listed = ", ".join([columns, *(f'"{one}"' for one in names)])
        line = f"{session}.refresh({name}, [{listed}])"
        if len(margin.strip("\r\n")) + len(line) > speller.project.line_length:
            line = f"{session}.refresh({margin}    {name}, [{listed}]{margin})"
        return f"{session}.expire({name}){margin}{line}"

    def _is_eager(self, entity: Entity) -> bool:
        kinds = [entity, *self.survey.project.mapped.subclasses(entity)]
        return any(one.with_its_owner for kind in kinds for one in self.survey.flows.members.relations(kind))


def _handed_through(survey: Survey, site: Site, function: Function | None) -> Iterator[Need]:
    """What is read of a site's objects that come through a function, by whomever."""
    for need in site.every:
        if function in {site.function, *(survey.callers.around(call) for call in need.via)}:
            yield need


def margin_of(source: Source, start: int) -> str:
    """The line break and indentation with which a statement beside that at `start` begins."""
    line = source.text[source.lines[source.position(start)[0] - 1] : start]
    return source.newline + (line if not line.strip() else line[: len(line) - len(line.lstrip())])
