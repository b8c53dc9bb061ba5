"""Functions that a text names, in code or beside it: entry points, settings, scripts, names that are looked up."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis import referred
from helpers.analysis.files import application_files
from helpers.analysis.members import FunctionNode
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.analysis.texts import read_text

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*[.:][A-Za-z_]\w*(?:\(\))?")
# they replace what they name in tests, and are judged there
_PATCHED = frozenset({"patch", "setattr", "object", "spy", "multiple", "dict", "delattr"})
_LOOKED_UP = frozenset(
    {"getfixturevalue", "getattr", "methodcaller", "attrgetter", "import_string", "import_from_string", "send_task"}
)


@dataclass(frozen=True, eq=False)
class Named:
    """Answers for the functions of one project."""

    project: Project

    def why(self, function: FunctionNode, module: Module) -> str:
        """The place of a text that names a function, as the reason to leave it; empty where there is none."""
        owners = self._owners(function, module)
        for text, place in self._dotted.get(function.name, ()):
            if self._leads(text, function, module) and self._means(text, owners):
                return f"{place} names it in a text ({text!r}), and what finds it that way may not await it"
        for word, where in self._words.get(function.name, ()):
            if word in owners:
                return f"{where} names it, and what runs it that way does not await it"
        if asked := self._looked_up.get(function.name):
            return f"{asked} looks {function.name!r} up by its name, and may not await it"
        return self._by_pattern(function, module)

    def _owners(self, function: FunctionNode, module: Module) -> frozenset[str]:
        """The last names before its own in a path to it: its module's, its package's, its class's."""
        owner = self.project.scopes(module).owner(function)
        last = module.name.rpartition(".")[2] or self.project.symbols.package.rpartition(".")[2]
        return frozenset({owner.name} if owner else {last})

    def _leads(self, text: str, function: FunctionNode, module: Module) -> bool:
        """Whether a dotted text names a function; what its own module binds may tell that it is another one."""
        path, name = re.split(r"[.:](?=\w+$)", text)
        owner = self.project.symbols.module(path.replace(":", "."), module)
        found = self.project.symbols.resolve(owner, name) if owner else None
        told = isinstance(found, Definition) and isinstance(found.node, FunctionNode | ast.ClassDef)
        return not told or found.node is function  # type: ignore[union-attr]  # it is a definition

    def _means(self, text: str, owners: frozenset[str]) -> bool:
        """Whether a dotted text may lead to it: through its own module, or through a package that imports it."""
        parts = re.split(r"[.:]", text)
        return parts[-2] in owners or (len(parts) > 2 and parts[0] in self._heads)

    @cached_property
    def _heads(self) -> frozenset[str]:
        """The first names that modules of the project are imported by."""
        modules = self.project.symbols.modules.values()
        return frozenset({self.project.symbols.package.partition(".")[0]} | {m.name.partition(".")[0] for m in modules})

    @cached_property
    def _dotted(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Last name to the dotted texts of the project's own code, documentation and patches of tests left out."""
        found: dict[str, list[tuple[str, str]]] = {}
        for module in self.project.symbols.modules.values():
            for node in module.nodes.of(ast.Constant):
                if isinstance(node.value, str) and _DOTTED.fullmatch(node.value) and self._is_value(node, module):
                    text = node.value.removesuffix("()")
                    found.setdefault(re.split(r"[.:]", text)[-1], []).append((text, f"{module.path}:{node.lineno}"))
        return {name: tuple(texts) for name, texts in found.items()}

    def _is_value(self, node: ast.Constant, module: Module) -> bool:
        above = module.nodes.parents.get(node)
        if isinstance(above, ast.Call):
            return (dotted_name(above.func) or "").rpartition(".")[2] not in _PATCHED
        return not isinstance(above, ast.Expr)

    @cached_property
    def _words(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Name to what stands before it in files that are no Python: `module:name`, and `from module import name`."""
        found: dict[str, list[tuple[str, str]]] = {}
        for path in application_files(self.project.root):
            if not referred.may_refer(path):
                continue
            text = read_text(self.project.root, path)
            for before, name in referred.pairs(path, text.text) if text else ():
                found.setdefault(name, []).append((before, path))
        return {name: tuple(places) for name, places in found.items()}

    @cached_property
    def _looked_up(self) -> Mapping[str, str]:
        """Name to the place that asks for it by a text: `getattr(crud, "create")`, `globals()["create"]`."""
        found: dict[str, str] = {}
        for module in self.project.symbols.modules.values():
            for node in module.nodes.of(ast.Constant):
                if isinstance(node.value, str) and node.value.isidentifier() and _asks(node, module):
                    found.setdefault(node.value, f"{module.path}:{node.lineno}")
        return found

    def _by_pattern(self, function: FunctionNode, module: Module) -> str:
        """A name that is put together: `getattr(self, f"handle_{kind}")`."""
        for pattern, place in self._patterns:
            if pattern.fullmatch(function.name):
                return f"{place} puts the name of what it calls together, and may mean it: name the functions there"
        return ""

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        return tuple(
            (pattern, f"{module.path}:{call.lineno}")
            for module, call in self.project.calls.get("getattr", ())
            if isinstance(call.func, ast.Name) and len(call.args) > 1 and (pattern := _pattern(call.args[1]))
        )


def _asks(node: ast.Constant, module: Module) -> bool:
    above = module.nodes.parents.get(node)
    if isinstance(above, ast.Subscript) and isinstance(above.value, ast.Call):
        return dotted_name(above.value.func) in ("globals", "vars", "locals")
    if not (isinstance(above, ast.Call) and node in above.args):
        return False
    return (dotted_name(above.func) or "").rpartition(".")[2] in _LOOKED_UP


def _pattern(node: ast.expr) -> re.Pattern[str] | None:
    """`f"handle_{kind}"` and `"handle_" + kind` as a pattern; None for anything without a constant part."""
    if isinstance(node, ast.JoinedStr):
        parts = node.values
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [node.left, node.right]
    else:
        return None
    texts = [str(part.value) if isinstance(part, ast.Constant) else "" for part in parts]
    if not any(len(text.strip("_")) > 1 for text in texts):
        return None
    return re.compile("".join(re.escape(text) if text else r"\w+" for text in texts))
