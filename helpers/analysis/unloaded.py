"""Loads that happen only where nothing has loaded it before: `if "books" in inspect(author).unloaded: ...`."""

from __future__ import annotations

import ast

from helpers.analysis.flow import Flow, rebinds
from helpers.analysis.scopes import Scopes


def loaded_before(scopes: Scopes, node: ast.Attribute) -> bool:
    """Whether such a load of the attribute that `node` reads, of the same name, is behind every way to it."""
    if not isinstance(node.value, ast.Name):
        return False
    statement = next((one for one in scopes.ancestors(node) if isinstance(one, ast.stmt)), None)
    for item in Flow(scopes).before(statement) if statement is not None else ():
        if isinstance(item, ast.If) and _asks(item.test, node.value.id, node.attr):
            return True
        if rebinds(item, node.value.id):
            return False
    return False


def _asks(test: ast.expr, name: str, attribute: str) -> bool:
    text = ast.unparse(test)
    return f"'{attribute}' in " in text and text.endswith(f"({name}).unloaded")
