"""The URL of an engine: written out it names the other driver, told at run time it goes through a function."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from helpers.analysis.drivers import async_names
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.analysis.target import python_version
from helpers.codemod.flip.schema import line_of
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

_NAME = "with_async_driver"
_READY = frozenset({"sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg", "mysql+aiomysql", "mysql+asyncmy"})
_SCHEME = re.compile(r"""[rRbBuUfF]*(?:\'{3}|"{3}|'|")([a-z0-9]+(?:\+[a-z0-9]+)?)://""")
_UNIONS = (3, 10)  # from here on `str | URL` is read while the module is imported
_HELPER = f'''
_ASYNC_DRIVERS = {{{{
{{drivers}}
}}}}


def {_NAME}({{url}}){{gives}}:
    """The same database, through a driver that can be awaited."""
    url = make_url(url)
    return url.set(drivername=_ASYNC_DRIVERS.get(url.drivername, url.drivername))


'''
Written = tuple[tuple[Edit, ...], tuple[ImportName, ...]]


@dataclass(frozen=True, eq=False)
class Urls:
    """Answers for one project."""

    project: Project

    def edits(self, call: ast.Call, module: Module) -> Written:
        """The edits for the URL of `create_engine(...)` and what they import. Refused where it is not told."""
        url = _url(call)
        if url is None:
            raise Refused("the engine is not told its URL in sight")
        if isinstance(url, ast.Constant | ast.JoinedStr):
            return (self._named(url, module),), ()
        start, end = self.project.sources[module.path].segment(url)
        wrapped = (Edit(start, start, f"{_NAME}("), Edit(end, end, ")"))
        if any(isinstance(node, ast.FunctionDef) and node.name == _NAME for node in module.tree.body):
            raise Refused(f"the file has a {_NAME}() of its own")
        if next(one for one in module.nodes.of(ast.Call) if self._is_wrapped(one, module)) is not call:
            return wrapped, ()
        names = ("make_url", "URL") if self.project.type_checked else ("make_url",)
        return (self._helper(call, module), *wrapped), tuple(ImportName("sqlalchemy.engine", name) for name in names)

    def _named(self, url: ast.expr, module: Module) -> Edit:
        """The driver in a URL that is written out."""
        source = self.project.sources[module.path]
        found = _SCHEME.match(source.text, *source.segment(url))
        if found is None:
            raise Refused("the driver in the URL cannot be told")
        driver = found[1] if found[1] in _READY else async_names(self.project).get(found[1])
        if driver is None:
            raise Refused(f"no driver that can be awaited is known for {found[1]}")
        return Edit(*found.span(1), driver)

    def _helper(self, call: ast.Call, module: Module) -> Edit:
        """The function, above the first statement that needs it."""
        source = self.project.sources[module.path]
        statement = next(one for one in module.tree.body if any(node is call for node in ast.walk(one)))
        at = line_of(source, statement)
        table = "\n".join(f'    "{before}": "{name}",' for before, name in async_names(self.project).items())
        url, gives = self._types()
        text = _HELPER.lstrip("\n").format(drivers=table, url=url, gives=gives)
        return Edit(at, at, text.replace("\n", source.newline))

    def _types(self) -> tuple[str, str]:
        """The parameter and what is given, with their types where a type checker reads them."""
        if not self.project.type_checked:
            return "url", ""
        python = python_version(self.project.root)
        plain = python is not None and python >= _UNIONS
        return ("url: str | URL" if plain else 'url: "str | URL"'), " -> URL"

    def _is_wrapped(self, call: ast.Call, module: Module) -> bool:
        """Whether the URL of an engine is told at run time."""
        url = _url(call)
        told = url is not None and not isinstance(url, ast.Constant | ast.JoinedStr)
        return told and self.project.engines.makes(call, module)


def _url(call: ast.Call) -> ast.expr | None:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "url"]
    return call.args[0] if call.args else next(iter(named), None)
