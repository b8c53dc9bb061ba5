"""The async face: the file that one step adds, the twins of what gives sessions, and how all of it goes again."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from helpers.analysis.faces import CLASS, MARK, RUN, STEM, Provided
from helpers.analysis.project import Project
from helpers.analysis.source import Text
from helpers.analysis.symbols import Module, dotted_name, import_bindings
from helpers.codemod.flip.awaiting import RUN as LOOP
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.face_text import LOOSE, TEXT
from helpers.codemod.flip.session_types import SessionTypes
from helpers.codemod.refused import Refused
from helpers.model import Edit, FileChange, ImportName

PATTERN = "session_factory"
_SESSIONS = {"sqlmodel": ("sqlmodel.ext.asyncio.session", "sqlmodel")}
_PLAIN = ("sqlalchemy.ext.asyncio", "sqlalchemy.orm")


def import_name(project: Project, module: Module) -> str:
    """The dotted name that the application imports a module by."""
    for other in project.symbols.modules.values():
        for node in other.nodes.of(ast.ImportFrom):
            if node.level == 0 and node.module and project.symbols.module(node.module, other) is module:
                return node.module
    parts = module.name.split(".")
    while len(parts) > 1 and f"{parts[0]}/__init__.py" not in project.sources:
        parts = parts[1:]
    return ".".join([*([project.symbols.package] if project.symbols.package else []), *parts])


@dataclass(frozen=True, eq=False)
class FaceChanges:
    """Answers for one project."""

    project: Project
    types: SessionTypes

    @property
    def home(self) -> Provided:
        """The provider whose folder the face's file stands in."""
        return self.project.faces.providers[0]

    @property
    def dotted(self) -> str:
        """The name that the face's file is imported by."""
        name = import_name(self.project, self.home.module)
        package = name if self.home.module.is_package else name.rpartition(".")[0]
        return f"{package}.{STEM}" if package else STEM

    def file(self) -> FileChange:
        """The file that is added. Refused where the application has one of that name."""
        folder = self.home.module.path.rpartition("/")[0]
        path = f"{folder}/{STEM}.py" if folder else f"{STEM}.py"
        if path in self.project.sources:
            raise Refused(f"{path} is there already")
        text = TEXT % {"mark": MARK, "base": self.base(self.home)}
        return FileChange(path, None, text.encode())

    @staticmethod
    def is_loose(text: Text) -> bool:
        """Whether the rehearsal is still to come."""
        return LOOSE in text.text

    def strict(self) -> FileChange:
        """The file with the rehearsal switched on."""
        text = self.project.faces.text
        if text is None or not self.is_loose(text):
            raise Refused("the async face is not there, or is strict already")
        after = text.encode(text.text.replace(LOOSE, LOOSE.replace("False", "True"), 1))
        return FileChange(text.path, text.data, after, text.encoding)

    def base(self, provided: Provided) -> str:
        """The module that the asynchronous session class comes from: SQLModel's own where the application has that."""
        used = {name.partition(".")[0] for name in provided.module.imports.values()}
        return _SESSIONS["sqlmodel"][0] if "sqlmodel" in used else _PLAIN[0]

    def additions(self) -> Iterator[Change]:
        """The twins: `get_async_db` behind each `get_db`, `AsyncSessionDep` behind each `SessionDep`."""
        faces = self.project.faces
        for provided in (*faces.providers, *faces.aliases):
            if provided.twin in provided.module.definitions or provided.twin in provided.module.imports:
                raise Refused(f"{provided.module.path} has a {provided.twin} of its own")
            yield self._twin(provided) if provided in faces.providers else self._alias(provided)

    def _twin(self, provided: Provided) -> Change:
        function = provided.node
        assert isinstance(function, ast.FunctionDef)
        binder = self.types.binder(provided.module)
        face, first = binder.name(self.dotted, CLASS)
        depends, second = binder.name("fastapi", "Depends")
        _, plain = self._classes(provided)
        session, third = binder.name(*plain)
        newline = self._newline(provided)
        text = (
            f"{newline * 3}async def {provided.twin}(db: {session} = {depends}({provided.name})) -> {face}:{newline}"
            f'    """The same session, to be awaited."""{newline}'
            f"    return {face}(db)"
        )
        return self._after(provided, function, text, (first, second, third))

    def _alias(self, provided: Provided) -> Change:
        binder = self.types.binder(provided.module)
        source = self.project.sources[provided.module.path]
        session, add = binder.name(*self._classes(provided)[0])
        value = provided.node
        assert isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Tuple)
        start, end = source.segment(value)
        edits, adds = [Edit(*source.segment(value.slice.elts[0]), session)], [add]
        for node in (node for part in value.slice.elts[1:] for node in ast.walk(part)):
            if isinstance(node, ast.Name | ast.Attribute) and (over := self.over(node, provided.module)):
                edits += over.edits
                adds += over.adds
        text = source.text[start:end]
        for edit in sorted(edits, reverse=True):
            text = text[: edit.start - start] + edit.text + text[edit.end - start :]
        newline, statement = self._newline(provided), self._statement(provided)
        return self._after(provided, statement, f"{newline}{provided.twin} = {text}", tuple(adds))

    def _classes(self, provided: Provided) -> tuple[tuple[str, str], tuple[str, str]]:
        base = self.base(provided)
        plain = "sqlmodel" if base.startswith("sqlmodel") else _PLAIN[1]
        return (base, "AsyncSession"), (plain, "Session")

    def _statement(self, provided: Provided) -> ast.stmt:
        above = self.project.scopes(provided.module).parents[provided.node]
        if not isinstance(above, ast.Assign | ast.AnnAssign):
            raise Refused(f"`{provided.name}` is no plain assignment")
        return above

    def _newline(self, provided: Provided) -> str:
        return self.project.sources[provided.module.path].newline

    def _after(self, provided: Provided, node: ast.stmt, text: str, adds: tuple[ImportName | None, ...]) -> Change:
        end = self.project.sources[provided.module.path].segment(node)[1]
        message = f"{provided.twin} gives the session of {provided.name} through the async face"
        needed = tuple(add for add in adds if add)
        return Change(PATTERN, provided.module, node, message, (Edit(end, end, text),), needed)

    def over(self, node: ast.expr, module: Module) -> Change | None:
        """`get_db` as `get_async_db`, and an alias as its twin, in a function that becomes asynchronous."""
        found = self._provided(node, module)
        if found is None:
            return None
        return self._renamed(node, module, found.name, found.twin)

    def _back(self, node: ast.expr, module: Module) -> list[Change]:
        """The other way round, when the face goes."""
        there = self.project.faces.function(node, module)
        found = self.project.faces.twins.get(there) if there is not None else None
        return [self._renamed(node, module, found.twin, found.name)] if found else []

    def _provided(self, node: ast.expr, module: Module) -> Provided | None:
        faces = self.project.faces
        there = faces.function(node, module)
        return next((one for one in (*faces.providers, *faces.aliases) if one.node is there), None)

    def _renamed(self, node: ast.expr, module: Module, old: str, new: str) -> Change:
        source = self.project.sources[module.path]
        start, end = source.segment(node)
        message = f"{new} takes the place of {old}"
        if isinstance(node, ast.Attribute):
            return Change(PATTERN, module, node, message, (Edit(end - len(old), end, new),))
        if old in module.definitions:
            return Change(PATTERN, module, node, message, (Edit(start, end, new),))
        origin = self._imported(node, module)
        name, add = self.types.binder(module).name(origin, new)
        drops = (f"{origin}.{old}",)
        return Change(PATTERN, module, node, message, (Edit(start, end, name),), (add,) if add else (), drops)

    def _imported(self, node: ast.expr, module: Module) -> str:
        """The module that a file imports a name from, as it spells it."""
        for statement in module.nodes.of(ast.ImportFrom):
            for bound, target in import_bindings(statement, module):
                if bound == dotted_name(node):
                    if statement.level or not target.endswith(f".{bound}"):
                        raise Refused(f"`{bound}` is imported relatively or under another name: import it by its own")
                    return statement.module or ""
        raise Refused(f"where `{dotted_name(node)}` comes from is not followed")

    def removals(self) -> Iterator[tuple[Module, ast.AST, Callable[[], list[Change]]]]:
        """Everything that goes when the engine is asynchronous: the twins, their names, the face's class and `run`."""
        faces = self.project.faces
        if faces.text is None:
            return
        for node, provided in faces.twins.items():
            yield provided.module, node, partial(self._removed, node, provided)
        for module in self.project.symbols.modules.values():
            names: list[ast.Name | ast.Attribute] = [*module.nodes.of(ast.Name), *module.nodes.of(ast.Attribute)]
            for name in names:
                if isinstance(name.ctx, ast.Load) and not self.inside(name, module):
                    yield module, name, partial(self._back, name, module)
        for call, where, called in faces.uses():
            if not self.inside(call, where):
                yield where, call, partial(self._unwrapped, call, where, called)

    def inside(self, node: ast.AST, module: Module) -> bool:
        """Whether a node stands in a twin, which goes as a whole."""
        twins = self.project.faces.twins
        return any(above in twins for above in (node, *self.project.scopes(module).ancestors(node)))

    def _removed(self, node: ast.AST, provided: Provided) -> list[Change]:
        source = self.project.sources[provided.module.path]
        statement = node if isinstance(node, ast.stmt) else self._statement(replace(provided, node=node))
        start, end = source.segment(statement)
        before = source.text[:start].rstrip()
        message = f"{provided.twin} goes with the async face"
        drops = tuple(sorted({one.id for one in ast.walk(statement) if isinstance(one, ast.Name)}))
        return [Change(PATTERN, provided.module, statement, message, (Edit(len(before), end, ""),), (), drops)]

    def _unwrapped(self, call: ast.Call, module: Module, name: str) -> list[Change]:
        """`run(f(...))` as `await f(...)`, `AsyncFace(db)` as `db`."""
        source = self.project.sources[module.path]
        (start, end), (first, last) = source.segment(call), source.segment(call.args[0])
        keyword = "await " if name == RUN else ""
        adds: tuple[ImportName, ...] = ()
        awaiting = Awaiting(source, self.project.scopes(module).parents, self.project.loops.kept)
        above = self.project.scopes(module).parents[call]
        inside = call in (getattr(above, "value", None), getattr(above, "func", None)) and isinstance(above, ast.expr)
        if keyword and awaiting.is_kept(call):
            edits, adds = (Edit(start, first, LOOP), Edit(last, end, ")")), (ImportName("asyncio"),)
        elif keyword:
            awaiting.generators(call)
            edits = (Edit(start, first, "(await " if inside else keyword), Edit(last, end, ")" if inside else ""))
        else:
            edits = (Edit(start, first, ""), Edit(last, end, ""))
        message = "it is awaited" if keyword else "the session itself is asynchronous"
        return [Change("sync_caller", module, call, message, edits, adds, (f"{self.dotted}.{name}", name))]
