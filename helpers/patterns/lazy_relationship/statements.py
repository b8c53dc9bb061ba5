"""Which functions hand out a statement that nobody has run: options can still be put where they are called."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from helpers.analysis.dataflow.flows import Flows
from helpers.analysis.dataflow.sites import loaded
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.scopes import Function
from helpers.analysis.symbols import Module

LINKS = frozenset(
    {"filter", "filter_by", "where", "join", "outerjoin", "options", "order_by", "group_by", "having", "limit"}
    | {"offset", "distinct", "execution_options", "with_for_update", "populate_existing", "yield_per", "select_from"}
    | {"reset_joinpoint", "correlate", "prefix_with", "with_hint", "enable_eagerloads", "autoflush"}
)
_DEEPEST = 12


@dataclass(eq=False)
class Statements:
    """Answers for the functions and expressions of one project."""

    project: Project
    flows: Flows
    _known: dict[ast.AST, bool] = field(default_factory=dict, repr=False)

    def hands_out(self, function: Function | None) -> bool:
        """Whether everything that a function returns is a statement."""
        if not isinstance(function, FunctionNode):
            return False
        if function not in self._known:
            self._known[function] = False
            module = self._module(function)
            results = self.project.scopes(module).results(function) if module else ()
            given = [item.value for item in results if isinstance(item, ast.Return) and item.value is not None]
            plain = bool(given) and len(given) == len(results)
            self._known[function] = plain and all(self.is_one(value, module) for value in given if module)
        return self._known[function]

    def is_one(self, node: ast.expr, module: Module, depth: int = 0) -> bool:
        """Whether an expression is a statement that has not been run."""
        if depth > _DEEPEST:
            return False
        match node:
            case ast.Call(func=ast.Attribute(value=inner, attr=name)) if name in LINKS:
                return self.is_one(inner, module, depth + 1)
            case ast.Call():
                return self._made(node, module, depth)
            case ast.IfExp(body=one, orelse=two):
                return self.is_one(one, module, depth + 1) and self.is_one(two, module, depth + 1)
            case ast.Name():
                return self._named(node, module, depth)
        return False

    def _made(self, call: ast.Call, module: Module, depth: int) -> bool:
        if loaded(self.project, call, module) is not None:
            return not (isinstance(call.func, ast.Attribute) and call.func.attr in ("get", "get_one"))
        called = self.flows.callees.functions(call, module)
        return bool(called) and all(self.hands_out(callee.function) for callee in called)

    def _named(self, node: ast.Name, module: Module, depth: int) -> bool:
        bindings = self.project.scopes(module).lookup(node.id, node)
        if any(isinstance(binding.node, ast.arg) for binding in bindings):
            return self._parameter(node, module)
        values = [binding.value if binding.kind == "value" else None for binding in bindings]
        return bool(values) and all(value is not None and self.is_one(value, module, depth + 1) for value in values)

    def _parameter(self, node: ast.Name, module: Module) -> bool:
        """A parameter that is annotated as a statement."""
        bindings = self.project.scopes(module).lookup(node.id, node)
        annotations = [binding.node.annotation for binding in bindings if isinstance(binding.node, ast.arg)]
        words = [ast.unparse(annotation) for annotation in annotations if annotation is not None]
        return bool(words) and all(word.partition("[")[0].rpartition(".")[2] in ("Query", "Select") for word in words)

    def _module(self, function: ast.AST) -> Module | None:
        return self._modules.get(function)

    @property
    def _modules(self) -> dict[ast.AST, Module]:
        if not self._by_function:
            for module in self.project.symbols.modules.values():
                for kind in (ast.FunctionDef, ast.AsyncFunctionDef):
                    self._by_function.update(dict.fromkeys(module.nodes.of(kind), module))
        return self._by_function

    _by_function: dict[ast.AST, Module] = field(default_factory=dict, repr=False)
