"""How a file names a mapped class: as it does already, or by an import in the style of the others."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field

from helpers.analysis.mapping import Entity
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module
from helpers.codemod.imports import NameBinder
from helpers.model import ImportName
from helpers.patterns.lazy_relationship.refusal import Refused


@dataclass(eq=False)
class Speller:
    """Writes names for one file and remembers the imports that they need."""

    project: Project
    module: Module
    binder: NameBinder
    adds: list[ImportName] = field(default_factory=list)

    def loader(self, name: str) -> str:
        """A function of `sqlalchemy.orm`."""
        return self.bound("sqlalchemy.orm", name)

    def entity(self, entity: Entity) -> str:
        """A mapped class. Refused where importing it would go round in circles."""
        if self.module.definitions.get(entity.name) is entity.definition.node:
            return entity.name
        target = self.module.imports.get(entity.name)
        if target and self._means(self.module, entity.name, entity):
            return self._imported(target, entity, only_if_there=True)
        if qualified := self._qualified(entity):
            return qualified
        home = self._usual_home(entity)
        if self._imports_us(entity.definition.module):
            reason = f"`{entity.name}` cannot be imported here: its module imports this one"
            raise Refused(reason)
        return self._imported(f"{home}.{entity.name}", entity, only_if_there=False)

    def is_class(self, text: str) -> bool:
        """Whether a text that the file has names a class, and no alias of one."""
        found = self.project.symbols.resolve(self.module, text)
        return isinstance(found, Definition) and isinstance(found.node, ast.ClassDef)

    def _imported(self, target: str, entity: Entity, *, only_if_there: bool) -> str:
        module, _, name = target.rpartition(".")
        text, add = self.binder.name(module, name)
        if add is not None:
            if only_if_there:
                raise Refused(f"`{entity.name}` is imported for type checking only: import it at run time first")
            self.adds.append(add)
        return text

    def bound(self, module: str, name: str) -> str:
        """`module.name`, imported where the file does not have it."""
        text, add = self.binder.name(module, name)
        if add is not None:
            self.adds.append(add)
        return text

    def _qualified(self, entity: Entity) -> str | None:
        """`models.Book` where the file imports the module `models`."""
        for name in self.module.imports:
            found = self.project.symbols.resolve(self.module, name)
            home = isinstance(found, Module) and (found.is_package or found is entity.definition.module)
            if home and self._means(self.module, f"{name}.{entity.name}", entity):
                return f"{name}.{entity.name}"
        return None

    def _means(self, module: Module, name: str, entity: Entity) -> bool:
        found = self.project.symbols.resolve(module, name)
        return isinstance(found, Definition) and found.node is entity.definition.node

    def _usual_home(self, entity: Entity) -> str:
        """The module that a class is imported from: the one this file imports others from, else the most common."""
        ours = {target.rpartition(".")[0] for target in self.module.imports.values()}
        homes: Counter[str] = Counter()
        for module in self.project.symbols.modules.values():
            target = module.imports.get(entity.name)
            if target and self._means(module, entity.name, entity) and not _relative(module, entity.name):
                homes[target.rpartition(".")[0]] += 1000 if target.rpartition(".")[0] in ours else 1
        if not homes:
            return entity.definition.module.name
        return max(homes, key=lambda home: (homes[home], home))

    def _imports_us(self, start: Module) -> bool:
        """Whether a module imports this one, itself or through others."""
        seen = {start.path}
        queue = [start]
        while queue:
            module = queue.pop()
            if module is self.module:
                return True
            for target in module.imports.values():
                near = self.project.symbols.module(target, module)
                found = near or self.project.symbols.module(target.rpartition(".")[0], module)
                if found and found.path not in seen:
                    seen.add(found.path)
                    queue.append(found)
        return False


def _relative(module: Module, name: str) -> bool:
    """Whether a file imports a name relatively: what another file cannot repeat."""
    return any(
        node.level > 0 and any((alias.asname or alias.name) == name for alias in node.names)
        for node in module.nodes.of(ast.ImportFrom)
    )
