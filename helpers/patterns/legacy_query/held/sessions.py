"""How sessions are named: by what scope a name is bound, and whether `self.x` stays the same."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition as Named
from helpers.analysis.symbols import External, Module, dotted_name
from helpers.patterns.legacy_query.held.callees import Callees
from helpers.patterns.legacy_query.held.family import Site
from helpers.patterns.legacy_query.refusal import Refused

_BEGINNINGS = frozenset({"__init__", "__post_init__", "__enter__", "__aenter__", "setUp", "setup_method", "setup"})


@dataclass(frozen=True)
class Ref:
    """A session by name: `text` as written where it is used, `scope` what binds its first part.

    The scope is a function, a class for what begins with `self`, or the dotted name of what the project or a library
    defines. `carried` is the parameter of a function by which a Query came in whose session has no name there.
    """

    text: str
    scope: ast.AST | str
    carried: ast.arg | None = None

    @property
    def root(self) -> str:
        """The first part of the name."""
        return self.text.partition(".")[0]

    @property
    def rest(self) -> str:
        """What follows the first part, with its dot."""
        return self.text[len(self.root) :]


@dataclass(frozen=True, eq=False)
class SessionNames:
    """Answers for the expressions of one project."""

    project: Project
    callees: Callees

    def named(self, node: ast.expr, module: Module) -> Ref:
        """An expression as a reference. Refused for calls and the like, which must not run twice."""
        text = dotted_name(node)
        if text is None:
            raise Refused(
                f"its session comes from an expression ({module.path}:{node.lineno}): give the session a name"
            )
        return Ref(text, self._scope(text, node, module))

    def _scope(self, text: str, at: ast.expr, module: Module) -> ast.AST | str:
        root = text.partition(".")[0]
        scopes = self.project.scopes(module)
        for function in scopes.functions(at):
            bindings = scopes.bindings(function).get(root)
            if not bindings:
                continue
            if all(isinstance(one.node, ast.Import | ast.ImportFrom) for one in bindings):
                break
            owner = scopes.parents.get(function)
            first = isinstance(bindings[0].node, ast.arg) and root in ("self", "cls")
            if first and isinstance(owner, ast.ClassDef):
                self.steady(text, at, module)
                return owner
            return function
        found = self.project.resolve(module, root, at)
        if isinstance(found, Named):
            return found.qualified
        if isinstance(found, External | Module):
            return found.name
        return f"{module.name}.{root}"

    def steady(self, text: str, at: ast.expr, module: Module) -> None:
        """Refused when `self.x` is assigned outside of what makes the object."""
        parts = text.split(".")
        if len(parts) < 2:
            return
        owner = self.project.class_of(at, module)
        classes = [owner, *self.project.below(owner)] if owner else []
        for one in [one for found in classes for one in self.project.attributes(found, parts[1])]:
            if one.value is None:
                continue
            function = self.project.scopes(one.module).function(one.value)
            if function is not None and getattr(function, "name", "") not in _BEGINNINGS:
                raise Refused(f"`{text}` is assigned again elsewhere ({one.module.path}:{one.value.lineno})")

    def at(self, ref: Ref, site: Site) -> ast.AST | str:
        """What binds the first part of a reference where a site stands."""
        scopes = self.project.scopes(site.module)
        for function in scopes.functions(site.value):
            if bindings := scopes.bindings(function).get(ref.root):
                if all(isinstance(one.node, ast.Import | ast.ImportFrom) for one in bindings):
                    break
                owner = scopes.parents.get(function)
                return owner if ref.root in ("self", "cls") and isinstance(owner, ast.ClassDef) else function
        found = self.project.resolve(site.module, ref.root, site.value)
        if isinstance(found, Named):
            return found.qualified
        return found.name if isinstance(found, External | Module) else f"{site.module.name}.{ref.root}"
