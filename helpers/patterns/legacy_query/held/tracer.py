"""Finds a family: from one Query forward to all its uses, and from each use back to whatever else may stand there."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from helpers.analysis.local_definitions import Definition
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition as Named
from helpers.analysis.symbols import Module, dotted_name
from helpers.codemod.chains import Chain, read_chain, read_links
from helpers.patterns.legacy_query.held.callees import Callees, Function
from helpers.patterns.legacy_query.held.consumers import Consumers
from helpers.patterns.legacy_query.held.family import Family, Kept, Local, Returned, Site, Slot
from helpers.patterns.legacy_query.held.names import Names
from helpers.patterns.legacy_query.held.slots import Slots, default_of, is_none
from helpers.patterns.legacy_query.links import LAST, READ, TERMINALS, follow
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import Placed, State

_LARGEST = 400


@dataclass(eq=False)
class Tracer:
    """Builds one family. Refused when it reaches a place where a Query may not be followed."""

    project: Project
    callees: Callees
    names: Names
    family: Family = field(default_factory=Family)
    _sites: dict[ast.expr, Site] = field(default_factory=dict)
    _slots: set[Slot] = field(default_factory=set)
    _queue: list[Site | Slot] = field(default_factory=list)

    @property
    def slots(self) -> Slots:
        """What goes to the slots of the family."""
        return Slots(self.project, self.callees)

    def trace(self, head: ast.Call, module: Module) -> Family:
        """The family of `x.query(...)`; its `reason` is set where it cannot be followed."""
        try:
            self.make(head, module)
            while self._queue:
                item = self._queue.pop(0)
                if isinstance(item, Site):
                    self._site(item)
                else:
                    self._slot(item)
                if len(self.family.sites) > _LARGEST:
                    raise Refused("the query goes to more places than can be followed")
            self._complete()
        except Refused as refusal:
            self.family.reason = str(refusal)
        return self.family

    # places

    def make(self, head: ast.Call, module: Module) -> Site:
        """The place of a `x.query(...)`."""
        return self._new(head, module, (), made=True)

    def read(self, value: ast.expr, module: Module, reads: tuple[Slot, ...], rebound: frozenset[str]) -> Site:
        """The place of an expression that takes its Query from slots."""
        site = self._new(value, module, reads, made=False)
        site.rebound |= rebound
        return site

    def _new(self, value: ast.expr, module: Module, reads: tuple[Slot, ...], *, made: bool) -> Site:
        if value in self._sites:
            site = self._sites[value]
            new = tuple(slot for slot in reads if slot not in site.reads)
            site.reads += new
        else:
            chain = self._chain(value, module, made=made)
            last = chain.links[-1] if chain.links else None
            ended = last is not None and last.name in LAST and (last.call is not None or last.name in READ)
            site = Site(module, value, chain, made, last if ended else None, reads)
            self._sites[value] = site
            self.family.sites.append(site)
            self._queue.append(site)
            new = reads
        for slot in new:
            self._visit(slot)
        return site

    def _chain(self, value: ast.expr, module: Module, *, made: bool) -> Chain:
        source, parents = self.project.sources[module.path], self.project.scopes(module).parents
        if made and isinstance(value, ast.Call):
            chain = read_chain(source, value, parents, LAST)
        else:
            chain = read_links(source, value, parents, LAST)
        if chain is None or not source.exact(chain.node):
            raise Refused(f"it stands in text that cannot be taken apart ({module.path}:{value.lineno})")
        return chain

    def _site(self, site: Site) -> None:
        if site.chain.links and site.chain.links[-1].call is None and not site.ending:
            self._attribute(site)
            return
        if site.ending:
            site.use = "run"
            return
        Consumers(self, site).consume()

    def _attribute(self, site: Site) -> None:
        last = site.chain.links[-1]
        if last.name == "session" and not site.made:
            site.use, site.ending = "session", last
            return
        if last.name not in TERMINALS:
            follow(self.project, State(()), Placed(last, site.module, site.chain.source), last.dot)  # says why not
        raise Refused(f"`.{last.name}` of it is read ({site.place}), which select() does not have")

    def feed(self, site: Site, slot: Slot) -> None:
        """The Query of a site goes to a slot."""
        site.feeds.append(slot)
        self._visit(slot)

    def _visit(self, slot: Slot) -> None:
        if slot not in self._slots:
            self._slots.add(slot)
            self.family.slots.append(slot)
            self._queue.append(slot)

    # slots

    def _slot(self, slot: Slot) -> None:
        for expression, module in self.slots.given(slot):
            self.pull(expression, module)
        if isinstance(slot, Local):
            self._local(slot)
        elif isinstance(slot, Returned):
            self._returned(slot)
        elif isinstance(slot, Kept):
            self._kept(slot)
        else:
            self.read(slot.node, slot.module, (slot,), frozenset())

    def _local(self, slot: Local) -> None:
        definition, flow = slot.definition, slot.flow
        name = definition.name
        if name in flow.shared:
            raise Refused(f"`{name}` is global or nonlocal ({slot.module.path}:{definition.line})")
        if isinstance(flow.function, ast.Module):
            self._global(slot)
        for node, reached in flow.reads.items():
            if not any(one.definition is definition for one in reached) or isinstance(node.ctx, ast.Del):
                continue
            if isinstance(node.ctx, ast.Store):
                raise Refused(f"`{name}` is changed in place ({slot.module.path}:{node.lineno})")
            self._read(node, slot.module)
        for node in flow.later.get(name, ()):
            if isinstance(node.ctx, ast.Load) and self._means(node, definition, slot):
                self._read(node, slot.module)

    def _global(self, slot: Local) -> None:
        name = slot.definition.name
        for module, node in self.callees.mentions.get(name, ()):
            if module is not slot.module:
                found = self.project.resolve(module, dotted_name(node) or "", node)
                if isinstance(found, Named) and found.module is slot.module and found.name == name:
                    raise Refused(f"`{name}` is read in another module ({module.path}:{node.lineno})")

    def _means(self, node: ast.Name, definition: Definition, slot: Local) -> bool:
        bindings = self.project.scopes(slot.module).lookup(node.id, node)
        if not bindings:
            return isinstance(slot.flow.function, ast.Module)
        return any(one.node is definition.node for one in bindings)

    def _read(self, node: ast.Name, module: Module) -> None:
        slots, rebound = self.names.of(node, module)
        self.read(node, module, slots, rebound)

    def _returned(self, slot: Returned) -> None:
        function = slot.function
        if function.is_property:
            self._property(slot)
            return
        calls = self.slots.calls(function)
        if not calls and not _overrides(function, self.callees):
            raise Refused(f"nothing in sight calls `{function.node.name}` ({function.place}), which returns it")
        for module, call in calls:
            self.call(call, module)

    def call(self, call: ast.Call, module: Module) -> None:
        """The place of a call whose value is a Query."""
        found = self.callees.of(call, module) or ()
        slots = tuple(Returned(one) for one in found)
        parent = self.project.scopes(module).parents.get(call)
        if any(isinstance(one.node, ast.AsyncFunctionDef) for one in found):
            if not isinstance(parent, ast.Await):
                raise Refused(f"a coroutine that gives it is not awaited at once ({module.path}:{call.lineno})")
            self.read(parent, module, slots, frozenset())
            return
        self.read(call, module, slots, frozenset())

    def _property(self, slot: Returned) -> None:
        self.slots.plain(slot.function)
        self.slots.ours(slot.function)
        for module, node, sure in self.callees.uses(slot.function):
            if not sure:
                text, place = ast.unparse(node)[:40], f"{module.path}:{node.lineno}"
                raise Refused(f"`{text}` ({place}) may be the property of {slot.function.place}: annotate it")
            found = self.callees.named(node, module) or ()
            self.read(node, module, tuple(Returned(one) for one in found), frozenset())

    def _kept(self, slot: Kept) -> None:
        classes = {
            slot.owner,
            *(one.node for one in self.project.below(Named(slot.module, slot.owner.name, slot.owner))),
        }
        for module, node in self.callees.mentions.get(slot.name, ()):
            parent = self.project.scopes(module).parents.get(node)
            called = isinstance(parent, ast.Call) and parent.func is node  # a Query is not
            if called or not isinstance(node, ast.Attribute):
                continue
            owner = self.callees.owner(node.value, module)
            if owner is None and not self.callees._other(node, module):
                raise Refused(f"`{ast.unparse(node)[:40]}` ({module.path}:{node.lineno}) may be it: annotate it")
            if owner is not None and (owner.node in classes or self._above(owner, slot)):
                self.read(node, module, (slot,), frozenset())

    def _above(self, owner: Named, slot: Kept) -> bool:
        return any(one.node is slot.owner for one in self.project.bases(owner))

    # back from a use

    def pull(self, expression: ast.expr, module: Module) -> None:
        """Take an expression into the family where it is a Query; what is none is found out at the end."""
        if isinstance(expression, ast.IfExp):
            self.pull(expression.body, module)
            self.pull(expression.orelse, module)
            return
        if isinstance(expression, ast.NamedExpr):
            self.pull(expression.value, module)
            return
        base = self._base(expression, module)
        if isinstance(base, ast.Name):
            slots, rebound = self.names.of(base, module)
            if slots and not any(self._unknown(slot) for slot in slots):
                self.read(base, module, slots, rebound)
        elif isinstance(base, ast.Call) and _is_query(base.func):
            if self.project.sessions.tier(base.func.value, module) is not None:  # type: ignore[attr-defined]
                self.make(base, module)
        elif isinstance(base, ast.Call):
            found = self.callees.of(base, module)
            if found:
                self.call(base, module)
        elif isinstance(base, ast.Await) and isinstance(base.value, ast.Call):
            self.call(base.value, module)
        elif isinstance(base, ast.Attribute):
            self._pull_attribute(base, module)

    def _unknown(self, slot: Slot) -> bool:
        """Whether a name is a parameter for which no call of the project passes anything."""
        if slot in self._slots or not isinstance(slot, Local) or not isinstance(slot.definition.node, ast.arg):
            return False
        function = slot.flow.function
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            return True
        return not any(True for _ in self.callees.uses(self.callees.function(function, slot.module)))

    def _pull_attribute(self, base: ast.Attribute, module: Module) -> None:
        found = self.callees.named(base, module) or ()
        properties = tuple(Returned(one) for one in found if one.is_property)
        if properties:
            self.read(base, module, properties, frozenset())
        elif kept := self.kept(base, module):
            self.read(base, module, (kept,), frozenset())

    def kept(self, node: ast.Attribute, module: Module) -> Kept | None:
        """The slot of `self.x`."""
        owner = self.callees.owner(node.value, module)
        if owner is None:
            return None
        having = [one for one in self.project.bases(owner) if self.project.attributes(one, node.attr)]
        top = having[-1] if having else owner
        assert isinstance(top.node, ast.ClassDef)
        return Kept(top.node, node.attr, top.module)

    def _base(self, node: ast.expr, module: Module) -> ast.expr:
        """What the links of a chain are called on."""
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not _is_query(node.func):
            if self.callees.of(node, module):
                break
            node = node.func.value
        return node

    # the whole

    def _complete(self) -> None:
        """Refused unless whatever reaches a slot is a Query of the family, or None."""
        outs = {site.node for site in self.family.sites if not site.ending and site.use == "carried"}
        for slot in self.family.slots:
            for expression, module in self.slots.given(slot):
                if expression in outs or is_none(expression):
                    continue
                raise Refused(f"{slot.label} may hold something else as well ({module.path}:{expression.lineno})")
        for site in self.family.sites:
            if site.use == "tested" and not self._may_be_none(site):
                reason = "its truth is asked for, which is always true of a Query and an error in select()"
                raise Refused(f"{reason}: say what is meant ({site.place})")

    def _may_be_none(self, site: Site) -> bool:
        """Whether None is among what a name may hold: `if q:` asks for that then."""
        if site.chain.links:
            return False
        none = any(is_none(expression) for slot in site.reads for expression, _ in self.slots.given(slot))
        return none or any(self._left_out(slot) for slot in site.reads)

    def _left_out(self, slot: Slot) -> bool:
        if not isinstance(slot, Local) or not isinstance(slot.definition.node, ast.arg):
            return False
        function = self.slots.owner_of(slot.definition.node, slot)
        default = default_of(function.node, slot.definition.node)
        return default is not None and is_none(default)


def _overrides(function: Function, callees: Callees) -> bool:
    """Whether it is one of several implementations: another's callers are its own."""
    return function.owner is not None and len(callees.members(function.owner, function.node.name) or ()) > 1


def _is_query(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "query"
