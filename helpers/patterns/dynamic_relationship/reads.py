"""The uses of dynamic relationships: the links behind the attribute, and what asks for the rows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.mapped_objects import Instance, MappedObjects
from helpers.analysis.mapping import Entity, Relationship
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module

BUILDERS = frozenset({"filter", "filter_by", "where", "order_by", "limit", "offset"})
TERMINALS = frozenset({"all", "first", "one", "one_or_none", "count"})
_WRITES = frozenset({"append", "remove", "extend", "add", "add_all", "append_all"})
_ITERATING = frozenset({"list", "tuple", "set", "frozenset", "sorted", "sum", "any", "all", "min", "max"})


@dataclass(frozen=True, eq=False)
class Read:
    """One use. `built` is the attribute with the filters behind it, `whole` the expression that runs it.

    `how` is the method that runs it, `iterate`, or the reason why nothing tells.
    """

    attribute: ast.Attribute
    owner: Instance
    relation: Relationship
    target: Entity | None
    built: ast.expr
    whole: ast.expr
    how: str
    links: tuple[str, ...]
    module: Module


def reads(project: Project, instances: MappedObjects, module: Module) -> Iterator[Read]:
    """Every use in a module of a dynamic relationship of a known object, but for those that write."""
    for node in module.nodes.of(ast.Attribute):
        if not isinstance(node.ctx, ast.Load) or node.attr not in _dynamic(project):
            continue
        owner = instances.of(node.value, module)
        relation = project.mapped.relationship(owner.entity, node.attr) if owner else None
        if owner is None or relation is None or relation.lazy != "dynamic":
            continue
        built, links, method, call = _chain(node, module)
        if method in _WRITES:
            continue
        target = project.mapped.by_name(relation.target) if relation.target else None
        how = method if call is not None and method in TERMINALS and not call.args else _used(built, method, module)
        whole = call if how in TERMINALS and call is not None else built
        yield Read(node, owner, relation, target, built, whole, how, links, module)


def _dynamic(project: Project) -> frozenset[str]:
    """The names of all dynamic relationships."""
    own = {one.name for entity in project.mapped.all for one in entity.relationships.values() if one.lazy == "dynamic"}
    backs = (one for given in project.mapped.backrefs.values() for one in given)
    return frozenset(own | {one.name for one in backs if one.lazy == "dynamic"})


def _chain(node: ast.Attribute, module: Module) -> tuple[ast.expr, tuple[str, ...], str, ast.Call | None]:
    """The expression with all builders, their names, and the method behind them with its call."""
    parents = module.nodes.parents
    built: ast.expr = node
    links: list[str] = []
    while True:
        attribute = parents.get(built)
        if not (isinstance(attribute, ast.Attribute) and attribute.value is built):
            return built, tuple(links), "", None
        call = parents.get(attribute)
        if not (isinstance(call, ast.Call) and call.func is attribute):
            return built, tuple(links), attribute.attr, None
        if attribute.attr not in BUILDERS:
            return built, tuple(links), attribute.attr, call
        links.append(attribute.attr)
        built = call


def _used(built: ast.expr, method: str, module: Module) -> str:
    """`iterate` where the code around asks for the rows; else why that is not told."""
    if method == "statement":
        return ""
    if method:
        return f"{method}() of a dynamic relationship is not known to have an equal on the session"
    parent = module.nodes.parents.get(built)
    match parent:
        case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
            whole = module.nodes.parents.get(parent)
            lazy = isinstance(parent, ast.comprehension) and isinstance(whole, ast.GeneratorExp)
            return "iterate" if iterable is built and not lazy else "it is iterated later"
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _ITERATING and first is built:
            return "iterate"
        case ast.Subscript():
            return "an index or a slice of it runs SQL: write limit() and offset()"
    return "it is handed on: nothing tells what runs it"
