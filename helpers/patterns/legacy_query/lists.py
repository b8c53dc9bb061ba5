"""Whether the rows of `.all()` must stay a `list` by type: a result gives a Sequence (at run time a list too)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module, dotted_name

_LIST_METHODS = frozenset(["append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "copy"])
_LIST = re.compile(r"\b(list|List|MutableSequence)\b")


@dataclass(frozen=True)
class Lists:
    """Follows a value through one module as far as its type matters."""

    project: Project
    module: Module

    def _parent(self, node: ast.AST) -> ast.AST | None:
        return self.project.scopes(self.module).parents.get(node)

    def needed(self, node: ast.expr) -> bool:
        """Whether rows must stay a `list` for the type checker: `Query.all` gave a list, a result gives a Sequence."""
        parent = self._parent(node)
        match parent:
            case ast.Attribute(attr=name):
                return name in _LIST_METHODS
            case ast.BinOp() | ast.AugAssign():
                return True
            case ast.Return():
                return self._returns_list(parent)
            case ast.AnnAssign(annotation=annotation):
                return self._listed(annotation)
            case ast.Assign(targets=[ast.Name(id=name)]):
                return self._variable_needs_list(name, parent)
            case ast.Assign(targets=[ast.Attribute() as target]):
                return self._attribute_is_list(target, parent)
            case ast.Call() if node in parent.args:
                return self._parameter_is_list(parent, parent.args.index(node))
            case ast.keyword(arg=str(name)):
                call = self._parent(parent)
                return isinstance(call, ast.Call) and self._parameter_is_list(call, name)
            case ast.IfExp() | ast.BoolOp() | ast.Tuple() | ast.Dict() | ast.Subscript() | ast.NamedExpr() | ast.List():
                return isinstance(parent, ast.expr) and self.needed(parent)
        return False

    def _returns_list(self, node: ast.Return) -> bool:
        function = self.project.scopes(self.module).function(node)
        returns = function.returns if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) else None
        return returns is not None and self._listed(returns)

    def _listed(self, annotation: ast.expr) -> bool:
        if _LIST.search(ast.unparse(annotation)):
            return True
        found = self.project.symbols.resolve(self.module, dotted_name(annotation) or "")
        return (
            isinstance(found, Definition)
            and isinstance(found.node, ast.expr)
            and bool(_LIST.search(ast.unparse(found.node)))
        )

    def _variable_needs_list(self, name: str, assigned: ast.Assign) -> bool:
        scopes = self.project.scopes(self.module)
        function = scopes.function(assigned)
        if function is None:
            return False
        others = [binding.node for binding in scopes.bindings(function).get(name, ()) if binding.node is not assigned]
        if any(isinstance(node, ast.arg) for node in others) or any(
            isinstance(node, ast.AnnAssign) and self._listed(node.annotation) for node in others
        ):
            return True
        earlier = [node for node in others if isinstance(node, ast.Assign) and node.lineno < assigned.lineno]
        if any(
            isinstance(node.value, ast.List | ast.ListComp)
            or getattr(getattr(node.value, "func", None), "id", "") in ("list", "sorted")
            for node in earlier
        ):
            return True
        return any(self._use_needs_list(use) for use in _uses(function, name))

    def _attribute_is_list(self, target: ast.Attribute, assigned: ast.Assign) -> bool:
        """Whether `self.x` is a list elsewhere in its class, by annotation or by what it is first assigned."""
        for value, annotation in self.project.on_self(target, self.module):
            if annotation is not None and self._listed(annotation):
                return True
            if value is not assigned.value and isinstance(value, ast.List | ast.ListComp):
                return True
        return False

    def _use_needs_list(self, use: ast.Name) -> bool:
        parent = self._parent(use)
        if isinstance(parent, ast.Subscript) and parent.value is use and isinstance(parent.ctx, ast.Store | ast.Del):
            return True
        if isinstance(parent, ast.Assign):
            return False
        return self.needed(use)

    def _parameter_is_list(self, call: ast.Call, which: int | str) -> bool:
        return any(self._declares_list(found, which) for found in self._callees(call))

    def _callees(self, call: ast.Call) -> Iterator[Definition]:
        name = dotted_name(call.func)
        found = self.project.resolve(self.module, name, call.func) if name else None
        if isinstance(found, Definition):
            yield found
        elif isinstance(call.func, ast.Attribute):
            for module in self.project.symbols.modules.values():
                for node in _methods(module.tree, call.func.attr):
                    yield Definition(module, call.func.attr, node)

    def _declares_list(self, found: Definition, which: int | str) -> bool:
        node = found.node
        if isinstance(node, ast.ClassDef):
            fields = [
                (item.target.id, item.annotation)
                for base in self.project.bases(found)
                for item in getattr(base.node, "body", [])
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            ]
            for name, annotation in fields:
                if name == which or (isinstance(which, int) and which < len(fields) and fields[which][0] == name):
                    return bool(_LIST.search(ast.unparse(annotation)))
            made = next(
                (item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None
            )
            return made is not None and self._declares_list(Definition(found.module, "__init__", made), which)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
        arguments = [*node.args.posonlyargs, *node.args.args]
        if arguments and arguments[0].arg in ("self", "cls"):
            arguments = arguments[1:]
        chosen = (
            [arg for arg in [*arguments, *node.args.kwonlyargs] if arg.arg == which]
            if isinstance(which, str)
            else arguments[which : which + 1]
        )
        return any(arg.annotation is not None and _LIST.search(ast.unparse(arg.annotation)) for arg in chosen)


def _uses(function: ast.AST, name: str) -> Iterator[ast.Name]:
    return (
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    )


def _methods(tree: ast.Module, name: str) -> Iterator[ast.AST]:
    return (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    )
