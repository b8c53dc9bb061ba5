"""Who outside the project runs a function of it: tools that find it by its place, its name, or a text that names it."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.callees import decorated
from helpers.analysis.inheritance import resolve_base
from helpers.analysis.members import FunctionNode
from helpers.analysis.named import Named
from helpers.analysis.routes import METHODS
from helpers.analysis.symbols import Definition, External, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_VERSION = frozenset({"upgrade", "downgrade"})
_XUNIT = frozenset(
    {"setup_module", "teardown_module", "setup_function", "teardown_function", "setup_method", "teardown_method"}
    | {"setup_class", "teardown_class", "setup", "teardown", "setUpModule", "tearDownModule"}
)
_GUNICORN = frozenset(
    {"on_starting", "on_reload", "when_ready", "pre_fork", "post_fork", "post_worker_init", "worker_int"}
    | {"worker_abort", "pre_exec", "pre_request", "post_request", "child_exit", "worker_exit", "nworkers_changed"}
    | {"on_exit", "ssl_context"}
)
# bases of which the runtime calls no method of the application's own names
_QUIET_BASES = frozenset(
    {"object", "ABC", "Protocol", "Generic", "BaseModel", "SQLModel", "NamedTuple", "TypedDict", "BaseSettings"}
    | {"DeclarativeBase", "DeclarativeBaseNoMeta", "MappedAsDataclass", "Enum", "IntEnum", "StrEnum", "Exception"}
)
_QUIET_MAKERS = frozenset({"declarative_base", "automap_base", "as_declarative", "namedtuple", "generate_base"})
_QUIET_DECORATORS = frozenset(
    {"dataclass", "define", "s", "attrs", "total_ordering", "final", "runtime_checkable", "cbv", "as_declarative"}
    | {"type", "input", "interface", "unique", "mapped_as_dataclass", "usefixtures", "parametrize", "Controller"}
)
# importing these has no effect; their classes tell which of their methods the library calls
_INSPECTED = frozenset(
    {"unittest", "threading", "multiprocessing", "logging", "socketserver", "http", "html", "argparse", "ast", "queue"}
    | {"collections", "json", "concurrent", "asyncio", "cmd", "code", "string", "contextlib", "io", "enum", "builtins"}
    | {"random", "selectors", "xmlrpc", "codecs", "typing", "abc", "weakref", "types", "csv", "configparser", "email"}
)


@dataclass(frozen=True, eq=False)
class Outside:
    """Answers for the functions of one project."""

    project: Project

    @cached_property
    def named(self) -> Named:
        """What texts name."""
        return Named(self.project)

    def why(self, function: FunctionNode, module: Module) -> str:
        """Who runs a function without awaiting it, as the reason to leave it; empty where nothing tells of anyone."""
        owner = self.project.callgraph.targets.members.owners.get(function)
        if owner is not None:
            return self._xunit(function, module) or self._of_class(function, owner) or self.named.why(function, module)
        if not isinstance(self.project.scopes(module).parents.get(function), ast.Module | ast.If | ast.Try):
            return ""
        return self._placed(function, module) or self._xunit(function, module) or self.named.why(function, module)

    def _placed(self, function: FunctionNode, module: Module) -> str:
        """A function at the top of a file that some tool reads."""
        file = module.path.rpartition("/")[2]
        if function.name in _VERSION and {"revision", "down_revision"} <= module.definitions.keys():
            return f"Alembic calls {function.name}() and does not await it"
        if function.name.startswith("pytest_") and not decorated(function, "fixture"):
            return f"{function.name} is a hook, which pytest calls and does not await"
        if file.startswith("gunicorn") and function.name in _GUNICORN:
            return f"Gunicorn calls {function.name} and does not await it"
        names = [one.arg for one in function.args.args]
        if names == ["event", "context"] and not self.project.callgraph.calls_to.get(function):
            return "it looks like the handler of a serverless function, which is not awaited"
        return ""

    def _xunit(self, function: FunctionNode, module: Module) -> str:
        file = module.path.rpartition("/")[2]
        tested = file.startswith("test_") or file.endswith(("_test.py", "tests.py"))
        if tested and function.name in _XUNIT and not function.decorator_list:
            return f"pytest calls {function.name} and does not await it"
        return ""

    def _of_class(self, function: FunctionNode, owner: Definition) -> str:
        """A method that a base class from outside, or what decorates the class, may run."""
        edges = self.project.callgraph.calls_to.get(function, ())
        called = decorated(function, *METHODS) or any(self._from_here(edge.site) for edge in edges)
        for base in self.bases(owner):
            name = base.rpartition(".")[2]
            if _defines(base, function.name) or (name.endswith("TestCase") and _is_unittest(function.name)):
                return f"`{name}`, a base from outside, calls {function.name} and does not await it"
            if name not in _QUIET_BASES and (not called or self._extends(function, owner)):
                return f"`{name}`, a base from outside, may call it and not await it"
        if not called:
            for decorator in getattr(owner.node, "decorator_list", ()):
                name = dotted_name(decorator.func if isinstance(decorator, ast.Call) else decorator) or "?"
                if name.rpartition(".")[2] not in _QUIET_DECORATORS:
                    return f"the decorator `{name}` of its class may call it and not await it"
        return ""

    def _from_here(self, site: ast.AST) -> bool:
        """Whether a place runs a method as the project's own: what goes on to `super()` only passes a call on."""
        func = getattr(site, "func", site)
        return not (isinstance(func, ast.Attribute) and isinstance(func.value, ast.Call) and _is_super(func.value))

    def _extends(self, function: FunctionNode, owner: Definition) -> bool:
        """Whether it calls a method of its own name above, where no class of the project has one."""
        above = self.project.callgraph.targets.members.above(owner, function.name)
        return above is None and any(
            isinstance(node, ast.Attribute)
            and node.attr == function.name
            and isinstance(node.value, ast.Call)
            and _is_super(node.value)
            for node in ast.walk(function)
        )

    def bases(self, owner: Definition) -> Iterator[str]:
        """The dotted names of the bases that are not the project's; a base that nothing tells of by its text."""
        for one in self.project.bases(owner):
            for base in getattr(one.node, "bases", ()):
                found = resolve_base(self.project.symbols, one.module, base)
                if isinstance(found, External):
                    yield found.name
                elif found is None or not isinstance(found.node, ast.ClassDef):
                    made = found.node if found else base
                    maker = dotted_name(made.func) if isinstance(made, ast.Call) else None
                    if (maker or "").rpartition(".")[2] not in _QUIET_MAKERS:
                        yield ast.unparse(base)


def _is_super(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == "super"


def _is_unittest(name: str) -> bool:
    return name.startswith("test") or name in ("setUp", "tearDown", "setUpClass", "tearDownClass", "setUpTestData")


def _defines(base: str, name: str) -> bool:
    """Whether a class of the standard library has a method of that name, which its own code may call."""
    library, _, last = base.rpartition(".")
    if library.partition(".")[0] not in _INSPECTED & {*sys.stdlib_module_names, "builtins"}:
        return False
    try:
        found = getattr(importlib.import_module(library), last, None)
    except ImportError:
        return False
    kinds = getattr(found, "__mro__", ())
    return any(name in vars(kind) for kind in kinds if kind is not object)
