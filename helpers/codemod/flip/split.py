"""A function that stays synchronous, and what it did in an asynchronous one below it, which it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.source import Source
from helpers.codemod.refused import Refused
from helpers.model import Edit


def split(function: ast.FunctionDef, source: Source, runner: str, *, method: bool = False) -> Edit:
    """The end of the function, which calls `runner`, and the head of the one that its body becomes.

    Refused where the body has no lines of its own, or the file has the new name already.
    """
    if getattr(function, "type_params", ()):
        raise Refused("it has parameters of types: write its asynchronous function by hand")
    at, indent = _body(function, source)
    name = _name(function, source)
    newline = source.newline
    given = list(_passed(function))
    called = f"{given.pop(0)}.{name}" if method else name
    run = f"{runner}({called}({', '.join(given)}))"
    none = isinstance(function.returns, ast.Constant) and function.returns.value is None
    head = _head(function, source, name)
    outer = source.text[source.lines[function.lineno - 1] : source.segment(function)[0]]
    between = newline * (2 if method else 3)
    return Edit(at, at, f"{indent}{'' if none else 'return '}{run}{between}{outer}{head}{newline}")


def every_argument(function: ast.FunctionDef) -> list[ast.arg]:
    """The parameters of a function, those for what is left over included."""
    given = function.args
    rest = [one for one in (given.vararg, given.kwarg) if one is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *rest]


def _name(function: ast.FunctionDef, source: Source) -> str:
    private: tuple[str, ...] = (
        () if function.name.startswith("_") else (f"_{function.name}",)
    )  # two of these mean a third in a class
    names = (*private, f"{function.name}_in_a_loop")
    for name in names:
        if name not in source.text:
            return name
    raise Refused(f"the file has a `{names[0]}` of its own: write the asynchronous function by hand")


def _body(function: ast.FunctionDef, source: Source) -> tuple[int, str]:
    """Where the first line of the body begins, its comments included, and its indent. Refused where it has none."""
    documented = ast.get_docstring(function, clean=False) is not None
    statements = function.body[1:] if documented else function.body
    if not statements:
        raise Refused("it does nothing")
    first = statements[0]
    places: list[ast.stmt | ast.expr] = [first, *getattr(first, "decorator_list", ())]
    line = min(one.lineno for one in places)
    above = (function.body[0].end_lineno or 0) if documented else max(_header(function))
    indent = source.text[source.lines[first.lineno - 1] : source.segment(first)[0]]
    if line <= above or indent.strip():
        raise Refused("it has no lines of its own for its body: write them out")
    while line - 1 > above and source.text[source.lines[line - 2] : source.lines[line - 1]].lstrip().startswith("#"):
        line -= 1
    return source.lines[line - 1], indent


def _header(function: ast.FunctionDef) -> Iterator[int]:
    """The lines of a function's head, as far as the tree tells them."""
    yield function.lineno
    yield from (one.end_lineno or 0 for one in every_argument(function))
    yield from (one.end_lineno or 0 for one in _defaults(function))
    if function.returns is not None:
        yield function.returns.end_lineno or 0


def _defaults(function: ast.FunctionDef) -> list[ast.expr]:
    return [*function.args.defaults, *(one for one in function.args.kw_defaults if one is not None)]


def _head(function: ast.FunctionDef, source: Source, name: str) -> str:
    """The same parameters without their defaults, which the outer function has filled in."""
    given = function.args

    def text(node: ast.expr | ast.arg) -> str:
        return source.text[slice(*source.segment(node))]

    parts = [text(one) for one in given.posonlyargs]
    parts += ["/"] if given.posonlyargs else []
    parts += [text(one) for one in given.args]
    parts += [f"*{text(given.vararg)}"] if given.vararg else ["*"] if given.kwonlyargs else []
    parts += [text(one) for one in given.kwonlyargs]
    parts += [f"**{text(given.kwarg)}"] if given.kwarg else []
    returns = f" -> {text(function.returns)}" if function.returns is not None else ""
    return f"async def {name}({', '.join(parts)}){returns}:"


def _passed(function: ast.FunctionDef) -> Iterator[str]:
    given = function.args
    yield from (one.arg for one in [*given.posonlyargs, *given.args])
    if given.vararg:
        yield f"*{given.vararg.arg}"
    yield from (f"{one.arg}={one.arg}" for one in given.kwonlyargs)
    if given.kwarg:
        yield f"**{given.kwarg.arg}"
