"""The annotations along a family: what said Query says Select, and what was not said stays unsaid."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.analysis.project import Project
from helpers.analysis.symbols import External, Module, dotted_name
from helpers.model import Edit
from helpers.patterns.legacy_query.held.family import Family, Kept, Local, Returned, Site, Slot
from helpers.patterns.legacy_query.held.states import States
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.shape import shape_of
from helpers.patterns.legacy_query.state import Piece

if TYPE_CHECKING:
    from helpers.patterns.legacy_query.held.writing import Writer

_OPEN = frozenset({"Any", "object"})


@dataclass(frozen=True, eq=False)
class Types:
    """Writes the annotations of one family."""

    project: Project
    family: Family
    states: States
    writer: Writer

    def annotations(self) -> None:
        """Edits for every annotated slot."""
        for slot in self.family.slots:
            found = self._annotation(slot)
            if found is not None:
                self._write(slot, *found)

    def _annotation(self, slot: Slot) -> tuple[ast.expr, Module] | None:
        if isinstance(slot, Returned):
            returns = slot.function.node.returns
            return (returns, slot.function.module) if returns is not None else None
        if isinstance(slot, Local):
            annotation = getattr(slot.definition.node, "annotation", None)
            return (annotation, slot.module) if annotation is not None else None
        if isinstance(slot, Kept):
            return self._attribute(slot)
        return None

    def _attribute(self, slot: Kept) -> tuple[ast.expr, Module] | None:
        for node in ast.walk(slot.owner):
            if (
                isinstance(node, ast.AnnAssign)
                and getattr(node.target, "attr", getattr(node.target, "id", "")) == slot.name
            ):
                return node.annotation, slot.module
        return None

    def _write(self, slot: Slot, annotation: ast.expr, module: Module) -> None:
        name = dotted_name(annotation)
        if name and name.rpartition(".")[2] in _OPEN:
            return
        quoted = isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)
        parsed = _parsed(annotation)
        part = self._query_part(parsed, module) if parsed is not None else None
        new = self._select(slot, module, part)
        source = self.project.sources[module.path]
        if part is None or quoted or part is annotation:
            text = new if part is None or part is parsed else ast.unparse(parsed).replace(ast.unparse(part), new)  # type: ignore[arg-type]
            start, stop = source.segment(annotation)
            self._put(slot, annotation, Edit(start, stop, f'"{text}"' if quoted else text))
        else:
            self._put(slot, annotation, Edit(*source.segment(part), new))
        if part is not None:
            named = part.value if isinstance(part, ast.Subscript) else part
            self.writer.part(module).drops.update({"sqlalchemy.orm.Query", dotted_name(named) or ""})

    def _put(self, slot: Slot, annotation: ast.expr, edit: Edit) -> None:
        module = slot.function.module if isinstance(slot, Returned) else slot.module
        self.writer.put(module, annotation, "says Select", edit)

    def _query_part(self, annotation: ast.expr, module: Module) -> ast.expr | None:
        """The part of an annotation that says Query."""
        for node in ast.walk(annotation):
            if isinstance(node, ast.Subscript) and self._is_query(node.value, module):
                return node
        for node in ast.walk(annotation):
            if isinstance(node, ast.Name | ast.Attribute) and self._is_query(node, module):
                return node
        return None

    def _is_query(self, node: ast.expr, module: Module) -> bool:
        found = self.project.symbols.resolve(module, dotted_name(node) or "")
        return isinstance(found, External) and found.name.startswith("sqlalchemy") and found.name.endswith(".Query")

    def _select(self, slot: Slot, module: Module, part: ast.expr | None) -> str:
        """`Select[tuple[User]]`, or as much of it as the version has and the module can name."""
        select = self.writer.select(module)
        version = self.project.sqlalchemy
        if version is None or version < (2, 0):
            return select
        said = self._said(slot, part)
        entities = {said} if said else {text for site in self.family.feeding(slot) for text in self._rows(site, module)}
        if len(entities) != 1:
            return f"{select}[{self.writer.name(module, 'typing', 'Any')}]"
        [text] = entities
        return f"{select}[{text}]" if version >= (2, 1) else f"{select}[tuple[{text}]]"

    def _said(self, slot: Slot, part: ast.expr | None) -> str:
        """The entity (or type variable) that `Query[T]` named, where rows are bare entities; empty otherwise."""
        bare = all(
            shape_of(self.project, state).bare
            for site in self.family.feeding(slot)
            for state in self.states.alike(site)
        )
        named = part.slice if isinstance(part, ast.Subscript) else None
        plain = bare and isinstance(named, ast.Name | ast.Attribute) and dotted_name(named) not in ("Any", "typing.Any")
        return ast.unparse(named) if plain and named is not None else ""

    def _rows(self, site: Site, module: Module) -> list[str]:
        """The entities of the rows as the module names them; two answers where it cannot."""
        found = []
        for state in self.states.alike(site):
            shape = shape_of(self.project, state)
            here = all(same_name(self.project, piece, module) for piece in state.columns)
            if not here or any(part.kind != "entity" for part in shape.parts):
                return ["Any", "?"]
            found.append(", ".join(ast.unparse(piece.node) for piece in state.columns))
        return found


def same_name(project: Project, piece: Piece, here: Module) -> bool:
    """Whether the text of an argument means the same in another module, at its top level."""
    name = dotted_name(piece.node)
    if name is None:
        return False
    one, two = project.symbols.resolve(piece.module, name), project.symbols.resolve(here, name)
    return one is not None and getattr(one, "node", one) is getattr(two, "node", two)


def _parsed(annotation: ast.expr) -> ast.expr | None:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval").body
        except SyntaxError as error:
            raise Refused(f"an annotation cannot be read: {annotation.value}") from error
    return annotation
