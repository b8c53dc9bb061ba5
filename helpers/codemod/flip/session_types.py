"""`Session` becomes `AsyncSession` wherever a family names it: annotations, aliases, constructions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.flip.change import Change
from helpers.codemod.imports import NameBinder
from helpers.codemod.refused import Refused
from helpers.model import Edit

PATTERN = "session_type"
_CLASSES = {
    "sqlalchemy.orm.Session": ("sqlalchemy.ext.asyncio", "AsyncSession"),
    "sqlalchemy.orm.session.Session": ("sqlalchemy.ext.asyncio", "AsyncSession"),
    "sqlmodel.Session": ("sqlmodel.ext.asyncio.session", "AsyncSession"),
    "sqlmodel.orm.session.Session": ("sqlmodel.ext.asyncio.session", "AsyncSession"),
}
_LOOK_AT_CLASSES = frozenset({"isinstance", "cast"})


@dataclass(frozen=True, eq=False)
class SessionTypes:
    """Answers for one project; names are bound once a file."""

    project: Project
    binders: dict[str, NameBinder]

    def changes(self, node: ast.AST, module: Module) -> Iterator[Change]:
        """A change for `node`, an expression of a family, where that names the class of sessions."""
        if isinstance(node, ast.Constant):
            self._quoted(node, module)
            return
        if not isinstance(node, ast.Name | ast.Attribute):
            return
        old = self.project.meanings.external(node, module)
        if old not in _CLASSES:
            return
        if isinstance(self.project.scopes(module).parents.get(node), ast.Attribute) and old.count(".") < 2:
            return
        self._check(node, module)
        new = _CLASSES[old]
        text, add = self.binder(module).name(*new)
        start, end = self.project.sources[module.path].segment(node)
        adds = (add,) if add else ()
        yield Change(PATTERN, module, node, f"{new[1]} takes the place of Session", (Edit(start, end, text),), adds, (old,))

    def binder(self, module: Module) -> NameBinder:
        """What spells new names in a file."""
        if module.path not in self.binders:
            source = self.project.sources[module.path]
            self.binders[module.path] = NameBinder(source.tree, source.text)
        return self.binders[module.path]

    def _check(self, node: ast.expr, module: Module) -> None:
        parents = self.project.scopes(module).parents
        above = parents[node]
        if isinstance(above, ast.Call) and above.func is not node:
            name = getattr(above.func, "id", getattr(above.func, "attr", ""))
            if name not in _LOOK_AT_CLASSES:
                raise Refused(f"the class Session is passed to `{name}`, which may need a synchronous one")
        elif isinstance(above, ast.Call):
            raise Refused("a session is made here without a factory: rewrite it by hand")
        elif isinstance(above, ast.ClassDef):
            raise Refused("a class of its own is made of Session: see what it adds")
        elif isinstance(above, ast.keyword):
            raise Refused(f"the class Session is passed as `{above.arg}`, which may need a synchronous one")

    def _quoted(self, node: ast.Constant, module: Module) -> None:
        """An annotation that is written as a text."""
        if isinstance(node.value, str) and self.project.sessions.annotated(node, module):
            raise Refused(f"the annotation {node.value!r} is quoted: take the quotes away")
