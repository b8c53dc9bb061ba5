"""The whole application, read once: sources, names, mapped classes, and the facts that patterns ask for."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from helpers.analysis.assigned import Assigned, assigned_in
from helpers.analysis.callgraph import CallGraph
from helpers.analysis.colouring import Colouring
from helpers.analysis.decorators import Decorators
from helpers.analysis.effects import Effects
from helpers.analysis.engines import Engines
from helpers.analysis.faces import Faces, is_face
from helpers.analysis.files import application_files
from helpers.analysis.fixtures import Fixtures
from helpers.analysis.function_values import FunctionValues
from helpers.analysis.generators import Generators
from helpers.analysis.instances import Instances
from helpers.analysis.listeners import Listeners
from helpers.analysis.loops import Loops
from helpers.analysis.mapping import MappedClasses
from helpers.analysis.meaning import Meanings
from helpers.analysis.parameters import Calls, FunctionNode, calls_of
from helpers.analysis.pooled import Pooled
from helpers.analysis.queued import Queued
from helpers.analysis.reach import Reach
from helpers.analysis.references import References
from helpers.analysis.scopes import Scopes
from helpers.analysis.session_uses import SessionUses
from helpers.analysis.sessions import Sessions
from helpers.analysis.source import Source, Text, parse_source, read_source
from helpers.analysis.symbols import Definition, Module, Resolved, Symbols, dotted_name, import_bindings
from helpers.analysis.target import line_length, python_version, sqlalchemy_version, type_checked
from helpers.analysis.texts import is_kept, read_text
from helpers.analysis.trace import Trace, load_trace
from helpers.analysis.versions import Versions
from helpers.errors import SourceError, UsageError
from helpers.model import Applicability, FileChange, Finding

UNREADABLE = "AM001"
_COLOURED = frozenset({"colouring", "generators", "decorators", "function_values", "pooled"})  # ask for colours


@dataclass(frozen=True, eq=False)
class Project:
    """Every readable Python file below `root`; the unreadable ones are findings in `problems`.

    `texts` are the files of other kinds that patterns read: those that name packages, and those that hold settings;
    the file of the async face is among them. `ends` are functions at which the asynchronous ends: they stay synchronous
    and run what they did in a loop of their own.
    """

    root: Path
    sources: Mapping[str, Source]
    problems: tuple[Finding, ...] = ()
    texts: Mapping[str, Text] = field(default_factory=dict)
    ends: frozenset[ast.AST] = frozenset()

    @cached_property
    def symbols(self) -> Symbols:
        """Names across modules."""
        return Symbols.build({path: source.tree for path, source in self.sources.items()}, _package(self.root))

    @cached_property
    def mapped(self) -> MappedClasses:
        """The mapped classes."""
        return MappedClasses(self.symbols)

    @cached_property
    def meanings(self) -> Meanings:
        """What expressions stand for in statements."""
        return Meanings(self)

    @cached_property
    def sessions(self) -> Sessions:
        """Which expressions are sessions."""
        return Sessions(self)

    @cached_property
    def callgraph(self) -> CallGraph:
        """Who calls whom."""
        return CallGraph(self)

    @cached_property
    def effects(self) -> Effects:
        """Which functions talk to the database."""
        return Effects(self)

    @cached_property
    def session_uses(self) -> SessionUses:
        """What becomes of every session."""
        return SessionUses(self)

    @cached_property
    def fixtures(self) -> Fixtures:
        """Which fixtures the parameters of tests are given."""
        return Fixtures(self)

    @cached_property
    def engines(self) -> Engines:
        """What becomes of every engine."""
        return Engines(self)

    @cached_property
    def listeners(self) -> Listeners:
        """Who listens to engines, sessions and mapped classes."""
        return Listeners(self)

    @cached_property
    def colouring(self) -> Colouring:
        """Which functions must become asynchronous."""
        return Colouring(self)

    @cached_property
    def loops(self) -> Loops:
        """Which functions run where no loop does."""
        return Loops(self)

    @cached_property
    def reach(self) -> Reach:
        """Which functions may run while a loop does."""
        return Reach(self)

    @cached_property
    def pooled(self) -> Pooled:
        """What takes long on the thread pool."""
        return Pooled(self)

    @cached_property
    def queued(self) -> Queued:
        """Which functions queues and schedulers run."""
        return Queued(self)

    @cached_property
    def versions(self) -> Versions:
        """Which functions run on the connection of a migration."""
        return Versions(self)

    @cached_property
    def faces(self) -> Faces:
        """The async face, while the migration is under way."""
        return Faces(self)

    @cached_property
    def instances(self) -> Instances:
        """Which classes values are instances of."""
        return Instances(self)

    @cached_property
    def decorators(self) -> Decorators:
        """The project's own decorators and what they decorate."""
        return Decorators(self)

    @cached_property
    def generators(self) -> Generators:
        """Which functions give generators."""
        return Generators(self)

    @cached_property
    def function_values(self) -> FunctionValues:
        """Which functions values hold."""
        return FunctionValues(self)

    @cached_property
    def references(self) -> References:
        """Where classes and functions are named."""
        return References(self)

    @cached_property
    def sqlalchemy(self) -> tuple[int, int] | None:
        """The oldest SQLAlchemy that the application may run on; None where nothing says."""
        modern = ("mapped_column", "DeclarativeBase", "Mapped")
        named = any(
            target.rpartition(".")[2] in modern for m in self.symbols.modules.values() for target in m.imports.values()
        )
        return self.declared_sqlalchemy or ((2, 0) if named else None)

    @cached_property
    def declared_sqlalchemy(self) -> tuple[int, int] | None:
        """The same by the application's locks and requirements alone."""
        return sqlalchemy_version(self.root)

    @cached_property
    def line_length(self) -> int:
        """The longest line that the application's tools allow, in characters."""
        return line_length(self.root)

    @cached_property
    def python(self) -> tuple[int, int] | None:
        """The oldest Python that the application says it runs on; None where nothing says."""
        return python_version(self.root)

    @cached_property
    def type_checked(self) -> bool:
        """Whether the application's own files set up a type checker."""
        return type_checked(self.root)

    @cached_property
    def trace(self) -> Trace | None:
        """What a traced run of the application's tests showed and is still true; None where there is no trace."""
        return load_trace(self.root, {path: source.data for path, source in self.sources.items()})

    @cached_property
    def _scopes(self) -> dict[str, Scopes]:
        return {}

    def changed(self, changes: Iterable[FileChange]) -> Project:
        """The project as it is once these files have changed; nothing is written. SourceError for what is no Python."""
        after = {change.path: change.after for change in changes}
        if not after:
            return self
        sources = {path: item for path, item in self.sources.items() if after.get(path, b"") is not None}
        texts = {path: item for path, item in self.texts.items() if after.get(path, b"") is not None}
        for path, data in after.items():
            if data is not None and path in texts:
                texts[path] = texts[path].replaced(data)
            elif data is not None:
                _keep(parse_source(path, data), sources, texts)
        return replace(self, sources=sources, texts=texts, ends=frozenset())

    def ending(self, ends: frozenset[ast.AST]) -> Project:
        """The same project where these functions are ends; what does not depend on them is not read again."""
        other = replace(self, ends=ends)
        kept = {name: value for name, value in vars(self).items() if name not in vars(other) and name not in _COLOURED}
        vars(other).update(kept)
        vars(other)["without_ends"] = self.without_ends
        return other

    @cached_property
    def without_ends(self) -> Project:
        """The project as it is read, before any function becomes an end."""
        return self

    def module(self, path: str) -> Module:
        """The module of a file."""
        return self.symbols.modules[path]

    def scopes(self, module: Module) -> Scopes:
        """The scopes of a module, made on first use."""
        if module.path not in self._scopes:
            self._scopes[module.path] = Scopes(module)
        return self._scopes[module.path]

    def resolve(self, module: Module, dotted: str, at: ast.AST) -> Resolved:
        """What `dotted` means at `at`: imports in the functions around count, other local names hide the module's."""
        head, _, rest = dotted.partition(".")
        bindings = self.scopes(module).lookup(head, at) if head else ()
        if not bindings:
            return self.symbols.resolve(module, dotted) if dotted else None
        targets = set()
        for binding in bindings:
            if not isinstance(binding.node, ast.Import | ast.ImportFrom):
                return None
            targets.add(dict(import_bindings(binding.node, module))[head])
        target = targets.pop()
        return None if targets else self.symbols.absolute(f"{target}.{rest}" if rest else target, module)

    @cached_property
    def calls(self) -> Mapping[str, tuple[tuple[Module, ast.Call], ...]]:
        """Every call of the project by the last part of the called name."""
        found: dict[str, list[tuple[Module, ast.Call]]] = {}
        for module in self.symbols.modules.values():
            for node in module.nodes.of(ast.Call):
                if isinstance(node.func, ast.Name | ast.Attribute):
                    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                    found.setdefault(name, []).append((module, node))
        return {name: tuple(calls) for name, calls in found.items()}

    def calls_of(self, function: FunctionNode, module: Module) -> Calls:
        """The calls that may mean a function, each with the module that it stands in."""
        if function not in self._calls_of:
            self._calls_of[function] = tuple(calls_of(self, function, module))
        return self._calls_of[function]

    @cached_property
    def _calls_of(self) -> dict[ast.AST, Calls]:
        return {}

    def class_of(self, node: ast.AST, module: Module) -> Definition | None:
        """The class around `node`."""
        owner = self.scopes(module).owner(node)
        return Definition(module, owner.name, owner) if owner else None

    def bases(self, found: Definition) -> Iterator[Definition]:
        """A class and the project's classes above it."""
        seen: set[ast.AST] = set()
        queue = [found]
        while queue:
            item = queue.pop(0)
            if isinstance(item.node, ast.ClassDef) and item.node not in seen:
                seen.add(item.node)
                yield item
                queue += self.parents(item)

    def parents(self, found: Definition) -> Iterator[Definition]:
        """The project's classes that a class names as its bases."""
        for base in getattr(found.node, "bases", ()):
            name = dotted_name(base.value if isinstance(base, ast.Subscript) else base)
            resolved = self.symbols.resolve(found.module, name) if name else None
            if isinstance(resolved, Definition) and isinstance(resolved.node, ast.ClassDef):
                yield resolved

    def on_self(self, node: ast.Attribute, module: Module) -> Iterator[tuple[ast.expr | None, ast.expr | None]]:
        """(value, annotation) of each assignment to `self.x` or `cls.x` in the class of `node` and those above."""
        yield from ((one.value, one.annotation) for one in self.assigned(node, module))

    def assigned(self, node: ast.Attribute, module: Module) -> Iterator[Assigned]:
        """The same with the module that each assignment stands in."""
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            owner = self.class_of(node, module)
            yield from self.attributes(owner, node.attr) if owner else ()

    def attributes(self, owner: Definition, name: str) -> Iterator[Assigned]:
        """Every assignment to attribute `name` in a class and the project's classes above it."""
        for found in self.bases(owner):
            if found.node not in self._assigned:
                self._assigned[found.node] = assigned_in(found)
            yield from self._assigned[found.node].get(name, ())

    @cached_property
    def _assigned(self) -> dict[ast.AST, Mapping[str, tuple[Assigned, ...]]]:
        return {}

    def below(self, found: Definition) -> Iterator[Definition]:
        """The project's classes below one, itself left out."""
        seen: set[ast.AST] = {found.node}
        queue = list(self.subclasses.get(found.node, ()))
        while queue:
            one = queue.pop()
            if one.node not in seen:
                seen.add(one.node)
                yield one
                queue += self.subclasses.get(one.node, ())

    @cached_property
    def subclasses(self) -> Mapping[ast.AST, tuple[Definition, ...]]:
        """A class of the project to those that name it as a base."""
        found: dict[ast.AST, list[Definition]] = {}
        for module in self.symbols.modules.values():
            for node in module.nodes.of(ast.ClassDef):
                for base in self.parents(Definition(module, node.name, node)):
                    found.setdefault(base.node, []).append(Definition(module, node.name, node))
        return {node: tuple(below) for node, below in found.items()}


def load_project(root: Path) -> Project:
    """Read the application below `root`. UsageError when there is no such folder; unreadable files become findings."""
    root = Path(root)
    if not root.is_dir():
        raise UsageError(str(root), "is not a folder that can be read", "name the folder of the application")
    sources: dict[str, Source] = {}
    faces: dict[str, Text] = {}
    problems: list[Finding] = []
    names = application_files(root)
    with _collector_paused():
        for path in names:
            if not path.endswith((".py", "/")):
                continue
            try:
                _keep(_read(root, path), sources, faces)
            except SourceError as error:
                problems.append(_problem(path, error))
    texts = {path: text for path in names if is_kept(path) and (text := read_text(root, path))}
    return Project(root, sources, tuple(problems), {**texts, **faces})


def _keep(source: Source, sources: dict[str, Source], texts: dict[str, Text]) -> None:
    """The face is no code of the application: its file is kept as a text, and its names come from outside."""
    if is_face(source):
        texts[source.path] = Text(source.path, source.data, source.text, source.encoding, source.bom)
    else:
        sources[source.path] = source


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Syntax trees are many objects and no garbage: looking through them again and again is half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read(root: Path, path: str) -> Source:
    if path.endswith("/"):
        raise SourceError(path, "is a folder that cannot be read", "mend its permissions, or leave it out")
    return read_source(root, path)


def _problem(path: str, error: SourceError) -> Finding:
    line, _, column = error.place.removeprefix(f"{path}:").partition(":") if error.place != path else ("1", "", "1")
    where = (int(line), int(column or 1)) if line.isdigit() and (column or "1").isdigit() else (1, 1)
    message = f"{error.fact}; {error.remedy}"
    return Finding(UNREADABLE, path, *where, "<module>", message, Applicability.MANUAL, None, f"{UNREADABLE}:{path}")


def _package(root: Path) -> str:
    """The dotted name of a folder that is itself a package, or inside one; empty otherwise."""
    names: list[str] = []
    folder = root.resolve()
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        names.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(names))
