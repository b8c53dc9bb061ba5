"""AM402: an attribute that talks to the database when it is read becomes a method, which can be awaited."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Definition
from helpers.codemod.pattern import Pattern, fingerprint
from helpers.codemod.refused import Refused
from helpers.model import Applicability, Edit, Finding, Fix, Stage
from helpers.patterns.property_with_io.dunders import implicit
from helpers.patterns.property_with_io.examples import EXAMPLES
from helpers.patterns.property_with_io.families import Families, Family
from helpers.patterns.property_with_io.layout import Layout
from helpers.patterns.property_with_io.readers import Readers

__all__ = ["PropertyWithIo"]


class PropertyWithIo(Pattern):
    """`author.total`, which runs a query, becomes `author.get_total()`."""

    CODE = "AM402"
    NAME = "property_with_io"
    SUMMARY = "Properties that run SQL become methods"
    WHY = (
        "Reading an attribute cannot be awaited. A property that became asynchronous would give a coroutine, which is "
        "true whatever the answer is. As a method it reads as what it is, and has a place for the await. It gets a new "
        "name, so that a reader that nobody found fails loudly and is not handed a method that is always true."
    )
    STAGE = Stage.CONSTRUCTORS
    APPLICABILITY = Applicability.REVIEW
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """Every property and special method that leads to the database, as a fix or with the reason why it is left."""
        families = Families(project)
        settled: set[ast.AST] = set()
        for owner, function, kind, tier in families.candidates():
            if function in settled:
                continue
            try:
                if kind in ("setter", "deleter"):
                    raise Refused(f"a {kind} cannot be awaited: make a method of it by hand")
                family = families.read(owner, function, tier)
                found = list(self._family(project, families, family))
                settled |= {member for _, member, _ in family.members}
                yield from found
            except Refused as refused:
                yield self._left(project, owner, function, str(refused))
        for owner, function, reason in implicit(project):
            yield self._left(project, owner, function, reason)

    def _family(self, project: Project, families: Families, family: Family) -> Iterator[Finding]:
        families.bases_are_known(family)
        readers = list(Readers(project, family).all())
        changed = any(not isinstance(node.ctx, ast.Load) for _, node in readers)
        if changed and any(project.mapped.entity(owner) for owner in family.owners):
            raise Refused("its kept result is set or deleted, and the class is mapped: turn it into methods by hand")
        layout = Layout(project, families.new_name(family), set_outside=changed)
        edits: dict[str, list[Edit]] = {}
        for owner, function, _ in family.members:
            edits.setdefault(owner.module.path, []).extend(layout.definition(owner, function))
        for module, node in readers:
            if isinstance(node.ctx, ast.Load):
                edits.setdefault(module.path, []).append(layout.reader(module, node))
        drops = tuple({kind for _, _, kind in family.members} - {"property"})
        by_name = "" if family.tier > Tier.BY_NAME else "; a session by its name only"
        for path, given in edits.items():
            owner, defined = _first(family, path)
            fix = Fix(tuple(sorted(given)), drops=drops if defined else (), group=family.group)
            if defined:
                message = f"`{family.place}`{family.way} cannot be awaited in a property: it becomes {layout.name}()"
                found = self._left(project, owner, defined, f"{message}; {len(readers)} places read it{by_name}")
                yield replace(found, applicability=self.APPLICABILITY, fix=fix)
            else:
                yield self._reader(project, family, path, fix)

    def _reader(self, project: Project, family: Family, path: str, fix: Fix) -> Finding:
        line, column = project.sources[path].position(fix.edits[0].start)
        owner = family.members[0][0]
        message = f"{owner.name}.{family.name} became a method, which is called here {len(fix.edits)} times"
        name = fingerprint(self.CODE, path, owner.qualified, family.name)
        return Finding(self.CODE, path, line, column, owner.name, message, self.APPLICABILITY, fix, name)

    def _left(self, project: Project, owner: Definition, function: ast.FunctionDef, reason: str) -> Finding:
        path, symbol = owner.module.path, project.scopes(owner.module).symbol(function)
        line, column = project.sources[path].position(project.sources[path].segment(function)[0])
        name = fingerprint(self.CODE, path, symbol, function.name)
        return Finding(self.CODE, path, line, column, symbol, reason, Applicability.MANUAL, None, name)


def _first(family: Family, path: str) -> tuple[Definition, ast.FunctionDef | None]:
    """The definition in a file that its finding is shown at; None for a file that only reads."""
    here = [(owner, function) for owner, function, _ in family.members if owner.module.path == path]
    return next(iter(here), (family.members[0][0], None))
