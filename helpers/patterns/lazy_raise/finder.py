"""Decides each relationship: it gets the strategy, it is read somewhere, or it has a strategy already."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.relationships import Declared, declared
from helpers.analysis.spread import spread_names
from helpers.codemod.calls import with_keyword
from helpers.codemod.imports import NameBinder
from helpers.codemod.pattern import fingerprint
from helpers.model import Applicability, Edit, Finding, Fix
from helpers.patterns.lazy_raise.touches import Touches

_STRATEGY = 'lazy="raise_on_sql"'
_SAID = frozenset({"select", "True"})


def findings(project: Project, code: str) -> Iterator[Finding]:
    """A finding for each relationship that is loaded by touching it."""
    finder = _Finder(project, code, Touches(project), everywhere=_everywhere(project))
    for relation in declared(project):
        if told := finder.told(relation):
            yield finder.finding(relation, told)


def _everywhere(project: Project) -> bool:
    """Whether the project has decided that every relationship is to refuse, read or not: `[tool.workbook]`."""
    text = project.texts.get("pyproject.toml")
    try:
        tools = tomllib.loads(text.text).get("tool", {}) if text else {}
    except tomllib.TOMLDecodeError:
        return False
    return bool(tools.get("workbook", {}).get("lazy_raise") == "everywhere")


@dataclass(frozen=True, eq=False)
class _Finder:
    project: Project
    code: str
    touches: Touches
    everywhere: bool

    def told(self, relation: Declared) -> tuple[str, Fix | None] | None:
        """The message and the fix for one relationship; None where it has a strategy of its own."""
        given = _given(relation)
        if isinstance(given, str):
            return given, None
        if given is not None:
            said = ast.unparse(given).strip("'\"")
            if said in _SAID and self.everywhere:
                return self._refuses(relation), self._put(relation, given)
            left = f"says lazy={ast.unparse(given)} by decision: make it raise_on_sql when nothing loads it lazily"
            return (left, None) if said in _SAID else None
        fix = self._fix(relation)
        if fix is None:
            return 'its arguments are made elsewhere: add lazy="raise_on_sql" there', None
        if reason := self._read(relation):
            return reason, None
        return self._refuses(relation), fix

    def _refuses(self, relation: Declared) -> str:
        return f"{relation.title} refuses to be loaded by touching it: {self._evidence(relation)}"

    def _put(self, relation: Declared, given: ast.expr) -> Fix:
        """The strategy in the place of the default, which was spelled out."""
        start, end = self.project.sources[relation.module.path].segment(given)
        return Fix((Edit(start, end, '"raise_on_sql"'),))

    def _read(self, relation: Declared) -> str:
        """Why the relationship must stay as it is; empty when nothing speaks against it."""
        if self.everywhere or self._unread_in_trace(relation):
            return ""
        many = self._many(relation)
        place = self.touches.of(relation.name, relation.owner, many=many) or self.touches.everything
        advice = "load it there with the query, and let a trace show that nothing else loads it"
        if place:
            return f"{relation.title} may be read at {place}: {advice}"
        deleted = self.touches.deletes if many is not False and self._old else ""
        return (
            f"{relation.title} may be loaded by the delete at {deleted}: before 2.0 it would raise" if deleted else ""
        )

    @property
    def _old(self) -> bool:
        """Whether the application may run on SQLAlchemy 1.4, where the cascade of a delete is a lazy load too."""
        return self.project.sqlalchemy is None or self.project.sqlalchemy < (2, 0)

    def _many(self, relation: Declared) -> bool | None:
        owner = relation.owner
        found = self.project.mapped.relationship(owner, relation.name) if owner else None
        return self.project.mapped.many(owner, found) if owner and found else None

    def _evidence(self, relation: Declared) -> str:
        if self.everywhere:
            return "the project has decided so for all of them"
        traced = "in the traced tests nothing loads it so"
        return traced if self._unread_in_trace(relation) else "nothing in the application reads it from an object"

    def _unread_in_trace(self, relation: Declared) -> bool:
        """Whether a trace of the application as it is now shows no lazy load of the relationship."""
        trace = self.project.trace
        if trace is None or trace.stale or trace.exit:
            return False
        return not any(load.attribute == relation.name for load in trace.lazy_loads)

    def _fix(self, relation: Declared) -> Fix | None:
        if relation.back is not None:
            return self._on_backref(relation)
        if _name(relation.call) == "Relationship":
            return self._on_sqlmodel(relation)
        return Fix(self._keyword(relation, relation.call, _STRATEGY))

    def _keyword(self, relation: Declared, call: ast.Call, text: str) -> tuple[Edit, ...]:
        source = self.project.sources[relation.module.path]
        return with_keyword(source, call, text, width=self.project.line_length)

    def _on_backref(self, relation: Declared) -> Fix | None:
        """`backref="items"` becomes `backref=backref("items", lazy=...)`."""
        if isinstance(relation.back, ast.Call):
            return Fix(self._keyword(relation, relation.back, _STRATEGY))
        source = self.project.sources[relation.module.path]
        assert relation.back is not None
        start, end = source.segment(relation.back)
        name, add = NameBinder(relation.module.tree, source.text).name("sqlalchemy.orm", "backref")
        edit = Edit(start, end, f"{name}({source.text[start:end]}, {_STRATEGY})")
        return Fix((edit,), (add,) if add else ())

    def _on_sqlmodel(self, relation: Declared) -> Fix | None:
        """SQLModel hands `sa_relationship_kwargs` on."""
        entry = '"lazy": "raise_on_sql"'
        passed = _argument(relation.call, "sa_relationship_kwargs")
        if passed is None:
            return Fix(self._keyword(relation, relation.call, f"sa_relationship_kwargs={{{entry}}}"))
        if not (isinstance(passed, ast.Dict) and all(passed.keys)):
            return None
        at = self.project.sources[relation.module.path].segment(passed)[0] + 1
        return Fix((Edit(at, at, f"{entry}, " if passed.keys else entry),))

    def finding(self, relation: Declared, told: tuple[str, Fix | None]) -> Finding:
        """The finding at the relationship, or at its backref."""
        message, fix = told
        source = self.project.sources[relation.module.path]
        line, column = source.position(source.segment(relation.back or relation.call)[0])
        symbol = self.project.scopes(relation.module).symbol(relation.call)
        mark = fingerprint(self.code, relation.module.path, symbol, f"{relation.title} {relation.back is not None}")
        applicability = Applicability.REVIEW if fix else Applicability.MANUAL
        return Finding(self.code, relation.module.path, line, column, symbol, message, applicability, fix, mark)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _given(relation: Declared) -> ast.expr | str | None:
    """What says how the relationship is loaded; a text is the reason why that cannot be told."""
    call = relation.back if isinstance(relation.back, ast.Call) else None if relation.back else relation.call
    if call is None:
        return None
    if _argument(call, "sa_relationship") is not None:
        return ast.Constant("joined")  # the call inside is a finding of its own
    if _name(call) == "dynamic_loader":
        return ast.Constant("dynamic")
    if _hidden(relation, call):
        return 'its arguments are made elsewhere: add lazy="raise_on_sql" there'
    passed = _argument(call, "sa_relationship_kwargs")
    pairs = zip(passed.keys, passed.values, strict=True) if isinstance(passed, ast.Dict) else ()
    inner = {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}
    annotation = relation.module.nodes.parents.get(call)
    own = getattr(annotation, "annotation", None)
    if own is not None and any(word in ast.unparse(own) for word in ("DynamicMapped", "WriteOnlyMapped")):
        return ast.Constant("dynamic")
    return _argument(call, "lazy") or inner.get("lazy")


def _hidden(relation: Declared, call: ast.Call) -> bool:
    """Whether something is spread into the call that may say how the relationship is loaded."""
    body = relation.owner.definition.node if relation.owner else None
    spread = (keyword.value for keyword in call.keywords if keyword.arg is None)
    given = [spread_names(value, relation.module, body) for value in spread]
    return any(names is None or names & {"lazy", "sa_relationship_kwargs"} for names in given)
