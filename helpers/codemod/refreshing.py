"""Objects that are used behind a statement which makes them load again: where a refresh would say so."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from helpers.analysis.columns import columns
from helpers.analysis.commits import Commit
from helpers.analysis.detached import Detached
from helpers.analysis.flow import Flow, header, mentions, rebinds
from helpers.analysis.mapped_objects import Instance, MappedObjects, added_to
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.analysis.uses import Place, Uses
from helpers.codemod.lines import line_before, line_behind
from helpers.model import Edit

_AFRESH = frozenset({"refresh", "expire", "expire_all", "close", "expunge", "expunge_all", "reset"})
_DEEPEST = 6  # functions that return what another returns
_ENDS = frozenset({"close", "expire_all", "reset"})


@dataclass(frozen=True, eq=False)
class Use:
    """One object used behind an event: the edit that writes its refresh, or the reason why a person has to look."""

    name: str
    place: Place
    edit: Edit | None
    reason: str = ""
    many: bool = False


@dataclass(frozen=True, eq=False)
class Refreshing:
    """Questions about the events of one module.

    `again` tells whether a statement is another event of a session. `keys_count`: to read a primary key loads too;
    `loaded_only`: an object that the transaction itself added is no object any more. `returns_count`: to return it is
    to read it, also where nobody in sight does more with it. `guarded`: an object of which nothing tells where it
    comes from is refreshed if the session holds it.
    """

    project: Project
    module: Module
    instances: MappedObjects
    again: Callable[[ast.stmt, str], bool]
    detached: Detached
    keys_count: bool = False
    loaded_only: bool = False
    returns_count: bool = True
    guarded: bool = False
    _read: dict[tuple[ast.AST, str], Instance | None] = field(default_factory=dict, repr=False)

    def uses(self, event: Commit) -> Iterator[Use]:
        """Every object that is used behind an event, in the order in which the function binds their names."""
        for name in self.project.scopes(self.module).bindings(event.function):
            if event.names is not None and name not in event.names:
                continue
            place = self._first_use(event, name)
            if place is not None and (use := self._use(event, name, place)):
                yield use

    @property
    def _uses(self) -> Uses:
        return Uses(Flow(self.project.scopes(self.module)))

    def _first_use(self, event: Commit, name: str) -> Place | None:
        """Where the object is first named behind the event; None when no value of it is read there any more."""
        flow, keys = self._uses.flow, self._keys(event, name)
        given = isinstance(event.statement, ast.With)  # what its body binds is part of the event
        if any(rebinds(part, name) for part in (header(event.statement) if given else [event.statement])):
            return None  # what the statement itself gives was made behind the event
        if not self._uses.bound(event.function, event.statement, name):
            return None
        straight = list(self._until_next(flow.after(event.statement), event, name))
        first = self._uses.first(straight, name)
        if first is not None:
            later = list(flow.later(event.statement))
            read = any(self._read_in(item, event, name, keys) for item in [*straight, *later])
            return self._place(event, first, straight) if read and not self._given(first, name) else None
        if any(self._ends(item, event) for item in straight):
            return None
        rest = list(flow.later(event.statement))
        again = next((item for item in rest if mentions(item, name)), None)
        read = any(self._read_in(item, event, name, keys) for item in rest)
        return Place(event.statement, behind=True) if again and read and not self._given(again, name) else None

    def _read_in(self, item: ast.stmt, event: Commit, name: str, keys: frozenset[str]) -> bool:
        """Whether a statement reads a value; to return the object to nobody who reads it is no reading."""
        if isinstance(item, ast.Return) and isinstance(item.value, ast.Name) and item.value.id == name:
            return self.returns_count or not self._unread(event.function)
        return self._uses.read(item, name, keys)

    def _unread(self, function: ast.AST, depth: int = 0) -> bool:
        """Whether nobody in sight reads what a function returns: all who call it return it again."""
        if getattr(function, "decorator_list", ()) or depth > _DEEPEST:
            return False
        for edge in self.project.callgraph.calls_to.get(function, ()):
            above = self.project.scopes(edge.caller.module).parents.get(edge.site)
            if not isinstance(above, ast.Return) or not self._unread(edge.caller.node, depth + 1):
                return False
        return True

    def _place(self, event: Commit, first: ast.stmt, straight: list[ast.stmt]) -> Place:
        """In front of the first use; right behind the event where something may have changed the object meanwhile."""
        between = (item for item in straight if item.lineno < first.lineno and first not in ast.walk(item))
        changed = any(self._uses.changes(item) for item in between)
        return Place(event.statement, behind=True) if changed else Place(first)

    def _until_next(self, statements: Iterator[ast.stmt], event: Commit, name: str) -> Iterator[ast.stmt]:
        for statement in statements:
            yield statement
            if rebinds(statement, name) or self._ends(statement, event):
                return

    def _ends(self, statement: ast.stmt, event: Commit) -> bool:
        """Another event, a refresh, an expiry or the end of the session: from there on others decide."""
        if self.again(statement, event.session):
            return True
        call = statement.value if isinstance(statement, ast.Expr) else None
        named = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if not (named and isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            return False
        return call.func.attr in _ENDS and ast.unparse(call.func.value) == event.session

    def _given(self, statement: ast.stmt, name: str) -> bool:
        """Whether the statement starts afresh: it gives the name a value, or refreshes, expires or closes."""
        if isinstance(statement, ast.For | ast.AsyncFor) and rebinds(statement.target, name):
            return True
        if isinstance(statement, ast.Assign | ast.AnnAssign) and rebinds(statement, name):
            return statement.value is None or not mentions(statement.value, name)
        statement = held(statement)
        call = statement.value if isinstance(statement, ast.Expr) else None
        return (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr in _AFRESH
            and (len(call.args) <= 1 or "column_attrs" in ast.unparse(call.args[1]))
        )

    def _instance(self, event: Commit, name: str) -> Instance | None:
        if (event.function, name) not in self._read:
            found = self._named(event, name)
            self._read[event.function, name] = self.instances.of(found, self.module) if found is not None else None
        return self._read[event.function, name]

    def _keys(self, event: Commit, name: str) -> frozenset[str]:
        found = None if self.keys_count else self._instance(event, name)
        known = columns(self.project.symbols, found.entity) if found else {}
        return frozenset(key for key, column in known.items() if column.primary_key)

    def _named(self, event: Commit, name: str) -> ast.Name | None:
        parts = (part for part in ast.walk(event.function) if isinstance(part, ast.Name) and part.id == name)
        return next((part for part in parts if isinstance(part.ctx, ast.Load)), None)

    def _use(self, event: Commit, name: str, place: Place) -> Use | None:
        """What is to be written for one name; None where it is no object of this session."""
        found = self._instance(event, name)
        if found is None:
            return self._many(event, name, place)
        if self._belongs_elsewhere(event, name) or self._deleted(event, name):
            return None
        if found.state == "new" and self.loaded_only:
            return None  # it was not in the database before, and is not loaded again
        if reason := self._doubt(event, name, place, found):
            return Use(name, place, None, reason)
        text = f"{event.session}.refresh({name})"
        if found.state == "unknown":
            text = if_held(event.session, name, text)
        source = self.project.sources[self.module.path]
        edit = (line_behind if place.behind else line_before)(source, place.anchor, text)
        return Use(name, place, edit, "" if edit else f"there is no line of its own for `{text}`")

    def _many(self, event: Commit, name: str, place: Place) -> Use | None:
        found = self._named(event, name)
        many = self.instances.of_each(found, self.module) if found is not None else None
        if many is None or many.state == "new":
            return None
        return Use(name, place, None, "refresh those that others may change meanwhile", many=True)

    def _doubt(self, event: Commit, name: str, use: Place, found: Instance) -> str:
        """Why a refresh cannot be written without looking; empty when it can."""
        uses = self._uses
        if found.state == "new" and not self._added(event, name):
            return f"nothing tells that `{event.session}` holds it"
        if found.state == "unknown" and not self.guarded:
            return "nothing tells which session it comes from"
        if found.state == "added" and self.loaded_only:
            return "it may be new in this transaction, and gone with it"
        if self._awaits_deletion(use.anchor):
            return "the code around waits for ObjectDeletedError, which a refresh does not raise"
        if found.optional and not uses.not_none(name, use.anchor) and not self._used_at_once(use, name):
            return "it may be None"
        if reason := self._meanwhile(event, use) or self._taken_out(event, name, use):
            return reason
        if not use.behind and uses.in_nested_function(use.anchor, name):
            return "a function inside reads it, whenever that runs"
        return ""

    def _meanwhile(self, event: Commit, use: Place) -> str:
        """What runs between the commit and the use and may take the object's row away."""
        first, last = event.statement.end_lineno or event.statement.lineno, use.anchor.lineno
        if use.behind or last <= first + 1:
            return ""
        nodes = [part for part in ast.walk(event.function) if isinstance(part, ast.expr) and first < part.lineno < last]
        if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in nodes):
            return "it is used behind a yield, when anything may have happened to it"
        named = [part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "") for part in nodes]
        return "it may be deleted before it is used" if any("delete" in name for name in named) else ""

    def _taken_out(self, event: Commit, name: str, use: Place) -> str:
        """What may have taken the object out of its session between its loading and the use."""
        bindings = self.project.scopes(self.module).bindings(event.function).get(name, ())
        bound = min((getattr(binding.node, "lineno", 0) for binding in bindings), default=0)
        call = self.detached.between(event.function, bound, use.anchor, self.module)
        return f"`{ast.unparse(call.func)[:60]}` may take it out of the session" if call else ""

    def _awaits_deletion(self, at: ast.stmt) -> bool:
        """Whether a handler around catches what a reload raises when the row is gone."""
        handlers = (
            handler
            for around, block in self._uses.flow.around(at)
            if isinstance(around, ast.Try) and block is around.body
            for handler in around.handlers
        )
        return any(
            handler.type is not None and "ObjectDeletedError" in ast.unparse(handler.type) for handler in handlers
        )

    def _used_at_once(self, use: Place, name: str) -> bool:
        """Whether the first use would fail on None anyway: `return x.name`."""
        value = getattr(use.anchor, "value", None)
        while isinstance(value, ast.Attribute):
            if isinstance(value.value, ast.Name) and value.value.id == name:
                return not use.behind
            value = value.value
        return False

    def _added(self, event: Commit, name: str) -> bool:
        """Whether the session surely held the object before the event, itself or by way of a parent's collection."""
        inside = event.statement.body if isinstance(event.statement, ast.With) else []
        before = [*inside, *self._uses.flow.before(event.statement)]
        return any(self._holds(found, event) for statement in before for found in added_to(statement, name))

    def _holds(self, receiver: ast.expr, event: Commit) -> bool:
        if isinstance(receiver, ast.Attribute) and ast.unparse(receiver) != event.session:
            owner = self.instances.of(receiver.value, self.module)
            return owner is not None and owner.state == "stored" and self._relates(owner, receiver.attr)
        return ast.unparse(receiver) == event.session

    def _relates(self, owner: Instance, name: str) -> bool:
        return self.project.mapped.relationship(owner.entity, name) is not None

    def _belongs_elsewhere(self, event: Commit, name: str) -> bool:
        """Whether every value that the name is given comes from another session."""
        bindings = self.project.scopes(self.module).bindings(event.function).get(name, ())
        values = [binding.value for binding in bindings if binding.value is not None]
        others = self._other_sessions(event)
        return (
            bool(values)
            and bool(others)
            and all(
                any(mentions(value, other) for other in others) and not mentions(value, event.session)
                for value in values
            )
        )

    def _other_sessions(self, event: Commit) -> frozenset[str]:
        names = self.project.scopes(self.module).bindings(event.function)
        nodes = [part for part in ast.walk(event.function) if isinstance(part, ast.Name) and part.id in names]
        sessions = {node.id for node in nodes if self.project.sessions.tier(node, self.module)}
        return frozenset(sessions - {event.session})

    def _deleted(self, event: Commit, name: str) -> bool:
        return any(
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and part.func.attr in ("delete", "expunge")
            and any(isinstance(arg, ast.Name) and arg.id == name for arg in part.args)
            for part in ast.walk(event.function)
        )


def if_held(session: str, name: str, text: str) -> str:
    """A statement for an object that another session may hold: that one neither expired it nor can refresh it."""
    return f"if {name} in {session}:\n    {text}"


def held(statement: ast.stmt) -> ast.stmt:
    """What `if_held` wrote a condition around; any other statement as it is."""
    match statement:
        case ast.If(test=ast.Compare(left=ast.Name(), ops=[ast.In()]), body=[ast.Expr() as inner], orelse=[]):
            return inner
    return statement
