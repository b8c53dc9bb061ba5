"""Finds a family: from one Query forward to all its uses, and from each use back to whatever else may stand there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition as Named
from helpers.analysis.symbols import Module, dotted_name
from helpers.codemod.chains import Chain, read_chain, read_links
from helpers.patterns.legacy_query.held.callees import Callees, Function
from helpers.patterns.legacy_query.held.consumers import Consumers
from helpers.patterns.legacy_query.held.family import Family, Kept, Local, Returned, Site, Slot
from helpers.patterns.legacy_query.held.flow import Definition, Flow
from helpers.patterns.legacy_query.links import LAST, READ, TERMINALS, follow
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import Placed, State

_HARMLESS = frozenset(
    ["staticmethod", "classmethod", "property", "cached_property", "abstractmethod", "override", "final", "overload"]
)
_LARGEST = 400


@dataclass(eq=False)
class Tracer:
    """Builds one family. Refused when it reaches a place where a Query may not be followed."""

    project: Project
    callees: Callees
    flows: dict[ast.AST, Flow]
    family: Family = field(default_factory=Family)
    _sites: dict[ast.expr, Site] = field(default_factory=dict)
    _slots: set[Slot] = field(default_factory=set)
    _queue: list[Site | Slot] = field(default_factory=list)

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
        for expression, module in self.given(slot):
            self.pull(expression, module)
        if isinstance(slot, Local):
            self._local(slot)
        elif isinstance(slot, Returned):
            self._returned(slot)
        elif isinstance(slot, Kept):
            self._kept(slot)
        else:
            self.read(slot.node, slot.module, (slot,), frozenset())

    def given(self, slot: Slot) -> Iterator[tuple[ast.expr, Module]]:
        """Every expression whose value goes to a slot."""
        if isinstance(slot, Local):
            yield from self._given_local(slot)
        elif isinstance(slot, Returned):
            for result in self._results(slot.function):
                if result is not None:
                    yield result, slot.function.module
        elif isinstance(slot, Kept):
            for one in self._assigned(slot):
                if one[0] is not None:
                    yield one[0], one[1]
        elif isinstance(slot.node, ast.IfExp):
            yield from ((part, slot.module) for part in (slot.node.body, slot.node.orelse))
        elif isinstance(slot.node, ast.NamedExpr | ast.Await):
            yield slot.node.value, slot.module

    def _given_local(self, slot: Local) -> Iterator[tuple[ast.expr, Module]]:
        node = slot.definition.node
        if isinstance(node, ast.arg):
            yield from self._passed(node, slot)
        elif slot.definition.value is None:
            name, line = slot.definition.name, slot.definition.line
            raise Refused(f"`{name}` may hold something else there ({slot.module.path}:{line})")
        else:
            yield slot.definition.value, slot.module

    def _passed(self, argument: ast.arg, slot: Local) -> Iterator[tuple[ast.expr, Module]]:
        function = self._owner_of(argument, slot)
        default = _default(function.node, argument)
        if argument in (function.node.args.vararg, function.node.args.kwarg):
            raise Refused(f"`*{argument.arg}` of `{function.node.name}` ({function.place}) takes it")
        calls = self.calls(function)
        if not calls:
            raise Refused(f"nothing in sight calls `{function.node.name}` ({function.place}), which takes a query")
        for module, call in calls:
            value = function.given(call, argument)
            spread = any(isinstance(one, ast.Starred) for one in call.args) or any(not one.arg for one in call.keywords)
            if value is not None:
                yield value, module
            elif spread or default is None or not _is_none(default):
                name = function.node.name
                raise Refused(f"the call of `{name}` at {module.path}:{call.lineno} hides what it passes")

    def _owner_of(self, argument: ast.arg, slot: Local) -> Function:
        function = slot.flow.function
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            raise Refused(f"a lambda takes it as `{argument.arg}` ({slot.module.path}:{argument.lineno})")
        return self.callees.function(function, slot.module)

    def calls(self, function: Function) -> list[tuple[Module, ast.Call]]:
        """Every call of a function. Refused when it is handed on as a value, or when a call may be of another."""
        found: list[tuple[Module, ast.Call]] = []
        self._decorated(function)
        self._known_to_others(function)
        for module, node, sure in self.callees.uses(function):
            parent = self.project.scopes(module).parents.get(node)
            name, place = function.node.name, f"{module.path}:{node.lineno}"
            if not sure:
                raise Refused(f"`{ast.unparse(node)[:40]}` ({place}) may be `{name}` ({function.place}): annotate it")
            if not (isinstance(parent, ast.Call) and parent.func is node):
                raise Refused(f"`{name}` is handed on as a value ({place})")
            found.append((module, parent))
        return found

    def _known_to_others(self, function: Function) -> None:
        name = function.node.name
        if outside := self.callees.framework(function):
            raise Refused(f"`{name}` ({function.place}) is a method of a `{outside}`, which may call it")
        if name in self.callees.replaced:
            module, call = self.callees.replaced[name]
            raise Refused(f"`{name}` is replaced or read by its name as text ({module.path}:{call.lineno})")

    def _decorated(self, function: Function) -> None:
        if strange := [name for name in function.decorators if name not in _HARMLESS]:
            name = function.node.name
            raise Refused(f"`{name}` ({function.place}) is decorated by `{strange[0]}`, which may use what it returns")

    def _results(self, function: Function) -> Iterator[ast.expr | None]:
        for node in self.project.scopes(function.module).results(function.node):
            if not isinstance(node, ast.Return):
                raise Refused(f"`{function.node.name}` ({function.place}) is a generator")
            yield node.value

    def _assigned(self, slot: Kept) -> list[tuple[ast.expr | None, Module]]:
        owner = Named(slot.module, slot.owner.name, slot.owner)
        classes = [owner, *self.callees.below(owner)]
        return [
            (one.value, one.module)
            for found in classes
            for one in self.project.attributes(found, slot.name)
            if one.value is not None
        ]

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
        slots, rebound = self.slots_of(node, module)
        self.read(node, module, slots, rebound)

    def slots_of(self, node: ast.Name, module: Module) -> tuple[tuple[Slot, ...], frozenset[str]]:
        """The definitions that a use of a name may see, and the session names that changed since any of them."""
        scopes = self.project.scopes(module)
        flow = self.flow(scopes.function(node) or module.tree, module)
        reached = flow.reads.get(node)
        if reached:
            rebound = frozenset(name for one in reached for name in one.rebound)
            return tuple(Local(one.definition, flow, module) for one in sorted(reached, key=_line)), rebound
        for function in scopes.functions(node):
            if scopes.bindings(function).get(node.id):
                flow = self.flow(function, module)
                return self._every(node, flow, module)
        flow = self.flow(module.tree, module)
        return self._every(node, flow, module)

    def _every(self, node: ast.Name, flow: Flow, module: Module) -> tuple[tuple[Slot, ...], frozenset[str]]:
        found = sorted(flow.all_definitions(node.id), key=lambda one: one.line)
        rebound = frozenset(name for name in flow.watched if len(flow.all_definitions(name)) > 1)
        return tuple(Local(one, flow, module) for one in found), rebound

    def flow(self, function: ast.AST, module: Module) -> Flow:
        """The flow of a function, made once."""
        if function not in self.flows:
            receivers = (node.value for node in module.nodes.of(ast.Attribute) if node.attr == "query")
            watched = frozenset(name for one in receivers for name in _parts(dotted_name(one)))
            assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module)
            self.flows[function] = Flow(function, watched).run()
        return self.flows[function]

    def _returned(self, slot: Returned) -> None:
        function = slot.function
        if function.is_property:
            self._property(slot)
            return
        calls = self.calls(function)
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
        self._decorated(slot.function)
        self._known_to_others(slot.function)
        for module, node, sure in self.callees.uses(slot.function):
            if not sure:
                text, place = ast.unparse(node)[:40], f"{module.path}:{node.lineno}"
                raise Refused(f"`{text}` ({place}) may be the property of {slot.function.place}: annotate it")
            found = self.callees.named(node, module) or ()
            self.read(node, module, tuple(Returned(one) for one in found), frozenset())

    def _kept(self, slot: Kept) -> None:
        classes = {
            slot.owner,
            *(one.node for one in self.callees.below(Named(slot.module, slot.owner.name, slot.owner))),
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
            slots, rebound = self.slots_of(base, module)
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
            for expression, module in self.given(slot):
                if expression in outs or _is_none(expression):
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
        none = any(_is_none(expression) for slot in site.reads for expression, _ in self.given(slot))
        return none or any(self._left_out(slot) for slot in site.reads)

    def _left_out(self, slot: Slot) -> bool:
        if not isinstance(slot, Local) or not isinstance(slot.definition.node, ast.arg):
            return False
        function = self._owner_of(slot.definition.node, slot)
        default = _default(function.node, slot.definition.node)
        return default is not None and _is_none(default)


def _overrides(function: Function, callees: Callees) -> bool:
    """Whether it is one of several implementations: another's callers are its own."""
    return function.owner is not None and len(callees.members(function.owner, function.node.name) or ()) > 1


def _default(function: ast.FunctionDef | ast.AsyncFunctionDef, argument: ast.arg) -> ast.expr | None:
    positional = [*function.args.posonlyargs, *function.args.args]
    pairs = [
        *zip(reversed(positional), reversed(function.args.defaults), strict=False),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    return next((default for one, default in pairs if one is argument), None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_query(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "query"


def _line(reached: object) -> int:
    return reached.definition.line  # type: ignore[attr-defined, no-any-return]


def _parts(name: str | None) -> Iterator[str]:
    """`a.b.c`, `a.b` and `a`: whatever an assignment may change of it."""
    while name:
        yield name
        name = name.rpartition(".")[0]
