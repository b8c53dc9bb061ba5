"""A generator expression that a method returns, as the loop of an asynchronous generator."""

from __future__ import annotations

import ast

from helpers.analysis.flow import mentions
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.source import Source
from helpers.analysis.symbols import Module
from helpers.codemod.blocks import margin, step
from helpers.codemod.flip.change import Change
from helpers.model import Edit

_MORE = (ast.Await, ast.Lambda, ast.NamedExpr, ast.Yield, ast.ListComp, ast.SetComp, ast.DictComp)


def unrolled(project: Project, function: FunctionNode, module: Module, statement: ast.Return) -> Change | None:
    """`return (a for b in c if d)` as a loop that yields; None where it is not plain enough for that."""
    value, source = statement.value, project.sources[module.path]
    if not isinstance(value, ast.GeneratorExp) or not _is_plain(project, function, value):
        return None
    start, end = source.segment(statement)
    loop, space, one = value.generators[0], margin(source, statement), step(source, statement)
    parts = [_text(source, part) for part in (loop.target, loop.iter, value.elt, *loop.ifs)]
    if "#" in source.text[start:end] or any("\n" in part or "\r" in part for part in parts):
        return None
    lines = [f"for {parts[0]} in {parts[1]}:", *(f"{one}if {test}:" for test in parts[3:])]
    lines.append(f"{one * len(lines)}yield {parts[2]}")
    edit = Edit(start, end, f"{source.newline}{space}".join(lines))
    return Change("sync_function", module, statement, "an asynchronous generator yields what it gives", (edit,))


def _is_plain(project: Project, function: FunctionNode, value: ast.GeneratorExp) -> bool:
    """Whether nothing inside changes by itself, and the names of the loop are nobody else's."""
    inside = list(ast.walk(value))
    bound = {part.id for one in value.generators for part in ast.walk(one.target) if isinstance(part, ast.Name)}
    others = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    taken = bound & {one.arg for one in others} or any(
        mentions(one, name) for name in bound for one in function.body[:-1]
    )
    changing = any(isinstance(one, _MORE) or project.callgraph.at.get(one) or project.effects.on(one) for one in inside)
    only = len(value.generators) == 1 and not value.generators[0].is_async and len(value.generators[0].ifs) < 2
    return only and not taken and not changing and isinstance(value.generators[0].target, ast.Name | ast.Tuple)


def _text(source: Source, node: ast.expr) -> str:
    start, end = source.segment(node)
    return source.text[start:end]
