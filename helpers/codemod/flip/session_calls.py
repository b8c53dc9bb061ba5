"""What each use of a session becomes: awaited, entered with `async with`, bridged, left as it is, or an obstacle."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from helpers.analysis.callgraph import Edge
from helpers.analysis.colouring import AWAITED, BLOCKS, MISSING
from helpers.analysis.faces import CLASS
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import SessionUse
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.handles import Handles, inside
from helpers.codemod.flip.mapped import Mapped
from helpers.codemod.flip.passing import Passing
from helpers.codemod.flip.streams import Streams, is_streamed
from helpers.codemod.flip.sync_factories import SyncFactories
from helpers.codemod.refused import Refused
from helpers.model import Edit

PATTERN = "session_call"
_SAME = frozenset(
    {"add", "add_all", "expunge", "expunge_all", "expire", "expire_all", "is_modified", "identity_key"}
    | {"in_transaction", "in_nested_transaction"}
)
_SAME_ATTRIBUTES = frozenset(
    {"info", "new", "dirty", "deleted", "identity_map", "autoflush", "no_autoflush", "is_active"}
)
_LISTENERS = ("listen", "listens_for", "remove", "contains")


@dataclass(frozen=True, eq=False)
class SessionCalls:
    """Answers for all uses of one project."""

    project: Project
    factories: SyncFactories

    def changes(self, use: SessionUse) -> Iterator[Change]:
        """The changes that a use needs; nothing where it stays as it is. Refused where it cannot follow."""
        if use.tier is Tier.BY_NAME:
            raise Refused(f"nothing but its name tells that `{self._text(use.node)}` is a session: annotate it")
        if use.typed.owner is not None:
            raise Refused(f"`{use.typed.owner.name}` is a session class of the application: see what it adds")
        if use.role == "method":
            yield from self._method(use)
        elif use.role == "mapped" and use.typed.what == "session" and use.name in AWAITED - {"connection"}:
            assert use.call is not None
            yield from Mapped(self.project, use.module, f"`.{use.name}()`").changes(use.call, self._awaiting(use))
        elif use.role in ("attribute", "mapped"):
            if use.name not in _SAME_ATTRIBUTES:
                raise Refused(f"`.{use.name}` of a session is not known to be the same on an asynchronous one")
        elif use.role == "entered":
            yield self._entered(use.node, use)
        elif use.role == "passed":
            yield from self._passed(use)
        elif use.role == "tested":
            self._tested(use)
        elif use.role == "other":
            raise Refused(f"what becomes of the session in `{self._around(use)}` is not followed")

    def _tested(self, use: SessionUse) -> None:
        """`x in session` and `session is None` mean the same; to be another session does not."""
        above = self._parent(use, use.node)
        if isinstance(above, ast.Compare) and not _same_comparison(above, use.node):
            raise Refused(f"`{self._text(above)}` compares the session with another, which may be the one inside it")

    def _method(self, use: SessionUse) -> Iterator[Change]:
        assert use.call is not None
        if use.typed.what == "factory":
            yield from self._factory_method(use, use.call)
        elif use.name in ("execute", "scalars") and is_streamed(use.call):
            yield from Streams(self.project, use.module).changes(use.call)
        elif use.name in AWAITED:
            yield self._awaited(use.call, use, f"`.{use.name}()` is awaited")
            if use.name == "connection":
                yield from self._handle(use.call, use, "connection")
        elif use.name in BLOCKS:
            yield from self._block(use, use.call)
        elif use.name in MISSING:
            yield self._bridged(use, use.call)
        elif use.name not in _SAME:
            raise Refused(f"`.{use.name}()` of a session is not known to be the same on an asynchronous one")

    def _factory_method(self, use: SessionUse, call: ast.Call) -> Iterator[Change]:
        if use.name == "begin" and isinstance(self._parent(use, call), ast.withitem):
            yield self._entered(call, use)
        elif use.name != "configure":
            raise Refused(f"`.{use.name}()` of a session factory is not known to be the same on an asynchronous one")

    def _block(self, use: SessionUse, call: ast.Call) -> Iterator[Change]:
        if isinstance(self._parent(use, call), ast.withitem):
            yield self._entered(call, use)
            return
        yield self._awaited(call, use, f"`.{use.name}()` is awaited")
        yield from self._handle(call, use, "transaction")

    def _handle(self, call: ast.expr, use: SessionUse, kind: str) -> Iterator[Change]:
        """The calls on a transaction or a connection that the session gave."""
        for handled in Handles(self.project, use.module).calls(call, kind):
            if isinstance(handled, ast.Name):
                yield inside(self.project, use.module, handled, PATTERN)
            elif isinstance(handled, ast.With):
                node = handled.items[0].context_expr
                self._awaiting(use).generators(node)
                start = self.project.sources[use.module.path].segment(handled)[0]
                edits = (Edit(start, start, "async "),)
                yield Change(PATTERN, use.module, node, "it is entered with `async with`", edits)
            else:
                yield self._awaited(handled, use, f"`{self._text(handled.func)}()` is awaited")

    def _awaited(self, call: ast.expr, use: SessionUse, message: str) -> Change:
        return Change(PATTERN, use.module, call, message, self._awaiting(use).edits(call))

    def _entered(self, node: ast.expr, use: SessionUse) -> Change:
        """`with` becomes `async with`, where all that it enters is asynchronous."""
        item = self._parent(use, node)
        statement = self.project.scopes(use.module).parents[item]
        assert isinstance(statement, ast.With | ast.AsyncWith)
        begun = node is use.call and use.name in BLOCKS and use.typed.what == "session"
        if begun and isinstance(item, ast.withitem) and item.optional_vars is not None:
            raise Refused("what becomes of the transaction that is entered here is not followed")
        self._awaiting(use).generators(node)
        start = self.project.sources[use.module.path].segment(statement)[0]
        edits = () if isinstance(statement, ast.AsyncWith) else (Edit(start, start, "async "),)
        return Change(PATTERN, use.module, node, "it is entered with `async with`", edits)

    def _passed(self, use: SessionUse) -> Iterator[Change]:
        """An argument: of a function of the project, whose parameter it becomes, or of what does not look into it."""
        call = use.call
        assert call is not None
        edges = [edge for edge in self.project.callgraph.at.get(call, ()) if edge.kind in ("call", "constructor")]
        if edges and all(edge.tier > Tier.BY_NAME for edge in edges):
            self._synchronous(edges)
            return
        if self.project.faces.named(call.func, use.module, CLASS):
            return
        if self.project.listeners.names(call, use.module, *_LISTENERS) and call.args[:1] == [use.node]:
            if use.typed.what == "factory":
                yield from self.factories.listened(use)
                return
            end = self.project.sources[use.module.path].segment(use.node)[1]
            yield Change(
                PATTERN,
                use.module,
                use.node,
                "events are those of the session inside",
                (Edit(end, end, ".sync_session"),),
            )
            return
        if isinstance(call.func, ast.Name) and call.func.id in ("id", "repr", "bool", "hasattr"):
            return
        if Passing(self.project).bound(use):
            return
        raise Refused(f"the session is passed to `{self._text(call.func)}`, which may need a synchronous one")

    def _synchronous(self, edges: Iterable[Edge]) -> None:
        """Whether the session goes to what listens, which works on the one inside."""
        for edge in edges:
            if listens := self.project.listeners.inside.get(edge.callee.node):
                raise Refused(f"{edge.callee.symbol} is for {listens} as well, which hands it a synchronous session")

    def _bridged(self, use: SessionUse, call: ast.Call) -> Change:
        """What an asynchronous session does not have is done by the synchronous one inside it."""
        source = self.project.sources[use.module.path]
        self._awaiting(use).generators(call)
        names = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
        inside = [node for argument in [*call.args, *call.keywords] for node in ast.walk(argument)]
        if any(isinstance(node, ast.Call) and self.project.callgraph.at.get(node) for node in inside):
            raise Refused(f"`.{use.name}()` is given what a function computes: keep that in a variable first")
        if not isinstance(self._parent(use, call), ast.Expr) or "inner" in names:
            raise Refused(f"an asynchronous session has no `{use.name}()`: write it as a statement of its own")
        (start, end), (_, last) = source.segment(use.node), source.segment(call)
        edits = (
            Edit(start, start, "await "),
            Edit(end, end, ".run_sync(lambda inner: inner"),
            Edit(last, last, ")"),
        )
        message = f"an asynchronous session has no `{use.name}()`"
        return Change(PATTERN, use.module, call, message, edits, bridge="session")

    def _awaiting(self, use: SessionUse) -> Awaiting:
        parents = self.project.scopes(use.module).parents
        return Awaiting(self.project.sources[use.module.path], parents, self.project.loops.kept)

    def _parent(self, use: SessionUse, node: ast.AST) -> ast.AST:
        return self.project.scopes(use.module).parents[node]

    def _text(self, node: ast.AST) -> str:
        return " ".join(ast.unparse(node).split())[:60]

    def _around(self, use: SessionUse) -> str:
        return self._text(self._parent(use, use.node))


def _same_comparison(node: ast.Compare, session: ast.expr) -> bool:
    if len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
        return node.comparators[0] is session
    others = [one for one in (node.left, *node.comparators) if one is not session]
    return all(isinstance(one, ast.Constant) and one.value is None for one in others)
