"""The calls that make sessions, or what makes sessions, and the keyword that each of them gets."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.analysis.session_factories import inside, maker
from helpers.analysis.symbols import Module
from helpers.codemod.calls import with_keyword
from helpers.model import Edit, Finding, Fix
from helpers.patterns.expire_on_commit.found import found_at

GROUP = "expire_on_commit"
_KEEPS = "gets expire_on_commit=False: objects keep their values after a commit; each use that relied on the reload"
_KEEPS += " is refreshed in the same change, or named as a finding of its own"


def factories(project: Project, code: str) -> Iterator[Finding]:
    """A finding for each call that makes a session, or a factory of sessions, that still expires on commit."""
    left = inside(project)
    for path, source in project.sources.items():
        if "ession" not in source.text and "SQLAlchemy" not in source.text:
            continue
        module = project.module(path)
        for call in (one for one in module.nodes.of(ast.Call) if one not in left):
            if (kind := _kind(project, call, module)) and (told := _told(project, call, module, kind)):
                yield found_at(project, code, (module, call), told, ast.unparse(call))


def _kind(project: Project, call: ast.Call, module: Module) -> str:
    """`sessionmaker`, `Session` and their like; `partial` of one; `SQLAlchemy`; the project's subclass; or nothing."""
    if found := maker(project, call.func, module):
        return found
    callee = call.func
    name = project.meanings.external(callee, module)
    head, last = name.partition(".")[0], name.rpartition(".")[2]
    if last == "SQLAlchemy" and head == "flask_sqlalchemy":
        return last
    if last == "partial" and call.args and maker(project, call.args[0], module):
        return last
    typed = project.sessions.of(call, module)
    subclass = typed is not None and typed.what == "session" and typed.owner is not None
    return "subclass" if subclass and _calls_class(project, callee, module) else _turned_on(project, call, module)


def _calls_class(project: Project, callee: ast.expr, module: Module) -> bool:
    name = ast.unparse(callee)
    found = project.resolve(module, name, callee)
    return isinstance(getattr(found, "node", None), ast.ClassDef)


def _turned_on(project: Project, call: ast.Call, module: Module) -> str:
    """A factory that is called with `expire_on_commit` of its own."""
    if not any(keyword.arg == GROUP for keyword in call.keywords):
        return ""
    typed = project.sessions.of(call.func, module) if isinstance(call.func, ast.Name | ast.Attribute) else None
    return "call" if typed is not None and typed.opened else ""


def _told(project: Project, call: ast.Call, module: Module, kind: str) -> tuple[str, Fix | None] | None:
    """The message and the fix for one call; None where nothing is to be said."""
    given = next((keyword.value for keyword in call.keywords if keyword.arg == GROUP), None)
    if isinstance(given, ast.Constant) and given.value is False:
        return None
    if isinstance(given, ast.Constant) and given.value is True:
        start, stop = project.sources[module.path].segment(given)
        return f"spells out the default, and {_KEEPS}", Fix((Edit(start, stop, "False"),), group=GROUP)
    if given is not None:
        return (
            f"expire_on_commit is {ast.unparse(given)} here by decision: make it False, and look at what relies on it",
            None,
        )
    if kind == "SQLAlchemy":
        return _flask(call)
    if kind == "subclass":
        return (
            f"`{ast.unparse(call.func)}` is a session class of the project: let it pass expire_on_commit=False on",
            None,
        )
    if any(keyword.arg is None for keyword in call.keywords) or any(isinstance(arg, ast.Starred) for arg in call.args):
        return "takes keywords that are made elsewhere: add expire_on_commit=False there", None
    if _configured(project, call, module):
        return None
    edits = with_keyword(project.sources[module.path], call, f"{GROUP}=False", width=project.line_length)
    return _KEEPS, Fix(edits, group=GROUP)


def _flask(call: ast.Call) -> tuple[str, Fix | None] | None:
    options = [keyword.value for keyword in call.keywords if keyword.arg == "session_options"]
    if any(GROUP in ast.unparse(value) for value in options):
        return None
    return 'the extension makes the sessions: give it session_options={"expire_on_commit": False}', None


def _configured(project: Project, call: ast.Call, module: Module) -> bool:
    """Whether the factory that a call makes is configured with the keyword later."""
    parent = project.scopes(module).parents.get(call)
    names = {ast.unparse(target).rpartition(".")[2] for target in getattr(parent, "targets", [])}
    return any(
        isinstance(other.func, ast.Attribute)
        and ast.unparse(other.func.value).rpartition(".")[2] in names
        and any(keyword.arg == GROUP for keyword in other.keywords)
        for _, other in project.calls.get("configure", ())
    )
