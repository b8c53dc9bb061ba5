"""Decides for one chain: the statement and the call that mean the same, or the reason to leave it alone."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from helpers.analysis.meaning import EntityRef, MappedAttribute
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Chain, Link
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.repeats import can_repeat
from helpers.patterns.legacy_query.shape import Shape, ShapeReader, starts_a_statement
from helpers.patterns.legacy_query.usage import Usage

LINKS = frozenset("filter filter_by where order_by group_by having distinct limit offset join outerjoin options".split())
TERMINALS = frozenset("first all one one_or_none scalar get count exists".split())
# what these give is no Query any more: whatever follows them belongs to the code around
LAST = TERMINALS | frozenset("update delete subquery cte scalar_subquery as_scalar label statement value values".split())
_AFTER_LIMIT = frozenset("filter filter_by where order_by group_by having join outerjoin".split())
_ROW_NAMES = frozenset({"_asdict", "_mapping", "_fields"})
_LATER = {
    "update": "bulk UPDATE",
    "delete": "bulk DELETE",
    "with_entities": "with_entities()",
    "subquery": "subquery()",
}


@dataclass(frozen=True)
class Rename:
    """A piece of the source text, by offsets, and what is written instead."""

    start: int
    stop: int
    text: str


@dataclass(frozen=True)
class Conversion:
    """What a chain becomes. `method` is the session's method, or None for a statement that is not run.

    `before` and `after` stand around the statement, `result` is the method called on the result, `renames` change links inside.
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
        self._links(middle)
        if terminal and terminal.name == "get":
            return self._get(chain, terminal, middle)
        renames = self._renames(chain, middle)
        if terminal:
            self._no_arguments(terminal)
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

    def _links(self, middle: list[Link]) -> None:
        limited = ""
        for link in middle:
            if link.name not in LINKS:
                raise Refused(self._unknown(link))
            if limited and link.name in _AFTER_LIMIT:
                raise Refused(f".{link.name}() after .{limited}() raises in Query and not in select(): decide which rows are meant")
            if link.name in ("limit", "offset"):
                limited = limited or link.name
        self._distinct(middle)

    def _unknown(self, link: Link) -> str:
        if link.name in TERMINALS:
            return f".{link.name}() is followed by more of Query's methods: split the chain in two"
        what = _LATER.get(link.name, f".{link.name}()")
        return f"{what} of Query is not in the mapping table: rewrite it by hand"

    def _distinct(self, middle: list[Link]) -> None:
        names = {link.name for link in middle}
        version = self.project.sqlalchemy
        if {"distinct", "order_by"} <= names and (version is None or version < (2, 0)):
            reason = "Query on SQLAlchemy 1.4 adds the ORDER BY columns to SELECT DISTINCT and select() does not"
            raise Refused(f"{reason}: pin SQLAlchemy 2.0 or add the columns by hand")

    def _no_arguments(self, terminal: Link) -> None:
        if terminal.args or terminal.keywords:
            raise Refused(f".{terminal.name}() takes no arguments here: look at what is meant")

    def _renames(self, chain: Chain, middle: list[Link]) -> tuple[Rename, ...]:
        found: list[Rename] = []
        for index, link in enumerate(middle, 1):
            if link.name == "filter":
                found.append(Rename(link.start, link.end, "where"))
            elif link.name == "filter_by":
                found += self._filter_by(chain, link, index)
            elif link.name in ("order_by", "group_by", "having"):
                found += self._columns(chain, link)
            elif link.name in ("join", "outerjoin"):
                self._join(link)
        return tuple(found)

    def _columns(self, chain: Chain, link: Link) -> list[Rename]:
        found = []
        for arg in link.args:
            if isinstance(arg, ast.Constant) and arg.value is False:
                found.append(Rename(*chain.source.segment(arg), "None"))
            for node in ast.walk(arg):
                if isinstance(node, ast.Call) and self.project.meanings.is_sqlalchemy(node.func, self.module, "text", "literal_column"):
                    self._raw(node, link)
        return found

    def _raw(self, node: ast.Call, link: Link) -> None:
        """Raw SQL may name the `table_column` labels that only Query writes."""
        value = node.args[0] if node.args else None
        if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
            raise Refused(f".{link.name}() takes raw SQL that is made elsewhere and may name Query's column labels")
        words = set(re.findall(r"\w+", value.value))
        for entity in self.project.mapped.all:
            if not entity.tables or any(word.startswith(f"{table}_") for table in entity.tables for word in words):
                raise Refused(f".{link.name}() takes raw SQL that may name Query's column labels: name the column itself")

    def _join(self, link: Link) -> None:
        names = {keyword.arg for keyword in link.keywords}
        if not names <= {"isouter", "full", "onclause"} or not 1 <= len(link.args) <= 2:
            raise Refused(f"this form of .{link.name}() is Query's own: write one target, and its ON clause, per join")
        target, *on = link.args
        if isinstance(target, ast.Constant | ast.Tuple | ast.Starred) or any(isinstance(item, ast.Constant | ast.Starred) for item in on):
            raise Refused(f".{link.name}() by name or by tuple is gone in SQLAlchemy 2.0: name the relationship")
        first = self.project.meanings.of(target, self.module)
        second = self.project.meanings.of(on[0], self.module) if on else None
        if isinstance(first, MappedAttribute) and isinstance(second, MappedAttribute):
            raise Refused(f".{link.name}() of two relationships is two joins in SQLAlchemy 1.4 and one in 2.0: write two")

    def _filter_by(self, chain: Chain, link: Link, index: int) -> list[Rename]:
        """Keep filter_by on the only FROM; behind a join write where(), for 2.0 and 2.1 disagree there (semantics, rule 7)."""
        joins = [one for one in chain.links[1:index] if one.name in ("join", "outerjoin")]
        if not joins and self._one_from(chain.links[0]):
            return []
        ref, text = self._joined(joins[-1]) if joins else self._first(chain.links[0])
        found = [Rename(link.start, link.end, "where")]
        for keyword in link.keywords:
            found += self._equality(chain, keyword, ref, text)
        return found

    def _one_from(self, head: Link) -> bool:
        if len(head.args) == 1:
            return True
        owners = set()
        for arg in head.args:
            meaning = self.project.meanings.of(arg, self.module)
            ref = meaning.owner if isinstance(meaning, MappedAttribute) else meaning
            owners.add(ref.key if isinstance(ref, EntityRef) else None)
        return len(owners) == 1 and None not in owners

    def _first(self, head: Link) -> tuple[EntityRef, str]:
        meaning = self.project.meanings.of(head.args[0], self.module)
        if isinstance(meaning, EntityRef):
            return meaning, ast.unparse(head.args[0])
        if isinstance(meaning, MappedAttribute) and isinstance(head.args[0], ast.Attribute):
            return meaning.owner, ast.unparse(head.args[0].value)
        raise Refused("filter_by() has several FROMs to choose from: write filter(Entity.column == ...)")

    def _joined(self, join: Link) -> tuple[EntityRef, str]:
        """The entity that a join adds, and how this module names it."""
        target = join.args[0]
        if isinstance(target, ast.Call) and isinstance(target.func, ast.Attribute) and target.func.attr == "of_type" and target.args:
            target = target.args[0]
        meaning = self.project.meanings.of(target, self.module)
        if isinstance(meaning, EntityRef) and isinstance(target, ast.Name | ast.Attribute):
            return meaning, ast.unparse(target)
        if isinstance(meaning, MappedAttribute) and meaning.owner.entity is not None:
            relation = self.project.mapped.relationship(meaning.owner.entity, meaning.name)
            name = relation.target if relation else None
            named = self.project.meanings.of(_name_at(name, join.node), self.module) if name else None
            local = bool(name) and bool(self.project.scopes(self.module).lookup(name or "", join.node))
            found = self.project.mapped.by_name(name) if name else None
            if name and isinstance(named, EntityRef) and found and named.entity and found.key == named.entity.key and not local:
                return named, name
        raise Refused("filter_by() after this join cannot name the joined entity: write filter(Entity.column == ...)")

    def _equality(self, chain: Chain, keyword: ast.keyword, ref: EntityRef, text: str) -> list[Rename]:
        if keyword.arg is None:
            raise Refused("filter_by(**...) after a join: write filter(Entity.column == ...)")
        entity = ref.entity
        known = entity and (keyword.arg in entity.columns or self.project.mapped.relationship(entity, keyword.arg) or keyword.arg in entity.others)
        if not known:
            raise Refused(f"filter_by({keyword.arg}=...) after a join: `{text}` has no such attribute in sight")
        start = chain.source.offset(keyword.lineno, keyword.col_offset)
        value, stop = chain.source.segment(keyword.value)
        opening = chain.source.text[start + len(keyword.arg or "") : value].partition("=")[2].strip()
        constant = keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
        column = f"{text}.{keyword.arg}"
        if constant is None and not opening:
            return [Rename(start, stop, f"{column}.is_(None)")]
        if isinstance(constant, bool) and not opening:  # true() compiles to what True does, and no linter minds it
            return [Rename(start, stop, f"{column} == {{{str(constant).lower()}}}()")]
        closing = _needs_parentheses(keyword.value)
        ending = [Rename(stop, stop, closing)] if closing else []
        return [Rename(start, value, f"{column} == {opening}{'(' if closing else ''}"), *ending]

    def _get(self, chain: Chain, terminal: Link, middle: list[Link]) -> Conversion:
        options = [link for link in middle if link.name == "options"]
        if len(middle) > len(options) or len(options) > 1 or len(chain.links[0].args) != 1:
            raise Refused("get() on a query with criteria raises: filter by the primary key and take first() or one()")
        meaning = self.project.meanings.of(chain.links[0].args[0], self.module)
        if meaning is not None and not isinstance(meaning, EntityRef):
            raise Refused("get() needs a mapped class in query()")
        if len(terminal.args) + len(terminal.keywords) != 1 or any(isinstance(arg, ast.Starred) for arg in terminal.args):
            raise Refused("get() takes one primary key, a tuple or a dict for a composite one")
        if options and any(isinstance(arg, ast.Starred) for arg in chain.links[0].args):
            raise Refused("get() with options that are made elsewhere: write them out")
        return Conversion(chain, "get", ends_with=terminal, needs=(), options=options[0] if options else None)

    def _count(self, chain: Chain, terminal: Link, renames: tuple[Rename, ...]) -> Conversion:
        if not chain.links[0].args or any(isinstance(arg, ast.Starred) for arg in chain.links[0].args):
            raise Refused("query() does not say what it counts: write the entities or columns out")
        needs = (("sqlalchemy", "select"), ("sqlalchemy", "func"))
        before = "{select}({func}.count()).select_from("
        return Conversion(chain, "execute", before, ".subquery())", "scalar_one", ends_with=terminal, renames=renames, needs=needs)

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
        return Conversion(chain, None, ends_with=terminal, head='{select}({literal_column}("1")).select_from', renames=renames, needs=needs)

    def _operand(self, chain: Chain, shape: Shape, renames: tuple[Rename, ...]) -> Conversion:
        if shape.has_entity or len(shape.parts) != 1:
            raise Refused("in_() takes one column: name it in query()")
        return Conversion(chain, None, renames=renames)

    def _run(self, chain: Chain, terminal: Link | None, shape: Shape, renames: tuple[Rename, ...]) -> Conversion:
        usage = Usage(self.project, self.module)
        if terminal is None and not usage.iterated(chain.node):
            raise Refused(f"the query {usage.kept_in(chain.node)} and not run here: convert it together with all its uses")
        self._names(chain, shape)
        name = terminal.name if terminal else ""
        unique = name != "first" and can_repeat(self.project, self.module, chain, shape)
        method = "scalars" if shape.single_entity else "execute"
        after = ".limit(1)" if name == "first" else ""
        as_list = name == "all" and usage.needs_list(chain.node)
        result = self._result(chain, name, shape)
        if terminal is None and usage.made_into_dict(chain.node):
            result = "all"  # dict() would take a result's keys() for those of a mapping
        grouping = usage.grouping(chain)
        return Conversion(
            chain, method, "", after, result, unique, as_list, terminal, renames=renames, parentheses=grouping
        )

    def _names(self, chain: Chain, shape: Shape) -> None:
        if clash := shape.clash():
            raise Refused(f"two columns of the rows are named {clash}: Query gives the last, select() the first; label them")
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
        """count() without GROUP BY, or EXISTS without FROM, gives one row always: then the result is not optional by type."""
        links = {link.name for link in chain.links[1:-1]}
        args = chain.links[0].args
        if len(args) != 1 or not isinstance(args[0], ast.Call):
            return False
        call = args[0]
        counted = isinstance(call.func, ast.Attribute) and call.func.attr == "count" and self.project.meanings.is_sqlalchemy(call.func.value, self.module, "func")
        if counted:
            return links <= {"filter", "filter_by", "where", "join", "outerjoin", "options"}
        return not links and isinstance(call.func, ast.Attribute) and call.func.attr == "exists" and starts_a_statement(call.func.value)


def _needs_parentheses(value: ast.expr) -> str:
    loose = (ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr, ast.UnaryOp, ast.Await, ast.Yield)
    return ")" if isinstance(value, loose) and not (isinstance(value, ast.UnaryOp) and not isinstance(value.op, ast.Not)) else ""


def _name_at(name: str, node: ast.AST) -> ast.Name:
    return ast.copy_location(ast.Name(name, ast.Load()), node)
