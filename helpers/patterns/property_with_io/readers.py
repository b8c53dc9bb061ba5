"""Every place that reads a property, or the reason why some place may that cannot be changed with it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, External, Module, dotted_name
from helpers.codemod.refused import Refused
from helpers.codemod.unread import not_named_unread
from helpers.patterns.property_with_io.families import Family
from helpers.patterns.property_with_io.others import Others

_BY_STRING = frozenset({"getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller", "object"})
_ALIASES = frozenset({"Field", "AliasPath", "AliasChoices", "field", "computed_field", "patch"})
_FAKES = frozenset({"SimpleNamespace", "Mock", "MagicMock", "AsyncMock", "NonCallableMock", "PropertyMock"})
_SCHEMAS = ("pydantic", "sqlmodel", "strawberry", "marshmallow", "graphene", "ninja")
_TEMPLATES = ("*.html", "*.htm", "*.jinja", "*.jinja2", "*.j2", "*.mako", "*.txt.tpl")
_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{.*?\}", re.DOTALL)
_SKIPPED = frozenset({".git", "node_modules", ".venv", "venv", "site-packages", ".workbook", "dist", "build"})


@dataclass(frozen=True, eq=False)
class Readers:
    """Finds the readers of one family."""

    project: Project
    family: Family

    def all(self) -> Iterator[tuple[Module, ast.Attribute]]:
        """The attributes that read the property. Refused when some place may read it in a way that cannot follow."""
        not_named_unread(self.project, self.family.name)
        self._strings()
        self._schemas()
        self._templates()
        for module, node in self.project.references.by_name.get(self.family.name, ()):
            if isinstance(node, ast.Attribute) and self._is_ours(node, module):
                self._can_be_called(node, module)
                yield module, node

    def _is_ours(self, node: ast.Attribute, module: Module) -> bool:
        """Whether an attribute of that name is this property. Refused where nothing tells."""
        value = node.value
        own = isinstance(value, ast.Name) and value.id in ("self", "cls")
        if own or (isinstance(value, ast.Call) and dotted_name(value.func) == "super"):
            owner = self.project.class_of(node, module)
            return owner is not None and self._of_class(owner, node, module)
        found = self.project.resolve(module, dotted_name(value) or "", value)
        if isinstance(found, External | Module):
            return False
        if isinstance(found, Definition) and isinstance(found.node, ast.ClassDef):
            return self._on_the_class(node, found, module)
        if (one := self.project.instances.of(value, module)) is not None:
            return self._of_class(one, node, module)
        if Others(self.project).surely(value, module):
            return False
        where = f"{module.path}:{node.lineno}"
        raise Refused(f"`{ast.unparse(node)}` at {where} may read it: annotate `{ast.unparse(value)}` with its class")

    def _of_class(self, owner: Definition, node: ast.Attribute, module: Module) -> bool:
        """Whether an instance of a class has the property. Refused where some of the classes below have, others not."""
        if self._related(owner):
            return True
        below = [self._related(one) for one in self.project.below(owner)]
        if any(below):
            where = f"{module.path}:{node.lineno}"
            raise Refused(
                f"`{ast.unparse(node)}` at {where} reads it on {owner.name}, which has none: declare it there"
            )
        return False

    def _related(self, owner: Definition) -> bool:
        ours = {one.node for one in self.family.owners}
        return any(one.node in ours for one in (owner, *self.project.bases(owner)))

    def _on_the_class(self, node: ast.Attribute, owner: Definition, module: Module) -> bool:
        if self._related(owner):
            where = f"{module.path}:{node.lineno}"
            raise Refused(f"`{ast.unparse(node)}` at {where} means the property itself, not its value: turn it by hand")
        return False

    def _can_be_called(self, node: ast.Attribute, module: Module) -> None:
        where = f"{module.path}:{node.lineno}"
        kept = self.family.cached and isinstance(node.ctx, ast.Store | ast.Del)
        if not isinstance(node.ctx, ast.Load) and not kept:
            raise Refused(f"`{ast.unparse(node)}` is set or deleted at {where}: turn it into methods by hand")
        if isinstance(node.ctx, ast.Load) and not self.project.sources[module.path].exact(node):
            raise Refused(f"it is read inside an f-string at {where}: read it before")
        above = isinstance(node.value, ast.Call) and dotted_name(node.value.func) == "super"
        if above and self.family.cached:
            raise Refused(f"`{ast.unparse(node)}` at {where} reads a result that is kept twice: turn it by hand")

    def _strings(self) -> None:
        """`getattr(x, "total")`, `Field(alias="total")`, names in lists where getattr gets a variable, fakes."""
        for module in self.project.symbols.modules.values():
            self._fakes(module)
            for node in module.nodes.of(ast.Constant):
                if node.value == self.family.name and (how := self._by_string(node, module)):
                    raise Refused(f"it is named as a string in {how} at {module.path}:{node.lineno}: turn it by hand")

    def _fakes(self, module: Module) -> None:
        """Objects of tests that only look like one, and patterns that take it apart."""
        for call in module.nodes.of(ast.Call):
            made = (dotted_name(call.func) or "").rpartition(".")[2] in _FAKES
            if made and any(keyword.arg == self.family.name for keyword in call.keywords):
                raise Refused(
                    f"{module.path}:{call.lineno} makes an object with an attribute of that name: see what for"
                )
        for case in module.nodes.of(ast.MatchClass):
            if self.family.name in case.kwd_attrs:
                raise Refused(f"a `case` reads it at {module.path}:{case.lineno}: turn it by hand")

    def _by_string(self, node: ast.Constant, module: Module) -> str:
        above = self.project.scopes(module).parents.get(node)
        if isinstance(above, ast.keyword):
            above = self.project.scopes(module).parents.get(above)
        if isinstance(above, ast.Call):
            name = (dotted_name(above.func) or "").rpartition(".")[2]
            return f"{name}()" if name in _BY_STRING | _ALIASES else ""
        dynamic = any(dotted_name(call.func) in ("getattr", "attrgetter") for call in module.nodes.of(ast.Call))
        return "a list" if dynamic and isinstance(above, ast.List | ast.Tuple | ast.Set) else ""

    def _schemas(self) -> None:
        """Fields of that name in classes that are filled from the attributes of an object."""
        for module in self.project.symbols.modules.values():
            for node in module.nodes.of(ast.ClassDef):
                if any(_field(item, self.family.name) for item in node.body) and self._is_schema(node, module):
                    where = f"{module.path}:{node.lineno}"
                    raise Refused(
                        f"the schema {node.name} at {where} has a field of that name: pass the value explicitly"
                    )

    def _is_schema(self, node: ast.ClassDef, module: Module) -> bool:
        one = Definition(module, node.name, node)
        if self.project.mapped.entity(one):
            return False
        parts = [(base, found.module) for found in self.project.bases(one) for base in getattr(found.node, "bases", ())]
        parts += [(item, module) for item in node.decorator_list]
        for part, where in parts:
            plain = part.value if isinstance(part, ast.Subscript) else part.func if isinstance(part, ast.Call) else part
            found = self.project.resolve(where, dotted_name(plain) or "", plain)
            if isinstance(found, External) and (found.name.partition(".")[0] in _SCHEMAS or "Protocol" in found.name):
                return True
        return False

    def _templates(self) -> None:
        name = re.escape(self.family.name)
        reads = re.compile(rf"\.\s*{name}\b|\[\s*['\"]{name}['\"]\s*\]|attribute\s*=\s*['\"]{name}['\"]")
        for path in self._template_files():
            text = (self.project.root / path).read_text(encoding="utf-8", errors="replace")
            for block in _CODE.finditer(text) if self.family.name in text else ():
                if reads.search(block.group()):
                    line = text.count("\n", 0, block.start()) + 1
                    raise Refused(
                        f"the template {path}:{line} reads an attribute of that name: pass it the value first"
                    )

    def _template_files(self) -> Iterator[str]:
        for pattern in _TEMPLATES:
            for path in self.project.root.rglob(pattern):
                relative = path.relative_to(self.project.root)
                if not _SKIPPED & set(relative.parts) and path.is_file():
                    yield relative.as_posix()


def _field(item: ast.stmt, name: str) -> bool:
    return isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id == name
