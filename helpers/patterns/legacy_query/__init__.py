"""AM201: chains that start with `session.query(...)` become `select()` on the same, still synchronous session."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from helpers.analysis.meaning import EntityRef
from helpers.analysis.project import Project
from helpers.analysis.sessions import Tier
from helpers.analysis.source import Source
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Chain, read_chain
from helpers.codemod.imports import NameBinder
from helpers.codemod.pattern import Pattern, fingerprint
from helpers.model import Applicability, Finding, Fix, Stage
from helpers.patterns.legacy_query.conversion import Converter
from helpers.patterns.legacy_query.examples import EXAMPLES
from helpers.patterns.legacy_query.guards import Guards
from helpers.patterns.legacy_query.links import LAST
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.render import render

__all__ = ["LegacyQuery"]


class LegacyQuery(Pattern):
    """`db.query(User).filter(...).first()` becomes `db.scalars(select(User).where(...).limit(1)).first()`."""

    CODE = "AM201"
    NAME = "legacy_query"
    SUMMARY = "Query chains become select() on the same session"
    WHY = (
        "AsyncSession has no query(): a Query runs SQL when it is iterated, counted or indexed, and nothing can be "
        "awaited there. select() separates the statement from running it, means the same today on the synchronous "
        "session, and leaves one place in each chain for an await. The exact meaning matters: first() replaces a "
        "limit, scalar() refuses a second row, and Query silently removes repeated entities, which select() does "
        "only when asked with unique()."
    )
    STAGE = Stage.QUERY
    APPLICABILITY = Applicability.SAFE
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """Every chain on a session, as a fix or with the reason why it is left."""
        guards = Guards(project)
        for path, source in project.sources.items():
            if "query" in source.text:
                yield from _File(project, project.module(path), guards).findings()


@dataclass(eq=False)
class _File:
    """The chains of one module, inner ones decided before the ones around them."""

    project: Project
    module: Module
    guards: Guards
    refused: dict[ast.AST, str] = field(default_factory=dict)
    built: set[ast.AST] = field(default_factory=set)

    def findings(self) -> Iterator[Finding]:
        parents = self.project.scopes(self.module).parents
        heads = [node for node in ast.walk(self.module.tree) if _is_head(node)]
        found: dict[ast.AST, tuple[Chain, Finding]] = {}
        binder = NameBinder(self.module.tree, self._source.text)
        for head in sorted(heads, key=lambda node: -_depth(node, parents)):
            assert isinstance(head, ast.Call)
            tier = self._tier(head)
            chain = read_chain(self._source, head, parents, LAST) if tier is not None else None
            if chain is not None:
                found[head] = (chain, self._decide(chain, tier or Tier.BY_NAME, binder))
        yield from _numbered(self._families(found))
        yield from self._class_queries()

    @property
    def _source(self) -> Source:
        return self.project.sources[self.module.path]

    def _tier(self, head: ast.Call) -> Tier | None:
        """How surely the receiver is a session; an argument that is mapped speaks for it where nothing else does."""
        assert isinstance(head.func, ast.Attribute)
        receiver = head.func.value
        tier = self.project.sessions.tier(receiver, self.module)
        if tier is not None or self.project.sessions.refuted(receiver, self.module):
            return tier
        mapped = any(self.project.meanings.of(arg, self.module) is not None for arg in head.args)
        return Tier.BY_NAME if mapped else None

    def _decide(self, chain: Chain, tier: Tier, binder: NameBinder) -> Finding:
        try:
            self._allowed(chain, tier)
            conversion = Converter(self.project, self.module).convert(chain)
            fix = render(conversion, binder, self.project.line_length)
        except Refused as refusal:
            return self._finding(chain, str(refusal), Applicability.MANUAL, None)
        if conversion.method is None:
            self.built.add(chain.links[0].node)
        if tier is Tier.BY_NAME:
            message = (
                f"becomes select(); nothing but its name says that `{ast.unparse(chain.receiver)}` is a session: look"
            )
            return self._finding(chain, message, Applicability.REVIEW, fix)
        return self._finding(chain, _summary(conversion.method, conversion.unique), Applicability.SAFE, fix)

    def _allowed(self, chain: Chain, tier: Tier) -> None:
        if reason := self.guards.reason(chain.node, self.module):
            raise Refused(reason)
        if tier is Tier.BY_NAME and self._own_query():
            raise Refused(
                f"`{ast.unparse(chain.receiver)}` may be the project's own class with a query() method: annotate it"
            )
        around = self.project.scopes(self.module).ancestors(chain.node)
        if any(isinstance(node, ast.JoinedStr) for node in around) and not self._source.exact(chain.node):
            raise Refused("it stands inside an f-string: give its value a name first")

    def _own_query(self) -> bool:
        return any(
            isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name == "query"
            for module in self.project.symbols.modules.values()
            if "def query" in self.project.sources[module.path].text
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef)
            for item in node.body
        )

    def _families(self, found: Mapping[ast.AST, tuple[Chain, Finding]]) -> Iterator[tuple[Chain, Finding]]:
        """A statement that is built inside another goes with it: both are rewritten, or neither."""
        decided = dict(found)
        for head, (chain, finding) in found.items():  # inner chains come first
            around = [decided[outer][1] for outer in self._around(chain, decided)]
            if finding.fix and head.func in self.built and any(outer.fix is None for outer in around):  # type: ignore[attr-defined]
                decided[head] = chain, _left(finding, "it is part of a query that is left as it is")
        for head, (chain, finding) in decided.items():
            inner = [
                other
                for other, (part, left) in decided.items()
                if left.fix is None and other is not head and self._builds(part, chain)
            ]
            if finding.fix and inner:
                decided[head] = chain, _left(finding, "a query inside it is left as it is: convert that one first")
        yield from decided.values()

    def _around(self, chain: Chain, found: Mapping[ast.AST, tuple[Chain, Finding]]) -> Iterator[ast.AST]:
        for outer, (other, _) in found.items():
            if other is not chain and other.start <= chain.start and chain.stop <= other.stop:
                yield outer

    def _builds(self, part: Chain, whole: Chain) -> bool:
        """Whether `part`, which is left, stands in `whole` as a statement and not as the value of a query."""
        runs = part.links[-1].name in (
            "all",
            "first",
            "one",
            "one_or_none",
            "scalar",
            "get",
            "count",
            "update",
            "delete",
        )
        return not runs and part is not whole and whole.start <= part.start and part.stop <= whole.stop

    def _class_queries(self) -> Iterator[Finding]:
        """`Model.query`: a session that comes from nowhere in sight."""
        for node in ast.walk(self.module.tree):
            if not (isinstance(node, ast.Attribute) and node.attr == "query"):
                continue
            meaning = self.project.meanings.of(node.value, self.module)
            called = (
                isinstance(parent := self.project.scopes(self.module).parents.get(node), ast.Call)
                and parent.func is node
            )
            if (
                isinstance(meaning, EntityRef)
                and meaning.entity
                and "query" not in meaning.entity.columns
                and not called
            ):
                reason = f"`{ast.unparse(node)}` takes its session from elsewhere: pass a session and query on it"
                start, stop = self._source.segment(node)
                yield self._at(start, self._source.text[start:stop], node, reason, Applicability.MANUAL, None)

    def _finding(self, chain: Chain, message: str, applicability: Applicability, fix: Fix | None) -> Finding:
        return self._at(chain.start, chain.text, chain.node, message, applicability, fix)

    def _at(
        self, start: int, text: str, node: ast.AST, message: str, applicability: Applicability, fix: Fix | None
    ) -> Finding:
        line, column = self._source.position(start)
        symbol = self.project.scopes(self.module).symbol(node)
        name = fingerprint(LegacyQuery.CODE, self.module.path, symbol, text)
        return Finding(LegacyQuery.CODE, self.module.path, line, column, symbol, message, applicability, fix, name)


def _is_head(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "query"


def _depth(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> int:
    depth = 0
    while node in parents:
        node = parents[node]
        depth += 1
    return depth


def _left(finding: Finding, reason: str) -> Finding:
    return replace(finding, message=reason, applicability=Applicability.MANUAL, fix=None)


def _summary(method: str | None, unique: bool) -> str:
    if method is None:
        return "becomes select(), built and not run"
    repeated = " with unique(), since its rows may repeat" if unique else ""
    return f"becomes get() of the session{repeated}" if method == "get" else f"becomes {method}(select()){repeated}"


def _numbered(found: Iterator[tuple[Chain, Finding]]) -> Iterator[Finding]:
    """Equal chains of one function get fingerprints of their own, in the order of their lines."""
    seen: Counter[str] = Counter()
    for _, finding in sorted(found, key=lambda item: item[0].start):
        seen[finding.fingerprint] += 1
        count = seen[finding.fingerprint]
        yield finding if count == 1 else replace(finding, fingerprint=f"{finding.fingerprint}-{count}")
