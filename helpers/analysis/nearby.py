"""What a function has at hand: its only session."""

from __future__ import annotations

import ast

from helpers.analysis.parameters import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module


def only_session(project: Project, function: FunctionNode, module: Module) -> str:
    """The one session that a function names or is passed, as source text; empty where there is none or several."""
    sessions = project.sessions
    found = {
        ast.unparse(node)
        for node in ast.walk(function)
        if isinstance(node, ast.Name | ast.Attribute) and sessions.tier(node, module) is not None
    }
    for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        typed = sessions.annotated(argument.annotation, module) if argument.annotation else None
        if typed and typed.what == "session":
            found.add(argument.arg)
    return found.pop() if len(found) == 1 else ""
