"""The whole application, read once: sources, names, mapped classes, and the facts that patterns ask for."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import pathspec

from helpers.analysis.mapping import MappedClasses
from helpers.analysis.meaning import Meanings
from helpers.analysis.scopes import Scopes
from helpers.analysis.sessions import Sessions
from helpers.analysis.source import Source, read_source
from helpers.analysis.symbols import Definition, Module, Resolved, Symbols, import_bindings
from helpers.analysis.target import line_length, sqlalchemy_version
from helpers.errors import SourceError, UsageError
from helpers.model import Applicability, Finding

UNREADABLE = "AM001"
_NEVER = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "env", "site-packages", "node_modules", "__pycache__", "build", "dist"}
    | {".tox", ".nox", ".eggs", ".workbook", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"}
)


@dataclass(frozen=True, eq=False)
class Project:
    """Every readable Python file below `root`; the unreadable ones are findings in `problems`."""

    root: Path
    sources: Mapping[str, Source]
    problems: tuple[Finding, ...] = ()

    @cached_property
    def symbols(self) -> Symbols:
        """Names across modules."""
        return Symbols.build({path: source.tree for path, source in self.sources.items()})

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
    def sqlalchemy(self) -> tuple[int, int] | None:
        """The oldest SQLAlchemy that the application may run on; None where nothing says."""
        declared = sqlalchemy_version(self.root)
        modern = ("mapped_column", "DeclarativeBase", "Mapped")
        named = any(target.rpartition(".")[2] in modern for m in self.symbols.modules.values() for target in m.imports.values())
        return declared or ((2, 0) if named else None)

    @cached_property
    def line_length(self) -> int:
        """The longest line that the application's tools allow, in characters."""
        return line_length(self.root)

    @cached_property
    def _scopes(self) -> dict[str, Scopes]:
        return {}

    def module(self, path: str) -> Module:
        """The module of a file."""
        return self.symbols.modules[path]

    def scopes(self, module: Module) -> Scopes:
        """The scopes of a module, made on first use."""
        if module.path not in self._scopes:
            self._scopes[module.path] = Scopes(module)
        return self._scopes[module.path]

    def resolve(self, module: Module, dotted: str, at: ast.AST) -> Resolved:
        """What `dotted` means at `at`: imports inside the functions around count, other local names hide the module's."""
        head, _, rest = dotted.partition(".")
        for binding in self.scopes(module).lookup(head, at):
            if not isinstance(binding.node, ast.Import | ast.ImportFrom):
                return None
            target = dict(import_bindings(binding.node, module))[head]
            return self.symbols.absolute(f"{target}.{rest}" if rest else target, module)
        return self.symbols.resolve(module, dotted) if dotted else None

    @cached_property
    def calls(self) -> Mapping[str, tuple[tuple[Module, ast.Call], ...]]:
        """Every call of the project by the last part of the called name."""
        found: dict[str, list[tuple[Module, ast.Call]]] = {}
        for module in self.symbols.modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                    found.setdefault(name, []).append((module, node))
        return {name: tuple(calls) for name, calls in found.items()}

    def class_of(self, node: ast.AST, module: Module) -> Definition | None:
        """The class around `node`."""
        owner = self.scopes(module).owner(node)
        return Definition(module, owner.name, owner) if owner else None

    def bases(self, found: Definition) -> Iterator[Definition]:
        """A class and the project's classes above it."""
        seen: list[ast.AST] = []
        queue: list[Resolved] = [found]
        while queue:
            item = queue.pop(0)
            if isinstance(item, Definition) and isinstance(item.node, ast.ClassDef) and item.node not in seen:
                seen.append(item.node)
                yield item
                for base in item.node.bases:
                    name = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
                    queue.append(self.symbols.resolve(item.module, name))

    def on_self(self, node: ast.Attribute, module: Module) -> Iterator[tuple[ast.expr | None, ast.expr | None]]:
        """(value, annotation) of every assignment to `self.x` or `cls.x` in the class around `node` and those above."""
        if not isinstance(node.value, ast.Name) or node.value.id not in ("self", "cls"):
            return
        owner = self.class_of(node, module)
        for found in self.bases(owner) if owner else ():
            yield from _assignments(found.node, node.attr)


def _assignments(owner: ast.AST, name: str) -> Iterator[tuple[ast.expr | None, ast.expr | None]]:
    body = owner.body if isinstance(owner, ast.ClassDef) else []
    for item in body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id == name:
            yield item.value, item.annotation
        elif isinstance(item, ast.Assign) and any(isinstance(part, ast.Name) and part.id == name for part in item.targets):
            yield item.value, None
    for node in ast.walk(owner):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr == name and getattr(target.value, "id", "") in ("self", "cls"):
                yield getattr(node, "value", None), getattr(node, "annotation", None)


def load_project(root: Path) -> Project:
    """Read the application below `root`. UsageError when there is no such folder; unreadable files become findings."""
    root = Path(root)
    if not root.is_dir():
        raise UsageError(str(root), "is not a folder that can be read", "name the folder of the application")
    sources: dict[str, Source] = {}
    problems: list[Finding] = []
    for path in python_files(root):
        try:
            sources[path] = read_source(root, path)
        except SourceError as error:
            problems.append(_problem(path, error))
    return Project(root, sources, tuple(problems))


def _problem(path: str, error: SourceError) -> Finding:
    line, _, column = error.place.removeprefix(f"{path}:").partition(":") if error.place != path else ("1", "", "1")
    where = (int(line), int(column or 1)) if line.isdigit() and (column or "1").isdigit() else (1, 1)
    message = f"{error.fact}; {error.remedy}"
    return Finding(UNREADABLE, path, *where, "<module>", message, Applicability.MANUAL, None, f"{UNREADABLE}:{path}")


def python_files(root: Path) -> Iterator[str]:
    """Relative paths of the Python files that belong to the application, sorted: what git ignores is not among them."""
    listed = _git_files(root)
    names = listed if listed is not None else _walked(root)
    return iter(sorted(name for name in names if name.endswith(".py") and not _NEVER & set(PurePosixPath(name).parts[:-1])))


def _git_files(root: Path) -> list[str] | None:
    """What git tracks or does not ignore, or None where git has no say: no repository, or one that ignores `root`."""
    git = shutil.which("git")
    if not git:
        return None
    ignored = subprocess.run([git, "-C", str(root), "check-ignore", "-q", "."], capture_output=True, check=False)
    if ignored.returncode != 1:  # 0: the repository around ignores this folder; 128: there is none
        return None
    command = [git, "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=False)
    if listed.returncode:
        return None
    names = {name.decode(errors="surrogateescape") for name in listed.stdout.split(b"\0") if name}
    return [name for name in names if (root / name).is_symlink() or (root / name).exists()]


def _walked(root: Path) -> Iterator[str]:
    yield from _below(root, "", [])


def _below(folder: Path, prefix: str, rules: list[tuple[str, pathspec.GitIgnoreSpec]]) -> Iterator[str]:
    own = folder / ".gitignore"
    if own.is_file():
        rules = [*rules, (prefix, pathspec.GitIgnoreSpec.from_lines(own.read_text(errors="replace").splitlines()))]
    for item in sorted(folder.iterdir()):
        name = f"{prefix}{item.name}"
        is_folder = item.is_dir() and not item.is_symlink()
        if item.name in _NEVER or any(spec.match_file(name[len(base) :] + "/" * is_folder) for base, spec in rules):
            continue
        if not is_folder:
            yield name
        elif not (item / "pyvenv.cfg").exists():
            yield from _below(item, f"{name}/", rules)
