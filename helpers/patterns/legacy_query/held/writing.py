"""Writes the edits of a family: every place that a Query is made, carried or run at."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module, dotted_name
from helpers.codemod.imports import NameBinder
from helpers.model import Edit, Fix, ImportName
from helpers.patterns.legacy_query.held.endings import bulk_of
from helpers.patterns.legacy_query.held.family import Family, Site
from helpers.patterns.legacy_query.held.reach import Reach
from helpers.patterns.legacy_query.held.runs import Runs
from helpers.patterns.legacy_query.held.signatures import Signatures
from helpers.patterns.legacy_query.held.states import States
from helpers.patterns.legacy_query.held.tracer import Tracer
from helpers.patterns.legacy_query.held.types import Types, same_name
from helpers.patterns.legacy_query.layout import newline_in, prefix, receiver_is_bare
from helpers.patterns.legacy_query.links import BULK
from helpers.patterns.legacy_query.outcome import Conversion
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.render import fits, render, written
from helpers.patterns.legacy_query.state import Rename

_UNBROKEN = 1_000_000
_NOT_IN_TEXT = frozenset("\"'{}\\\n\r")
Place = ast.expr | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Parts:
    """The edits of one file, by the place that they belong to."""

    module: Module
    edits: dict[Place, list[Edit]] = field(default_factory=dict)
    words: dict[Place, str] = field(default_factory=dict)
    adds: set[ImportName] = field(default_factory=set)
    drops: set[str] = field(default_factory=set)

    @property
    def places(self) -> list[Place]:
        """Every place with edits, in the order of the text."""
        return sorted((one for one, edits in self.edits.items() if edits), key=lambda one: (one.lineno, one.col_offset))


@dataclass(eq=False)
class Writer:
    """Writes the edits of one family. Refused as soon as one member cannot be written."""

    project: Project
    family: Family
    tracer: Tracer
    review: str = ""
    _parts: dict[str, Parts] = field(default_factory=dict)
    _binders: dict[str, NameBinder] = field(default_factory=dict)

    def parts(self) -> dict[str, Parts]:
        """The edits by file."""
        states = States(self.project, self.family)
        states.settle()
        reach = Reach(self.project, self.family, self.tracer)
        runs = Runs(self.project, states)
        for site in self.family.sites:
            self._site(site, states, reach, runs)
        Types(self.project, self.family, states, self).annotations()
        Signatures(self.project, self.tracer, reach, self).write()
        return self._parts

    def part(self, module: Module) -> Parts:
        """The edits of one file."""
        return self._parts.setdefault(module.path, Parts(module))

    def put(self, module: Module, at: Place, words: str, *edits: Edit) -> None:
        """Edits that belong to the place `at`, and what they do."""
        part = self.part(module)
        part.edits.setdefault(at, []).extend(edits)
        part.words.setdefault(at, words)

    def binder(self, module: Module) -> NameBinder:
        """Spells names in one file."""
        if module.path not in self._binders:
            source = self.project.sources[module.path]
            self._binders[module.path] = NameBinder(source.tree, source.text)
        return self._binders[module.path]

    def name(self, module: Module, package: str, name: str) -> str:
        """A name as the module spells it, imported where it has to be."""
        text, added = self.binder(module).name(package, name)
        if added:
            self.part(module).adds.add(added)
        return text

    @property
    def _statements(self) -> str:
        """Where the classes of statements are imported from: SQLAlchemy 1.4 has them one module deeper."""
        version = self.project.sqlalchemy
        return "sqlalchemy" if version is not None and version >= (2, 0) else "sqlalchemy.sql"

    def select(self, module: Module) -> str:
        """The class `Select` as the module spells it."""
        return self.name(module, self._statements, "Select")

    def _site(self, site: Site, states: States, reach: Reach, runs: Runs) -> None:
        states.alike(site)
        runs_here = site.use in ("run", "session")
        session = (reach.at(site) if runs_here else reach.known(site)).text
        edits = [self._head(site)] if site.made else []
        edits += self._asked(site)
        words = "becomes select(), run where it is used" if site.made else "is a select() now"
        if site.use == "tested":
            edits.append(self._test(site))
        elif site.use == "session":
            edits.append(Edit(site.chain.start, site.chain.stop, session))
        elif site.ending and site.ending.name in BULK:
            edits += self._bulk(site, states, session)
            words = f"becomes {site.ending.name}()"
        elif site.use in ("run", "operand", "member"):
            fix = self._rendered(site, runs.conversion(site, session))
            edits += [edit for edit in fix.edits if edit.text or edit.start < edit.end]
            self.part(site.module).adds.update(fix.adds)
            words = f"is run by `{session}`" if site.use == "run" else words
        else:
            edits += [self._renamed(one, site.module) for one in states.renames(site)]
        self.put(site.module, site.value, words, *edits)

    def _asked(self, site: Site) -> list[Edit]:
        """`isinstance(q, Query)` asks for Select."""
        found = []
        for asked in site.asked:
            found.append(Edit(*self._span(asked, site.module), self.select(site.module)))
            self.part(site.module).drops.update({"sqlalchemy.orm.Query", dotted_name(asked) or ""})
        return found

    def _span(self, node: ast.expr, module: Module) -> tuple[int, int]:
        return self.project.sources[module.path].segment(node)

    def _test(self, site: Site) -> Edit:
        """What asks whether a query is there: `not q` is `q is None`."""
        parent = self.project.scopes(site.module).parents.get(site.value)
        if isinstance(parent, ast.UnaryOp):
            raise Refused(f"`not` is asked of it ({site.place}): say `is None`")
        end = self._span(site.value, site.module)[1]
        return Edit(end, end, " is not None")

    def _rendered(self, site: Site, made: Conversion) -> Fix:
        """The edits of one place; inside an f-string no line may break and no quotes come in."""
        around = self.project.scopes(site.module).ancestors(site.node)
        if not any(isinstance(node, ast.JoinedStr) for node in around):
            return render(made, self.binder(site.module), self.project.line_length)
        fix = render(made, self.binder(site.module), _UNBROKEN)
        if any(set(edit.text) & _NOT_IN_TEXT for edit in fix.edits):
            raise Refused(f"it stands inside an f-string ({site.place}): give its value a name first")
        return fix

    def _bulk(self, site: Site, states: States, session: str) -> list[Edit]:
        """update() and delete(): the statement of that name with the criteria of the select()."""
        conversion, entity = bulk_of(self.project, site, states)
        module = site.module
        if not same_name(self.project, entity, module):
            raise Refused(f"`{ast.unparse(entity.node)}` has no such name where it is written to ({site.place})")
        names = {name: self.name(module, package, name) for package, name in conversion.needs}
        cast = self._cast(module) if self.project.type_checked else ""
        made = written(f"{{{conversion.head}}}", names)
        at = conversion.chain.links[-2].stop
        for margin, inner in (("", ""), self._lines(site)):
            head = f"{written(conversion.wrap, names)}{session}.execute({inner}{made}({ast.unparse(entity.node)})"
            after = f"{inner}{conversion.after}" if conversion.after else ""
            close = f"{margin}){')' if conversion.wrap else ''}{conversion.tail}"
            edits = [
                Edit(site.chain.start, site.chain.start, f"{head}{inner}.where({cast}"),
                Edit(at, at, f".whereclause){')' if cast else ''}{inner if conversion.renames else ''}"),
                *(self._renamed(one, module) for one in conversion.renames),
                Edit(site.chain.stop, site.chain.stop, f"{after}{conversion.arguments}{close}"),
            ]
            if fits(site.chain, edits, self.project.line_length) or newline_in(site.chain.text):
                break
        return edits

    def _lines(self, site: Site) -> tuple[str, str]:
        """What begins the last line, and those between, where a statement does not fit into one."""
        source = site.chain.source
        line = source.text[source.lines[source.position(site.chain.start)[0] - 1] : site.chain.start]
        margin = f"{source.newline}{line[: len(line) - len(line.lstrip())]}"
        return margin, f"{margin}    "

    def _cast(self, module: Module) -> str:
        """`.whereclause` may be None by type."""
        element = self.name(module, self._statements, "ColumnElement")
        return f'{self.name(module, "typing", "cast")}("{element}[bool]", '

    def _renamed(self, item: Rename, module: Module) -> Edit:
        names = {name: self.name(module, package, name) for package, name in item.needs}
        return Edit(item.start, item.stop, written(item.text, names))

    def _head(self, site: Site) -> Edit:
        chain = site.chain
        receiver_is_bare(chain)
        select = self.name(site.module, "sqlalchemy", "select")
        return Edit(chain.start, chain.links[0].end, f"{prefix(chain)}{select}")
