"""Decides for one chain: the statement and the call that mean the same, or the reason to leave it alone."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.meaning import EntityRef
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Chain, Link
from helpers.patterns.legacy_query.links import TERMINALS, Links, Rename
from helpers.patterns.legacy_query.lists import Lists
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.repeats import can_repeat
from helpers.patterns.legacy_query.shape import Shape, ShapeReader, starts_a_statement
from helpers.patterns.legacy_query.usage import Usage

_ROW_NAMES = frozenset({"_asdict", "_mapping", "_fields"})


@dataclass(frozen=True)
class Conversion:
    """What a chain becomes. `method` is the session's method, or None for a statement that is not run.

    `before` and `after` stand around the statement, `result` is called on its result, `renames` change links inside.
    Names in braces (`{select}`) are written as the module imports them.
    """

    chain: Chain
    method: str | None
    before: str = ""
    after: str = ""
    result: str = ""
    unique: bool = False
    as_list: bool = False
    ends_with: Link | None = None
    head: str = "{select}"
    renames: tuple[Rename, ...] = ()
    needs: tuple[tuple[str, str], ...] = (("sqlalchemy", "select"),)
    options: Link | None = None
    parentheses: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Converter:
    """Reads chains of one module."""

    project: Project
    module: Module

    def convert(self, chain: Chain) -> Conversion:
        """What the chain becomes. Refused, with the reason, when it is not in the mapping table or not sure."""
        head, *rest = chain.links
        self._plain(chain)
        terminal = rest[-1] if rest and rest[-1].name in TERMINALS and rest[-1].call else None
        middle = rest[:-1] if terminal else rest
        links = Links(self.project, self.module)
        links.check(middle)
        if terminal and terminal.name == "get":
            return self._get(chain, terminal, middle)
        renames = links.renames(chain, middle)
        if terminal and (terminal.args or terminal.keywords):
            raise Refused(f".{terminal.name}() takes no arguments here: look at what is meant")
        if terminal and terminal.name == "count":
            return self._count(chain, terminal, renames)
        shape = ShapeReader(self.project, self.module).read(head.args)
        if terminal and terminal.name == "exists":
            return self._exists(chain, terminal, shape, renames)
        if terminal is None and Usage(self.project, self.module).in_operand(chain.node):
            return self._operand(chain, shape, renames)
        return self._run(chain, terminal, shape, renames)

    def _plain(self, chain: Chain) -> None:
        head = chain.links[0]
        if head.keywords:
            raise Refused("query() is called with keywords, which Query does not have")
        last = chain.links[-1]
        if last.call is None:
            raise Refused(f"`.{last.name}` of a Query is not in the mapping table: rewrite it by hand")

    def _get(self, chain: Chain, terminal: Link, middle: list[Link]) -> Conversion:
        options = [link for link in middle if link.name == "options"]
        if len(middle) > len(options) or len(options) > 1 or len(chain.links[0].args) != 1:
            raise Refused("get() on a query with criteria raises: filter by the primary key and take first() or one()")
        entity = chain.links[0].args[0]
        meaning = self.project.meanings.of(entity, self.module)
        if not isinstance(meaning, EntityRef) and ShapeReader(self.project, self.module).is_sql(entity):
            raise Refused("get() needs a mapped class in query()")
        if len(terminal.args) + len(terminal.keywords) != 1 or any(
            isinstance(arg, ast.Starred) for arg in terminal.args
        ):
            raise Refused("get() takes one primary key, a tuple or a dict for a composite one")
        if options and any(isinstance(arg, ast.Starred) for arg in chain.links[0].args):
            raise Refused("get() with options that are made elsewhere: write them out")
        return Conversion(chain, "get", ends_with=terminal, needs=(), options=options[0] if options else None)

    def _count(self, chain: Chain, terminal: Link, renames: tuple[Rename, ...]) -> Conversion:
        if not chain.links[0].args or any(isinstance(arg, ast.Starred) for arg in chain.links[0].args):
            raise Refused("query() does not say what it counts: write the entities or columns out")
        needs = (("sqlalchemy", "select"), ("sqlalchemy", "func"))
        before = "{select}({func}.count()).select_from("
        return Conversion(
            chain, "execute", before, ".subquery())", "scalar_one", ends_with=terminal, renames=renames, needs=needs
        )

    def _exists(self, chain: Chain, terminal: Link, shape: Shape, renames: tuple[Rename, ...]) -> Conversion:
        head = chain.links[0]
        owner = shape.parts[0].owner
        if len(head.args) != 1 or owner is None:
            raise Refused("exists() on several columns or on an expression: write select(...).exists() by hand")
        if any(link.name == "options" for link in chain.links):
            raise Refused("exists() with loader options, which mean nothing there: take the options out")
        arg = head.args[0]
        if shape.parts[0].kind == "column":
            if not isinstance(arg, ast.Attribute):
                raise Refused("exists() on an expression: name the entity in query()")
            renames = (*renames, Rename(*chain.source.segment(arg), ast.unparse(arg.value)))
        needs = (("sqlalchemy", "select"), ("sqlalchemy", "literal_column"))
        return Conversion(
            chain,
            None,
            ends_with=terminal,
            head='{select}({literal_column}("1")).select_from',
            renames=renames,
            needs=needs,
        )

    def _operand(self, chain: Chain, shape: Shape, renames: tuple[Rename, ...]) -> Conversion:
        if shape.has_entity or len(shape.parts) != 1:
            raise Refused("in_() takes one column: name it in query()")
        return Conversion(chain, None, renames=renames)

    def _run(self, chain: Chain, terminal: Link | None, shape: Shape, renames: tuple[Rename, ...]) -> Conversion:
        usage = Usage(self.project, self.module)
        if terminal is None and not usage.iterated(chain.node):
            raise Refused(
                f"the query {usage.kept_in(chain.node)} and not run here: convert it together with all its uses"
            )
        self._names(chain, shape)
        name = terminal.name if terminal else ""
        unique = name != "first" and can_repeat(self.project, self.module, chain, shape)
        method = "scalars" if shape.single_entity else "execute"
        after = ".limit(1)" if name == "first" else ""
        as_list = name == "all" and Lists(self.project, self.module).needed(chain.node)
        result = self._result(chain, name, shape)
        if terminal is None and usage.made_into_dict(chain.node):
            result = "all"  # dict() would take a result's keys() for those of a mapping
        grouping = usage.grouping(chain)
        return Conversion(
            chain, method, "", after, result, unique, as_list, terminal, renames=renames, parentheses=grouping
        )

    def _names(self, chain: Chain, shape: Shape) -> None:
        if clash := shape.clash():
            raise Refused(
                f"two columns of the rows are named {clash}: Query gives the last, select() the first; label them"
            )
        if not shape.unnamed:
            return
        function = self.project.scopes(self.module).function(chain.node) or self.module.tree
        if any(isinstance(node, ast.Attribute) and node.attr in _ROW_NAMES for node in ast.walk(function)):
            raise Refused("the rows are read by name and a column has none in Query: label it")

    def _result(self, chain: Chain, name: str, shape: Shape) -> str:
        if name == "scalar":
            if self._exactly_one(chain):
                return "scalar_one"
            return "one_or_none" if shape.single_entity else "scalar_one_or_none"
        return name

    def _exactly_one(self, chain: Chain) -> bool:
        """count() without GROUP BY, or EXISTS without FROM, gives one row always: it is not optional by type."""
        links = {link.name for link in chain.links[1:-1]}
        args = chain.links[0].args
        if len(args) != 1 or not isinstance(args[0], ast.Call):
            return False
        call = args[0]
        counted = (
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "count"
            and self.project.meanings.is_sqlalchemy(call.func.value, self.module, "func")
        )
        if counted:
            return links <= {"filter", "filter_by", "where", "join", "outerjoin", "options"}
        return (
            not links
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "exists"
            and starts_a_statement(call.func.value)
        )
