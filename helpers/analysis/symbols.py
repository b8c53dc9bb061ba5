"""Names across modules: what a dotted name in one module refers to, through imports, re-exports and star imports."""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from helpers.analysis.nodes import Index, read_nodes

# always from outside, whatever the application calls its own files in folders without __init__.py
_LIBRARIES = frozenset(
    {"sqlalchemy", "sqlmodel", "flask_sqlalchemy", "alembic", "fastapi", "starlette", "pydantic"}
    | {"celery", "rq", "dramatiq", "apscheduler", "requests", "httpx"}
)
_OUTSIDE = "<outside>"


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
    def nodes(self) -> Index:
        """Every node of the file, by kind and with its parent."""
        return read_nodes(self.tree)

    @cached_property
    def imports(self) -> Mapping[str, str]:
        """Bound name to dotted target, for every name that an import outside functions and classes binds last."""
        return {name: target for name, target in self._bound.items() if isinstance(target, str)}

    @cached_property
    def definitions(self) -> Mapping[str, ast.AST]:
        """Name to the class, function or assigned value, for every name that one of these binds last."""
        return {name: node for name, node in self._bound.items() if isinstance(node, ast.AST)}

    @cached_property
    def hidden_imports(self) -> Mapping[str, str]:
        """The same for the names that something else binds afterwards: `Session = Annotated[Session, ...]`."""
        found = (pair for node in statements(self.tree) for pair in import_bindings(node, self))
        return {name: target for name, target in found if name not in self.imports}

    @cached_property
    def stars(self) -> tuple[str, ...]:
        """Dotted modules of the star imports."""
        return tuple(
            self.absolute(node)
            for node in statements(self.tree)
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        )

    def absolute(self, node: ast.ImportFrom) -> str:
        """The dotted module that a from-import names, relative ones resolved against this module."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".") if self.name else []
        keep = len(parts) - node.level + (1 if self.is_package else 0)
        if keep < 0:  # above the folder that is read
            return f"{_OUTSIDE}.{node.module or ''}"
        return ".".join([*parts[:keep], *([node.module] if node.module else [])])

    @cached_property
    def _bound(self) -> dict[str, str | ast.AST]:
        """What each name of the top level is bound to last: an import's target, or a definition."""
        found: dict[str, str | ast.AST] = {}
        for node in statements(self.tree):
            for name, target in self._binds(node):
                if not (_nothing(target) and name in found):  # `x = None` where an import failed says nothing
                    found[name] = target
        return found

    def _binds(self, node: ast.stmt) -> Iterator[tuple[str, str | ast.AST]]:
        yield from import_bindings(node, self)
        yield from _defined(node)


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
    """Every statement below `body` in its scope: into if, try, with and loops, not into functions and classes."""
    for child in ast.iter_child_nodes(body):
        if isinstance(child, ast.stmt):
            yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            yield from statements(child)


def _defined(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name, node
    elif isinstance(node, ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value or node.annotation
    elif type(node).__name__ == "TypeAlias":  # `type Name = ...`, from Python 3.12
        yield node.name.id, node.value  # type: ignore[attr-defined]


def _nothing(target: str | ast.AST) -> bool:
    return isinstance(target, ast.Constant) and target.value is None


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


@dataclass(frozen=True, eq=False)
class Symbols:
    """All modules of the project, found by dotted name or by file.

    `package` is the dotted name of the folder itself, where that is a package: its own files import it by that name.
    """

    modules: Mapping[str, Module]
    package: str = ""
    _by_tail: Mapping[str, tuple[Module, ...]] = field(default_factory=dict, repr=False)
    _found: dict[tuple[str, str], Module | None] = field(default_factory=dict, repr=False)
    _resolved: dict[tuple[str, str], Resolved] = field(default_factory=dict, repr=False)

    @classmethod
    def build(cls, trees: Mapping[str, ast.Module], package: str = "") -> Symbols:
        """`trees` maps each file's relative path to its syntax tree."""
        modules = {path: Module(path, module_name(path), tree) for path, tree in trees.items()}
        tails: dict[str, list[Module]] = {}
        for module in modules.values():
            tails.setdefault(module.name.rpartition(".")[2], []).append(module)
        return cls(modules, package, {tail: tuple(found) for tail, found in tails.items()})

    def module(self, dotted: str, near: Module | None = None) -> Module | None:
        """The project's module of that dotted name; of several, the one whose path is nearest to `near`."""
        key = (dotted, near.path if near else "")
        if key not in self._found:
            candidates = self._by_tail.get(dotted.rpartition(".")[2], ()) if dotted else ()
            fitting = [module for module in candidates if self._importable(module, dotted)]
            self._found[key] = max(fitting, key=lambda module: _nearness(module, near), default=self._inside(dotted))
        return self._found[key]

    def _inside(self, dotted: str) -> Module | None:
        """The module of a name that starts with the name of the folder itself."""
        if not self.package or not f"{dotted}.".startswith(f"{self.package}."):
            return None
        path = dotted.removeprefix(self.package).removeprefix(".").replace(".", "/")
        names = (f"{path}.py", f"{path}/__init__.py") if path else ("__init__.py",)
        return next((self.modules[name] for name in names if name in self.modules), None)

    def _importable(self, module: Module, dotted: str) -> bool:
        """Whether some folder could be on the import path so that `dotted` means this module."""
        if module.name == dotted:
            return True
        head = dotted.partition(".")[0]
        if not module.name.endswith(f".{dotted}") or head in sys.stdlib_module_names or head in _LIBRARIES:
            return False
        root = module.name.removesuffix(f".{dotted}").replace(".", "/")
        return f"{root}/__init__.py" not in self.modules  # a folder inside a package is not on the path

    def resolve(self, module: Module, dotted: str) -> Resolved:
        """What `dotted` (`name` or `a.b.c`) means at the top level of `module`; None when nothing there binds it."""
        key = (module.path, dotted)
        if key not in self._resolved:
            self._resolved[key] = self._resolve(module, dotted, frozenset())
        return self._resolved[key]

    def absolute(self, dotted: str, near: Module) -> Resolved:
        """What an imported dotted path means, seen from `near`."""
        return self._import(near, dotted, frozenset())

    def _resolve(self, module: Module, dotted: str, seen: frozenset[tuple[str, str]]) -> Resolved:
        if (module.path, dotted) in seen:
            return None
        seen |= {(module.path, dotted)}
        head, _, rest = dotted.partition(".")
        if head in module.imports:
            found = self._import(module, module.imports[head], seen)
        elif head in module.definitions:
            found = Definition(module, head, module.definitions[head])
        else:
            found = self._through_stars(module, head, seen)
        return self._attributes(found, rest, module, seen) if rest else found

    def _attributes(self, found: Resolved, rest: str, near: Module, seen: frozenset[tuple[str, str]]) -> Resolved:
        if isinstance(found, External):  # also the head of a package without `__init__.py`
            return self._import(near, f"{found.name}.{rest}", seen)
        if isinstance(found, Module):
            return self._resolve(found, rest, seen) or self._submodule(found, rest, seen)
        return None  # an attribute of a class or of a value: not a name of its own

    def _submodule(self, package: Module, rest: str, seen: frozenset[tuple[str, str]]) -> Resolved:
        head, _, more = rest.partition(".")
        module = self.module(f"{package.name}.{head}" if package.name else head, package)
        return self._attributes(module, more, package, seen) if module and more else module

    def _import(self, module: Module, target: str, seen: frozenset[tuple[str, str]]) -> Resolved:
        """What a dotted import target means: a package's own binding comes before its submodule of the same name."""
        base, rest = target, ""
        while "." in base:
            base, _, last = base.rpartition(".")
            rest = f"{last}.{rest}" if rest else last
            if owner := self.module(base, module):
                return self._member(owner, rest, seen, inside=owner is module) or self.module(target, module)
        return self.module(target, module) or self._own(target, seen) or External(target)

    def _own(self, name: str, seen: frozenset[tuple[str, str]]) -> Resolved:
        """`from . import name` where the folder itself is the package."""
        package = self.modules.get("__init__.py")
        bound = package is not None and (name in package.imports or name in package.definitions)
        return self._resolve(package, name, seen) if package and bound else None

    def _member(self, owner: Module, rest: str, seen: frozenset[tuple[str, str]], *, inside: bool) -> Resolved:
        head = rest.partition(".")[0]
        if inside and head not in owner.definitions:  # a package that imports its own submodules
            return None
        return self._resolve(owner, rest, seen)

    def _through_stars(self, module: Module, name: str, seen: frozenset[tuple[str, str]]) -> Resolved:
        owners = [(dotted, self.module(dotted, module)) for dotted in reversed(module.stars)]
        for _, owner in owners:
            if owner and owner is not module and (found := self._resolve(owner, name, seen)):
                return found
        outside = (dotted for dotted, owner in owners if owner is None)
        return next((External(f"{dotted}.{name}") for dotted in outside if _exports(dotted, name)), None)


def _exports(dotted: str, name: str) -> bool:
    """Whether a star import of one of SQLAlchemy's modules binds `name`; of other libraries nothing is known."""
    if dotted.partition(".")[0] not in ("sqlalchemy", "sqlmodel") or hasattr(builtins, name):
        return False
    try:
        return hasattr(importlib.import_module(dotted), name)
    except ImportError:
        return False


def module_name(path: str) -> str:
    """The dotted form of a relative path: `src/app/db.py` is `src.app.db`, a package's `__init__.py` is the package.

    The `__init__.py` of the folder itself has an empty name.
    """
    name = path.removesuffix(".py").replace("/", ".")
    return "" if name == "__init__" else name.removesuffix(".__init__")


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
