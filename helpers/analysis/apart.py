"""Engines that stay as they are: those of Alembic's environment and of tests, on which no session depends."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.analysis.flow import named
from helpers.analysis.loops import is_of_tests
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_CONNECTS = frozenset({"connect", "begin", "raw_connection"})
_ITSELF = "execution_options"  # gives an engine or a connection again
# what only works on the engine or the connection that it is given, and keeps it from everybody else
_WORKS_ON_IT = frozenset(
    {"create_all", "drop_all", "reflect", "create", "drop", "inspect", "listen", "listens_for", "Table", "MetaData"}
    | {"read_sql", "read_sql_query", "read_sql_table", "to_sql", "create_database", "drop_database", "database_exists"}
    | {"configure"}
)


@dataclass(frozen=True, eq=False)
class Apart:
    """Answers for the engines of one project."""

    project: Project

    def stays(self, made: ast.Call, module: Module) -> bool:
        """Whether `create_engine(...)` makes an engine that nobody shares with the application's sessions.

        That is proved for engines of tests, and of an Alembic environment: every place that names one is seen.
        """
        home = is_of_tests(module.path) or any(one.startswith("alembic") for one in module.imports.values())
        return home and self._kept(made, module)

    def _kept(self, made: ast.expr, module: Module) -> bool:
        """Whether every place that holds what `made` gives keeps it to itself."""
        parents = self.project.scopes(module).parents
        above = parents[made]
        if isinstance(above, ast.Assign) and above.value is made and len(above.targets) == 1:
            places = self._places(above.targets[0], made, module)
            return places is not None and all(self._use(node, where) for node, where in places)
        return self._use(made, module)

    def _places(self, target: ast.expr, made: ast.expr, module: Module) -> list[tuple[ast.expr, Module]] | None:
        """The places that read what is assigned; None where not all of them can be told."""
        scopes = self.project.scopes(module)
        if isinstance(target, ast.Attribute):
            return self._attribute(target, module)
        if not isinstance(target, ast.Name):
            return None
        function = scopes.function(target)
        if function is None:
            definition = Definition(module, target.id, made)
            alone = len(scopes.top_level(target.id)) == 1 and module.definitions.get(target.id) is made
            return [(one.node, one.module) for one in self.project.references.of(definition)] if alone else None
        if any(not self._makes(one.value, module) for one in scopes.lookup(target.id, target)):
            return None
        return [(read, module) for read in named(function, target.id) if isinstance(read.ctx, ast.Load)]

    def _attribute(self, target: ast.Attribute, module: Module) -> list[tuple[ast.expr, Module]] | None:
        """Every place that reads `self.admin`, and what may be it on an instance of unknown class."""
        owner = self.project.class_of(target, module)
        if owner is None or getattr(target.value, "id", "") != "self":
            return None
        named_alike = self.project.references.by_name.get(target.attr, ())
        return [
            (node, where)
            for where, node in named_alike
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and self._may_be(node, where, owner)
        ]

    def _may_be(self, node: ast.Attribute, module: Module, owner: Definition) -> bool:
        if getattr(node.value, "id", "") in ("self", "cls"):
            around = self.project.class_of(node, module)
            return around is None or self._related(around, owner)
        typed = self.project.sessions.of(node.value, module)
        if typed is not None and typed.owner is not None:
            return self._related(typed.owner, owner)
        return typed is None

    def _related(self, one: Definition, other: Definition) -> bool:
        above = [base.node for base in self.project.bases(one)]
        return other.node in above or one.node in [base.node for base in self.project.bases(other)]

    def _makes(self, value: ast.expr | None, module: Module) -> bool:
        return isinstance(value, ast.Call) and self.project.meanings.is_sqlalchemy(value.func, module, "create_engine")

    def _use(self, node: ast.expr, module: Module) -> bool:
        """Whether a place works on the engine, or on a connection of it, and hands it to nobody."""
        parents = self.project.scopes(module).parents
        above = parents[node]
        if not isinstance(above, ast.Attribute):
            return self._looked_at(node, above, module)
        call = parents[above]
        if isinstance(call, ast.Call) and call.func is above and above.attr == _ITSELF:
            return self._kept(call, module)
        if isinstance(call, ast.Call) and call.func is above and above.attr in _CONNECTS:
            return self._connection(call, module)
        return True

    def _connection(self, call: ast.Call, module: Module) -> bool:
        parents = self.project.scopes(module).parents
        above = parents[call]
        target = None
        if isinstance(above, ast.Assign) and len(above.targets) == 1:
            target = above.targets[0]
        elif isinstance(above, ast.withitem):
            target = above.optional_vars
        else:
            return self._on(call, module)
        return target is None or all(self._on(read, module) for read in self._reads(target, module))

    def _reads(self, target: ast.expr, module: Module) -> Iterator[ast.expr]:
        function = self.project.scopes(module).function(target)
        if function is None or not isinstance(target, ast.Name):
            yield target  # where it goes is not followed
            return
        yield from (read for read in named(function, target.id) if isinstance(read.ctx, ast.Load))

    def _on(self, read: ast.expr, module: Module) -> bool:
        """Whether a place that reads a connection works on it and hands it to nobody."""
        parents = self.project.scopes(module).parents
        above = parents[read]
        if isinstance(above, ast.Attribute) and above.attr == _ITSELF:
            call = parents[above]
            return isinstance(call, ast.Call) and call.func is above and self._connection(call, module)
        return isinstance(above, ast.Attribute) or self._looked_at(read, above, module)

    def _looked_at(self, node: ast.expr, above: ast.AST, module: Module) -> bool:
        """Whether what is around a place only looks at it, or is known to work on it."""
        if isinstance(above, ast.Compare | ast.Expr | ast.If | ast.UnaryOp):
            return True
        call = self.project.scopes(module).parents[above] if isinstance(above, ast.keyword) else above
        if not isinstance(call, ast.Call) or call.func is node:
            return False
        edges = self.project.callgraph.at.get(call, ())
        if any(edge.tier > Tier.BY_NAME for edge in edges) or self.project.sessions.of(call, module) is not None:
            return False
        name = (dotted_name(call.func) or "").rpartition(".")[2]
        if name == "configure":
            return self.project.meanings.external(call.func, module).startswith("alembic")
        return name in _WORKS_ON_IT
