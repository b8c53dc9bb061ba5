"""Names in a function: of the session that it has, and one that is free for an object."""

from __future__ import annotations

import ast
import re

from helpers.analysis.mapping import Entity
from helpers.analysis.nearby import only_session
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.symbols import Module
from helpers.patterns.lazy_relationship.refusal import Refused
from helpers.patterns.lazy_relationship.sites import Survey


def session_of(survey: Survey, function: FunctionNode, module: Module) -> str:
    """How a function names the one session that it uses, or is given. Refused where it has none, or several."""
    if found := only_session(survey.project, function, module):
        return found
    raise Refused("the function that hands it on has no session, or several: refresh the object where it is stored")


def free_name(entity: Entity, function: FunctionNode, module: Module) -> str:
    """A name for an object of a class that means nothing else in a function."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", entity.name).lower()
    taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    taken |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    taken |= {*module.imports, *module.definitions}
    return name if name not in taken else f"stored_{name}"
