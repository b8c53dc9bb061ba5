"""Finds and decides the chains of one module."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from helpers.analysis.meaning import EntityRef
from helpers.analysis.project import Project
from helpers.analysis.sessions import Tier
from helpers.analysis.source import Source
from helpers.analysis.symbols import Module
from helpers.codemod.chains import Chain, read_chain
from helpers.codemod.imports import NameBinder
from helpers.codemod.pattern import fingerprint
from helpers.model import Applicability, Finding, Fix
from helpers.patterns.legacy_query.conversion import Conversion, Converter
from helpers.patterns.legacy_query.families import Member, together
from helpers.patterns.legacy_query.guards import Guards
from helpers.patterns.legacy_query.held.decide import Held
from helpers.patterns.legacy_query.links import LAST, LINKS, PARTS, TERMINALS
from helpers.patterns.legacy_query.operands import member_of
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.render import render
from helpers.patterns.legacy_query.usage import Usage

_RUN = TERMINALS - {"exists"} - PARTS
_QUERY_WORDS = LINKS | TERMINALS


@dataclass(frozen=True, eq=False)
class Finder:
    """Every chain on a session in one module, as a fix or with the reason why it is left."""

    code: str
    project: Project
    module: Module
    guards: Guards
    held: Held

    def follow(self) -> None:
        """Decide the families that begin in this module, whose edits may stand inside the chains of any."""
        for head in self.module.nodes.of(ast.Call):
            if not _is_query(head.func) or self._tier(head) is None:
                continue
            chain = read_chain(self._source, head, self.project.scopes(self.module).parents, LAST)
            if chain is not None and not self._inside_unreadable_text(chain) and self._travels(chain):
                self.held.take(head, self.module)

    def findings(self) -> Iterator[Finding]:
        """The module's findings in the order of the text, those on `Model.query` last."""
        binder = NameBinder(self.module.tree, self._source.text)
        heads = [node for node in ast.walk(self.module.tree) if isinstance(node, ast.Call) and _is_query(node.func)]
        chains: list[Member] = []
        unread: list[Finding] = []
        for head in sorted(heads, key=_start, reverse=True):  # inner ones first: they start later
            item = self._member(head, binder, chains)
            if isinstance(item, Member):
                chains.append(item)
            elif item:
                unread.append(item)
        decided = [*together(chains)]
        for member in decided:
            if member.travels and member.finding.fix is None:
                self.held.leave(member.chain.links[0].call, member.finding.message)
        yield from numbered([*unread, *(member.finding for member in decided if not member.travels)])
        yield from self._class_queries()

    @property
    def _source(self) -> Source:
        return self.project.sources[self.module.path]

    def _member(self, head: ast.Call, binder: NameBinder, decided: Sequence[Member]) -> Member | Finding | None:
        assert isinstance(head.func, ast.Attribute)
        tier = self._tier(head)
        chain = read_chain(self._source, head, self.project.scopes(self.module).parents, LAST)
        receiver = ast.unparse(head.func.value)
        if chain is None or self._inside_unreadable_text(chain):
            return self._left(head, "it stands inside an f-string: give its value a name first") if tier else None
        if tier is None:
            queries = not self.project.sessions.refuted(head.func.value, self.module) and _looks_legacy(chain)
            reason = f"nothing tells whether `{receiver}` is a session: annotate it"
            return self._finding(chain, reason, Applicability.MANUAL, None) if queries else None
        if self._travels(chain):
            return Member(chain, self.held.take(head, self.module), runs=False, travels=True)
        sliced = isinstance(self.project.scopes(self.module).parents.get(chain.node), ast.Subscript)
        runs = chain.links[-1].name in _RUN or sliced or Usage(self.project, self.module).iterated(chain.node)
        return Member(chain, self._decide(chain, tier, binder, decided), runs)

    def _travels(self, chain: Chain) -> bool:
        """Whether a Query leaves the expression in which it is made."""
        last, usage = chain.links[-1], Usage(self.project, self.module)
        ends = len(chain.links) > 1 and (last.name in LAST or last.call is None)
        if ends or isinstance(self._parent(chain), ast.Subscript):
            return False
        stays = usage.iterated(chain.node) or usage.in_operand(chain.node)
        return not (stays or member_of(self.project, self.module, chain.node))

    def _parent(self, chain: Chain) -> ast.AST | None:
        return self.project.scopes(self.module).parents.get(chain.node)

    def _inside_unreadable_text(self, chain: Chain) -> bool:
        around = self.project.scopes(self.module).ancestors(chain.node)
        return any(isinstance(node, ast.JoinedStr) for node in around) and not self._source.exact(chain.node)

    def _tier(self, head: ast.Call) -> Tier | None:
        """How surely the receiver is a session; an argument that is mapped speaks for it where nothing else does."""
        assert isinstance(head.func, ast.Attribute)
        receiver = head.func.value
        tier = self.project.sessions.tier(receiver, self.module)
        if tier is not None or self.project.sessions.refuted(receiver, self.module):
            return tier
        mapped = any(self.project.meanings.of(arg, self.module) is not None for arg in head.args)
        return Tier.BY_NAME if mapped else None

    def _decide(self, chain: Chain, tier: Tier, binder: NameBinder, decided: Sequence[Member]) -> Finding:
        try:
            self._allowed(chain, tier)
            conversion = Converter(self.project, self.module).convert(chain)
            fix = render(conversion, binder, self._room(chain, decided))
        except Refused as refusal:
            return self._finding(chain, str(refusal), Applicability.MANUAL, None)
        if tier is Tier.BY_NAME:
            message = f"becomes select(); by its name alone `{ast.unparse(chain.receiver)}` is a session: look"
            return self._finding(chain, message, Applicability.REVIEW, fix)
        return self._finding(chain, _summary(conversion), Applicability.SAFE, fix)

    def _room(self, chain: Chain, decided: Sequence[Member]) -> int:
        """The length that a line may have, less what the fixes inside the chain add to it."""
        held = self.held.growth(self.module.path, chain.start, chain.stop)
        return self.project.line_length - _growth(chain, decided) - held

    def _allowed(self, chain: Chain, tier: Tier) -> None:
        if reason := self.guards.reason(chain.node, self.module):
            raise Refused(reason)
        if tier is Tier.BY_NAME and self.guards.own_query:
            receiver = ast.unparse(chain.receiver)
            raise Refused(f"`{receiver}` may be the project's own class with a query() method: annotate it")

    def _class_queries(self) -> Iterator[Finding]:
        """`Model.query`: a session that comes from nowhere in sight."""
        parents = self.project.scopes(self.module).parents
        for node in ast.walk(self.module.tree):
            if not (_is_query(node) and isinstance(node, ast.Attribute)):
                continue
            call = parents.get(node)
            meaning = self.project.meanings.of(node.value, self.module)
            entity = meaning.entity if isinstance(meaning, EntityRef) else None
            if entity and "query" not in entity.columns and not (isinstance(call, ast.Call) and call.func is node):
                yield self._left(node, f"`{ast.unparse(node)}` takes its session from elsewhere: pass a session in")

    def _finding(self, chain: Chain, message: str, applicability: Applicability, fix: Fix | None) -> Finding:
        line, column = self._source.position(chain.start)
        symbol = self.project.scopes(self.module).symbol(chain.node)
        name = fingerprint(self.code, self.module.path, symbol, chain.text)
        return Finding(self.code, self.module.path, line, column, symbol, message, applicability, fix, name)

    def _left(self, node: ast.expr, reason: str) -> Finding:
        symbol = self.project.scopes(self.module).symbol(node)
        name = fingerprint(self.code, self.module.path, symbol, ast.unparse(node))
        line, column = node.lineno, node.col_offset + 1
        return Finding(self.code, self.module.path, line, column, symbol, reason, Applicability.MANUAL, None, name)


def _start(head: ast.Call) -> tuple[int, int]:
    assert isinstance(head.func, ast.Attribute) and head.func.end_lineno and head.func.end_col_offset
    return head.func.end_lineno, head.func.end_col_offset


def _growth(chain: Chain, decided: Sequence[Member]) -> int:
    """How many characters the fixes inside a chain add to it."""
    edits = [edit for member in decided if member.finding.fix for edit in member.finding.fix.edits]
    return sum(len(edit.text) - (edit.end - edit.start) for edit in edits if chain.start <= edit.start < chain.stop)


def _is_query(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "query"


def _looks_legacy(chain: Chain) -> bool:
    return len(chain.links) > 1 and chain.links[1].name in _QUERY_WORDS


def _summary(conversion: Conversion) -> str:
    if conversion.method is None:
        return "becomes select(), built and not run"
    if conversion.method == "get":
        return "becomes get() of the session"
    repeated = " with unique(), since its rows may repeat" if "unique" in conversion.filters else ""
    return f"becomes {conversion.method}(select()){repeated}"


def numbered(found: list[Finding]) -> Iterator[Finding]:
    """Equal chains of one function get fingerprints of their own, in the order of their lines."""
    seen: Counter[str] = Counter()
    for finding in sorted(found, key=lambda item: (item.line, item.column)):
        seen[finding.fingerprint] += 1
        count = seen[finding.fingerprint]
        yield finding if count == 1 else replace(finding, fingerprint=f"{finding.fingerprint}-{count}")
