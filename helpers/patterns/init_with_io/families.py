"""Constructors that change together: a class, the classes below it, and every place that constructs one of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module
from helpers.codemod.refused import Refused
from helpers.model import Edit
from helpers.patterns.init_with_io.callers import Callers, Construction
from helpers.patterns.init_with_io.constructors import Constructor
from helpers.patterns.init_with_io.layout import Layout, begin_with

_NAMES = ("load", "load_data", "load_from_database")


@dataclass(eq=False)
class Family:
    """Constructors of which one runs the other. `edits` are by file once `settle` has run."""

    constructors: list[Constructor]
    edits: dict[str, list[Edit]] = field(default_factory=dict)
    name: str = ""
    places: int = 0
    chained: bool = True

    @property
    def group(self) -> str:
        """What the findings of the family share."""
        first = self.constructors[0]
        return f"AM401:{first.module.path}:{first.owner.name}"

    def settle(self, project: Project) -> None:
        """Work out all edits. Refused when one place cannot follow."""
        loaded, makers = _loaded(project, self.constructors)
        constructions = list({one.call: one for one in Callers(project).of(loaded, makers)}.values())
        if not constructions:
            raise Refused("nothing in the project constructs it: whoever does would have to call load()")
        first = _first_uses(project, self.constructors, constructions, loaded)
        self.chained, self.places = not first, len(first) or len(constructions)
        self.name = _free_name(project, self.constructors, ("_load",) if first else _NAMES)
        if self.chained:
            _not_replaced(project, loaded)
        for one in self.constructors:
            layout = Layout(project, one, self.name, self.chained)
            self._add(one.module, layout.edits())
        for method in first:
            module = self.constructors[0].module
            self._add(module, [begin_with(project.sources[module.path], method, f"self.{self.name}()")])
        for made in constructions if self.chained else ():
            end = project.sources[made.module.path].segment(made.call)[1]
            self._add(made.module, [Edit(end, end, f".{self.name}()")])

    def _add(self, module: Module, edits: Iterator[Edit] | list[Edit]) -> None:
        self.edits.setdefault(module.path, []).extend(edits)


def families(project: Project, found: Mapping[ast.AST, Constructor]) -> list[Family]:
    """The constructors in families, each class behind those above it."""
    members = project.callgraph.targets.members
    roots: dict[ast.AST, Family] = {}
    for constructor in sorted(found.values(), key=lambda one: len(list(project.bases(one.owner)))):
        above = members.own(constructor.above, "__init__") if constructor.above else None
        family = roots.get(above) if above else None
        if family:
            family.constructors.append(constructor)
        roots[constructor.init] = family or Family([constructor])
    return list(dict.fromkeys(roots.values()))


def _loaded(project: Project, constructors: list[Constructor]) -> tuple[list[Definition], list[Definition]]:
    """The classes whose instances need `load()`, and those whose class methods may make one."""
    members = project.callgraph.targets.members
    inits = {one.init for one in constructors}
    every = {one.owner.node: one.owner for one in constructors}
    for one in constructors:
        every |= {below.node: below for below in project.below(one.owner)}
    loaded = [one for one in every.values() if members.nearest(one, "__init__") in inits]
    for item in every.values():
        made = [base for base in project.parents(item) if members.nearest(base, "__init__")]
        if len(made) > 1:
            raise Refused(f"{item.name} has several bases with constructors, which call each other: split them by hand")
    above = {base.node: base for one in constructors for base in project.bases(one.owner)}
    return loaded, list((above | every).values())


def _free_name(project: Project, constructors: list[Constructor], names: tuple[str, ...]) -> str:
    members = project.callgraph.targets.members
    owners = {base.node: base for one in constructors for base in project.bases(one.owner)}
    owners |= {below.node: below for one in constructors for below in project.below(one.owner)}
    for name in names:
        taken = any(members.own(owner, name) or any(project.attributes(owner, name)) for owner in owners.values())
        if not taken:
            return name
    raise Refused(f"the class has a `{names[0]}` of its own: split it by hand")


def _first_uses(
    project: Project, constructors: list[Constructor], made: list[Construction], loaded: list[Definition]
) -> list[ast.FunctionDef]:
    """The methods that are all that happens to an instance: each is called right on a constructed one, and only so.

    Then the loading can begin there and no caller needs to know. Nothing where some place does more with an instance.
    """
    if len(constructors) > 1 or len(loaded) > 1 or constructors[0].above:
        return []
    owner = constructors[0].owner
    names = {_called_at_once(project, one) for one in made}
    found = [project.callgraph.targets.members.own(owner, name) for name in sorted(name or "" for name in names)]
    methods = [method for method in found if isinstance(method, ast.FunctionDef) and _plain(method)]
    if None in names or len(methods) < len(names):
        return []
    inside = {node.attr for node in ast.walk(owner.node) if isinstance(node, ast.Attribute) and _is_self(node.value)}
    return [] if inside & {name for name in names if name} else methods


def _called_at_once(project: Project, made: Construction) -> str | None:
    """`m` in `Page(...).m()`, where the arguments of `m` are read without running anything."""
    parents = project.scopes(made.module).parents
    above = parents[made.call]
    call = parents.get(above)
    if not (isinstance(above, ast.Attribute) and isinstance(call, ast.Call) and call.func is above):
        return None
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    return above.attr if all(isinstance(value, ast.Name | ast.Constant) for value in values) else None


def _plain(method: ast.FunctionDef) -> bool:
    inner = [node for statement in method.body for node in ast.walk(statement)]
    return not method.decorator_list and not any(isinstance(node, ast.Yield | ast.YieldFrom) for node in inner)


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _not_replaced(project: Project, loaded: list[Definition]) -> None:
    """A test that puts a mock in the class's place does not expect another call on it."""
    names = tuple(f".{one.name}" for one in loaded)
    for module in project.symbols.modules.values():
        for node in module.nodes.of(ast.Constant):
            if isinstance(node.value, str) and node.value.endswith(names) and " " not in node.value:
                raise Refused(
                    f"`{node.value}` at {module.path}:{node.lineno} seems to replace it in a test: see what for"
                )
