"""A factory that is listened to: the listeners go to a synchronous one, whose sessions are inside those it makes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.project import Project
from helpers.analysis.session_uses import SessionUse
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.schema import line_of
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

PATTERN = "session_factory"
_MESSAGE = "events are those of the sessions inside, which a factory of their own makes"


@dataclass(frozen=True, eq=False)
class SyncFactories:
    """Answers for one project."""

    project: Project

    @cached_property
    def _heard(self) -> Mapping[ast.AST, Definition]:
        """The `sessionmaker(...)` of every factory that is listened to, with its name."""
        listeners = [one for one in self.project.listeners.all if one.kind == "factory"]
        found = (self._factory(one.target, one.module) for one in listeners)
        return {one.node: one for one in found if one is not None}

    def made(self, call: ast.Call, module: Module) -> tuple[Edit | None, str]:
        """The line above a factory that makes the synchronous one, and what is handed to the factory besides."""
        if call not in self._heard:
            return None, ""
        scopes, source = self.project.scopes(module), self.project.sources[module.path]
        statement = scopes.parents[call]
        if not isinstance(statement, ast.stmt) or scopes.parents[statement] is not module.tree:
            raise Refused("it is listened to, and is not made at the top of its file: give it a sync_session_class")
        name = self._name(self._heard[call])
        self._free(name, module)
        at, maker = line_of(source, statement), ast.unparse(call.func)
        return Edit(at, at, f"{name} = {maker}(){source.newline}"), f"sync_session_class={name}"

    def listened(self, use: SessionUse) -> Iterator[Change]:
        """`listens_for(SessionLocal, ...)` names the synchronous factory. Refused where that cannot be named."""
        found = self._factory(use.node, use.module)
        if found is None:
            raise Refused("the factory that is listened to has no name at the top of a file")
        name, source = self._name(found), self.project.sources[use.module.path]
        start, end = source.segment(use.node)
        if isinstance(use.node, ast.Attribute):
            edits = (Edit(end - len(use.node.attr), end, name),)
            yield Change(PATTERN, use.module, use.node, _MESSAGE, edits)
            return
        edit = Edit(start, end, name)
        if use.module is found.module:
            yield Change(PATTERN, use.module, use.node, _MESSAGE, (edit,))
        else:
            yield self._imported(use, found, edit)

    def _imported(self, use: SessionUse, found: Definition, edit: Edit) -> Change:
        """The same in a file that imports the factory, as it imports that."""
        assert isinstance(use.node, ast.Name)
        self._free(edit.text, use.module)
        statement, alias = self._import(use.node.id, use.module)
        told = self.project.symbols.module(use.module.absolute(statement), use.module)
        if told is not found.module:
            raise Refused(f"import `{use.node.id}` from {found.module.name}, where it is made")
        if not statement.level and statement.module:
            add = ImportName(statement.module, edit.text)
            drops = (f"{statement.module}.{alias.name}",)
            return Change(PATTERN, use.module, use.node, _MESSAGE, (edit,), (add,), drops)
        extra = self._in_import(use, alias, edit.text) if self._is_first(use, found) else ()
        return Change(PATTERN, use.module, use.node, _MESSAGE, (*extra, edit))

    def _in_import(self, use: SessionUse, alias: ast.alias, name: str) -> tuple[Edit, ...]:
        """The name beside that of the factory in a relative import, or in its place where that has no other use."""
        source = self.project.sources[use.module.path]
        start, end = source.segment(alias)
        targets = {one.target for one in self.project.listeners.all if one.kind == "factory"}
        reads = [node for node in use.module.nodes.of(ast.Name) if node.id == (alias.asname or alias.name)]
        if all(read in targets for read in reads):
            return (Edit(start, end, name),)
        return (Edit(end, end, f", {name}"),)

    def _is_first(self, use: SessionUse, found: Definition) -> bool:
        targets = (
            one.target
            for one in self.project.listeners.all
            if one.module is use.module and one.kind == "factory" and self._is_of(one.target, use.module, found)
        )
        return min(targets, key=lambda one: (one.lineno, one.col_offset)) is use.node

    def _is_of(self, target: ast.expr, module: Module, found: Definition) -> bool:
        other = self._factory(target, module)
        return other is not None and other.node is found.node

    def _import(self, name: str, module: Module) -> tuple[ast.ImportFrom, ast.alias]:
        for statement in module.tree.body:
            if isinstance(statement, ast.ImportFrom):
                for alias in statement.names:
                    if (alias.asname or alias.name) == name:
                        return statement, alias
        raise Refused(f"`{name}` is not imported at the top of the file")

    def _factory(self, target: ast.expr, module: Module) -> Definition | None:
        """The factory that a name at the top of a file means."""
        if isinstance(target, ast.Name) and self.project.scopes(module).lookup(target.id, target):
            return None
        found = self.project.resolve(module, dotted_name(target) or "", target)
        if not isinstance(found, Definition) or not isinstance(found.node, ast.Call):
            return None
        made = self.project.meanings.is_sqlalchemy(found.node.func, found.module, "sessionmaker")
        return found if made else None

    def _name(self, factory: Definition) -> str:
        """`SyncSessionLocal` for `SessionLocal`, `sync_factory` for `factory`."""
        name = factory.name.rpartition(".")[2]
        bare = name.lstrip("_")
        prefix = "SYNC_" if bare.isupper() else "Sync" if bare[:1].isupper() else "sync_"
        return name[: len(name) - len(bare)] + prefix + bare

    def _free(self, name: str, module: Module) -> None:
        if re.search(rf"\b{name}\b", self.project.sources[module.path].text):
            raise Refused(f"the file has a `{name}` of its own")
