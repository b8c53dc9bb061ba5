"""The names of a constructor that its second half still needs, and under which attributes they are kept for it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.scopes import Scopes
from helpers.codemod.refused import Refused
from helpers.codemod.statements import line_end, line_text
from helpers.model import Edit
from helpers.patterns.init_with_io.constructors import Constructor, own_nodes

_OWN_ATTRIBUTES = frozenset({"__slots__", "__dict__", "vars", "__setattr__", "__getattr__", "setattr"})


@dataclass(frozen=True)
class Kept:
    """What `load()` needs: `stored` lines for the end of `__init__`, `bound` lines for its own start, and edits."""

    stored: tuple[str, ...]
    bound: tuple[str, ...]
    edits: tuple[Edit, ...]


@dataclass(frozen=True, eq=False)
class Captures:
    """Answers for one constructor. `early` are statements of the tail that move before the cut."""

    project: Project
    constructor: Constructor

    @property
    def _scopes(self) -> Scopes:
        return self.project.scopes(self.constructor.module)

    def early(self) -> tuple[ast.stmt, ...]:
        """The statements behind the cut that only keep a parameter or a constant: they need not wait."""
        tail = self.constructor.tail
        return tuple(statement for statement in tail[1:] if self._inert(statement))

    def kept(self, early: tuple[ast.stmt, ...]) -> Kept:
        """How the names that the rest of the tail reads reach it."""
        stored: list[str] = []
        bound: list[str] = []
        edits: list[Edit] = []
        for name, reads in sorted(self._reads(early).items(), key=lambda item: item[1][0].lineno):
            attribute = self._attribute(name, early)
            if attribute is None:
                self._surely_bound(name)
                attribute = self._free(f"_{name.lstrip('_')}")
                stored.append(f"self.{attribute} = {name}")
            if self._in_place(reads, attribute):
                source = self.project.sources[self.constructor.module.path]
                edits += [Edit(*source.segment(read), f"self.{attribute}") for read in reads]
            else:
                bound.append(f"{name} = self.{attribute}")
        if stored:
            self._may_have_more_attributes()
        return Kept(tuple(stored), tuple(bound), tuple(edits))

    def _surely_bound(self, name: str) -> None:
        """Refused for a local name that only some way through the first half binds."""
        given = {argument.arg for argument in _parameters(self.constructor.init)}
        plain = ast.Assign | ast.AnnAssign | ast.AugAssign
        given |= {word for one in self.constructor.head if isinstance(one, plain) for word in _stored(one)}
        if name not in given:
            raise Refused(f"`{name}` is bound under a condition before the query and needed behind it: bind it plainly")

    def _reads(self, early: tuple[ast.stmt, ...]) -> dict[str, list[ast.Name]]:
        """Each name that the tail reads and that a parameter or the head binds."""
        outer = {arg.arg for arg in _parameters(self.constructor.init)} | {
            node.id
            for statement in self.constructor.head
            for node in own_nodes(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        found: dict[str, list[ast.Name]] = {}
        for statement in self.constructor.tail:
            if statement not in early:
                for node in ast.walk(statement):
                    if isinstance(node, ast.Name) and node.id in outer - {"self"} and self._ours(node):
                        found.setdefault(node.id, []).append(node)
        self._no_other_names()
        return found

    def _ours(self, node: ast.Name) -> bool:
        """Whether a name inside a lambda or a comprehension is still that of the constructor."""
        for function in self._scopes.functions(node):
            if function is self.constructor.init:
                return True
            if node.id in self._scopes.bindings(function):
                return False
        return False

    def _no_other_names(self) -> None:
        for statement in self.constructor.head:
            if any(isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef) for node in own_nodes(statement)):
                raise Refused("__init__ imports or defines something before it talks to the database: move that out")

    def _in_place(self, reads: list[ast.Name], attribute: str) -> bool:
        """Whether each read can be written as the attribute: not where the name is given another value there."""
        source = self.project.sources[self.constructor.module.path]
        plain = all(isinstance(read.ctx, ast.Load) for read in reads)
        parents = self._scopes.parents
        strings = any(isinstance(above, ast.JoinedStr) for read in reads for above in self._scopes.ancestors(read))
        named = any(isinstance(parents[read], ast.comprehension | ast.NamedExpr) for read in reads)
        longer = len(f"self.{attribute}") - len(reads[0].id)
        lines = Counter(read.lineno for read in reads)
        fits = all(len(line_text(source, n)) + k * longer <= self.project.line_length for n, k in lines.items())
        return plain and fits and not strings and not named and all(source.exact(read) for read in reads)

    def _attribute(self, name: str, early: tuple[ast.stmt, ...]) -> str | None:
        """The attribute that holds the value already: `self.author_id = author_id`, assigned nowhere else."""
        kept = None
        for statement in (*self.constructor.head, *early):
            if name in _stored(statement):
                kept = None
            target = _self_target(statement)
            value = getattr(statement, "value", None)
            if target and isinstance(value, ast.Name) and value.id == name and self._assigned_once(target):
                kept = target
            elif isinstance(value, ast.Call) and statement is self.constructor.head[-1]:
                kept = kept or self._kept_above(name, value)
        return kept

    def _kept_above(self, name: str, call: ast.Call) -> str | None:
        """The attribute under which the base's constructor keeps what `super().__init__(...)` passes by that name."""
        above = self.constructor.above
        init = self.project.callgraph.targets.members.own(above, "__init__") if above else None
        if init is None or any(isinstance(argument, ast.Starred) for argument in call.args):
            return None
        names = [argument.arg for argument in init.args.args[1:]]
        given = [*zip(names, call.args, strict=False), *((word.arg, word.value) for word in call.keywords)]
        passed = {key for key, value in given if isinstance(value, ast.Name) and value.id == name}
        rebound = {word for statement in init.body for word in _stored(statement)}
        for statement in init.body:
            target, value = _self_target(statement), getattr(statement, "value", None)
            if target and isinstance(value, ast.Name) and value.id in passed - rebound and self._assigned_once(target):
                return target
        return None

    def _assigned_once(self, attribute: str) -> bool:
        """Whether one place alone in the class, those above it and those below it gives the attribute a value."""
        members, owner = self.project.callgraph.targets.members, self.constructor.owner
        family = [*self.project.bases(owner), *self.project.below(owner)]
        if members.nearest(owner, attribute) or any("setattr" in _words(one.node) for one in family):
            return False
        return sum(_gives(node, attribute) for one in family for node in ast.walk(one.node)) == 1

    def _inert(self, statement: ast.stmt) -> bool:
        target = _self_target(statement)
        value = getattr(statement, "value", None)
        if target is None or not isinstance(value, ast.Name | ast.Constant) or not self._assigned_once(target):
            return False
        names = {arg.arg for arg in _parameters(self.constructor.init)}
        rebound = {name for one in self.constructor.init.body for name in _stored(one)}
        if isinstance(value, ast.Name) and (value.id not in names or value.id in rebound):
            return False
        return self._stands_alone(statement)

    def _stands_alone(self, statement: ast.stmt) -> bool:
        """Whether the statement has lines of its own without a comment on or above them."""
        source = self.project.sources[self.constructor.module.path]
        body = self.constructor.init.body
        above = body[body.index(statement) - 1].end_lineno or 0
        last = statement.end_lineno or statement.lineno
        own = all("#" not in line_text(source, line) for line in range(above + 1, last + 1))
        ends = line_end(source, last) == source.segment(statement)[1]
        return own and ends and above < statement.lineno

    def _free(self, name: str) -> str:
        family = [self.constructor.owner, *self.project.below(self.constructor.owner)]
        while name in self.project.references.by_name or any(
            self.project.callgraph.targets.members.nearest(one, name) for one in family
        ):
            name = f"{name}_"
        return name

    def _may_have_more_attributes(self) -> None:
        for one in self.project.bases(self.constructor.owner):
            if seen := _words(one.node) & _OWN_ATTRIBUTES:
                raise Refused(
                    f"the class looks at its own attributes (`{min(seen)}`) and would get more: split it by hand"
                )


def _words(node: ast.AST) -> set[str]:
    """Every name that stands below a node: variables, attributes and methods."""
    found = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            found.add(one.id)
        elif isinstance(one, ast.Attribute):
            found.add(one.attr)
        elif isinstance(one, ast.FunctionDef):
            found.add(one.name)
    return found


def _gives(node: ast.AST, attribute: str) -> bool:
    """Whether a node assigns to the attribute: on `self`, or as a name of the class body."""
    if isinstance(node, ast.Attribute):
        on_self = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        return on_self and node.attr == attribute and not isinstance(node.ctx, ast.Load)
    return isinstance(node, ast.ClassDef) and any(
        isinstance(target, ast.Name) and target.id == attribute
        for item in node.body
        for target in (item.targets if isinstance(item, ast.Assign) else [getattr(item, "target", None)])
    )


def _parameters(init: ast.FunctionDef) -> Iterator[ast.arg]:
    given = init.args
    for argument in (*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg):
        if argument is not None:
            yield argument


def _self_target(statement: ast.stmt) -> str | None:
    """`x` of a plain `self.x = ...`."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    else:
        return None
    on_self = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    return target.attr if on_self and isinstance(target, ast.Attribute) else None


def _stored(statement: ast.stmt) -> set[str]:
    return {
        node.id
        for node in own_nodes(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del)
    }
