"""A Query that a template loops over: it runs while the template is rendered, which is at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.analysis.templates import Templates
from helpers.analysis.texts import is_template

_MADE_BY = ("fastapi.templating.Jinja2Templates", "starlette.templating.Jinja2Templates")


def rendered(project: Project, module: Module, node: ast.expr) -> bool:
    """Whether `node` is a value of the context of a TemplateResponse, and its template only loops over it."""
    parents = project.scopes(module).parents
    context = parents.get(node)
    if not isinstance(context, ast.Dict) or node not in context.values:
        return False
    call = parents.get(context)
    call = parents.get(call) if isinstance(call, ast.keyword) else call
    key = context.keys[context.values.index(node)]
    name = next(_texts(call), None) if isinstance(call, ast.Call) else None
    if not isinstance(call, ast.Call) or not isinstance(key, ast.Constant) or name is None:
        return False
    return _Made(project, module).by_starlette(call) and _templates(project).only_looped(name, str(key.value))


@dataclass(frozen=True)
class _Made:
    project: Project
    module: Module

    def by_starlette(self, call: ast.Call) -> bool:
        """Whether it is `templates.TemplateResponse(...)` of Starlette, which renders where it is made."""
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "TemplateResponse"):
            return False
        found = self.project.resolve(self.module, dotted_name(call.func.value) or "", call)
        made = found.node if isinstance(found, Definition) else None
        if not isinstance(found, Definition) or not isinstance(made, ast.Call):
            return False
        return self.project.meanings.external(made.func, found.module) in _MADE_BY


def _texts(call: ast.Call) -> Iterator[str]:
    """The name of the template: the first text among the arguments, or the one that is named."""
    named = (one.value for one in call.keywords if one.arg == "name")
    for value in (*call.args, *named):
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


@lru_cache(maxsize=1)
def _templates(project: Project) -> Templates:
    return Templates(project.root, tuple(path for path in project.texts if is_template(path)))
