"""Where a value comes from: a parameter, a statement that loads objects, a constructor that makes one."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.annotations import named_in
from helpers.analysis.callees import Callee, Callees, arguments
from helpers.analysis.dataflow.batches import Batches
from helpers.analysis.dataflow.members import Code, Member, Members, Proxy
from helpers.analysis.dataflow.sites import loaded
from helpers.analysis.dataflow.values import LONGEST_VIA, NO_OBJECTS, NOTHING, SAME_OBJECTS, Ref, Refs, Root, Step
from helpers.analysis.mapping import Entity
from helpers.analysis.parameters import FunctionNode, default_of, dependency
from helpers.analysis.scopes import Binding
from helpers.analysis.symbols import Definition, External, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_DEEPEST = 120
_PLAIN_VALUES = frozenset({"str", "int", "float", "bool", "bytes", "datetime", "date", "UUID", "Decimal", "Request"})
_NO_VALUES = frozenset(
    {"len", "sum", "any", "all", "isinstance", "str", "repr", "print", "bool", "int", "hash", "id", "type"}
)


@dataclass(eq=False)
class Flows:
    """Answers for all expressions of one project; a list and the objects in it are not told apart."""

    project: Project
    callees: Callees
    members: Members
    _known: dict[ast.AST, Refs] = field(default_factory=dict, repr=False)
    _open: set[ast.AST] = field(default_factory=set, repr=False)
    _results: dict[ast.AST, Refs] = field(default_factory=dict, repr=False)

    @cached_property
    def batches(self) -> Batches:
        """What DataLoaders give."""
        return Batches(self.project, self.callees)

    @classmethod
    def build(cls, project: Project) -> Flows:
        """The data flow of a project."""
        return cls(project, Callees(project), Members(project))

    def of(self, node: ast.expr | None, module: Module) -> Refs:
        """The objects that an expression may stand for, or hold."""
        if node is None or isinstance(node, ast.Constant):
            return NOTHING
        if node in self._known:
            return self._known[node]
        if node in self._open or len(self._open) > _DEEPEST:
            return NOTHING
        self._open.add(node)
        try:
            found = self._of(node, module)
        finally:
            self._open.discard(node)
        self._known[node] = found
        return found

    def results(self, function: FunctionNode, module: Module) -> Refs:
        """What a function returns or yields."""
        if function not in self._results:
            self._results[function] = NOTHING  # recursion ends here
            returned = self.project.scopes(module).results(function)
            self._results[function] = self._union((item.value for item in returned), module)
        return self._results[function]

    def step(self, ref: Ref, name: str) -> Refs:
        """What attribute `name` of an object gives."""
        if ref.entity is None:
            if name in SAME_OBJECTS:
                return frozenset({ref})
            further = None if ref.path and isinstance(ref.path[-1], Step) else ref.along(name)
            return frozenset({further}) if further else NOTHING
        found = self.members.of(ref.entity, name)
        if found is None:
            return NOTHING if name in NO_OBJECTS else frozenset({ref})  # what holds the object is asked, not the object
        return frozenset(further for member in found for further in self._member(ref, member))

    def _member(self, ref: Ref, member: Member) -> Refs:
        match member:
            case Step(kind="relationship"):
                if (born := self.born_with(ref, member)) is not None:
                    return born
                further = ref.along(member)
                return frozenset({further}) if further else NOTHING
            case Proxy(relation=relation, attribute=attribute):
                return frozenset(end for middle in self.step(ref, relation) for end in self.step(middle, attribute))
            case Code(function=function, module=module):
                first = self_of(function)
                return self.compose(self.results(function, module), {first: frozenset({ref})} if first else {})
        return NOTHING

    def born_with(self, ref: Ref, step: Step) -> Refs | None:
        """What a constructor was given for a relationship of the object that it made; None where it was not."""
        if ref.root.kind != "made" or ref.path or not isinstance(ref.root.node, ast.Call):
            return None
        given = [keyword.value for keyword in ref.root.node.keywords if keyword.arg == step.name]
        if not given:
            return None
        found = self.of(given[0], ref.root.module)
        return frozenset(replace(one, via=(*ref.via, *one.via)[:LONGEST_VIA]) for one in found)

    def compose(self, refs: Refs, given: dict[ast.arg, Refs], call: ast.Call | None = None) -> Refs:
        """`refs` with parameters replaced by what is given for them; what a call hands out remembers the call."""
        found: set[Ref] = set()
        for ref in refs:
            if ref.root.kind != "parameter":
                via = ((call, *ref.via) if call else ref.via)[:LONGEST_VIA]
                found.add(replace(ref, via=via))
            elif isinstance(ref.root.node, ast.arg) and ref.root.node in given:
                for start in given[ref.root.node]:
                    found |= self.walk(start, ref.path)
        return frozenset(found)

    def walk(self, start: Ref, path: Iterable[Step | str]) -> Refs:
        """Where a path leads from an object."""
        ends: Refs = frozenset({start})
        for part in path:
            if isinstance(part, str):
                ends = frozenset(end for ref in ends for end in self.step(ref, part))
            else:
                ends = frozenset(further for ref in ends for further in self._along(ref, part))
        return ends

    def _along(self, ref: Ref, part: Step) -> Refs:
        """A step on, unless the object cannot have it."""
        entity = ref.entity
        fits = entity is None or entity.is_a(part.owner) or part.owner.is_a(entity)
        return self._member(ref, part) if fits else NOTHING

    def _union(self, nodes: Iterable[ast.expr | None], module: Module) -> Refs:
        return frozenset(ref for node in nodes for ref in self.of(node, module))

    def _of(self, node: ast.expr, module: Module) -> Refs:
        match node:
            case ast.Name():
                return self._name(node, module)
            case ast.Attribute():
                return self._attribute(node, module)
            case ast.Call():
                return self._call(node, module)
            case ast.Subscript(value=value) | ast.Await(value=value) | ast.Starred(value=value):
                return self.of(value, module)
            case ast.NamedExpr(value=value):
                return self.of(value, module)
            case ast.ListComp(elt=elt) | ast.SetComp(elt=elt) | ast.GeneratorExp(elt=elt):
                return self.of(elt, module)
            case ast.DictComp(key=key, value=value):
                return self._union((key, value), module)
            case ast.IfExp(body=one, orelse=two):
                return self._union((one, two), module)
            case ast.BoolOp(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return self._union(parts, module)
            case ast.Dict(keys=keys, values=values):
                return self._union([*keys, *values], module)
            case ast.BinOp(left=left, right=right):
                return self._union((left, right), module)
        return NOTHING

    def _name(self, node: ast.Name, module: Module) -> Refs:
        scopes = self.project.scopes(module)
        bindings = scopes.lookup(node.id, node)
        if not bindings:
            found = self.project.symbols.resolve(module, node.id)
            if isinstance(found, Definition) and isinstance(found.node, ast.expr):
                return self.of(found.node, found.module)
            bindings = scopes.top_level(node.id) if found is None else ()
        return frozenset(ref for binding in bindings for ref in self._bound(binding, module))

    def _bound(self, binding: Binding, module: Module) -> Refs:
        if isinstance(binding.node, ast.arg):
            return self._parameter(binding.node, module)
        if binding.value is not None:
            return self.of(binding.value, module)
        return self._unpacked(binding, module)

    def _unpacked(self, binding: Binding, module: Module) -> Refs:
        """`for author, book in rows`: of a row's objects those that stand in the place of the name."""
        node = binding.node
        match node:
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                target, value = node.target, node.iter
            case ast.Assign(targets=[target], value=value):
                pass
            case _:
                return NOTHING
        if not isinstance(target, ast.Tuple | ast.List):
            return NOTHING
        places = [isinstance(part, ast.Name) and part.id == binding.target for part in target.elts]
        return frozenset(ref for ref in self.of(value, module) if _stands_in(ref, places))

    def _parameter(self, argument: ast.arg, module: Module) -> Refs:
        parents = self.project.scopes(module).parents
        function = parents[parents[argument]]
        if isinstance(function, ast.Lambda):
            return self._lambda(function, module)
        if not isinstance(function, FunctionNode) or self._is_plain(argument, module):
            return NOTHING
        root = Root("parameter", argument, module, self._entity_of(argument, function, module))
        return frozenset({Ref(root)}) | self._injected(argument, function, module)

    def _injected(self, argument: ast.arg, function: FunctionNode, module: Module) -> Refs:
        """What FastAPI calls to get a parameter's value."""
        default = default_of(function, argument)
        for given in (default, *_annotated_with(argument.annotation)):
            if (callee := dependency(given)) is not None and isinstance(given, ast.Call):
                found = [self.results(one.function, one.module) for one in self.callees.of(callee, module)]
                return self.compose(frozenset(ref for refs in found for ref in refs), {}, given)
        return NOTHING

    def _lambda(self, function: ast.Lambda, module: Module) -> Refs:
        """A lambda's parameter is each object of the call it is handed to: `sorted(books, key=lambda book: ...)`."""
        parent = self.project.scopes(module).parents.get(function)
        call = self.project.scopes(module).parents.get(parent) if isinstance(parent, ast.keyword) else parent
        if not isinstance(call, ast.Call):
            return NOTHING
        receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        return self._union([*(item for item in call.args if item is not function), *receiver], module)

    def _is_plain(self, argument: ast.arg, module: Module) -> bool:
        """Whether a parameter holds no object of a mapped class: a session, a number, a text."""
        words = _words(argument.annotation)
        typed = self.project.sessions.annotated(argument.annotation, module) if argument.annotation else None
        is_session = typed is not None and typed.what not in ("instance", "other")
        return is_session or (bool(words) and words <= _PLAIN_VALUES)

    def _entity_of(self, argument: ast.arg, function: FunctionNode, module: Module) -> Entity | None:
        """The mapped class that the annotation names, alone or in a list; that of the class around for `self`."""
        if argument is self_of(function) and argument.annotation is None:
            owner = self.project.class_of(function, module)
            return self.project.mapped.entity(owner) if owner else None
        return self.annotated(argument.annotation, module)

    def annotated(self, annotation: ast.expr | None, module: Module) -> Entity | None:
        """The one mapped class that an annotation names, however deep."""
        found: dict[str, Entity] = {}
        for part in named_in(annotation):
            resolved = self.project.symbols.resolve(module, dotted_name(part) or "")
            entity = self.project.mapped.entity(resolved) if isinstance(resolved, Definition) else None
            if entity:
                found[entity.key] = entity
        return next(iter(found.values())) if len(found) == 1 else None

    def _attribute(self, node: ast.Attribute, module: Module) -> Refs:
        found = frozenset(ref for start in self.of(node.value, module) for ref in self.step(start, node.attr))
        assigned = self.project.assigned(node, module)
        return found | self._union((one.value for one in assigned), module)

    def _call(self, node: ast.Call, module: Module) -> Refs:
        if (sites := loaded(self.project, node, module)) is not None:
            return sites
        if made := self.callees.made_class(node, module):
            entity = self.project.mapped.entity(made)
            if entity:
                return frozenset({Ref(Root("made", node, module, entity))})
            return self._given(node, module)
        functions = (*self.callees.functions(node, module), *self.batches.functions(node, module))
        found = frozenset(ref for callee in functions for ref in self._applied(node, callee, module))
        if isinstance(node.func, ast.Attribute):
            return found | self._method(node, node.func, module)
        return found if functions else self._builtin(node, module)

    def _applied(self, call: ast.Call, callee: Callee, module: Module) -> Refs:
        """What a function of the project gives for these arguments."""
        results = self.results(callee.function, callee.module)
        wanted = {ref.root.node for ref in results}
        given = {argument: self.of(value, module) for argument, value in arguments(call, callee) if argument in wanted}
        return self.compose(results, given, call)

    def _method(self, call: ast.Call, func: ast.Attribute, module: Module) -> Refs:
        """A method of a result, a list or an object; of a session it gives what it is handed."""
        if func.attr in NO_OBJECTS:
            return NOTHING
        owners = self.of(func.value, module)
        found = frozenset(ref for owner in owners for ref in self.step(owner, func.attr))
        if func.attr in ("scalars", "scalar", "execute", "exec", "merge"):
            return found | self._union(call.args[:1], module)
        external = self.project.meanings.external(func, module)
        return self._given(call, module) if external and not external.startswith("sqlalchemy") else found

    def _builtin(self, call: ast.Call, module: Module) -> Refs:
        """`sorted(books)`, `list(books)`, `zip(...)`: what is handed in comes out."""
        name = dotted_name(call.func) or ""
        found = self.project.resolve(module, name, call.func)
        sqlalchemy = isinstance(found, External) and found.name.startswith("sqlalchemy")
        return NOTHING if name in _NO_VALUES or sqlalchemy else self._given(call, module)

    def _given(self, call: ast.Call, module: Module) -> Refs:
        return self._union([*call.args, *(keyword.value for keyword in call.keywords)], module)


def self_of(function: FunctionNode) -> ast.arg | None:
    """The first positional parameter of a function."""
    return next(iter([*function.args.posonlyargs, *function.args.args]), None)


def _stands_in(ref: Ref, places: list[bool]) -> bool:
    """Whether an object of a row is in the place of a name; an object that is not of a row may be in any."""
    if ref.path or ref.root.width != len(places):
        return True
    return places[ref.root.column]


def _words(annotation: ast.expr | None) -> frozenset[str]:
    names = ((dotted_name(part) or "").rpartition(".")[2] for part in named_in(annotation))
    return frozenset(name for name in names if name not in ("", "None"))


def _annotated_with(annotation: ast.expr | None) -> tuple[ast.expr, ...]:
    """What stands behind the type in `Annotated[...]`."""
    match annotation:
        case ast.Subscript(value=name, slice=ast.Tuple(elts=[_, *further])):
            return tuple(further) if (dotted_name(name) or "").rpartition(".")[2] == "Annotated" else ()
    return ()
