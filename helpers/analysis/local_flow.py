"""Which assignments of a local name reach which of its uses, along every path through one function."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from helpers.analysis.local_definitions import Definition, Function, Reached, State, arguments_of, join
from helpers.analysis.nodes import children
from helpers.analysis.symbols import dotted_name

_ROUNDS = 12


@dataclass(eq=False)
class Flow:
    """The local names of one function (or of a module's own code).

    `reads` maps each use of a name to what reaches it. A use inside a nested function or a lambda, which runs later,
    stands in `later` and may see every definition.
    """

    function: Function | ast.Module
    watched: frozenset[str] = frozenset()
    reads: dict[ast.Name, frozenset[Reached]] = field(default_factory=dict)
    definitions: dict[ast.AST, list[Definition]] = field(default_factory=dict)
    later: dict[str, list[ast.Name]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    _made: dict[tuple[int, str], Definition] = field(default_factory=dict)
    _escapes: list[list[State]] = field(default_factory=list)
    _loops: list[tuple[list[State], list[State]]] = field(default_factory=list)

    def run(self) -> Flow:
        """Walk the function once; loops until nothing changes."""
        state: State = {}
        if not isinstance(self.function, ast.Module):
            for argument in arguments_of(self.function):
                state = self._define(state, argument.arg, argument, None)
        if isinstance(self.function, ast.Lambda):
            self._expression(self.function.body, state)
        else:
            self._block(self.function.body, state)
        return self

    def all_definitions(self, name: str) -> list[Definition]:
        """Every definition of a name, in no order."""
        return [one for found in self.definitions.values() for one in found if one.name == name]

    # statements

    def _block(self, body: Iterable[ast.stmt], state: State | None) -> State | None:
        for statement in body:
            if state is None:
                state = {}  # unreachable: read it all the same
            state = self._statement(statement, state)
        return state

    def _statement(self, node: ast.stmt, state: State) -> State | None:
        match node:
            case ast.If():
                state = self._expression(node.test, state)
                return join(self._block(node.body, dict(state)), self._block(node.orelse, dict(state)))
            case ast.For() | ast.AsyncFor():
                return self._loop(node, self._expression(node.iter, state))
            case ast.While():
                return self._loop(node, state)
            case ast.Try():
                return self._try(node, state)
            case ast.With() | ast.AsyncWith():
                return self._with(node, state)
            case ast.Match():
                return self._match(node, state)
            case ast.Return() | ast.Raise():
                self._below(node, state)
                return None
            case ast.Break() | ast.Continue():
                if self._loops:
                    self._loops[-1][isinstance(node, ast.Continue)].append(state)
                return None
        if type(node).__name__ == "TryStar":
            return self._try(node, state)  # type: ignore[arg-type]
        return self._simple(node, state)

    def _simple(self, node: ast.stmt, state: State) -> State:
        match node:
            case ast.Assign():
                state = self._expression(node.value, state)
                for target in node.targets:
                    state = self._target(target, node.value, node, state)
            case ast.AnnAssign():
                if node.value is None:
                    return state
                state = self._target(node.target, node.value, node, self._expression(node.value, state))
            case ast.AugAssign():
                state = self._expression(node.value, self._load(node.target, state))
                state = self._target(node.target, None, node, state)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                state = self._nested(node, state)
            case ast.ClassDef():
                for part in [*node.decorator_list, *node.bases, *(item.value for item in node.keywords)]:
                    state = self._expression(part, state)
                self._later(node.body)
                state = self._define(state, node.name, node, None)
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    state = self._define(state, alias.asname or alias.name.partition(".")[0], node, None)
            case ast.Global() | ast.Nonlocal():
                self.shared.update(node.names)
            case ast.Delete():
                for target in node.targets:
                    state = self._target(target, None, node, self._load(target, state))
            case _:
                state = self._below(node, state)
        return state

    def _below(self, node: ast.AST, state: State) -> State:
        for child in children(node):
            if isinstance(child, ast.expr):
                state = self._expression(child, state)
        return state

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, state: State) -> State | None:
        back: State | None = None
        breaks: list[State] = []
        for _ in range(_ROUNDS):
            start = join(dict(state), back) or {}
            entered = self._head(node, start)
            breaks = []
            continues: list[State] = []
            self._loops.append((breaks, continues))
            end = self._block(node.body, dict(entered))
            self._loops.pop()
            for one in continues:
                end = join(end, one)
            if join(back, end) == back:
                break
            back = join(back, end)
        start = join(dict(state), back) or {}
        done = self._expression(node.test, start) if isinstance(node, ast.While) else start
        out = self._block(node.orelse, done) if node.orelse else done
        for one in breaks:
            out = join(out, one)
        return out

    def _head(self, node: ast.For | ast.AsyncFor | ast.While, state: State) -> State:
        if isinstance(node, ast.While):
            return self._expression(node.test, state)
        return self._target(node.target, None, node, state)

    def _try(self, node: ast.Try, state: State) -> State | None:
        seen: list[State] = [dict(state)]
        self._escapes.append(seen)
        end = self._block(node.body, dict(state))
        self._escapes.pop()
        raised: State = {}
        one: State | None
        for one in seen:
            raised = join(raised, one) or {}
        outs = [self._block(node.orelse, end) if end is not None else None]
        for handler in node.handlers:
            start = self._expression(handler.type, dict(raised)) if handler.type else dict(raised)
            if handler.name:
                start = self._define(start, handler.name, handler, None)
            outs.append(self._block(handler.body, start))
        out: State | None = None
        for one in outs:
            out = join(out, one)
        if not node.finalbody:
            return out
        final = self._block(node.finalbody, join(dict(raised), out) or {})
        return final if out is not None else None

    def _with(self, node: ast.With | ast.AsyncWith, state: State) -> State | None:
        for item in node.items:
            state = self._expression(item.context_expr, state)
            if item.optional_vars is not None:
                state = self._target(item.optional_vars, None, item, state)
        before = dict(state)
        end = self._block(node.body, state)
        # a context manager may swallow what is raised inside
        return join(before, end) if end is None else end

    def _match(self, node: ast.Match, state: State) -> State | None:
        state = self._expression(node.subject, state)
        out: State | None = dict(state)
        for case in node.cases:
            start = dict(state)
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    start = self._define(start, name, part, None)
            start = self._expression(case.guard, start) if case.guard else start
            out = join(out, self._block(case.body, start))
        return out

    def _nested(self, node: ast.FunctionDef | ast.AsyncFunctionDef, state: State) -> State:
        outside = [*node.decorator_list, *node.args.defaults, *(item for item in node.args.kw_defaults if item)]
        for part in outside:
            state = self._expression(part, state)
        self._later(node.body)
        return self._define(state, node.name, node, None)

    # expressions

    def _expression(self, node: ast.expr, state: State) -> State:
        match node:
            case ast.Name():
                return self._load(node, state)
            case ast.NamedExpr(target=target, value=value):
                return self._target(target, value, node, self._expression(value, state))
            case ast.Lambda():
                for part in [*node.args.defaults, *(item for item in node.args.kw_defaults if item)]:
                    state = self._expression(part, state)
                self._later([node.body])
                return state
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self._comprehension(node, state)
            case ast.IfExp():
                state = self._expression(node.test, state)
                one, two = self._expression(node.body, dict(state)), self._expression(node.orelse, dict(state))
                return join(one, two) or {}
            case ast.BoolOp():
                for value in node.values:
                    state = join(dict(state), self._expression(value, state)) or {}
                return state
        for child in children(node):
            if isinstance(child, ast.expr):
                state = self._expression(child, state)
            elif isinstance(child, ast.keyword):
                state = self._expression(child.value, state)
        return state

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, state: State) -> State:
        first, *others = node.generators
        state = self._expression(first.iter, state)
        own = {part.id for one in node.generators for part in ast.walk(one.target) if isinstance(part, ast.Name)}
        elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        parts = [*first.ifs, *(part for one in others for part in [one.iter, *one.ifs]), *elements]
        if isinstance(node, ast.GeneratorExp):
            self._later(parts, own)
            return state
        inside = {name: reached for name, reached in state.items() if name not in own}
        for part in parts:
            inside = self._expression(part, inside)
        return {**inside, **{name: reached for name, reached in state.items() if name in own}}

    def _load(self, node: ast.expr, state: State) -> State:
        if isinstance(node, ast.Name):
            self.reads[node] = self.reads.get(node, frozenset()) | state.get(node.id, frozenset())
            return state
        return self._below(node, state)

    def _target(self, target: ast.expr, value: ast.expr | None, node: ast.AST, state: State) -> State:
        match target:
            case ast.Name():
                return self._define(state, target.id, node, value)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                written = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(parts)
                starred = any(isinstance(part, ast.Starred) for part in parts)
                given = value.elts if written and not starred and isinstance(value, ast.Tuple | ast.List) else None
                for index, part in enumerate(parts):
                    state = self._target(part, given[index] if given else None, node, state)
                return state
            case ast.Starred(value=inner):
                return self._target(inner, None, node, state)
            case ast.Attribute():
                state = self._expression(target.value, state)
                return self._rebound(state, dotted_name(target) or "")
        return self._below(target, state)

    def _define(self, state: State, name: str, node: ast.AST, value: ast.expr | None) -> State:
        key = (id(node), name)
        if key not in self._made:
            self._made[key] = Definition(name, node, value)
            self.definitions.setdefault(node, []).append(self._made[key])
        state = self._rebound(state, name)
        state[name] = frozenset({Reached(self._made[key])})
        for seen in self._escapes:
            seen.append(dict(state))
        return state

    def _rebound(self, state: State, name: str) -> State:
        if name not in self.watched:
            return dict(state)
        return {
            key: frozenset(Reached(one.definition, one.rebound | {name}) for one in reached)
            for key, reached in state.items()
        }

    def _later(self, parts: Iterable[ast.AST], own: Iterable[str] = ()) -> None:
        hidden = set(own)
        for part in parts:
            for node in ast.walk(part):
                if isinstance(node, ast.Name) and node.id not in hidden:
                    self.later.setdefault(node.id, []).append(node)
                elif isinstance(node, ast.Nonlocal | ast.Global):
                    self.shared.update(node.names)
