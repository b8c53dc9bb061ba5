"""Where a function's session surely commits: a call of commit(), of a function that commits, the end of a `with`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from helpers.analysis.flow import own_nodes
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.sessions import Tier
from helpers.analysis.symbols import Definition, Module, dotted_name


@dataclass(frozen=True, eq=False)
class Commit:
    """A statement behind which what `session` (its source text) holds was committed, or lost what it had loaded.

    `names` are the objects that it is about; None for all of the session.
    """

    statement: ast.stmt
    session: str
    function: FunctionNode
    module: Module
    names: frozenset[str] | None = None


@dataclass(eq=False)
class Commits:
    """Answers for one project; `method` is what counts as the event, `commit` or `rollback`."""

    project: Project
    method: str = "commit"
    _sure: dict[ast.AST, frozenset[str]] = field(default_factory=dict, repr=False)

    @cached_property
    def all(self) -> tuple[Commit, ...]:
        """Every commit in a function of the project, in the order of the text."""
        return tuple(found for module in self.project.symbols.modules.values() for found in self.of_module(module))

    def of_module(self, module: Module) -> Iterator[Commit]:
        """The commits in the functions of one module."""
        functions: list[FunctionNode] = [*module.nodes.of(ast.FunctionDef), *module.nodes.of(ast.AsyncFunctionDef)]
        for function in functions:
            yield from self.of_function(function, module)

    def of_function(self, function: FunctionNode, module: Module) -> Iterator[Commit]:
        """The commits of one function's own statements."""
        for statement in function.body:
            for node in own_nodes(statement):
                if isinstance(node, ast.stmt):
                    yield from (Commit(node, text, function, module) for text in self.sessions(node, module))

    def sessions(self, statement: ast.stmt, module: Module) -> Iterator[str]:
        """The sessions that a statement commits, as source text."""
        if isinstance(statement, ast.With):
            for item in statement.items:
                yield from self._entered(item.context_expr, module)
        if isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Call):
            call = statement.value
            if own := self.direct(call, module):
                yield own
            else:
                yield from self._through(call, module)

    def direct(self, call: ast.Call, module: Module) -> str:
        """The session of `session.commit()`, as source text; empty for any other call."""
        named = isinstance(call.func, ast.Attribute) and call.func.attr == self.method and not call.args
        if not named or not isinstance(call.func, ast.Attribute):
            return ""
        return ast.unparse(call.func.value) if self._is_session(call.func.value, module) else ""

    def _is_session(self, node: ast.expr, module: Module) -> bool:
        tier = self.project.sessions.tier(node, module)
        return tier is not None and tier >= Tier.BY_NAME

    def _entered(self, node: ast.expr, module: Module) -> Iterator[str]:
        """`with session.begin():` commits at its end, and so does a context manager of the project that does."""
        if not isinstance(node, ast.Call):
            return
        begins = isinstance(node.func, ast.Attribute) and node.func.attr == "begin" and self.method == "commit"
        if begins and isinstance(node.func, ast.Attribute) and self._is_session(node.func.value, module):
            yield ast.unparse(node.func.value)
        yield from self._through(node, module, generator=True)

    def _through(self, call: ast.Call, module: Module, *, generator: bool = False) -> Iterator[str]:
        """The sessions passed to a function that surely commits them."""
        found = self.project.resolve(module, dotted_name(call.func) or "", call.func)
        if not (isinstance(found, Definition) and isinstance(found.node, FunctionNode)):
            return
        if generator != _yields(self.project, found):
            return
        parameters = [argument.arg for argument in (*found.node.args.posonlyargs, *found.node.args.args)]
        sure = self._surely(found)
        given = [*zip(parameters, call.args, strict=False), *((word.arg, word.value) for word in call.keywords)]
        yield from (ast.unparse(value) for name, value in given if name in sure)

    def _surely(self, found: Definition) -> frozenset[str]:
        """The parameters of a function on which it commits whenever it returns."""
        if found.node not in self._sure and isinstance(found.node, FunctionNode):
            self._sure[found.node] = frozenset()
            names = {argument.arg for argument in (*found.node.args.args, *found.node.args.kwonlyargs)}
            parents = self.project.scopes(found.module).parents
            commits = self.of_function(found.node, found.module)
            yields = [node.lineno for node in self.project.scopes(found.module).results(found.node)]
            yields = yields if _yields(self.project, found) else [0]
            self._sure[found.node] = frozenset(
                commit.session
                for commit in commits
                if commit.session in names
                and commit.statement.lineno > max(yields)  # what is committed before the yield may change behind it
                and _unconditional(commit.statement, parents, found.node)
            )
        return self._sure[found.node]


def _unconditional(statement: ast.AST, parents: Mapping[ast.AST, ast.AST], function: ast.AST) -> bool:
    """Whether a statement runs whenever its function does, unless something is raised."""
    node = statement
    while (parent := parents.get(node)) is not None and parent is not function:
        in_body = isinstance(parent, ast.Try) and node in parent.body
        if not (isinstance(parent, ast.With) or in_body):
            return False
        node = parent
    return True


def _yields(project: Project, found: Definition) -> bool:
    assert isinstance(found.node, FunctionNode)
    results = project.scopes(found.module).results(found.node)
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in results)
