"""What the code around a Query does with it, where no terminal follows."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.analysis.project import Project
from helpers.analysis.symbols import External, Module, dotted_name
from helpers.patterns.legacy_query.held.callees import Function
from helpers.patterns.legacy_query.held.family import Inner, Local, Returned, Site
from helpers.patterns.legacy_query.operands import in_set, member_of
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.rendered import rendered
from helpers.patterns.legacy_query.usage import Usage

if TYPE_CHECKING:
    from helpers.patterns.legacy_query.held.tracer import Tracer

# these take a select() where they take a Query, and do the same with it
_THIRD_PARTY = {"fastapi_pagination.ext.sqlalchemy.paginate": 1}
_RUNS = frozenset({"execute", "scalars", "scalar"})


@dataclass(frozen=True, eq=False)
class Consumers:
    """Reads the place of one site."""

    tracer: Tracer
    site: Site

    def consume(self) -> None:
        """Say what uses the site's Query, and follow it where it is only carried on."""
        node, module = self.site.node, self.site.module
        usage = Usage(self.tracer.project, module)
        parent = self._parent(node)
        looped = usage.iterated(node) or rendered(self.tracer.project, module, node)
        if looped or (isinstance(parent, ast.Subscript) and parent.value is node):
            self.site.use = "run"
        elif usage.in_operand(node):
            self.site.use = "operand"
        elif in_set(self.tracer.project, module, node):
            raise Refused(f"it is an operand of a union and made elsewhere ({self.site.place})")
        elif member_of(self.tracer.project, module, node):
            self.site.use = "member"
        else:
            self._carried(parent)

    def _parent(self, node: ast.AST) -> ast.AST | None:
        return self.tracer.project.scopes(self.site.module).parents.get(node)

    def _carried(self, parent: ast.AST | None) -> None:
        node = self.site.node
        match parent:
            case ast.Assign(targets=targets):
                for target in targets:
                    self._target(target, parent)
            case ast.AnnAssign(target=target):
                self._target(target, parent)
            case ast.NamedExpr(target=target):
                self._target(target, parent)
                self._through(parent)
            case ast.IfExp() if node is not parent.test:
                self._through(parent)
            case ast.Return():
                self._returned(parent)
            case ast.Tuple() | ast.List():
                self._unpacked(parent)
            case ast.Call():
                self._passed(parent)
            case ast.keyword():
                call = self._parent(parent)
                assert isinstance(call, ast.Call)
                self._passed(call)
            case ast.Compare():
                self._compared(parent)
            case ast.Expr():
                self.site.use = "kept as is"
            case ast.If() | ast.While() | ast.IfExp() | ast.Assert() | ast.BoolOp() if self._tested(parent):
                self.site.use = "tested"
            case ast.UnaryOp(op=ast.Not()):
                self.site.use = "tested"
            case _:
                raise Refused(f"{self._how(parent)} ({self.site.place})")

    def _how(self, parent: ast.AST | None) -> str:
        if isinstance(parent, ast.If | ast.While | ast.UnaryOp | ast.BoolOp | ast.IfExp | ast.Assert):
            return "its truth is asked for, which is always true of a Query and an error in select(): say what is meant"
        if isinstance(parent, ast.FormattedValue):
            return "its SQL text is made, whose labels differ"
        if isinstance(parent, ast.Lambda):
            return "a lambda gives it"
        if isinstance(parent, ast.Yield | ast.YieldFrom):
            return "it is yielded"
        if isinstance(parent, ast.Dict | ast.Set):
            return "it is put into a container"
        if isinstance(parent, ast.arguments):
            return "it is a default value"
        if isinstance(parent, ast.comprehension | ast.GeneratorExp):
            return "it is iterated later"
        return "it is used as a value"

    def _target(self, target: ast.expr, parent: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> None:
        tracer, module = self.tracer, self.site.module
        if isinstance(target, ast.Name):
            owner = tracer.project.scopes(module).function(target)
            if owner is None and self._in_class(target):
                raise Refused(f"it is kept in the body of a class ({self.site.place})")
            flow = tracer.names.flow(owner or module.tree, module)
            found = [one for one in flow.definitions.get(parent, ()) if one.name == target.id]
            if len(found) != 1:
                raise Refused(f"`{target.id}` is bound in a way that cannot be followed ({self.site.place})")
            tracer.feed(self.site, Local(found[0], flow, module))
        elif isinstance(target, ast.Attribute) and (kept := tracer.kept(target, module)):
            tracer.feed(self.site, kept)
        else:
            raise Refused(f"it is put into `{ast.unparse(target)[:40]}` ({self.site.place})")

    def _in_class(self, node: ast.AST) -> bool:
        for one in self.tracer.project.scopes(self.site.module).ancestors(node):
            if isinstance(one, ast.ClassDef):
                return True
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return False
        return False

    def _tested(self, parent: ast.AST) -> bool:
        """Whether only the truth of the Query is asked for: the value itself goes nowhere."""
        node: ast.AST = self.site.node
        above: ast.AST | None = parent
        while isinstance(above, ast.BoolOp):
            node, above = above, self._parent(above)
        if isinstance(above, ast.UnaryOp) and isinstance(above.op, ast.Not):
            return True
        return getattr(above, "test", None) is node

    def _through(self, node: ast.expr) -> None:
        self.tracer.feed(self.site, Inner(node, self.site.module))

    def _returned(self, node: ast.Return) -> None:
        function = self.tracer.project.scopes(self.site.module).function(node)
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        self.tracer.feed(self.site, Returned(self.tracer.callees.function(function, self.site.module)))

    def _unpacked(self, parent: ast.Tuple | ast.List) -> None:
        """`a, b = one, two` takes each by itself."""
        above = self._parent(parent)
        if isinstance(above, ast.Assign) and len(above.targets) == 1:
            target = above.targets[0]
            same = isinstance(target, ast.Tuple | ast.List) and len(target.elts) == len(parent.elts)
            if same and isinstance(target, ast.Tuple | ast.List) and not _starred([*target.elts, *parent.elts]):
                self._target(target.elts[parent.elts.index(self.site.node)], above)
                return
        raise Refused(f"it is put into a container ({self.site.place})")

    def _compared(self, parent: ast.Compare) -> None:
        others = [part for part in [parent.left, *parent.comparators] if part is not self.site.node]
        identity = all(isinstance(op, ast.Is | ast.IsNot) for op in parent.ops)
        if not (identity and all(isinstance(one, ast.Constant) and one.value is None for one in others)):
            raise Refused(f"it is compared ({self.site.place})")
        self.site.use = "kept as is"

    def _passed(self, call: ast.Call) -> None:
        tracer, module, node = self.tracer, self.site.module, self.site.node
        found = tracer.callees.of(call, module)
        if found:
            for function in found:
                self._parameter(function, call)
            return
        name = (dotted_name(call.func) or "").rpartition(".")[2]
        external = tracer.project.resolve(module, dotted_name(call.func) or "", call.func)
        if name == "isinstance" and call.args[:1] == [node] and self._asks_for_query(call):
            self.site.use = "kept as is"
            return
        known = _THIRD_PARTY.get(external.name) if isinstance(external, External) else None
        taken = known is not None and call.args[known : known + 1] == [node]
        if taken or (self._executes(call) and call.args[:1] == [node] and self._runs_queries):
            self.site.use = "kept as is"
        elif self._executes(call) and not self._runs_queries:
            raise Refused(f"it is executed as it is, which SQLAlchemy 2.1 does not do ({self.site.place}): call .all()")
        elif name in ("str", "repr", "print", "format") and not found:
            raise Refused(f"its SQL text is made, whose labels differ ({self.site.place})")
        else:
            text = ast.unparse(call.func)[:40]
            raise Refused(f"it is passed to `{text}`, which may need a Query ({self.site.place})")

    def _asks_for_query(self, call: ast.Call) -> bool:
        """Whether the second argument of isinstance() is Query, which becomes Select."""
        if len(call.args) != 2 or not is_query_class(self.tracer.project, call.args[1], self.site.module):
            return False
        self.site.asked.append(call.args[1])
        return True

    @property
    def _runs_queries(self) -> bool:
        """Whether execute() takes a Query in the application's SQLAlchemy: to 2.0 it does, in 2.1 it raises."""
        version = self.tracer.project.declared_sqlalchemy
        return version is not None and version < (2, 1)

    def _executes(self, call: ast.Call) -> bool:
        func = call.func
        return (
            isinstance(func, ast.Attribute)
            and func.attr in _RUNS
            and self.tracer.project.sessions.tier(func.value, self.site.module) is not None
        )

    def _parameter(self, function: Function, call: ast.Call) -> None:
        argument = function.parameter(call, self.site.node)
        if argument is None:
            name = function.node.name
            raise Refused(f"nobody can tell which parameter of `{name}` takes it ({self.site.place})")
        flow = self.tracer.names.flow(function.node, function.module)
        found = [one for one in flow.definitions.get(argument, ()) if one.name == argument.arg]
        self.tracer.feed(self.site, Local(found[0], flow, function.module))


def is_query_class(project: Project, node: ast.expr, module: Module) -> bool:
    """Whether a name is SQLAlchemy's Query."""
    found = project.symbols.resolve(module, dotted_name(node) or "")
    return isinstance(found, External) and found.name.startswith("sqlalchemy") and found.name.endswith(".Query")


def _starred(parts: list[ast.expr]) -> bool:
    return any(isinstance(part, ast.Starred) for part in parts)
