"""`Session` becomes `AsyncSession` wherever a family names it: annotations, aliases, constructions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.engines import ENGINES
from helpers.analysis.project import Project
from helpers.analysis.symbols import External, Module, dotted_name
from helpers.codemod.flip.change import Change
from helpers.codemod.imports import NameBinder
from helpers.codemod.refused import Refused
from helpers.model import Edit

PATTERN = "session_type"
_OF_OBJECTS = ("sqlalchemy.orm.object_session", "sqlalchemy.orm.session.object_session")
_CLASSES = {
    "sqlalchemy.orm.Session": ("sqlalchemy.ext.asyncio", "AsyncSession"),
    "sqlalchemy.orm.session.Session": ("sqlalchemy.ext.asyncio", "AsyncSession"),
    "sqlmodel.Session": ("sqlmodel.ext.asyncio.session", "AsyncSession"),
    **dict.fromkeys(ENGINES, ("sqlalchemy.ext.asyncio", "AsyncEngine")),
    **dict.fromkeys(_OF_OBJECTS, ("sqlalchemy.ext.asyncio", "async_object_session")),
    "sqlmodel.orm.session.Session": ("sqlmodel.ext.asyncio.session", "AsyncSession"),
}
ASYNC_NAMES = {"Generator": "AsyncGenerator", "Iterator": "AsyncIterator", "Iterable": "AsyncIterable"}
_LOOK_AT_CLASSES = frozenset({"isinstance", "cast"})


@dataclass(frozen=True, eq=False)
class SessionTypes:
    """Answers for one project; names are bound once a file."""

    project: Project
    binders: dict[str, NameBinder]

    def changes(self, node: ast.AST, module: Module) -> Iterator[Change]:
        """A change for `node`, an expression of a family, where that names the class of sessions, or asks for one."""
        if isinstance(node, ast.Constant):
            yield from self._quoted(node, module)
            return
        if isinstance(node, ast.FunctionDef) and node.returns is not None and self.project.generators.gives(node):
            yield from self._generator(node, node.returns, module)
            return
        if not isinstance(node, ast.Name | ast.Attribute):
            return
        old = self._class(node, module)
        if old not in _CLASSES:
            return
        if isinstance(self.project.scopes(module).parents.get(node), ast.Attribute) and old.count(".") < 2:
            return
        if self._listened(node, module):
            return
        self._check(node, module)
        new = _CLASSES[old]
        text, add = self.binder(module).name(*new)
        start, end = self.project.sources[module.path].segment(node)
        adds = (add,) if add else ()
        yield Change(
            PATTERN,
            module,
            node,
            f"{new[1]} takes the place of {old.rpartition('.')[2]}",
            (Edit(start, end, text),),
            adds,
            (old,),
        )

    def _class(self, node: ast.Name | ast.Attribute, module: Module) -> str:
        """The dotted name of what `node` means outside the project, a name hidden by its own alias included."""
        if isinstance(node, ast.Name) and node.id in module.hidden_imports:
            value = module.definitions.get(node.id)
            if value is not None and any(one is node for one in ast.walk(value)):
                return module.hidden_imports[node.id]
        return self.project.meanings.external(node, module)

    def _generator(self, function: ast.FunctionDef, returns: ast.expr, module: Module) -> Iterator[Change]:
        """`Generator[X, None, None]` and `Iterator[X]` of a function that becomes an asynchronous generator."""
        if function not in self.project.colouring.asynchronous:
            return
        name = returns.value if isinstance(returns, ast.Subscript) else returns
        old = self.project.meanings.external(name, module)
        base, _, last = old.rpartition(".")
        if base not in ("typing", "collections.abc", "typing_extensions") or last not in ASYNC_NAMES:
            raise Refused(f"what `{ast.unparse(returns)}` becomes for an asynchronous generator is not known")
        source = self.project.sources[module.path]
        text, add = self.binder(module).name(base, ASYNC_NAMES[last])
        edits = [Edit(*source.segment(name), text)]
        if last == "Generator" and isinstance(returns, ast.Subscript) and isinstance(returns.slice, ast.Tuple):
            parts = returns.slice.elts
            if len(parts) == 3:
                edits.append(Edit(source.segment(parts[1])[1], source.segment(parts[2])[1], ""))
        adds = (add,) if add else ()
        yield Change(
            PATTERN, module, returns, f"{ASYNC_NAMES[last]} takes the place of {last}", tuple(edits), adds, (old,)
        )

    def binder(self, module: Module) -> NameBinder:
        """What spells new names in a file."""
        if module.path not in self.binders:
            source = self.project.sources[module.path]
            self.binders[module.path] = NameBinder(source.tree, source.text)
        return self.binders[module.path]

    def _listened(self, node: ast.expr, module: Module) -> bool:
        """Whether it is the class that somebody listens to: an asynchronous session or engine has one inside."""
        above = self.project.scopes(module).parents[node]
        if not isinstance(above, ast.Call) or above.args[:1] != [node]:
            return False
        return self.project.listeners.names(above, module, "listen", "listens_for", "remove", "contains")

    def _check(self, node: ast.expr, module: Module) -> None:
        parents = self.project.scopes(module).parents
        above = parents[node]
        if isinstance(above, ast.Call) and above.func is not node:
            name = getattr(above.func, "id", getattr(above.func, "attr", ""))
            if name not in _LOOK_AT_CLASSES:
                raise Refused(f"the class is passed to `{name}`, which may need a synchronous one")
        elif isinstance(above, ast.ClassDef):
            raise Refused("a class of its own is made of it: see what it adds")
        elif isinstance(above, ast.keyword):
            raise Refused(f"the class is passed as `{above.arg}`, which may need a synchronous one")

    def _quoted(self, node: ast.Constant, module: Module) -> Iterator[Change]:
        """An annotation that is written as a text."""
        above = self.project.scopes(module).parents.get(node)
        if isinstance(above, ast.Call) and getattr(above.func, "id", getattr(above.func, "attr", "")) != "cast":
            return  # a text that some function is given
        typed = self.project.sessions.annotated(node, module) if isinstance(node.value, str) else None
        if typed is None or typed.what not in ("session", "factory") or not isinstance(node.value, str):
            return
        source = self.project.sources[module.path]
        start, end = source.segment(node)
        if (
            source.text[start + 1 : end - 1] != node.value
            or source.text[start] not in "'\""
            or not node.value.isascii()
        ):
            raise Refused(f"the annotation {node.value!r} is quoted: take the quotes away")
        found = list(self.named(ast.parse(node.value, mode="eval").body, module))
        if not found:
            raise Refused(f"the annotation {node.value!r} is quoted: take the quotes away")
        for inner, old in found:
            text, add = self.binder(module).name(*_CLASSES[old])
            edit = Edit(start + 1 + inner.col_offset, start + 1 + (inner.end_col_offset or 0), text)
            message = f"{_CLASSES[old][1]} takes the place of {old.rpartition('.')[2]}"
            yield Change(PATTERN, module, node, message, (edit,), (add,) if add else (), (old,))

    def named(self, node: ast.AST, module: Module) -> Iterator[tuple[ast.expr, str]]:
        """Every name of a session class in a text, outermost first."""
        dotted = dotted_name(node)
        meant = self.project.symbols.resolve(module, dotted) if dotted else None
        if isinstance(meant, External) and meant.name in _CLASSES and isinstance(node, ast.Name | ast.Attribute):
            yield node, meant.name
            return
        for child in ast.iter_child_nodes(node):
            yield from self.named(child, module)


def replacement(name: str) -> tuple[str, str]:
    """The module and the name of the class that takes the place of one."""
    return _CLASSES[name]
