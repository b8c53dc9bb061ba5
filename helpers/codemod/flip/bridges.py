"""Bridges, `await db.run_sync(lambda s: f(s))`, before functions that stay synchronous: opened, found, taken down."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.callgraph import Edge
from helpers.analysis.faces import CLASS, RUN
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Module
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.session_types import SessionTypes
from helpers.codemod.refused import Refused
from helpers.model import Edit

PATTERN = "sync_caller"
NAMES = ("s", "inner", "sync_session")
_READ = frozenset({"list", "tuple", "set", "sorted", "dict", "frozenset"})
_NOT_INSIDE = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


@dataclass(frozen=True, eq=False)
class Bridge:
    """One bridge as it stands in the code. `call` is that of `run_sync`, `inner` what it runs."""

    module: Module
    call: ast.Call
    receiver: ast.expr
    name: str
    inner: ast.expr


@dataclass(frozen=True, eq=False)
class Bridges:
    """Answers for one project."""

    project: Project
    types: SessionTypes

    def around(self, node: ast.AST, module: Module) -> Bridge | None:
        """The bridge that a call stands in, where it is what the bridge runs."""
        parents = self.project.scopes(module).parents
        above = parents.get(node)
        while isinstance(above, ast.expr | ast.keyword) and not isinstance(above, ast.Lambda):
            node, above = above, parents.get(above)
        if not (isinstance(above, ast.Lambda) and above.body is node):
            return None
        call = parents.get(above)
        return self.read(call, module) if isinstance(call, ast.Call) else None

    def read(self, call: ast.Call, module: Module) -> Bridge | None:
        """`db.run_sync(lambda s: ...)` as a bridge; None for any other call."""
        function = call.func
        if not (isinstance(function, ast.Attribute) and function.attr == "run_sync" and len(call.args) == 1):
            return None
        inside = call.args[0]
        if call.keywords or not (isinstance(inside, ast.Lambda) and len(inside.args.args) == 1):
            return None
        return Bridge(module, call, function.value, inside.args.args[0].arg, inside.body)

    def all(self) -> Iterator[Bridge]:
        """Every bridge of the project."""
        for module, call in self.project.calls.get("run_sync", ()):
            if found := self.read(call, module):
                yield found

    def opened(self, edge: Edge) -> Change:
        """The bridge that a call of a function that stays synchronous needs. Refused where there can be none."""
        module, site = edge.caller.module, edge.site
        if edge.kind != "call" or not isinstance(site, ast.Call) or edge.tier is Tier.BY_NAME:
            raise Refused(f"{edge.callee.symbol} stays synchronous and cannot be bridged here")
        whole = self._whole(site, edge)
        session = self._session(whole, module)
        names = {node.id for node in ast.walk(whole) if isinstance(node, ast.Name)}
        if bad := next((node for node in ast.walk(whole) if isinstance(node, _NOT_INSIDE)), None):
            raise Refused(f"`{ast.unparse(bad)[:40]}` cannot stand in a bridge: keep it in a variable first")
        name = next((one for one in NAMES if one not in names), None)
        if "super" in names or name is None:
            raise Refused(f"a bridge cannot hold `{'super()' if 'super' in names else NAMES[0]}`")
        self._others(whole, edge)
        source = self.project.sources[module.path]
        awaiting = Awaiting(source, self.project.scopes(module).parents)
        above = self.project.scopes(module).functions(whole)
        if isinstance(next(iter(above), None), ast.Lambda):
            raise Refused("it stands in a lambda, which cannot await")
        if awaiting.generators(whole):
            raise Refused("a bridge cannot stand in a generator expression: write the loop out")
        receiver = session.id
        first, last = awaiting.edits(whole)
        opening = first.text.replace("await ", f"await {receiver}.run_sync(lambda {name}: ")
        edits = [Edit(first.start, first.end, opening), Edit(last.start, last.end, f"){last.text}")]
        for node in ast.walk(whole):
            if isinstance(node, ast.Name) and node.id == receiver:
                edits.append(Edit(*source.segment(node), name))
        message = f"{edge.callee.symbol} stays synchronous for now"
        return Change(PATTERN, module, site, message, tuple(edits), bridge="session")

    def _whole(self, site: ast.Call, edge: Edge) -> ast.Call:
        """What goes into the bridge: a generator together with what reads it to its end."""
        if not (isinstance(edge.callee.node, FunctionNode) and self.project.generators.gives(edge.callee.node)):
            return site
        above = self.project.scopes(edge.caller.module).parents[site]
        reads = isinstance(above, ast.Call) and isinstance(above.func, ast.Name) and above.func.id in _READ
        if not (isinstance(above, ast.Call) and reads and above.args == [site] and not above.keywords):
            raise Refused(f"{edge.callee.symbol} is a generator that is not read to its end where it is called")
        return above

    def _session(self, whole: ast.Call, module: Module) -> ast.Name:
        """The one session that the call is given."""
        given = [
            node
            for node in ast.walk(whole)
            if isinstance(node, ast.expr) and self.project.sessions.tier(node, module) not in (None, Tier.BY_NAME)
        ]
        names = {ast.unparse(node) for node in given}
        if len(names) != 1 or not isinstance(given[0], ast.Name):
            raise Refused("no session is at hand for a bridge" if not names else "more than one session is at hand")
        return given[0]

    def _others(self, whole: ast.Call, edge: Edge) -> None:
        """Whether something else inside is IO of its own, which would have to be awaited."""
        colouring = self.project.colouring
        for node in ast.walk(whole):
            if not isinstance(node, ast.Call):
                continue
            callees = [one.callee.node for one in self.project.callgraph.at.get(node, ())]
            if any(isinstance(one, ast.AsyncFunctionDef) for one in callees):
                raise Refused("what the call is given is awaited: keep it in a variable first")
            if node is not edge.site and any(one in colouring.asynchronous for one in callees):
                raise Refused("the call is given what another function reads: keep that in a variable first")
            typed = isinstance(node.func, ast.Attribute) and self.project.sessions.tier(
                node.func.value, edge.caller.module
            )
            if typed:
                raise Refused("the call is given what the session reads: keep that in a variable first")

    def removed(self, bridge: Bridge, edge: Edge) -> Change:
        """The bridge as a plain await, where what it runs becomes asynchronous. Refused where it holds more."""
        if bridge.inner is not edge.site:
            raise Refused("the bridge holds more than the call: take it apart by hand")
        source = self.project.sources[bridge.module.path]
        (start, end), (first, last) = source.segment(bridge.call), source.segment(bridge.inner)
        receiver = source.text[slice(*source.segment(bridge.receiver))]
        edits = [Edit(start, first, ""), Edit(last, end, "")]
        for node in ast.walk(bridge.inner):
            if isinstance(node, ast.Name) and node.id == bridge.name:
                edits.append(Edit(*source.segment(node), receiver))
        message = f"{edge.callee.symbol} becomes asynchronous and is awaited without a bridge"
        return Change(PATTERN, bridge.module, bridge.call, message, tuple(sorted(edits)))

    def run(self, edge: Edge, dotted: str) -> Change:
        """`run(f(AsyncFace(db)))` in a caller that cannot await. Refused where no session is at hand."""
        module, site = edge.caller.module, edge.site
        if edge.kind != "call" or not isinstance(site, ast.Call) or edge.tier is Tier.BY_NAME:
            raise Refused(f"{edge.callee.symbol} becomes asynchronous, and this place cannot await it")
        if isinstance(edge.callee.node, FunctionNode) and self.project.generators.gives(edge.callee.node):
            raise Refused(f"{edge.callee.symbol} becomes an asynchronous generator, and this place cannot await it")
        source, binder = self.project.sources[module.path], self.types.binder(module)
        if not source.exact(site):
            raise Refused("it stands inside an f-string, whose parts have no places of their own: take it out")
        given = [*site.args, *(keyword.value for keyword in site.keywords)]
        sessions = [one for one in given if self.project.sessions.tier(one, module) not in (None, Tier.BY_NAME)]
        if len(sessions) != 1:
            raise Refused("it is not given one session in sight")
        name, first = binder.name(dotted, RUN)
        face, second = binder.name(dotted, CLASS)
        (start, end), (one, two) = source.segment(site), source.segment(sessions[0])
        edits = (Edit(start, start, f"{name}("), Edit(one, one, f"{face}("), Edit(two, two, ")"), Edit(end, end, ")"))
        message = f"{edge.callee.symbol} becomes asynchronous and is run over the face"
        return Change(PATTERN, module, site, message, edits, tuple(add for add in (first, second) if add))
