"""Which functions and classes of the project a call means: by name, by import, on an instance, through a class."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.analysis.parameters import FunctionNode
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project


@dataclass(frozen=True, eq=False)
class Callee:
    """A function that a call may mean. `receiver` is the expression that becomes its first parameter, if one does.

    `bound` says that the first parameter is not among the call's arguments, also where no receiver is written out.
    """

    function: FunctionNode
    module: Module
    bound: bool = False
    receiver: ast.expr | None = None


@dataclass(frozen=True, eq=False)
class Callees:
    """Answers for all calls of one project."""

    project: Project

    def functions(self, call: ast.Call, module: Module) -> tuple[Callee, ...]:
        """The functions of the project that `call` may mean; nothing for what is external or cannot be told."""
        return tuple(self.of(call.func, module))

    def of(self, name: ast.expr, module: Module) -> Iterator[Callee]:
        """The functions that an expression names, called or handed on."""
        if isinstance(name, ast.Name):
            nested = [binding.node for binding in self.project.scopes(module).lookup(name.id, name)]
            yield from (Callee(node, module) for node in nested if isinstance(node, FunctionNode))
        found = self.project.resolve(module, dotted_name(name) or "", name)
        if isinstance(found, Definition) and isinstance(found.node, FunctionNode):
            yield Callee(found.node, found.module)
        elif isinstance(name, ast.Attribute) and found is None:
            yield from self._member(name, module)

    def made_class(self, call: ast.Call, module: Module) -> Definition | None:
        """The class of the project whose instance a call makes: `Customer(...)`, and `cls(...)` in its own body."""
        if isinstance(call.func, ast.Name) and call.func.id == "cls":
            return self.project.class_of(call, module)
        return self.named_class(call.func, module)

    def named_class(self, name: ast.expr, module: Module) -> Definition | None:
        """The class of the project that an expression names."""
        plain = name.value if isinstance(name, ast.Subscript) else name
        found = self.project.resolve(module, dotted_name(plain) or "", plain)
        return found if isinstance(found, Definition) and isinstance(found.node, ast.ClassDef) else None

    def method(self, owner: Definition, name: str) -> tuple[FunctionNode, Module] | None:
        """The method `name` of a class, its own or inherited from a class of the project."""
        for one in self.project.bases(owner):
            for item in getattr(one.node, "body", ()):
                if isinstance(item, FunctionNode) and item.name == name:
                    return item, one.module
        return None

    def _member(self, name: ast.Attribute, module: Module) -> Iterator[Callee]:
        """`service.find` of an instance, `Node.of` of a class, `super().find`."""
        if (owner := self.named_class(name.value, module)) is not None:
            if found := self.method(owner, name.attr):
                function, where = found
                yield Callee(function, where, bound=decorated(function, "classmethod"))
            return
        typed = self.project.sessions.of(name.value, module)
        owner = typed.owner if typed else self._above(name.value, module)
        if owner is not None and (found := self.method(owner, name.attr)):
            function, where = found
            static = decorated(function, "staticmethod")
            yield Callee(function, where, bound=not static, receiver=None if static else name.value)

    def _above(self, value: ast.expr, module: Module) -> Definition | None:
        """The class that `super()` means."""
        if not (isinstance(value, ast.Call) and dotted_name(value.func) == "super"):
            return None
        owner = self.project.class_of(value, module)
        return next(self.project.parents(owner), None) if owner else None


def decorated(function: FunctionNode, *names: str) -> bool:
    """Whether a decorator of a function is called one of `names`, by the last part of its name."""
    makers = (item.func if isinstance(item, ast.Call) else item for item in function.decorator_list)
    return any((dotted_name(maker) or "").rpartition(".")[2] in names for maker in makers)


def arguments(call: ast.Call, callee: Callee) -> Iterator[tuple[ast.arg, ast.expr]]:
    """Each parameter of a function with what a call gives for it; what is spread with stars is not told apart."""
    given = callee.function.args
    positional = [*given.posonlyargs, *given.args]
    if callee.bound and positional:
        if callee.receiver is not None:
            yield positional[0], callee.receiver
        positional = positional[1:]
    for index, value in enumerate(call.args):
        if isinstance(value, ast.Starred):
            break
        if index < len(positional):
            yield positional[index], value
        elif given.vararg is not None:
            yield given.vararg, value
    named = {argument.arg: argument for argument in [*positional, *given.kwonlyargs]}
    for keyword in call.keywords:
        argument = named.get(keyword.arg or "", given.kwarg)
        if argument is not None:
            yield argument, keyword.value
