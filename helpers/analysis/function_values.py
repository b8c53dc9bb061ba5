"""Functions that are kept as values: which functions of the project a call of such a value may run."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.flow import named
from helpers.analysis.parameters import default_of
from helpers.analysis.scopes import Binding
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Known = tuple[FunctionNode, ...] | None
_TAKEN_OUT = frozenset({"get", "pop", "setdefault"})
_SAME_ITEMS = frozenset({"list", "tuple", "set", "reversed", "iter", "frozenset"})
_DEEPEST = 40
READING = frozenset({"get", "items", "values", "keys", "pop", "clear", "copy", "index", "count", "remove", "popitem"})
LOOKING_AT = frozenset(
    {"len", "sorted", "list", "tuple", "set", "dict", "iter", "bool", "enumerate", "reversed", "any"}
)
LOOKS = (
    *(ast.Compare, ast.BoolOp, ast.If, ast.While, ast.UnaryOp, ast.Assert, ast.IfExp, ast.For, ast.AsyncFor),
    *(ast.comprehension, ast.Subscript, ast.FormattedValue),
)


@dataclass(eq=False)
class FunctionValues:
    """Answers for one project. None wherever an expression may also hold something that is not in sight."""

    project: Project
    _known: dict[ast.AST, Known] = field(default_factory=dict, repr=False)
    _asked: list[ast.AST] = field(default_factory=list, repr=False)
    _cuts: int = 0

    def of(self, node: ast.expr, module: Module) -> Known:
        """Every function that an expression may hold."""
        if node in self._known:
            return self._known[node]
        if node in self._asked or len(self._asked) > _DEEPEST:
            self._cuts += 1
            return () if node in self._asked else None  # what stands for itself adds nothing
        outermost, cuts = not self._asked, self._cuts
        self._asked.append(node)
        found = self._of(node, module)
        self._asked.pop()
        if outermost or cuts == self._cuts:  # else it leans on a question that is still open
            self._known[node] = found
        return found

    def called(self, call: ast.Call, module: Module) -> tuple[FunctionNode, ...]:
        """The functions that a call of a value runs; nothing where one of them is not in sight."""
        if isinstance(call.func, ast.Name) and not self.project.scopes(module).lookup(call.func.id, call.func):
            return ()  # a name of the module is a function by its definition, or nothing that is followed here
        return self.of(call.func, module) or ()

    def _of(self, node: ast.expr, module: Module) -> Known:
        match node:
            case ast.Constant(value=None):
                return ()
            case ast.Name():
                return self._name(node, module)
            case ast.Attribute():
                return self._attribute(node, module)
            case ast.IfExp(body=one, orelse=two):
                return _all(self.of(part, module) for part in (one, two))
            case ast.BoolOp(values=values):
                return _all(self.of(part, module) for part in values)
            case ast.NamedExpr(value=value):
                return self.of(value, module)
            case ast.Subscript(value=value):
                return self.items(value, module)
            case ast.Call():
                return self._call(node, module)
        return None

    def _call(self, node: ast.Call, module: Module) -> Known:
        last = (dotted_name(node.func) or "").rpartition(".")[2]
        if last == "partial" and node.args:
            return self.of(node.args[0], module)
        if last == "cast" and len(node.args) == 2:
            return self.of(node.args[1], module)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _TAKEN_OUT:
            return _all([self.items(node.func.value, module), *(self.of(one, module) for one in node.args[1:])])
        return None

    def _name(self, node: ast.Name, module: Module) -> Known:
        bindings = self.project.scopes(module).lookup(node.id, node)
        if bindings:
            return _all(self._bound(binding, module) for binding in bindings)
        return self._defined(self.project.symbols.resolve(module, node.id))

    def _defined(self, found: object) -> Known:
        if not isinstance(found, Definition):
            return None
        if isinstance(found.node, FunctionNode):
            return (found.node,)
        return (
            _all(self._bound(one, found.module) for one in self._top_level(found)) if self._top_level(found) else None
        )

    def _top_level(self, found: Definition) -> tuple[Binding, ...]:
        return self.project.scopes(found.module).top_level(found.name)

    def _bound(self, binding: Binding, module: Module) -> Known:
        if isinstance(binding.node, ast.arg):
            return self.parameter(binding.node, module)
        if binding.kind == "definition":
            return (binding.node,) if isinstance(binding.node, FunctionNode) else None
        if binding.kind == "import":
            return self._defined(self.project.resolve(module, binding.target, binding.node))
        if binding.kind == "value" and binding.value is not None:
            return self.of(binding.value, module)
        if binding.kind == "item" and binding.value is not None:
            return self.items(binding.value, module)
        over = looped(binding)
        return self.items(over, module) if over is not None else None

    def _attribute(self, node: ast.Attribute, module: Module) -> Known:
        name = dotted_name(node)
        if name and (found := self.project.resolve(module, name, node)):
            return self._defined(found)
        given = list(self.project.assigned(node, module))
        if not given or any(one.value is None for one in given):
            return None
        return _all(self.of(one.value, one.module) for one in given if one.value is not None)

    def items(self, node: ast.expr, module: Module) -> Known:
        """Every function in a dict, as its values, or in a list, a tuple or a set."""
        match node:
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return _all(self.of(v, module) if k is not None else self.items(v, module) for k, v in pairs)
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                return _all(self.of(one, module) for one in elements)
            case ast.DictComp(value=value):
                return self.of(value, module)
            case ast.ListComp(elt=value) | ast.SetComp(elt=value) | ast.GeneratorExp(elt=value):
                return self.of(value, module)
            case ast.Call(func=ast.Attribute(value=value, attr="values"), args=[]):
                return self.items(value, module)
            case ast.Call(func=ast.Name(id="dict" | "list" | "set"), args=[], keywords=[]):
                return ()
            case ast.Call(func=ast.Name(id=name), args=[first]) if name in _SAME_ITEMS:
                return self.items(first, module)
            case ast.Name() | ast.Attribute():
                return self._kept(node, module)
        return None

    def _kept(self, node: ast.Name | ast.Attribute, module: Module) -> Known:
        """What a variable that holds several functions is given, and what is put into it later."""
        table = self.table(node, module)
        if table is None:
            return None
        value, where, uses = table
        later = [self._put(use, place) for place, use in uses]
        return _all([self.items(value, where), *later])

    def table(
        self, node: ast.Name | ast.Attribute, module: Module
    ) -> tuple[ast.expr, Module, list[tuple[Module, ast.expr]]] | None:
        """The value that a variable gets where it gets only one, and every place that reads the variable."""
        bindings = self.project.scopes(module).lookup(node.id, node) if isinstance(node, ast.Name) else ()
        if bindings and bindings[0].kind != "import":
            function = self.project.scopes(module).function(bindings[0].node)
            if len(bindings) != 1 or bindings[0].kind != "value" or bindings[0].value is None or function is None:
                return None
            read = [one for one in named(function, bindings[0].target) if isinstance(one.ctx, ast.Load)]
            return bindings[0].value, module, [(module, one) for one in read]
        found = self.project.resolve(module, dotted_name(node) or "", node)
        if not isinstance(found, Definition) or not isinstance(found.node, ast.expr):
            return None
        if len(self._top_level(found)) != 1:
            return None
        uses = [(use.module, use.node) for use in self.project.references.of(found)]
        return found.node, found.module, list(dict.fromkeys(uses))

    def _put(self, use: ast.expr, module: Module) -> Known:
        """What a place that reads a table puts into it; None where that cannot be told."""
        parents = self.project.scopes(module).parents
        above = parents.get(use)
        if isinstance(above, ast.Subscript) and above.value is use and isinstance(above.ctx, ast.Store):
            assigned = parents.get(above)
            if isinstance(assigned, ast.Assign | ast.AnnAssign) and assigned.value is not None:
                return self.of(assigned.value, module)
            return None
        if isinstance(above, ast.Attribute):
            call = parents.get(above)
            if above.attr in ("append", "add", "setdefault") and isinstance(call, ast.Call) and call.args:
                return self.of(call.args[-1], module)
            return () if above.attr in READING else None
        if isinstance(above, ast.Call):
            return () if dotted_name(above.func) in LOOKING_AT else None
        return () if isinstance(above, LOOKS) else None

    def parameter(self, argument: ast.arg, module: Module) -> Known:
        """What decorates and what calls a function give it for a parameter, all of them in sight."""
        parents = self.project.scopes(module).parents
        function = parents.get(parents[argument])
        if not isinstance(function, FunctionNode):
            return None
        positional = [*function.args.posonlyargs, *function.args.args]
        if argument not in [*positional, *function.args.kwonlyargs]:
            return None
        calls = self.calls(function, module)
        if calls is None:
            return None
        decorated = self.project.decorators.by_taker.get(function, ())
        if any(one.by.serves_both for one in decorated):
            return None
        parts: list[Known] = [(one.function,) for one in decorated if one.by.parameter is argument]
        default = default_of(function, argument)
        for where, call in calls:
            value = _passed(call, argument, positional[1:] if function.name == "__init__" else positional)
            value = default if value is None else value
            parts.append(self.of(value, where if value is not default else module) if value is not None else None)
        return _all(parts) if parts else None

    def calls(self, function: FunctionNode, module: Module) -> list[tuple[Module, ast.Call]] | None:
        """Every call of a function, or of the class that it constructs; None where it goes elsewhere too."""
        scopes = self.project.scopes(module)
        parent = scopes.parents.get(function)
        node: ast.AST | None = function
        if isinstance(parent, ast.ClassDef):
            node = parent if function.name == "__init__" else None
            if node is None or self.project.subclasses.get(parent):
                return None
        name = getattr(node, "name", "")
        around = scopes.function(function)
        if around is not None and node is function:
            uses = [(module, one) for one in named(around, name) if isinstance(one.ctx, ast.Load)]
        else:
            assert node is not None
            uses = [(one.module, one.node) for one in self.project.references.of(Definition(module, name, node))]  # type: ignore[misc]
        return self._all_called(function, dict.fromkeys(uses))

    def _all_called(
        self, function: FunctionNode, uses: Iterable[tuple[Module, ast.expr]]
    ) -> list[tuple[Module, ast.Call]] | None:
        found = []
        taken = function in self.project.decorators.by_taker
        for module, use in uses:
            above = self.project.scopes(module).parents.get(use)
            if isinstance(above, ast.Call) and above.func is use:
                found += [] if self._decorates(above, module) and taken else [(module, above)]
                continue
            known = taken and (self._decorates(use, module) or isinstance(above, ast.Return))
            if not known and not self._in_annotation(use, module):
                return None
        return found

    def _decorates(self, node: ast.AST, module: Module) -> bool:
        above = self.project.scopes(module).parents.get(node)
        return isinstance(above, FunctionNode) and node in above.decorator_list

    def _in_annotation(self, node: ast.AST, module: Module) -> bool:
        parents = self.project.scopes(module).parents
        above = parents.get(node)
        while isinstance(above, ast.Subscript | ast.BinOp | ast.Tuple | ast.List):
            node, above = above, parents.get(above)
        return isinstance(above, ast.arg | FunctionNode) or (
            isinstance(above, ast.AnnAssign) and above.annotation is node
        )


def looped(binding: Binding) -> ast.expr | None:
    """`TABLE` for the second name of `for key, value in TABLE.items()` and of `enumerate(TABLE)`."""
    if not isinstance(binding.node, ast.For | ast.comprehension):
        return None
    target, over = binding.node.target, binding.node.iter
    pair = isinstance(target, ast.Tuple) and len(target.elts) == 2
    if not (pair and isinstance(over, ast.Call) and getattr(target.elts[1], "id", "") == binding.target):  # type: ignore[attr-defined]
        return None
    if isinstance(over.func, ast.Attribute) and over.func.attr == "items" and not over.args:
        return over.func.value
    return over.args[0] if dotted_name(over.func) == "enumerate" and over.args else None


def _passed(call: ast.Call, argument: ast.arg, positional: list[ast.arg]) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == argument.arg:
            return keyword.value
    index = positional.index(argument) if argument in positional else None
    if index is None or any(isinstance(one, ast.Starred) for one in call.args[: index + 1]):
        return None
    return call.args[index] if index < len(call.args) else None


def _all(parts: Iterable[Known]) -> Known:
    """All functions of all parts; None where one part is None."""
    found: dict[FunctionNode, None] = {}
    for part in parts:
        if part is None:
            return None
        found |= dict.fromkeys(part)
    return tuple(found)
