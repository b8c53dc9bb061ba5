"""AM401: database work leaves `__init__`, which cannot be awaited, for a method that can be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Definition
from helpers.codemod.pattern import Pattern, fingerprint
from helpers.codemod.refused import Refused
from helpers.model import Applicability, Finding, Fix, Stage
from helpers.patterns.init_with_io.constructors import Constructor, Constructors
from helpers.patterns.init_with_io.examples import EXAMPLES
from helpers.patterns.init_with_io.families import Family, families

__all__ = ["InitWithIo"]


class InitWithIo(Pattern):
    """`Page(session, 3)` that reads in its constructor becomes `Page(session, 3).load()`."""

    CODE = "AM401"
    NAME = "init_with_io"
    SUMMARY = "Database work in __init__ moves to a method"
    WHY = (
        "Python calls __init__ itself and expects None from it, so nothing in it can be awaited: a query there has no "
        "place to go once the session is asynchronous. Cut in two, still synchronously, the constructor keeps what it "
        "is given and load() does the rest, in the same order and with the same exceptions. Everybody who constructs "
        "one calls it at once; where all of them only ever call one method on it, that method does."
    )
    STAGE = Stage.CONSTRUCTORS
    APPLICABILITY = Applicability.REVIEW
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """Every constructor that leads to the database, as a fix or with the reason why it is left."""
        reader = Constructors(project)
        found: dict[ast.AST, Constructor] = {}
        reasons: dict[ast.AST, tuple[Definition, str]] = {}
        for owner, init, tier in reader.all():
            try:
                if constructor := reader.read(owner, init, tier):
                    found[init] = constructor
            except Refused as refused:
                reasons[init] = owner, str(refused)
        yield from (self._left(project, owner, init, reason) for init, (owner, reason) in reasons.items())
        for family in families(project, found):
            yield from self._family(project, family, reasons)

    def _family(
        self, project: Project, family: Family, reasons: dict[ast.AST, tuple[Definition, str]]
    ) -> Iterator[Finding]:
        try:
            _all_of_it(project, family, reasons)
            family.settle(project)
        except Refused as refused:
            for one in family.constructors:
                yield self._left(project, one.owner, one.init, str(refused))
            return
        edits = dict(family.edits)
        for one in family.constructors:
            fix = Fix(tuple(sorted(edits.pop(one.module.path, ()))), group=family.group)
            if fix.edits:
                finding = self._left(project, one.owner, one.init, _message(one, family))
                yield replace(finding, applicability=self.APPLICABILITY, fix=fix)
        for path, rest in edits.items():
            yield self._caller(project, family, path, Fix(tuple(sorted(rest)), group=family.group))

    def _caller(self, project: Project, family: Family, path: str, fix: Fix) -> Finding:
        line, column = project.sources[path].position(fix.edits[0].start)
        owner = family.constructors[0].owner
        message = f"what {owner.name} reads moved to {family.name}(), which is called here {len(fix.edits)} times"
        name = fingerprint(self.CODE, path, owner.qualified, family.name)
        return Finding(self.CODE, path, line, column, owner.name, message, self.APPLICABILITY, fix, name)

    def _left(self, project: Project, owner: Definition, init: ast.AST, reason: str) -> Finding:
        assert isinstance(init, ast.FunctionDef)
        path, symbol = owner.module.path, project.scopes(owner.module).symbol(init)
        start = project.sources[path].segment(init)[0]
        line, column = project.sources[path].position(start)
        name = fingerprint(self.CODE, path, symbol, "__init__")
        return Finding(self.CODE, path, line, column, symbol, reason, Applicability.MANUAL, None, name)


def _all_of_it(project: Project, family: Family, reasons: dict[ast.AST, tuple[Definition, str]]) -> None:
    """A constructor above or below that cannot be split keeps the others as they are."""
    members = project.callgraph.targets.members
    for one in family.constructors:
        near = [*project.bases(one.owner), *project.below(one.owner)]
        for other in near:
            if (init := members.own(other, "__init__")) in reasons and init is not None:
                raise Refused(f"it belongs together with {other.name}, which is left: {reasons[init][1]}")


def _message(one: Constructor, family: Family) -> str:
    sure = "" if one.tier > Tier.BY_NAME else "; a session by its name only"
    where = f"{family.places} places call it" if family.chained else f"{family.places} methods begin with it"
    return f"`{one.place}`{one.way} cannot be awaited in __init__: it moves to {family.name}(); {where}{sure}"
