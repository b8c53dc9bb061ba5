"""Names across modules: what a dotted name in one module refers to, through imports, re-exports and star imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class External:
    """A name that the project imports and does not define, by its dotted path."""

    name: str


@dataclass(frozen=True, eq=False)
class Module:
    """One module of the project: its dotted name and the names its top level binds."""

    path: str
    name: str
    tree: ast.Module

    @cached_property
    def is_package(self) -> bool:
        """Whether the file is a package's `__init__.py`."""
        return self.path.rsplit("/", 1)[-1] == "__init__.py"

    @cached_property
    def imports(self) -> Mapping[str, str]:
        """Bound name to dotted target, for every import at any depth outside functions and classes."""
        return dict(self._imported())

    @cached_property
    def stars(self) -> tuple[str, ...]:
        """Dotted modules of the star imports."""
        return tuple(
            self.absolute(node)
            for node in statements(self.tree)
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        )

    @cached_property
    def definitions(self) -> Mapping[str, ast.AST]:
        """Name to the class, function or assigned value that the top level binds last."""
        return dict(_defined(self.tree))

    def absolute(self, node: ast.ImportFrom) -> str:
        """The dotted module that a from-import names, relative ones resolved against this module."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        keep = len(parts) - node.level + (1 if self.is_package else 0)
        return ".".join([*parts[: max(keep, 0)], *([node.module] if node.module else [])])

    def _imported(self) -> Iterator[tuple[str, str]]:
        for node in statements(self.tree):
            yield from import_bindings(node, self)


def import_bindings(node: ast.stmt, module: Module) -> Iterator[tuple[str, str]]:
    """The (bound name, dotted target) pairs of one import statement; nothing for any other statement."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
    elif isinstance(node, ast.ImportFrom):
        base = module.absolute(node)
        for alias in node.names:
            if alias.name != "*":
                yield alias.asname or alias.name, f"{base}.{alias.name}" if base else alias.name


def statements(body: ast.AST) -> Iterator[ast.stmt]:
    """Every statement below `body` that runs in its scope: into if, try, with and loops, not into functions and classes."""
    for child in ast.iter_child_nodes(body):
        if isinstance(child, ast.stmt):
            yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            yield from statements(child)


def _defined(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in statements(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.value or node.annotation


@dataclass(frozen=True, eq=False)
class Definition:
    """A class, a function or a value that a module of the project defines."""

    module: Module
    name: str
    node: ast.AST

    @property
    def qualified(self) -> str:
        """`module.name`."""
        return f"{self.module.name}.{self.name}"


Resolved = Definition | External | Module | None


@dataclass(frozen=True)
class Symbols:
    """All modules of the project, found by dotted name or by file."""

    modules: Mapping[str, Module]
    _by_tail: Mapping[str, tuple[Module, ...]] = field(repr=False)

    @classmethod
    def build(cls, trees: Mapping[str, ast.Module]) -> Symbols:
        """`trees` maps each file's relative path to its syntax tree."""
        modules = {path: Module(path, module_name(path), tree) for path, tree in trees.items()}
        tails: dict[str, list[Module]] = {}
        for module in modules.values():
            tails.setdefault(module.name.rpartition(".")[2], []).append(module)
        return cls(modules, {tail: tuple(found) for tail, found in tails.items()})

    def module(self, dotted: str, near: Module | None = None) -> Module | None:
        """The project's module of that dotted name; of several, the one whose path is nearest to `near`."""
        candidates = [
            module for module in self._by_tail.get(dotted.rpartition(".")[2], ()) if self._importable(module, dotted)
        ]
        return max(candidates, key=lambda module: _nearness(module, near), default=None)

    def _importable(self, module: Module, dotted: str) -> bool:
        """Whether some folder could be on the import path so that `dotted` means this module."""
        if module.name == dotted:
            return True
        if not module.name.endswith(f".{dotted}") or dotted.partition(".")[0] in sys.stdlib_module_names:
            return False
        root = module.name.removesuffix(f".{dotted}").replace(".", "/")
        return f"{root}/__init__.py" not in self.modules  # a folder inside a package is not on the path

    def resolve(self, module: Module, dotted: str) -> Resolved:
        """What `dotted` (`name` or `a.b.c`) means at the top level of `module`; None when nothing there binds it."""
        return self._resolve(module, dotted, frozenset())

    def absolute(self, dotted: str, near: Module) -> Resolved:
        """What an imported dotted path means, seen from `near`."""
        return self._import(near, dotted, frozenset())

    def _resolve(self, module: Module, dotted: str, seen: frozenset[tuple[str, str]]) -> Resolved:
        if (module.path, dotted) in seen:
            return None
        seen |= {(module.path, dotted)}
        head, _, rest = dotted.partition(".")
        if head in module.imports:
            target = module.imports[head]
            found = self._import(module, target, seen)
        elif head in module.definitions:
            found = Definition(module, head, module.definitions[head])
        else:
            found = self._through_stars(module, head, seen)
        return self._attributes(found, rest, seen) if rest else found

    def _attributes(self, found: Resolved, rest: str, seen: frozenset[tuple[str, str]]) -> Resolved:
        if isinstance(found, External):
            return External(f"{found.name}.{rest}")
        if isinstance(found, Module):
            return self._resolve(found, rest, seen) or self._submodule(found, rest, seen)
        return None  # an attribute of a class or of a value: not a name of its own

    def _submodule(self, package: Module, rest: str, seen: frozenset[tuple[str, str]]) -> Resolved:
        head, _, more = rest.partition(".")
        module = self.module(f"{package.name}.{head}", package)
        return self._attributes(module, more, seen) if module and more else module

    def _import(self, module: Module, target: str, seen: frozenset[tuple[str, str]]) -> Resolved:
        if found := self.module(target, module):
            return found
        base, rest = target, ""
        while "." in base:
            base, _, last = base.rpartition(".")
            rest = f"{last}.{rest}" if rest else last
            if owner := self.module(base, module):
                return self._resolve(owner, rest, seen) if owner is not module or last in module.definitions else None
        return External(target)

    def _through_stars(self, module: Module, name: str, seen: frozenset[tuple[str, str]]) -> Resolved:
        for dotted in reversed(module.stars):
            owner = self.module(dotted, module)
            if owner and owner is not module and (found := self._resolve(owner, name, seen)):
                return found
            if not owner and dotted.partition(".")[0] == "sqlalchemy":
                return External(f"{dotted}.{name}")
        return None


def module_name(path: str) -> str:
    """The dotted form of a relative path: `src/app/db.py` is `src.app.db`, a package's `__init__.py` is the package."""
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def _nearness(module: Module, near: Module | None) -> int:
    if near is None:
        return -len(module.path)
    shared = 0
    for ours, theirs in zip(module.path.split("/"), near.path.split("/"), strict=False):
        if ours != theirs:
            break
        shared += 1
    return shared * 1000 - len(module.path)


def dotted_name(node: ast.AST) -> str | None:
    """`a.b.c` for a chain of attributes on a name, else None."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := dotted_name(node.value)):
        return f"{base}.{node.attr}"
    return None
