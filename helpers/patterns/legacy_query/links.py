"""The mapping table: which of Query's methods select() has as well, and what must change inside them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from helpers.analysis.meaning import EntityRef, MappedAttribute
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Chain, Link
from helpers.patterns.legacy_query.refusal import Refused

LINKS = frozenset(
    [
        "filter",
        "filter_by",
        "where",
        "order_by",
        "group_by",
        "having",
        "distinct",
        "limit",
        "offset",
        "join",
        "outerjoin",
        "options",
    ]
)
TERMINALS = frozenset(["first", "all", "one", "one_or_none", "scalar", "get", "count", "exists"])
# what these give is no Query any more: whatever follows them belongs to the code around
LAST = TERMINALS | frozenset(
    ["update", "delete", "subquery", "cte", "scalar_subquery", "as_scalar", "label", "statement", "value", "values"]
)
_AFTER_LIMIT = frozenset(["filter", "filter_by", "where", "order_by", "group_by", "having", "join", "outerjoin"])
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


@dataclass(frozen=True, eq=False)
class Links:
    """Reads the links between `query(...)` and the terminal, in one module."""

    project: Project
    module: Module

    def check(self, middle: list[Link]) -> None:
        """Refused when a link is not in the mapping table, or stands where Query would raise."""
        limited = ""
        for link in middle:
            if link.name not in LINKS:
                raise Refused(self._unknown(link))
            if limited and link.name in _AFTER_LIMIT:
                raise Refused(
                    f".{link.name}() after .{limited}() raises in Query, not in select(): decide which rows are meant"
                )
            if link.name in ("limit", "offset"):
                limited = limited or link.name
        self._on_1_4(middle)

    def _unknown(self, link: Link) -> str:
        if link.name in TERMINALS:
            return f".{link.name}() is followed by more of Query's methods: split the chain in two"
        what = _LATER.get(link.name, f".{link.name}()")
        return f"{what} of Query is not in the mapping table: rewrite it by hand"

    def _on_1_4(self, middle: list[Link]) -> None:
        """What Query did on SQLAlchemy 1.4 alone, for an application that may run on it."""
        version = self.project.sqlalchemy
        if version is not None and version >= (2, 0):
            return
        if {"distinct", "order_by"} <= {link.name for link in middle}:
            reason = "Query on SQLAlchemy 1.4 adds ORDER BY columns to SELECT DISTINCT and select() does not"
            raise Refused(f"{reason}: pin SQLAlchemy 2.0 or add the columns by hand")
        joined = [ast.dump(link.args[0]) for link in middle if link.name in ("join", "outerjoin") and link.args]
        if len(set(joined)) < len(joined):
            reason = "Query on SQLAlchemy 1.4 joins a relationship once that is joined twice and select() does not"
            raise Refused(f"{reason}: take the second join out")

    def renames(self, chain: Chain, middle: list[Link]) -> tuple[Rename, ...]:
        """What changes inside links: `filter` to `where`, and arguments that select() takes otherwise."""
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
                if isinstance(node, ast.Call) and self.project.meanings.is_sqlalchemy(
                    node.func, self.module, "text", "literal_column"
                ):
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
                raise Refused(
                    f".{link.name}() takes raw SQL that may name Query's column labels: name the column itself"
                )

    def _join(self, link: Link) -> None:
        names = {keyword.arg for keyword in link.keywords}
        if not names <= {"isouter", "full", "onclause"} or not 1 <= len(link.args) <= 2:
            raise Refused(f"this form of .{link.name}() is Query's own: write one target, and its ON clause, per join")
        target, *on = link.args
        if isinstance(target, ast.Constant | ast.Tuple | ast.Starred) or any(
            isinstance(item, ast.Constant | ast.Starred) for item in on
        ):
            raise Refused(f".{link.name}() by name or by tuple is gone in SQLAlchemy 2.0: name the relationship")
        first = self.project.meanings.of(target, self.module)
        second = self.project.meanings.of(on[0], self.module) if on else None
        if isinstance(first, MappedAttribute) and isinstance(second, MappedAttribute):
            raise Refused(
                f".{link.name}() of two relationships is two joins in SQLAlchemy 1.4 and one in 2.0: write two"
            )

    def _filter_by(self, chain: Chain, link: Link, index: int) -> list[Rename]:
        """Keep filter_by on the only FROM; behind a join 2.0 and 2.1 disagree, so write where() (semantics, rule 7)."""
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
        if (
            isinstance(target, ast.Call)
            and isinstance(target.func, ast.Attribute)
            and target.func.attr == "of_type"
            and target.args
        ):
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
            if (
                name
                and isinstance(named, EntityRef)
                and found
                and named.entity
                and found.key == named.entity.key
                and not local
            ):
                return named, name
        raise Refused("filter_by() after this join cannot name the joined entity: write filter(Entity.column == ...)")

    def _equality(self, chain: Chain, keyword: ast.keyword, ref: EntityRef, text: str) -> list[Rename]:
        if keyword.arg is None:
            raise Refused("filter_by(**...) after a join: write filter(Entity.column == ...)")
        entity = ref.entity
        known = entity and (
            keyword.arg in entity.columns
            or self.project.mapped.relationship(entity, keyword.arg)
            or keyword.arg in entity.others
        )
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


def _needs_parentheses(value: ast.expr) -> str:
    loose = (ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr, ast.UnaryOp, ast.Await, ast.Yield)
    return (
        ")"
        if isinstance(value, loose) and not (isinstance(value, ast.UnaryOp) and not isinstance(value.op, ast.Not))
        else ""
    )


def _name_at(name: str, node: ast.AST) -> ast.Name:
    return ast.copy_location(ast.Name(name, ast.Load()), node)
