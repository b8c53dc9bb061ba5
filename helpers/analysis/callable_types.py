"""Types of values that hold functions, as annotations and aliases write them, with the functions that get there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from helpers.analysis.symbols import Definition, External, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.function_values import FunctionValues
    from helpers.analysis.project import Project

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Known = tuple[FunctionNode, ...] | None
Asked = Callable[[], Known]
_TYPING = frozenset({"typing", "typing_extensions", "collections.abc"})
_EACH = frozenset({"Annotated", "Optional", "Union", "Final", "ClassVar", "Required", "NotRequired"})
_KEYED = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict"})
_SEVERAL = frozenset(
    {"list", "List", "tuple", "Tuple", "set", "Set", "frozenset", "FrozenSet", "Sequence", "MutableSequence"}
    | {"Iterable", "Iterator", "Collection", "Generator", "deque", "Deque"}
)
_DEEPEST = 12


@dataclass(frozen=True, eq=False)
class CallableType:
    """One `Callable[[A], R]`, or the `__call__` of a protocol.

    `functions` is None where a value of the type may be one that is not in sight.
    """

    node: ast.Subscript | FunctionNode
    module: Module
    functions: Known

    @property
    def result(self) -> ast.expr | None:
        """The `R`."""
        if isinstance(self.node, FunctionNode):
            return self.node.returns
        return self.node.slice.elts[1] if isinstance(self.node.slice, ast.Tuple) else None

    @property
    def arguments(self) -> list[ast.expr | None]:
        """The types of the parameters that come first."""
        if isinstance(self.node, FunctionNode):
            return [one.annotation for one in (*self.node.args.posonlyargs, *self.node.args.args)[1:]]
        taken = self.node.slice.elts[0] if isinstance(self.node.slice, ast.Tuple) else None
        if isinstance(taken, ast.List):
            return [*taken.elts]
        concatenated = isinstance(taken, ast.Subscript) and isinstance(taken.slice, ast.Tuple)
        return [*taken.slice.elts[:-1]] if concatenated else []  # type: ignore[union-attr]


def callable_types(project: Project) -> Iterator[CallableType]:
    """Every `Callable[[A], R]` that says what a parameter, a variable, an attribute or a result holds."""
    yield from _Walk(project).all()


@dataclass(eq=False)
class _Walk:
    """One walk over the annotations of a project; an alias gathers the functions of all that it annotates."""

    project: Project
    found: dict[tuple[str, int, int], CallableType] = field(default_factory=dict)

    @property
    def _values(self) -> FunctionValues:
        return self.project.function_values

    def all(self) -> Iterator[CallableType]:
        for module in self.project.symbols.modules.values():
            for argument in module.nodes.of(ast.arg):
                self._of(argument.annotation, module, partial(self._values.parameter, argument, module), _unknown)
            for assigned in module.nodes.of(ast.AnnAssign):
                held = partial(self._target, assigned.target, module)
                self._of(assigned.annotation, module, held, partial(self._items, assigned.target, module))
            functions: list[FunctionNode] = [*module.nodes.of(ast.FunctionDef), *module.nodes.of(ast.AsyncFunctionDef)]
            for function in functions:
                self._of(function.returns, module, *self._results([function], module))
        yield from self.found.values()

    def _of(self, node: ast.expr | None, module: Module, held: Asked, items: Asked, depth: int = 0) -> None:
        """Walk one annotation: `held` tells the functions that a value of it is, `items` those that it contains."""
        if depth > _DEEPEST:
            return
        again = partial(self._of, depth=depth + 1)
        match node:
            case ast.Constant(value=str()):
                again(_read(node), module, held, items)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                again(left, module, held, items)
                again(right, module, held, items)
            case ast.Name() | ast.Attribute():
                found = self.project.symbols.resolve(module, dotted_name(node) or "")
                if isinstance(found, Definition) and isinstance(found.node, ast.expr):
                    again(found.node, found.module, held, items)
                elif isinstance(found, Definition) and (called := self._callback(found)):
                    self._callable(called, found.module, held(), depth)
            case ast.Subscript():
                self._generic(node, module, (held, items), depth)

    def _generic(self, node: ast.Subscript, module: Module, asked: tuple[Asked, Asked], depth: int) -> None:
        held, items = asked
        name = self._name(node.value, module)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        again = partial(self._of, depth=depth + 1)
        if name == "Callable" and len(parts) == 2:
            self._callable(node, module, held(), depth)
        elif name in _EACH:
            for part in parts[:1] if name == "Annotated" else parts:
                again(part, module, held, items)
        elif name in _KEYED:
            again(parts[-1], module, items, _unknown)
        elif name in _SEVERAL:
            for part in parts:
                again(part, module, items, _unknown)
        elif not name:
            again(node.value, module, held, items)  # an alias or a protocol that takes a type

    def _callback(self, found: Definition) -> FunctionNode | None:
        """The `__call__` of a protocol."""
        members = self.project.callgraph.targets.members
        called = members.own(found, "__call__") if isinstance(found.node, ast.ClassDef) else None
        return called if called is not None and members.is_callback(called) else None

    def _callable(self, node: ast.Subscript | FunctionNode, module: Module, functions: Known, depth: int) -> None:
        place = (module.path, node.lineno, node.col_offset)  # a text is read anew each time
        before = self.found[place].functions if place in self.found else ()
        both = None if functions is None or before is None else tuple(dict.fromkeys((*before, *functions)))
        self.found[place] = one = CallableType(node, module, both)
        if not functions:
            return
        for index, argument in enumerate(one.arguments):
            taken = partial(self._taken, functions, index)
            self._of(argument, module, taken, _unknown, depth + 1)
        modules = {self._module(function) for function in functions}
        if len(modules) == 1:
            self._of(one.result, module, *self._results(functions, modules.pop()), depth + 1)

    def _module(self, function: FunctionNode) -> Module:
        return self.project.callgraph.functions[function].module

    def _taken(self, functions: Iterable[FunctionNode], index: int) -> Known:
        """What the parameters at one place hold."""
        found: dict[FunctionNode, None] = {}
        for function in functions:
            positional = [*function.args.posonlyargs, *function.args.args]
            known = None
            if index < len(positional):
                known = self._values.parameter(positional[index], self._module(function))
            if known is None:
                return None
            found |= dict.fromkeys(known)
        return tuple(found)

    def _results(self, functions: Iterable[FunctionNode], module: Module) -> tuple[Asked, Asked]:
        """What functions of one module return, and what is in it."""
        scopes = self.project.scopes(module)
        given = [one.value for function in functions for one in scopes.results(function)]
        return partial(self._each, self._values.of, given, module), partial(
            self._each, self._values.items, given, module
        )

    def _each(
        self, ask: Callable[[ast.expr, Module], Known], given: Iterable[ast.expr | None], module: Module
    ) -> Known:
        found: dict[FunctionNode, None] = {}
        for value in given:
            known = ask(value, module) if value is not None else ()
            if known is None:
                return None
            found |= dict.fromkeys(known)
        return tuple(found)

    def _target(self, target: ast.expr, module: Module) -> Known:
        """The functions that a variable or an attribute is given."""
        if (given := self._attribute(target, module)) is not None:
            return self._each(self._values.of, given, module)
        return self._values.of(target, module)

    def _items(self, target: ast.expr, module: Module) -> Known:
        if (given := self._attribute(target, module)) is not None:
            return self._each(self._values.items, given, module)
        return self._values.items(target, module)

    def _attribute(self, target: ast.expr, module: Module) -> list[ast.expr | None] | None:
        """What a name of a class's body is given, there and by its methods; None for any other target."""
        owner = self.project.class_of(target, module)
        if owner is None or not isinstance(target, ast.Name) or self.project.scopes(module).function(target):
            return None
        given = list(self.project.attributes(owner, target.id))
        if any(one.module is not module or one.value is None for one in given):
            return [target]  # a name that stands for nothing that is in sight
        return [one.value for one in given]

    def _name(self, node: ast.expr, module: Module) -> str:
        """The last part of the name of a type from outside; empty for an alias of the project."""
        dotted = dotted_name(node) or ""
        found = self.project.symbols.resolve(module, dotted)
        if isinstance(found, External):
            base, _, last = found.name.rpartition(".")
            return last if base in _TYPING | {"collections"} else dotted or "?"
        return "" if isinstance(found, Definition) else dotted


def _unknown() -> Known:
    return None


def _read(text: ast.Constant) -> ast.expr | None:
    """An annotation that is written as a text on one line, as an expression whose parts have the places of the file."""
    try:
        node = ast.parse(str(text.value), mode="eval").body
    except SyntaxError:
        return None
    width = (text.end_col_offset or 0) - text.col_offset
    if text.end_lineno != text.lineno or width != len(str(text.value)) + 2 or not str(text.value).isascii():
        return None
    for part in ast.walk(node):
        if isinstance(part, ast.expr):
            part.col_offset += text.col_offset + 1
            part.end_col_offset = (part.end_col_offset or 0) + text.col_offset + 1
            part.lineno = part.end_lineno = text.lineno
    return node
