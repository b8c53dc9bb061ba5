"""Every place that constructs a class, or the reason why some place may that cannot be seen."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.references import Use
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.refused import Refused
from helpers.codemod.unread import not_named_unread
from helpers.patterns.init_with_io.constructors import own_nodes

# what is handed a class and does not construct it
_HARMLESS = frozenset({"super", "cast", "TypeVar", "hasattr", "getattr", "object", "setattr"})


@dataclass(frozen=True, eq=False)
class Construction:
    """One call that makes an instance."""

    module: Module
    call: ast.Call


@dataclass(frozen=True, eq=False)
class Callers:
    """Finds them in one project."""

    project: Project

    def of(self, classes: Sequence[Definition], makers: Sequence[Definition]) -> Iterator[Construction]:
        """Every construction of `classes`. Refused when one of them may be constructed out of sight.

        `makers` are the classes whose methods may say `cls(...)` and mean one of `classes`.
        """
        for one in classes:
            not_named_unread(self.project, one.name)
            yield from self._by_name(one)
        for one in makers:
            yield from self._by_class_method(one, classes)

    def _by_name(self, one: Definition) -> Iterator[Construction]:
        for use in self.project.references.of(one):
            if use.role == "called" and use.call:
                if not self.project.sources[use.module.path].exact(use.call):
                    raise Refused(f"it is constructed inside a string at {_place(use)}: take the call out of it")
                above = self.project.scopes(use.module).parents[use.call]
                if use.call in getattr(above, "decorator_list", ()):
                    raise Refused(f"it is constructed as a decorator at {_place(use)}: give the decorator a name first")
                yield Construction(use.module, use.call)
            elif use.role == "member":
                self._not_its_constructor(use)
            elif use.role == "value":
                self._constructs_nothing(use)
        self._injected(one)
        self._unresolved(one)

    def _injected(self, one: Definition) -> None:
        graph = self.project.callgraph
        init = graph.targets.members.nearest(one, "__init__")
        for edge in graph.calls_to.get(init, ()) if init else ():
            if edge.given_to in ("Depends", "Security"):
                path, line = edge.caller.module.path, getattr(edge.site, "lineno", 0)
                raise Refused(f"FastAPI constructs it for the Depends() at {path}:{line}: depend on a function instead")

    def _not_its_constructor(self, use: Use) -> None:
        above = self.project.scopes(use.module).parents[use.node]
        if isinstance(above, ast.Attribute) and above.attr in ("__init__", "__new__"):
            raise Refused(f"`{ast.unparse(above)}` is used at {_place(use)}: split it by hand")

    def _constructs_nothing(self, use: Use) -> None:
        above = self.project.scopes(use.module).parents[use.node]
        if isinstance(above, ast.keyword) and above.arg in ("spec", "spec_set", "bound", "autospec"):
            return
        if isinstance(above, ast.Call):
            name = dotted_name(above.func) or ""
            mocked = [item.value for item in above.args[1:] if isinstance(item, ast.Constant)]
            if name.rpartition(".")[2] in _HARMLESS and not {"__init__", "__new__"} & set(mocked):
                return
        given = f"given to {dotted_name(above.func)}()" if isinstance(above, ast.Call) else "given on as a value"
        raise Refused(f"the class is {given} at {_place(use)}, which may construct it: construct it in sight")

    def _unresolved(self, one: Definition) -> None:
        """`something.Page(...)` where nothing tells what `something` is."""
        for module, call in self.project.calls.get(one.name, ()):
            if isinstance(call.func, ast.Attribute):
                found = self.project.resolve(module, dotted_name(call.func) or "", call.func)
                if found is None and not self.project.callgraph.at.get(call):
                    raise Refused(f"`{ast.unparse(call.func)}()` at {module.path}:{call.lineno} may construct it")

    def _by_class_method(self, maker: Definition, classes: Sequence[Definition]) -> Iterator[Construction]:
        for node in own_nodes_of_methods(maker):
            if isinstance(node, ast.Call) and _own_class(node.func):
                if not any(one.node is maker.node for one in classes):
                    raise Refused(
                        f"`{ast.unparse(node.func)}()` at {maker.module.path}:{node.lineno} may construct it and others"
                    )
                yield Construction(maker.module, node)


def own_nodes_of_methods(owner: Definition) -> Iterator[ast.AST]:
    """All code of the methods of a class."""
    for item in getattr(owner.node, "body", ()):
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in item.body:
                yield from own_nodes(statement)


def _own_class(func: ast.expr) -> bool:
    """`cls`, `type(self)`, `self.__class__`."""
    if isinstance(func, ast.Call):
        return dotted_name(func.func) == "type" and len(func.args) == 1 and dotted_name(func.args[0]) == "self"
    return dotted_name(func) in ("cls", "self.__class__")


def _place(use: Use) -> str:
    return f"{use.module.path}:{use.node.lineno}"
