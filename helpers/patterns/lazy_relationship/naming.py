"""Names in a function: of the session that it has, and one that is free for an object."""

from __future__ import annotations

import ast
import re

from helpers.analysis.mapping import Entity
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.symbols import Module
from helpers.patterns.lazy_relationship.refusal import Refused
from helpers.patterns.lazy_relationship.sites import Survey

_SESSION_WORDS = frozenset(
    {"commit", "flush", "refresh", "add", "add_all", "execute", "scalars", "scalar", "query", "begin_nested"}
)


def session_of(survey: Survey, function: FunctionNode, module: Module) -> str:
    """How a function names a session that it uses, or is given. Refused where it has none."""
    sessions = survey.project.sessions
    for node in ast.walk(function):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in _SESSION_WORDS and sessions.tier(node.func.value, module) is not None:
            return ast.unparse(node.func.value)
    for argument in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]:
        typed = argument.annotation and sessions.annotated(argument.annotation, module)
        if typed and typed.what == "session":
            return argument.arg
    raise Refused("the function that hands it on has no session: refresh the object where it is stored")


def free_name(entity: Entity, function: FunctionNode, module: Module) -> str:
    """A name for an object of a class that means nothing else in a function."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", entity.name).lower()
    taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    taken |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    taken |= {*module.imports, *module.definitions}
    return name if name not in taken else f"stored_{name}"
