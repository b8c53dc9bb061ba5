"""Reads the eager options that code gives already: which relationships a query, a call or a refresh loads."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.analysis.callees import Callees
from helpers.analysis.declarations import called
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

Names = tuple[str, ...]
HIDDEN = "*"
"""The last name of a path behind which options stand that cannot be read."""
LOADERS = frozenset(
    {"joinedload", "selectinload", "subqueryload", "immediateload", "contains_eager", "undefer", "defaultload"}
    | {"lazyload", "noload", "raiseload", "selectin_polymorphic", "joinedload_all", "subqueryload_all"}
)
_GROWS = frozenset({"append", "extend", "insert", "remove", "pop", "clear"})
_SAME = frozenset({"tuple", "list"})
_DEEPEST = 8


@dataclass(frozen=True, eq=False)
class Loaders:
    """Reads the options of one project, also those that a name holds or a function returns."""

    project: Project
    callees: Callees

    def loaded_by(self, options: Iterable[ast.expr], module: Module, depth: int = 0) -> Iterator[Names]:
        """The paths of attribute names that loader options decide on, each from the loaded class on."""
        for option in options:
            yield from self._one(option, module, depth)

    def selected_again(self, node: ast.expr, module: Module) -> Iterator[tuple[ast.expr, list[Names]]]:
        """The object in `db.scalars(select(X).where(X.id == x.id).options(...)).one()`, and what that loads of it."""
        calls = [part for part in ast.walk(node) if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)]
        options = [argument for call in calls if called(call) == "options" for argument in call.args]
        paths = [*self.loaded_by(options, module)]
        for call in calls if paths else ():
            for argument in call.args if called(call) == "where" else ():
                match argument:
                    case ast.Compare(comparators=[ast.Attribute(value=value), *_]):
                        yield value, paths
                    case ast.Call(func=ast.Attribute(attr="in_"), args=[ast.ListComp(elt=ast.Attribute(value=value))]):
                        yield value, paths

    def _one(self, option: ast.expr, module: Module, depth: int) -> Iterator[Names]:
        match option:
            case _ if depth > _DEEPEST:
                yield (HIDDEN,)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                yield from self.loaded_by(items, module, depth)
            case ast.Starred(value=value):
                yield from self._one(value, module, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from self.loaded_by([left, right], module, depth)
            case ast.Call(func=ast.Name(id=name), args=[given]) if name in _SAME:
                yield from self._one(given, module, depth)
            case ast.Call() if self._is_own(option, module):
                yield from self._returned(option, module, depth)
            case ast.Call():
                yield from self._option(option, module, depth)[1]
            case ast.Name() | ast.Attribute():
                yield from self._named(option, module, depth)

    def _is_own(self, call: ast.Call, module: Module) -> bool:
        return bool(self.callees.functions(call, module))

    def _returned(self, call: ast.Call, module: Module, depth: int) -> Iterator[Names]:
        """What the options load that functions of the project return."""
        for callee in self.callees.functions(call, module):
            results = self.project.scopes(callee.module).results(callee.function)
            given = [item.value for item in results if isinstance(item, ast.Return) and item.value is not None]
            if len(given) == 1 == len(results):
                yield from self._one(given[0], callee.module, depth + 1)
            else:
                yield (HIDDEN,)

    def _named(self, name: ast.Name | ast.Attribute, module: Module, depth: int) -> Iterator[Names]:
        """What the options load that a name holds; what a caller hands in is read where it does."""
        bindings = self.project.scopes(module).lookup(name.id, name) if isinstance(name, ast.Name) else ()
        if any(isinstance(binding.node, ast.arg) for binding in bindings):
            return
        values: list[tuple[ast.AST | None, Module]] = [(binding.value, module) for binding in bindings]
        if not bindings:
            found = self.project.resolve(module, dotted_name(name) or "", name)
            values = [(found.node, found.module)] if isinstance(found, Definition) else []
        if len(values) != 1 or not isinstance(values[0][0], ast.expr) or self._grows(name, module):
            yield (HIDDEN,)
            return
        value, where = values[0]
        assert isinstance(value, ast.expr)
        yield from self._one(value, where, depth + 1)

    def _grows(self, name: ast.Name | ast.Attribute, module: Module) -> bool:
        """Whether the list that a name holds is changed in place somewhere in the file."""
        text = ast.unparse(name)
        return any(node.attr in _GROWS and ast.unparse(node.value) == text for node in module.nodes.of(ast.Attribute))

    def _option(self, call: ast.Call, module: Module, depth: int) -> tuple[Names, list[Names]]:
        """Where a chain of loaders ends, and every path on the way there."""
        inner = call.func.value if isinstance(call.func, ast.Attribute) else None
        start, found = self._option(inner, module, depth) if isinstance(inner, ast.Call) else ((), [])
        name = called(call)
        if name == "options":
            return start, [*found, *((*start, *path) for path in self.loaded_by(call.args, module, depth))]
        if name not in LOADERS:
            return start, found
        if name == "selectin_polymorphic":
            found += [(*start, subclass(ast.unparse(part))) for part in _classes(call)]
            return start, found
        for argument in call.args:
            if attribute := _attribute(argument):
                start = (*start, attribute)
                found = [*found, start] if name != "defaultload" else found
        return start, found


def names_loaders(node: ast.AST) -> bool:
    """Whether an expression holds loader options."""
    return any(called(part) in LOADERS for part in ast.walk(node) if isinstance(part, ast.Call))


def hidden(given: Iterable[Names], path: Names) -> bool:
    """Whether options that cannot be read may decide on a path, or on something that it leads through."""
    return any(names[-1:] == (HIDDEN,) and path[: len(names) - 1] == names[:-1] for names in given)


def subclass(name: str) -> str:
    """What stands in a path for the columns of a subclass."""
    return f"class {name.rpartition('.')[2]}"


def _classes(call: ast.Call) -> list[ast.expr]:
    """The subclasses that `selectin_polymorphic` names."""
    lists = [argument.elts for argument in call.args if isinstance(argument, ast.List | ast.Tuple)]
    return [part for elements in lists for part in elements]


def _attribute(node: ast.expr) -> str:
    """The relationship in `Book.author`, `Book.author.of_type(...)` and `"author"`.

    Also in `inspect(Book).relationships["author"].class_attribute`.
    """
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("of_type", "and_"):
        node = node.func.value
    match node:
        case ast.Attribute(attr="class_attribute", value=ast.Subscript(slice=ast.Constant(value=str(name)))):
            return name
        case ast.Attribute(attr="class_attribute", value=ast.Attribute(attr=name)):
            return name
        case ast.Constant(value=str(name)):
            return name
    return node.attr if isinstance(node, ast.Attribute) else ""
