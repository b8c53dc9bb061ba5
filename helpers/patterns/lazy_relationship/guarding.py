"""What no refresh fits is loaded in front of what reads it, or leads to a reader, if nothing has loaded it by then."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.callees import arguments
from helpers.analysis.dataflow.values import Path, Ref
from helpers.analysis.flow import Flow
from helpers.analysis.flushing import Flushing
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.symbols import Module
from helpers.analysis.uses import Uses
from helpers.codemod.unloaded import if_unloaded
from helpers.model import Edit
from helpers.patterns.lazy_relationship.at_once import margin_of
from helpers.patterns.lazy_relationship.loading import Loading
from helpers.patterns.lazy_relationship.naming import free_name, session_of
from helpers.patterns.lazy_relationship.options import Options
from helpers.patterns.lazy_relationship.refusal import Refused
from helpers.patterns.lazy_relationship.single import Single
from helpers.patterns.lazy_relationship.sites import Need, Site, Steps, Survey

_DEEPEST = 3
_SHOWN = frozenset({"__repr__", "__str__", "__format__"})
_SCOPED = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, eq=False)
class Guard:
    """A load for one need: before the statement `place`, of the object `value`; of all of `loop` where that is one."""

    need: Need
    value: ast.expr
    place: ast.stmt
    module: Module
    function: FunctionNode
    loop: ast.For | None = None


@dataclass(frozen=True, eq=False)
class Guarding:
    """Answers for one site."""

    survey: Survey
    site: Site

    @cached_property
    def _flushing(self) -> Flushing:
        return Flushing(self.survey.project)

    def guards(self, needs: list[Need]) -> tuple[list[list[Guard]], list[Need]]:
        """The loads, those at one place for one object together, and the needs that none serves."""
        found: dict[tuple[ast.stmt, str], list[Guard]] = {}
        left: list[Need] = []
        for need in needs:
            try:
                guards = [self._fit(need, *reached) for reached in self._reached(need)]
            except Refused:
                guards = []
            if not guards:
                left.append(need)
            for guard in guards:
                found.setdefault((guard.place, ast.unparse(guard.value)), []).append(guard)
        return [*found.values()], left

    def edit(self, together: list[Guard], options: Options) -> Edit:
        """The loads in front of a statement; a value that is returned gets a name first."""
        guard = together[0]
        source = self.survey.project.sources[guard.module.path]
        start, end = source.segment(guard.place)
        margin = margin_of(source, start)
        session = session_of(self.survey, guard.function, guard.module)
        steps = list(dict.fromkeys(one.need.path[-1] for one in together))
        if guard.loop is not None:
            items, name = ast.unparse(guard.loop.iter), ast.unparse(guard.loop.target)
            paths: list[Steps] = [(step,) for step in steps]
            text = Loading(options, session, start).of_each(name, items, steps[0].owner, paths)
            return Edit(start, start, f"{text}{margin}")
        named = isinstance(guard.value, ast.Name)
        name = ast.unparse(guard.value) if named else free_name(steps[0].owner, guard.function, guard.module)
        inspect = options.speller.bound("sqlalchemy", "inspect")
        loads = [if_unloaded(name, step.name, f'{session}.refresh({name}, ["{step.name}"])', inspect) for step in steps]
        text = "\n".join(loads).replace("\n", margin)
        if named:
            return Edit(start, start, f"{text}{margin}")
        value = source.text[slice(*source.segment(guard.value))]
        return Edit(start, end, f"{name} = {value}{margin}{text}{margin}return {name}")

    def _reached(self, need: Need) -> Iterator[tuple[ast.AST, ast.expr, Module]]:
        """Every place that leads to the reader, with the object that is named there."""
        step, node = need.path[-1], need.reading.node
        module = self.survey.project.symbols.modules.get(need.reading.path)
        if step.kind != "relationship" or module is None:
            return
        if isinstance(node, FunctionNode):  # a route, whose response model reads what it gives back
            for item in self.survey.project.scopes(module).results(node):
                if isinstance(item, ast.Return) and item.value is not None and self._is_it(item.value, need, module):
                    yield item, item.value, module
        elif isinstance(node, ast.Attribute) and node.attr == step.name:
            yield from self._read(node, node.value, module, need)

    def _read(
        self, node: ast.AST, value: ast.expr, module: Module, need: Need, depth: int = 0
    ) -> Iterator[tuple[ast.AST, ast.expr, Module]]:
        """Where the object that `node` reads something of is named in a function that has a session."""
        function = self.survey.project.scopes(module).function(node)
        if not isinstance(value, ast.Name) or not isinstance(function, FunctionNode) or depth > _DEEPEST:
            raise Refused("it is not read by its own name")
        argument = _argument(function, value.id)
        if argument is None or self._has_session(function, module):
            yield node, value, module
            return
        for at, given, there in self._given(function, argument):
            if self._is_it(given, need, there):
                yield from self._read(at, given, there, need, depth + 1)

    def _given(self, function: FunctionNode, argument: ast.arg) -> Iterator[tuple[ast.AST, ast.expr, Module]]:
        """What a function is handed for a parameter: by a call, by reading a property, by showing the object."""
        for caller in self.survey.callers.of(function):
            for callee in self.survey.flows.callees.functions(caller.call, caller.module):
                given = arguments(caller.call, callee) if callee.function is function else ()
                yield from ((caller.call, value, caller.module) for taken, value in given if taken is argument)
        if function.args.args[:1] != [argument]:
            return
        for module in self.survey.project.symbols.modules.values():
            for read in module.nodes.of(ast.Attribute) if function.decorator_list else ():
                if read.attr == function.name:
                    yield read, read.value, module
            for shown in module.nodes.of(ast.FormattedValue) if function.name in _SHOWN else ():
                yield shown, shown.value, module

    def _is_it(self, value: ast.expr, need: Need, module: Module) -> bool:
        """Whether a value may be the object that a step of the site's paths is read of."""
        return any(self._leads(ref, need.path[:-1], frozenset()) for ref in self.survey.flows.of(value, module))

    def _leads(self, ref: Ref, path: Path, seen: frozenset[ast.AST]) -> bool:
        if ref.root == self.site.root:
            return ref.path == path
        before = len(path) - len(ref.path)
        if ref.root.kind != "parameter" or ref.root.node in seen or before < 0 or path[before:] != ref.path:
            return False
        handed = self.survey.reads.handed_to(ref.root.node)
        return any(self._leads(one, path[:before], seen | {ref.root.node}) for one in handed)

    def _has_session(self, function: FunctionNode, module: Module) -> bool:
        try:
            return bool(session_of(self.survey, function, module))
        except Refused:
            return False

    def _fit(self, need: Need, node: ast.AST, value: ast.expr, module: Module) -> Guard:
        """The load in front of the statement around `node`. Refused where that is not the load in passing."""
        scopes = self.survey.project.scopes(module)
        place, function = Flow(scopes).statement(node), scopes.function(node)
        if not isinstance(function, FunctionNode) or place is None or place is function:
            raise Refused("there is no statement to load it before")
        if not self._flushing.before_loads(function) or not self._has_session(function, module):
            raise Refused("a session may not flush before it loads")
        if isinstance(place, ast.While) or _is_elif(place, scopes.parents.get(place)):
            raise Refused("it is read in a condition")
        if not isinstance(value, ast.Name):
            if isinstance(place, ast.Return) and place.value is value and Single(self.survey).is_one(value, module):
                return Guard(need, value, place, module, function)
            raise Refused("it is not read by its own name")
        self._bound_outside(node, value, place, module)
        if loop := self._loop(value, place, module):
            return Guard(need, value, loop, module, function, loop)
        if not Single(self.survey).is_one(value, module) or not self._is_there(value, place, module):
            raise Refused("it may be None, or several objects")
        return Guard(need, value, place, module, function)

    def _bound_outside(self, node: ast.AST, name: ast.Name, place: ast.stmt, module: Module) -> None:
        """Refused where the name is bound in an expression, or is read whenever a lambda runs."""
        for around in self.survey.project.scopes(module).ancestors(node):
            if around is place:
                return
            inside = [part for part in ast.walk(around) if isinstance(part, ast.Name | ast.arg)]
            bound = {getattr(part, "id", "") for part in inside if isinstance(getattr(part, "ctx", None), ast.Store)}
            if isinstance(around, ast.Lambda) or (isinstance(around, _SCOPED) and name.id in bound):
                raise Refused("it is read in an expression of its own")

    def _is_there(self, name: ast.Name, place: ast.stmt, module: Module) -> bool:
        """Whether a name is surely an object at a statement, and not None."""
        known = self.survey.objects.of(name, module)
        flow = Flow(self.survey.project.scopes(module))
        return (known is not None and not known.optional) or Uses(flow).not_none(name.id, place)

    def _loop(self, name: ast.Name, place: ast.stmt, module: Module) -> ast.For | None:
        """The loop around a statement that gives the name each object of a list; None where something else does."""
        bindings = self.survey.project.scopes(module).lookup(name.id, place)
        around = [one for one, _ in Flow(self.survey.project.scopes(module)).around(place)]
        for loop in around:
            if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name) and loop.target.id == name.id:
                return loop if len(bindings) == 1 and self._is_list(loop.iter, module) else None
        return None

    def _is_list(self, node: ast.expr, module: Module) -> bool:
        """Whether a name surely holds a list of objects, which can be gone through twice."""
        if not isinstance(node, ast.Name):
            return False
        bindings = self.survey.project.scopes(module).lookup(node.id, node)
        values = [one.value for one in bindings]
        return bool(values) and all(
            isinstance(value, ast.Call)
            and (getattr(value.func, "attr", "") == "all" or getattr(value.func, "id", "") in ("list", "sorted"))
            for value in values
        )


def _argument(function: FunctionNode, name: str) -> ast.arg | None:
    given = function.args
    plain = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return next((one for one in plain if one.arg == name), None)


def _is_elif(statement: ast.stmt, parent: ast.AST | None) -> bool:
    return isinstance(statement, ast.If) and isinstance(parent, ast.If) and parent.orelse == [statement]
