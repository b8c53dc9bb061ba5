"""What tests put in the place of functions and sessions: a stand-in for what becomes asynchronous has to be awaited."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.callees import Callees, arguments
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.session_uses import is_generator
from helpers.analysis.symbols import Definition, External, Module, dotted_name
from helpers.codemod.refused import Refused

_PATCHES = frozenset({"patch", "setattr", "object", "multiple", "spy"})
_REPLACING = frozenset({"new", "new_callable"})
_MOCKS = frozenset({"Mock", "MagicMock", "NonCallableMock", "NonCallableMagicMock", "create_autospec", "mock_open"})
_AWAITED = frozenset({"AsyncMock"})


@dataclass(frozen=True, eq=False)
class Patch:
    """A place that puts something in the place of `name` of `owner` (a dotted text or an expression)."""

    call: ast.Call
    module: Module
    owner: str | ast.expr
    name: str

    @property
    def keeps_colour(self) -> bool:
        """Whether the stand-in is made after what it stands for: asynchronous where that is."""
        last = _last(self.call.func)
        if last == "spy":
            return True
        given = self.call.args[1:] if isinstance(self.owner, str) else self.call.args[2:]
        named = [one.value for one in self.call.keywords if one.arg in _REPLACING]
        if any(_is_awaitable(one) for one in [*given, *named]):
            return True
        return last != "setattr" and not given and not named

    @property
    def place(self) -> str:
        """`path:line`."""
        return f"{self.module.path}:{self.call.lineno}"


@dataclass(frozen=True, eq=False)
class Mocks:
    """Answers for one project."""

    project: Project

    def of_function(self, function: FunctionNode, module: Module) -> tuple[()]:
        """Nothing. Refused when a test puts something that is not awaited in the place of a function."""
        for patch in self._patches.get(function.name, ()):
            if self._means(patch, function, module) and (is_generator(function) or not patch.keeps_colour):
                raise Refused(f"{patch.place} puts something in its place that is not awaited: make that asynchronous")
        owner = self.project.scopes(module).owner(function)
        around = owner.name if owner else module.name.rpartition(".")[2]
        for patch in self._patches.get(around, ()):
            found = self._target(patch)
            if found is module or (owner is not None and getattr(found, "node", None) is owner):
                reason = f"puts a mock in the place of `{around}`, whose {function.name} is awaited then"
                raise Refused(f"{patch.place} {reason}: make that asynchronous")
        return ()

    def of_name(self, name: str, module: Module) -> Iterator[Patch]:
        """Every place that puts something in the place of a name of a module."""
        yield from (patch for patch in self._patches.get(name, ()) if self._owner(patch) is module)

    def _owner(self, patch: Patch) -> object:
        """What the patched name is looked up in."""
        if isinstance(patch.owner, str):
            return self.project.symbols.absolute(patch.owner, patch.module)
        return self.project.resolve(patch.module, dotted_name(patch.owner) or "", patch.call)

    def _target(self, patch: Patch) -> object:
        """What the patched name of a module means without the patch."""
        holder = self._owner(patch)
        if not isinstance(holder, Module):
            return None
        symbols = self.project.symbols
        return symbols.resolve(holder, patch.name) or symbols.module(f"{holder.name}.{patch.name}", holder)

    def of_call(self, call: ast.Call, module: Module) -> tuple[()]:
        """Nothing. Refused where a mock is given for a session, or for something whose methods become asynchronous."""
        for callee in Callees(self.project).functions(call, module):
            for argument, value in arguments(call, callee):
                if self._is_mock(value, module) and self._awaits(argument, callee.module, call):
                    raise Refused(f"a mock is given for `{argument.arg}`, which is awaited then: make it asynchronous")
        return ()

    def _means(self, patch: Patch, function: FunctionNode, module: Module) -> bool:
        """Whether the patched name may be the function, through whatever module imports it."""
        owner, holder = self.project.scopes(module).owner(function), self._owner(patch)
        if isinstance(holder, External):
            return False
        if owner is None:
            return getattr(self._target(patch), "node", None) is function
        return not isinstance(holder, Module) and (not isinstance(holder, Definition) or self._of(holder, owner))

    def _of(self, found: Definition, owner: ast.ClassDef) -> bool:
        lineage = [*self.project.bases(found), *self.project.below(found)]
        return not isinstance(found.node, ast.ClassDef) or any(one.node is owner for one in lineage)

    @cached_property
    def _patches(self) -> Mapping[str, tuple[Patch, ...]]:
        found: dict[str, list[Patch]] = {}
        for last in _PATCHES:
            for module, call in self.project.calls.get(last, ()):
                for patch in _patched(call, module):
                    found.setdefault(patch.name, []).append(patch)
        return {name: tuple(patches) for name, patches in found.items()}

    def _is_mock(self, node: ast.expr, module: Module, depth: int = 0) -> bool:
        if isinstance(node, ast.Call):
            return _last(node.func) in _MOCKS or (_last(node.func) == "patch" and bool(node.args))
        if isinstance(node, ast.Name) and depth < 3:
            values = [one.value for one in self.project.scopes(module).lookup(node.id, node)]
            return any(value is not None and self._is_mock(value, module, depth + 1) for value in values)
        return False

    def _awaits(self, argument: ast.arg, module: Module, call: ast.Call) -> bool:
        """Whether a parameter is a session, an engine, or an instance with methods that become asynchronous."""
        scopes = self.project.scopes(module)
        function = scopes.parents[scopes.parents[argument]]
        reads = [node for node in module.nodes.of(ast.Name) if node.id == argument.arg]
        for node in [one for one in reads if function in list(scopes.functions(one))]:
            typed = self.project.sessions.of(node, module)
            if typed is not None and typed.what in ("session", "factory"):
                return True
            if typed and typed.owner and self._coloured(typed.owner):
                return True
            if self.project.engines.is_engine(node, module) and not self._into_mock(node, module, call):
                return True
        return False

    def _into_mock(self, node: ast.Name, module: Module, call: ast.Call) -> bool:
        """Whether an engine only goes into the making of what the same test replaces: `Session(engine)`."""
        above = self.project.scopes(module).parents[node]
        if not (isinstance(above, ast.Call) and isinstance(above.func, ast.Name) and node in above.args):
            return False
        patches = self.of_name(above.func.id, module)
        return any(self._around(patch.call, patch.module) is self._around(call, patch.module) for patch in patches)

    def _around(self, node: ast.AST, module: Module) -> object:
        return self.project.scopes(module).function(node)

    def _coloured(self, owner: Definition) -> bool:
        members = self.project.callgraph.targets.members
        bodies = (item for one in self.project.bases(owner) for item in getattr(one.node, "body", ()))
        names = {item.name for item in bodies if isinstance(item, FunctionNode)}
        asynchronous = self.project.colouring.asynchronous
        return any(method in asynchronous for name in names for method in members.of(owner, name))


def _patched(call: ast.Call, module: Module) -> Iterator[Patch]:
    """What one call replaces."""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        owner, _, name = first.value.rpartition(".")
        if owner:
            yield Patch(call, module, owner, name)
    elif first is not None and len(call.args) > 1 and isinstance(call.args[1], ast.Constant):
        yield Patch(call, module, first, str(call.args[1].value))
    elif first is not None and _last(call.func) == "multiple":
        yield from (Patch(call, module, first, one.arg) for one in call.keywords if one.arg)


def _is_awaitable(node: ast.expr) -> bool:
    maker = node.func if isinstance(node, ast.Call) else node
    return _last(maker) in _AWAITED


def _last(node: ast.expr) -> str:
    return (dotted_name(node) or "").rpartition(".")[2]
