"""Which name holds the session of a Query at the place where it runs: proved the same session, or refused."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition as Named
from helpers.analysis.symbols import External, Module, dotted_name
from helpers.patterns.legacy_query.held.callees import Function
from helpers.patterns.legacy_query.held.family import Family, Inner, Kept, Local, Returned, Site
from helpers.patterns.legacy_query.held.sessions import Ref, SessionNames
from helpers.patterns.legacy_query.held.tracer import Tracer
from helpers.patterns.legacy_query.refusal import Refused


@dataclass(frozen=True)
class Added:
    """A parameter that a function gets for the session."""

    function: Function
    name: str


@dataclass(eq=False)
class Reach:
    """Answers for the places of one family; remembers which functions need a session parameter."""

    project: Project
    family: Family
    tracer: Tracer
    added: dict[Function, Added] = field(default_factory=dict)
    _module_of: dict[ast.AST, Module] = field(default_factory=dict)
    _hints: dict[Function, set[str]] = field(default_factory=dict)
    _known: dict[Site, Ref | None] = field(default_factory=dict)
    _open: set[Site] = field(default_factory=set)

    @property
    def names(self) -> SessionNames:
        """How sessions are named."""
        return SessionNames(self.project, self.tracer.callees)

    def at(self, site: Site) -> Ref:
        """The session of the Query of a site. Refused when it is not in reach there, and cannot be handed in."""
        found = self.known(site)
        if found.carried is None:
            return found
        function = self.tracer.callees.function(found.scope, self._module_of[found.scope])  # type: ignore[arg-type, index]
        return Ref(self._add(function).name, function.node)

    def known(self, site: Site) -> Ref:
        """The same without a new parameter: the answer may be that it has no name yet."""
        found = self._at(site)
        if found is None:
            raise Refused(f"nothing tells which session it belongs to ({site.place})")
        return found

    def _at(self, site: Site) -> Ref | None:
        if site in self._known:
            return self._known[site]
        if site in self._open:
            return None
        self._open.add(site)
        try:
            found = self._of(site)
        finally:
            self._open.discard(site)
        if not self._open:
            self._known[site] = found
        return found

    def _of(self, site: Site) -> Ref | None:
        if site.made:
            return self.names.named(site.chain.receiver, site.module)
        refs = {
            ref for slot in site.reads for one in self.family.feeding(slot) if (ref := self._through(slot, one, site))
        }
        if len(refs) > 1:
            names = " and ".join(sorted({f"`{ref.text}`" for ref in refs}))
            raise Refused(f"queries of different sessions ({names}) meet here ({site.place})")
        if not refs:
            return None
        [ref] = refs
        if ref.carried is not None:
            return ref
        if ref.text in site.rebound or ref.root in site.rebound:
            raise Refused(f"`{ref.text}` is assigned again before the query runs ({site.place})")
        self._visible(ref, site)
        return ref

    def _through(self, slot: Local | Returned | Kept | Inner, one: Site, site: Site) -> Ref | None:
        ref = self._at(one)
        if ref is None:
            return None
        if isinstance(slot, Returned):
            return self._out_of(slot.function, ref, site)
        if isinstance(slot, Local) and isinstance(slot.definition.node, ast.arg):
            function = self.tracer.callees.function(slot.flow.function, slot.module)  # type: ignore[arg-type]
            return self._into(function, ref, slot.definition.node)
        if isinstance(slot, Kept):
            return self._from_attribute(slot, ref, one, site)
        return ref

    def _visible(self, ref: Ref, site: Site) -> None:
        """Refused when the name means something else where the Query runs."""
        added = [one for one in self.added.values() if one.function.node is ref.scope and one.name == ref.root]
        if added:
            return
        if self.names.at(ref, site) != ref.scope and not self._same_class(ref, site):
            raise Refused(f"the session `{ref.text}` is not in reach where the query runs ({site.place})")

    def _same_class(self, ref: Ref, site: Site) -> bool:
        """`self.db` of a method and of one that a subclass has are the same attribute."""
        if ref.root not in ("self", "cls") or not isinstance(ref.scope, ast.ClassDef):
            return False
        return self.project.class_of(site.value, site.module) is not None

    # across functions

    def _out_of(self, function: Function, ref: Ref, site: Site) -> Ref:
        """The session of what a function returns, as its caller names it."""
        if isinstance(ref.scope, str):
            return ref
        call = site.value.value if isinstance(site.value, ast.Await) else site.value
        if ref.carried is not None and ref.scope is function.node and isinstance(call, ast.Call):
            return self._of_argument(function, ref.carried, call, site)
        if isinstance(ref.scope, ast.ClassDef):
            return self._on_receiver(call, ref, site)
        if ref.scope is not function.node:
            return ref  # a name of a function around both
        argument = next((one for one in _all_parameters(function) if one.arg == ref.root), None)
        flow = self.tracer.names.flow(function.node, function.module)
        if argument is None or len(flow.all_definitions(ref.root)) > 1 or not isinstance(call, ast.Call):
            name = function.node.name
            raise Refused(f"the session `{ref.text}` is known inside `{name}` alone ({function.place})")
        given = function.given(call, argument)
        if given is None:
            raise Refused(f"the call of `{function.node.name}` passes no session ({site.place})")
        named = self.names.named(given, site.module)
        return Ref(f"{named.text}{ref.rest}", named.scope)

    def _of_argument(self, function: Function, argument: ast.arg, call: ast.Call, site: Site) -> Ref:
        """What a function gives back belongs to the session of what this call passes in."""
        given = function.given(call, argument)
        for one in self.family.sites:
            if one.node is given and (ref := self._at(one)):
                return ref
        raise Refused(f"nothing tells which session it belongs to ({site.place})")

    def _on_receiver(self, call: ast.expr, ref: Ref, site: Site) -> Ref:
        callee = call.func if isinstance(call, ast.Call) else call
        if isinstance(callee, ast.Attribute):
            receiver = callee.value
            if isinstance(receiver, ast.Call) and getattr(receiver.func, "id", "") == "super":
                owner = self.project.class_of(receiver, site.module)
                return Ref(f"self{ref.rest}", owner.node if owner else ref.scope)
            named = self.names.named(receiver, site.module)
            return Ref(f"{named.text}{ref.rest}", named.scope)
        raise Refused(f"the object that holds the session has no name here ({site.place})")

    def _into(self, function: Function, ref: Ref, taken: ast.arg) -> Ref:
        """The session of what a function takes, as the function names it: a parameter of its own, or none yet."""
        if isinstance(ref.scope, str) and self._resolves(ref, function):
            return ref
        calls = self.tracer.slots.calls(function)
        for argument in _all_parameters(function):
            if calls and all(self._gives(function, argument, module, call) for module, call in calls):
                return Ref(argument.arg, function.node)
        if isinstance(ref.scope, ast.ClassDef) and function.owner is not None and self._all_on_self(function):
            return Ref(ref.text, function.owner.node)
        self._module_of[function.node] = function.module
        if ref.text:
            self._hints.setdefault(function, set()).add(ref.text)
        return Ref("", function.node, taken)

    def _resolves(self, ref: Ref, function: Function) -> bool:
        found = self.project.resolve(function.module, ref.root, function.node.body[0])
        if isinstance(found, Named):
            return found.qualified == ref.scope
        return isinstance(found, External) and found.name == ref.scope

    def _gives(self, function: Function, argument: ast.arg, module: Module, call: ast.Call) -> bool:
        """Whether a call passes the session of its query for a parameter."""
        given = function.given(call, argument)
        if given is None or dotted_name(given) is None:
            return False
        wanted = {self._at(site) for site in self._passed_by(function, call)} - {None}
        return wanted == {self.names.named(given, module)}

    def _passed_by(self, function: Function, call: ast.Call) -> list[Site]:
        """The members of the family among the arguments of a call."""
        arguments = [*call.args, *(item.value for item in call.keywords)]
        return [site for site in self.family.sites if site.node in arguments and self._feeds(site, function)]

    def _feeds(self, site: Site, function: Function) -> bool:
        return any(isinstance(slot, Local) and slot.flow.function is function.node for slot in site.feeds)

    def _all_on_self(self, function: Function) -> bool:
        return all(
            isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in ("self", "cls")
            for _, call in self.tracer.slots.calls(function)
        )

    def _add(self, function: Function) -> Added:
        if function in self.added:
            return self.added[function]
        if (
            function.owner is not None
            and len(self.tracer.callees.members(function.owner, function.node.name) or ()) > 1
        ):
            raise Refused(f"`{function.node.name}` ({function.place}) has overrides and no session in reach")
        taken = set(self.project.scopes(function.module).bindings(function.node))
        taken |= {node.id for node in ast.walk(function.node) if isinstance(node, ast.Name)}
        hints = self._hints.get(function, set())
        wanted = [text for text in hints if len(hints) == 1 and text.isidentifier()]
        name = next((one for one in [*wanted, "session", "db_session", "query_session"] if one not in taken), None)
        if name is None:
            raise Refused(f"`{function.node.name}` ({function.place}) has no session and no name for one")
        self.added[function] = Added(function, name)
        return self.added[function]

    def given_at(self, function: Function, call: ast.Call) -> Ref:
        """The session that a call must pass for an added parameter."""
        refs = {self.at(site) for site in self._passed_by(function, call)}
        if len(refs) != 1:
            raise Refused(f"the call of `{function.node.name}` (line {call.lineno}) passes no query or several")
        return refs.pop()

    # attributes

    def _from_attribute(self, slot: Kept, ref: Ref, one: Site, site: Site) -> Ref:
        if isinstance(ref.scope, str):
            return ref
        name = self._own_session(slot, ref, one)
        assert isinstance(site.value, ast.Attribute)
        named = self.names.named(site.value.value, site.module)
        return Ref(f"{named.text}{name}", named.scope)

    def _own_session(self, slot: Kept, ref: Ref, one: Site) -> str:
        """`.db`: the attribute of the same object that holds the session."""
        if isinstance(ref.scope, ast.ClassDef):
            return ref.rest
        function = self.project.scopes(one.module).function(one.value)
        for node in ast.walk(function) if function else ():
            if not (isinstance(node, ast.Assign) and dotted_name(node.value) == ref.text):
                continue
            for target in node.targets:
                if isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self":
                    self.names.steady(f"self.{target.attr}", node.value, one.module)
                    return f".{target.attr}"
        raise Refused(f"the object keeps the query and not its session ({one.place}): keep the session too")


def _all_parameters(function: Function) -> list[ast.arg]:
    return [*function.parameters, *function.node.args.kwonlyargs]
