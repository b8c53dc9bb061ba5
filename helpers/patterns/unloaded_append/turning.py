"""When a new child may be given its parent instead of being appended: the same rows, and nothing is loaded."""

from __future__ import annotations

import ast

from helpers.analysis.declarations import called
from helpers.analysis.mapped_objects import MappedObjects, added_to
from helpers.analysis.mapping import Entity
from helpers.analysis.project import Project
from helpers.analysis.relationships import Declared, find_declared
from helpers.codemod.calls import with_keyword
from helpers.codemod.lines import line_behind
from helpers.model import Edit
from helpers.patterns.unloaded_append.changes import Change

_SPECIAL = frozenset(
    {"secondary", "collection_class", "viewonly", "primaryjoin", "enable_typechecks", "active_history"}
)


def turned(project: Project, instances: MappedObjects, change: Change, session: str) -> tuple[Edit, ...] | None:
    """The edits that set the many-to-one side; None where that is not known to be equal."""
    child = change.call.args[0] if change.call and change.method in ("append", "add") and change.call.args else None
    back = _back(project, change.relation) if child is not None else None
    if child is None or back is None or not session or _watched(project, change.attribute.attr):
        return None
    found = instances.of(child, change.module)
    if found is None or found.state != "new" or not _plain(found.entity):
        return None
    if isinstance(child, ast.Call):
        return _constructed(project, change, child, (session, back))
    return _set(project, change, child, (session, back)) if isinstance(child, ast.Name) else None


def _back(project: Project, relation: Declared) -> str | None:
    """The name of the many-to-one side that follows the collection and is followed by it."""
    given = {keyword.arg: keyword.value for keyword in relation.call.keywords}
    cascade = given.get("cascade")
    saved = cascade is None or (
        isinstance(cascade, ast.Constant) and any(word in str(cascade.value) for word in ("all", "save-update"))
    )
    if None in given or given.keys() & _SPECIAL or not saved or relation.back is not None or relation.owner is None:
        return None
    name = given.get("back_populates") or given.get("backref")
    if called(name) == "backref" and isinstance(name, ast.Call) and name.args:
        name = name.args[0]
    if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
        return None
    return name.value if _answers(project, relation, name.value) else None


def _answers(project: Project, relation: Declared, back: str) -> bool:
    """Whether the other side is there, names this one, and holds one object."""
    assert relation.owner is not None
    own = project.mapped.relationship(relation.owner, relation.name)
    target = project.mapped.by_name(own.target) if own and own.target else None
    other = project.mapped.relationship(target, back) if target else None
    if target is None or other is None:
        return False
    declared = find_declared(project, target, back)
    if declared is not None and declared.back is None:
        given = {keyword.arg: keyword.value for keyword in declared.call.keywords}
        named = given.get("back_populates")
        if not (isinstance(named, ast.Constant) and named.value == relation.name) or given.keys() & _SPECIAL:
            return False
    return project.mapped.many(target, other) is False


def _watched(project: Project, name: str) -> bool:
    """Whether a validator or a listener waits for appends to a collection of that name."""
    for word in ("validates", "listens_for", "listen"):
        for _, call in project.calls.get(word, ()):
            texts = [ast.unparse(argument) for argument in call.args]
            if any(text.strip("'\"") == name or text.endswith(f".{name}") for text in texts):
                return True
    return False


def _plain(entity: Entity) -> bool:
    """Whether the constructor is SQLAlchemy's own, which takes any attribute by name."""
    bodies = [one.node for one in (entity.definition, *entity.bases)]
    return not any(
        (isinstance(item, ast.FunctionDef) and item.name == "__init__")
        for body in bodies
        for item in getattr(body, "body", ())
    ) and not any("dataclass" in ast.unparse(part).lower() for body in bodies for part in _heads(body))


def _heads(node: ast.AST) -> list[ast.expr]:
    return [*getattr(node, "decorator_list", ()), *getattr(node, "bases", ())]


def _constructed(project: Project, change: Change, child: ast.Call, names: tuple[str, str]) -> tuple[Edit, ...] | None:
    """`parent.children.append(Child(...))` becomes `session.add(Child(..., parent=parent))`."""
    session, back = names
    if any(keyword.arg in (back, None) for keyword in child.keywords) or child.args or change.call is None:
        return None
    source = project.sources[change.module.path]
    start, end = source.segment(change.call.func)
    parent = ast.unparse(change.attribute.value)
    more = with_keyword(source, child, f"{back}={parent}", width=10_000)
    return (Edit(start, end, f"{session}.add"), *more)


def _set(project: Project, change: Change, child: ast.Name, names: tuple[str, str]) -> tuple[Edit, ...] | None:
    """`parent.children.append(child)` becomes `child.parent = parent`, and `session.add(child)` where that is not."""
    session, back = names
    source = project.sources[change.module.path]
    start, end = source.segment(change.statement)
    edit = Edit(start, end, f"{child.id}.{back} = {ast.unparse(change.attribute.value)}")
    if any(ast.unparse(one) == session for one in added_to(change.function, child.id)):
        return (edit,)
    more = line_behind(source, change.statement, f"{session}.add({child.id})")
    return (edit, more) if more else None
