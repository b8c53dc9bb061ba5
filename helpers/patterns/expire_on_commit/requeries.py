"""Objects that are loaded once more behind a commit: the commit had expired them, and the query read them again."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.commits import Commit, Commits
from helpers.analysis.declarations import called
from helpers.analysis.flow import Flow, own_nodes
from helpers.analysis.loops import is_of_tests
from helpers.analysis.mapped_objects import MappedObjects
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.calls import with_keyword
from helpers.model import Edit, Finding, Fix
from helpers.patterns.expire_on_commit.factories import GROUP
from helpers.patterns.expire_on_commit.found import found_at

_TOLD = (
    "is loaded behind a commit, and {what} changed its row outside of the session: the commit had expired it, so that "
    "this read the row again"
)
_SAYS_SO = f"{_TOLD}; from now on populate_existing says so"
_GETS = frozenset({"get", "get_one"})
_RUNS = frozenset({"scalars", "scalar", "execute", "exec"})
_ENDS = frozenset({"first", "one", "one_or_none", "all"})
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "request"})
_WRITES = ("insert", "update", "delete", "merge", "replace", "with")


def requeries(project: Project, code: str) -> Iterator[Finding]:
    """A finding for each query behind a commit whose objects something else than their session may have changed."""
    commits, instances = Commits(project), MappedObjects(project)
    for module in project.symbols.modules.values():
        finder = _Requeries(project, module, code, instances)
        found = {item.place: item for commit in commits.of_module(module) for item in finder.of(commit)}
        yield from found.values()


@dataclass(frozen=True, eq=False)
class _Requeries:
    project: Project
    module: Module
    code: str
    instances: MappedObjects

    def of(self, commit: Commit) -> Iterator[Finding]:
        """The findings behind one commit."""
        flow = Flow(self.project.scopes(self.module))
        behind = [*flow.after(commit.statement), *flow.later(commit.statement)]
        unseen = next(self._unseen(commit), None)
        for statement in dict.fromkeys(behind):
            for call in (node for node in own_nodes(statement) if isinstance(node, ast.Call)):
                if unseen is None and self._asks_the_application(call) and not self._touched(commit, call):
                    unseen = call
                elif unseen is not None and self._loads(call, commit):
                    yield self._finding(commit, call, unseen)

    def _unseen(self, commit: Commit) -> Iterator[ast.Call]:
        """What a function sends before it commits, and what the session does not follow."""
        for statement in commit.function.body:
            for node in own_nodes(statement):
                if isinstance(node, ast.Call) and node.lineno < commit.statement.lineno and _unfollowed(node):
                    yield node

    def _asks_the_application(self, call: ast.Call) -> bool:
        """Whether a test sends a request, which another session serves."""
        if not is_of_tests(self.module.path) or called(call) not in _VERBS or not isinstance(call.func, ast.Attribute):
            return False
        first = next(iter(call.args), None)
        text = first.values[0] if isinstance(first, ast.JoinedStr) and first.values else first
        return isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value.startswith("/")

    def _touched(self, commit: Commit, call: ast.Call) -> bool:
        """Whether an object is used between a commit and a request, which read it again before the request."""
        last = call.end_lineno or call.lineno
        names = (node for node in ast.walk(commit.function) if isinstance(node, ast.Name))
        between = [one for one in names if commit.statement.lineno < one.lineno <= last]
        return any(self.instances.of(one, self.module) for one in between)

    def _loads(self, call: ast.Call, commit: Commit) -> bool:
        """Whether a call loads objects through the session of a commit."""
        if self._held(call, commit.session) is not None:
            return True
        if not isinstance(call.func, ast.Attribute) or ast.unparse(call.func.value) != commit.session:
            return False
        if call.func.attr in _GETS:
            return self.instances.of(call, self.module) is not None
        if call.func.attr in _RUNS or call.func.attr == "query":
            known = self.instances.of_each(call, self.module) or self.instances.of(call, self.module)
            return known is not None and known.state == "stored"
        return False

    def _held(self, call: ast.Call, session: str) -> ast.expr | None:
        """The legacy query that a call runs, where a variable holds it or what it grew from."""
        if called(call) not in _ENDS or not isinstance(call.func, ast.Attribute):
            return None
        start: ast.expr = call.func.value
        while isinstance(start, ast.Call) and isinstance(start.func, ast.Attribute):
            start = start.func.value
        if not isinstance(start, ast.Name):
            return None
        values = [one.value for one in self.project.scopes(self.module).lookup(start.id, start) if one.kind == "value"]
        asked = f"{session}.query("
        held = any(value is not None and ast.unparse(value).startswith(asked) for value in values)
        return call.func.value if held else None

    def _finding(self, commit: Commit, call: ast.Call, unseen: ast.Call) -> Finding:
        text = ast.unparse(call)
        calls = (one for one in ast.walk(commit.function) if isinstance(one, ast.Call))
        nth = [one for one in calls if ast.unparse(one) == text].index(call)
        what = f"`{ast.unparse(unseen)[:60]}` (line {unseen.lineno})"
        edits, reason = self._edits(commit, call, unseen)
        message = (_SAYS_SO if edits else f"{_TOLD}; {reason}").format(what=what)
        told = message, Fix(edits, group=GROUP) if edits else None
        return found_at(self.project, self.code, (self.module, call), told, f"once more {text} {nth}")

    def _edits(self, commit: Commit, call: ast.Call, unseen: ast.Call) -> tuple[tuple[Edit, ...], str]:
        """The edits that load the object again, or the reason why a person has to."""
        source = self.project.sources[self.module.path]
        since = max(commit.statement.lineno, unseen.lineno)
        if _changes(commit, since, call.lineno):
            return (), "an object is changed in between, which must not be lost: refresh the one that is outdated"
        legacy = call if called(call) == "query" else self._held(call, commit.session)
        if legacy is not None:
            at = source.segment(legacy)[1]
            return (Edit(at, at, ".populate_existing()"),), ""
        if any(keyword.arg in (None, "execution_options", "populate_existing") for keyword in call.keywords):
            return (), "it has options of its own: add populate_existing to them"
        keyword = "populate_existing=True" if called(call) in _GETS else 'execution_options={"populate_existing": True}'
        return with_keyword(source, call, keyword, width=self.project.line_length), ""


def _unfollowed(call: ast.Call) -> bool:
    """Whether a call writes rows, and the objects of the session do not follow: UPDATE and DELETE told so, SQL text."""
    for keyword in call.keywords:
        if keyword.arg == "synchronize_session" and _is_false(keyword.value):
            return True
        if keyword.arg == "execution_options" and isinstance(keyword.value, ast.Dict):
            options = zip(keyword.value.keys, keyword.value.values, strict=True)
            named = (value for key, value in options if getattr(key, "value", "") == "synchronize_session")
            if any(_is_false(value) for value in named):
                return True
    first = next(iter(call.args), None)
    if called(call) != "text" or first is None:
        return False
    text = first.value if isinstance(first, ast.Constant) else ""
    return isinstance(text, str) and text.strip().lower().startswith(_WRITES)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _changes(commit: Commit, first: int, last: int) -> bool:
    """Whether an attribute is set between two lines of a function, which a query would overwrite without a flush."""
    nodes = (node for node in ast.walk(commit.function) if first < getattr(node, "lineno", 0) < last)
    return any(isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) for node in nodes)
