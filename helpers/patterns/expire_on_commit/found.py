"""What is found at one place, as a finding."""

from __future__ import annotations

import ast

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.pattern import fingerprint
from helpers.model import Applicability, Finding, Fix


def found_at(
    project: Project, code: str, place: tuple[Module, ast.expr], told: tuple[str, Fix | None], mark: str
) -> Finding:
    """The finding at a node of a module, with its message; to be reviewed with a fix, left to a person without one.

    `mark` tells it from others of its function, and survives moved lines.
    """
    (module, node), (message, fix) = place, told
    source, symbol = project.sources[module.path], project.scopes(module).symbol(node)
    line, column = source.position(source.segment(node)[0])
    applicability = Applicability.REVIEW if fix else Applicability.MANUAL
    name = fingerprint(code, module.path, symbol, mark)
    return Finding(code, module.path, line, column, symbol, message, applicability, fix, name)
