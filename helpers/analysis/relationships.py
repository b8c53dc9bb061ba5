"""The relationships of an application, each with the call that makes it, its name and the class that has it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.analysis.declarations import called, is_relationship
from helpers.analysis.mapping import Entity
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_FAMILY = ("sqlalchemy", "sqlmodel", "flask_sqlalchemy")


@dataclass(frozen=True, eq=False)
class Declared:
    """One relationship. `owner` is None for a mixin's or where the class is not known; `call` makes it.

    `back` is what `backref=` of another relationship says: the text of a name, or a call of backref().
    """

    name: str
    owner: Entity | None
    module: Module
    call: ast.Call
    back: ast.expr | None = None

    @property
    def title(self) -> str:
        """`Class.name`, as a reader writes it."""
        return f"{self.owner.name}.{self.name}" if self.owner else self.name


def find_declared(project: Project, entity: Entity, name: str) -> Declared | None:
    """The declaration of a relationship of a mapped class, its own before those of the classes above it."""
    found = [one for one in declared(project) if one.name == name and one.owner and entity.is_a(one.owner)]
    return next((one for one in found if one.owner is entity), next(iter(found), None))


def declared(project: Project) -> Iterator[Declared]:
    """Every relationship, backrefs included, in the order of the text."""
    for module in project.symbols.modules.values():
        for call in module.nodes.of(ast.Call):
            if is_relationship(call) and _is_ours(project, call, module) and (named := _named(project, call, module)):
                name, owner = named
                yield Declared(name, owner, module, call)
                yield from _back(project, call, module)


def _is_ours(project: Project, call: ast.Call, module: Module) -> bool:
    """SQLAlchemy's relationship(), SQLModel's Relationship(), or `db.relationship` of an extension."""
    name = project.meanings.external(call.func, module)
    if name:
        return name.partition(".")[0] in _FAMILY
    return isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)


def _named(project: Project, call: ast.Call, module: Module) -> tuple[str, Entity | None] | None:
    """The attribute that a call is given to, and the mapped class."""
    parents = module.nodes.parents
    parent = parents.get(call)
    match parent:
        case ast.keyword(arg="sa_relationship"):
            outer = parents.get(parent)
            return _named(project, outer, module) if isinstance(outer, ast.Call) else None
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name, _entity(project, call, module)
        case ast.Return():
            function = project.scopes(module).function(call)
            named = isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            return (function.name, _entity(project, call, module)) if named and function else None  # type: ignore[union-attr]
        case ast.Assign(targets=[ast.Attribute(attr=name, value=owner)]):
            found = project.resolve(module, dotted_name(owner) or "", owner)
            return name, project.mapped.entity(found) if isinstance(found, Definition) else None
        case ast.Dict():
            return _in_properties(project, parent, call, module)
    return None


def _entity(project: Project, node: ast.AST, module: Module) -> Entity | None:
    owner = project.class_of(node, module)
    return project.mapped.entity(owner) if owner else None


def _in_properties(
    project: Project, given: ast.Dict, call: ast.Call, module: Module
) -> tuple[str, Entity | None] | None:
    """`map_imperatively(User, table, properties={"posts": relationship(...)})`."""
    key = next((key for key, value in zip(given.keys, given.values, strict=True) if value is call), None)
    if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
        return None
    keyword = module.nodes.parents.get(given)
    mapper = module.nodes.parents.get(keyword) if isinstance(keyword, ast.keyword) else None
    first = mapper.args[0] if isinstance(mapper, ast.Call) and mapper.args else None
    found = project.resolve(module, dotted_name(first) or "", first) if first is not None else None
    return key.value, project.mapped.entity(found) if isinstance(found, Definition) else None


def _back(project: Project, call: ast.Call, module: Module) -> Iterator[Declared]:
    """The relationship that `backref=` puts on the target."""
    value = next((keyword.value for keyword in call.keywords if keyword.arg == "backref"), None)
    name = value.args[0] if called(value) == "backref" and isinstance(value, ast.Call) and value.args else value
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield Declared(name.value, _target(project, call, module), module, call, back=value)


def _target(project: Project, call: ast.Call, module: Module) -> Entity | None:
    named = _named(project, call, module)
    relation = project.mapped.relationship(named[1], named[0]) if named and named[1] else None
    return project.mapped.by_name(relation.target) if relation and relation.target else None
