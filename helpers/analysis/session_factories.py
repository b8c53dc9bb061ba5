"""The calls that make sessions or factories of sessions, and whether their objects expire with a commit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_MAKERS = frozenset({"sessionmaker", "async_sessionmaker", "Session", "AsyncSession"})
_FAMILY = frozenset({"sqlalchemy", "sqlmodel"})


def maker(project: Project, node: ast.expr, module: Module) -> str:
    """`sessionmaker`, `Session` and their like, by their last name; empty for anything else."""
    callee = node.value if isinstance(node, ast.Subscript) else node
    name = project.meanings.external(callee, module)
    last = name.rpartition(".")[2]
    return last if name.partition(".")[0] in _FAMILY and last in _MAKERS else ""


def inside(project: Project) -> frozenset[ast.AST]:
    """The factories whose sessions are inside asynchronous ones: `async_sessionmaker(sync_session_class=...)`."""
    found: set[ast.AST] = set()
    for module in project.symbols.modules.values():
        for keyword in module.nodes.of(ast.keyword):
            if keyword.arg == "sync_session_class":
                meant = project.resolve(module, dotted_name(keyword.value) or "", keyword.value)
                found |= {meant.node} if isinstance(meant, Definition) else set()
    return frozenset(found)


def makers(project: Project) -> Iterator[tuple[Module, ast.Call]]:
    """Every call of one, those left out that make sessions for the inside of others."""
    left = inside(project)
    yield from ((module, call) for module, call in _makers(project) if call not in left)


def _makers(project: Project) -> Iterator[tuple[Module, ast.Call]]:
    for name in _MAKERS:
        yield from ((module, call) for module, call in project.calls.get(name, ()) if maker(project, call.func, module))
    for module in project.symbols.modules.values():
        for call in module.nodes.of(ast.Call):
            if isinstance(call.func, ast.Subscript) and maker(project, call.func, module):
                yield module, call


def keeps_objects(project: Project) -> bool:
    """Whether every session of the application keeps what it loaded when it commits."""
    return all(_kept(call) for _, call in makers(project))


def _kept(call: ast.Call) -> bool:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "expire_on_commit"]
    return bool(given) and isinstance(given[0], ast.Constant) and given[0].value is False
