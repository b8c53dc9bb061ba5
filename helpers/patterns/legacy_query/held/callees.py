"""Which functions of the project a call may run, and which calls may run a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, External, Module, dotted_name

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_PLAIN_BASES = frozenset({"ABC", "Generic", "object", "Protocol", "NamedTuple", "BaseModel", "Enum", "Exception"})
_BY_TEXT = ("patch", "object", "setattr", "getattr", "hasattr", "attrgetter", "methodcaller", "spy", "stub")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, eq=False)
class Function:
    """A function or a method of the project."""

    module: Module
    node: FunctionNode
    owner: Definition | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Function) and other.node is self.node

    def __hash__(self) -> int:
        return hash(self.node)

    @property
    def place(self) -> str:
        """Where it is defined."""
        return f"{self.module.path}:{self.node.lineno}"

    @property
    def decorators(self) -> tuple[str, ...]:
        """The last parts of its decorators' names."""
        found = (item.func if isinstance(item, ast.Call) else item for item in self.node.decorator_list)
        return tuple((dotted_name(item) or "?").rpartition(".")[2] for item in found)

    @property
    def is_property(self) -> bool:
        """Whether it is read as an attribute."""
        return bool({"property", "cached_property"} & set(self.decorators))

    @property
    def parameters(self) -> list[ast.arg]:
        """Its positional parameters as a caller counts them."""
        found = [*self.node.args.posonlyargs, *self.node.args.args]
        bound = self.owner is not None and "staticmethod" not in self.decorators
        return found[1:] if bound else found

    def parameter(self, call: ast.Call, given: ast.expr) -> ast.arg | None:
        """The parameter that takes an argument of a call; None for `*args` and what cannot be told."""
        for keyword in call.keywords:
            if keyword.value is given:
                named = [*self.parameters, *self.node.args.kwonlyargs]
                return next((one for one in named if one.arg == keyword.arg), None)
        if any(isinstance(one, ast.Starred) for one in call.args) or given not in call.args:
            return None
        index = call.args.index(given)
        return self.parameters[index] if index < len(self.parameters) else None

    def given(self, call: ast.Call, argument: ast.arg) -> ast.expr | None:
        """What a call passes for a parameter; None where it passes nothing, or nobody can tell."""
        for keyword in call.keywords:
            if keyword.arg == argument.arg:
                return keyword.value
        if argument not in self.parameters or any(isinstance(one, ast.Starred) for one in call.args):
            return None
        index = self.parameters.index(argument)
        return call.args[index] if index < len(call.args) else None


@dataclass(frozen=True, eq=False)
class Callees:
    """Answers for all calls of one project."""

    project: Project
    _known: dict[ast.AST, tuple[Function, ...] | None] = field(default_factory=dict)

    def of(self, call: ast.Call, module: Module) -> tuple[Function, ...] | None:
        """The functions that a call may run; empty for what is not the project's, None where nothing tells."""
        return self.named(call.func, module)

    def named(self, callee: ast.expr, module: Module) -> tuple[Function, ...] | None:
        """The functions that an expression may stand for."""
        if callee not in self._known:
            self._known[callee] = self._named(callee, module)
        return self._known[callee]

    def _named(self, callee: ast.expr, module: Module) -> tuple[Function, ...] | None:
        name = dotted_name(callee)
        if name and (nested := self._nested(name, callee, module)):
            return nested
        found = self.project.resolve(module, name, callee) if name else None
        if isinstance(found, External):
            return ()
        if isinstance(found, Definition):
            if isinstance(found.node, _FUNCTIONS):
                return (Function(found.module, found.node),)
            return self.members(found, "__init__") if isinstance(found.node, ast.ClassDef) else None
        if isinstance(callee, ast.Attribute):
            owner = self.owner(callee.value, module)
            return self.members(owner, callee.attr) if owner else None
        return None

    def _nested(self, name: str, at: ast.expr, module: Module) -> tuple[Function, ...]:
        bindings = self.project.scopes(module).lookup(name, at)
        found = [one.node for one in bindings if isinstance(one.node, _FUNCTIONS)]
        if len(found) != len(bindings):
            return ()
        return tuple(Function(module, one) for one in found if isinstance(one, _FUNCTIONS))

    def owner(self, node: ast.expr, module: Module) -> Definition | None:
        """The class of the project that an expression is an instance of, or is itself."""
        if isinstance(node, ast.Name) and node.id in ("self", "cls"):
            return self.project.class_of(node, module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super":
            here = self.project.class_of(node, module)
            return next(iter(self.project.parents(here)), None) if here else None
        found = self.project.resolve(module, dotted_name(node) or "", node)
        if isinstance(found, Definition) and isinstance(found.node, ast.ClassDef):
            return found
        typed = self.project.sessions.of(node, module)
        return typed.owner if typed and typed.what == "instance" else None

    def members(self, owner: Definition, name: str) -> tuple[Function, ...] | None:
        """Every implementation of a method that an instance of a class, or of one below it, may have."""
        below, above = self.project.below(owner), list(self.project.bases(owner))
        if any(self._protocol(one) for one in above):
            return None  # whatever has the method may stand behind it
        own = [found for one in [*above, *below] if (found := _method(one, name))]
        return tuple(dict.fromkeys(own)) or None

    def _protocol(self, owner: Definition) -> bool:
        return any("typing.Protocol" in name or "typing_extensions.Protocol" in name for name in self.outside(owner))

    def outside(self, owner: Definition) -> list[str]:
        """The dotted names of the bases of a class that the project does not define."""
        found = []
        for base in getattr(owner.node, "bases", ()):
            name = dotted_name(base.value if isinstance(base, ast.Subscript) else base) or "?"
            resolved = self.project.symbols.resolve(owner.module, name)
            if not isinstance(resolved, Definition):
                found.append(resolved.name if isinstance(resolved, External) else name)
        return found

    def framework(self, function: Function) -> str:
        """A base class from outside that may call a method by itself; an empty string for none."""
        for one in self.project.bases(function.owner) if function.owner else ():
            for name in self.outside(one):
                if name.rpartition(".")[2] not in _PLAIN_BASES:
                    return name
        return ""

    @cached_property
    def replaced(self) -> dict[str, tuple[Module, ast.Call]]:
        """Names that tests and the like replace or read by text: `patch("app.service.find")`, `getattr(x, "find")`."""
        found: dict[str, tuple[Module, ast.Call]] = {}
        for word in _BY_TEXT:
            for module, call in self.project.calls.get(word, ()):
                for argument in call.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        found.setdefault(argument.value.rpartition(".")[2], (module, call))
        return found

    def function(self, node: FunctionNode, module: Module) -> Function:
        """A function with the class whose method it is."""
        parent = self.project.scopes(module).parents.get(node)
        while isinstance(parent, ast.If | ast.Try):
            parent = self.project.scopes(module).parents.get(parent)
        owner = Definition(module, parent.name, parent) if isinstance(parent, ast.ClassDef) else None
        return Function(module, node, owner)

    @cached_property
    def aliases(self) -> dict[str, set[str]]:
        """Names under which imports bind something else's name."""
        found: dict[str, set[str]] = {}
        for module in self.project.symbols.modules.values():
            for node in module.nodes.of(ast.ImportFrom):
                for alias in node.names:
                    if alias.asname and alias.asname != alias.name:
                        found.setdefault(alias.name, set()).add(alias.asname)
        return found

    @cached_property
    def mentions(self) -> dict[str, list[tuple[Module, ast.expr]]]:
        """Every name and attribute that is read in the project, by its last part."""
        found: dict[str, list[tuple[Module, ast.expr]]] = {}
        for module in self.project.symbols.modules.values():
            for name in module.nodes.of(ast.Name):
                if isinstance(name.ctx, ast.Load):
                    found.setdefault(name.id, []).append((module, name))
            for node in module.nodes.of(ast.Attribute):
                if isinstance(node.ctx, ast.Load):
                    found.setdefault(node.attr, []).append((module, node))
        return found

    def uses(self, function: Function) -> Iterator[tuple[Module, ast.expr, bool]]:
        """Every mention that is, or (False) may be, this function; calls of it, and what hands it on."""
        name = function.node.name
        for word in {name, *self.aliases.get(name, ())}:
            for module, node in self.mentions.get(word, ()):
                if self._bound_otherwise(node, module, function):
                    continue
                found = self.named(node, module)
                if found is None:
                    if function.owner and isinstance(node, ast.Attribute) and not self._other(node, module):
                        yield module, node, False
                elif function in found:
                    yield module, node, True

    def _bound_otherwise(self, node: ast.expr, module: Module, function: Function) -> bool:
        """A method is read as an attribute, never by its bare name."""
        return function.owner is not None and isinstance(node, ast.Name)

    def _other(self, node: ast.Attribute, module: Module) -> bool:
        """Whether the receiver is known to be something that has no such method of the project's."""
        if self.project.meanings.external(node.value, module):
            return True
        found = self.project.resolve(module, dotted_name(node.value) or "", node.value)
        if isinstance(found, Module):
            return True
        typed = self.project.sessions.of(node.value, module)
        if typed is None or typed.owner is None:
            return typed is not None and typed.what != "instance"
        return not any(self._protocol(one) for one in self.project.bases(typed.owner))


def _method(owner: Definition, name: str) -> Function | None:
    for item in getattr(owner.node, "body", ()):
        if isinstance(item, _FUNCTIONS) and item.name == name:
            return Function(owner.module, item, owner)
    return None
