"""A mock that a test puts in the place of the class of sessions: it stands for an asynchronous one from then on."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from helpers.analysis.colouring import AWAITED
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.mocks import Mocks, Patch
from helpers.codemod.flip.session_types import PATTERN, SessionTypes, replacement
from helpers.codemod.refused import Refused
from helpers.model import Edit

_ENTERED = {"__enter__": "__aenter__", "__exit__": "__aexit__"}
_ASKED = frozenset({"called", "call_count", "call_args", "call_args_list", "return_value", "side_effect"})


@dataclass(frozen=True, eq=False)
class StandIns:
    """Answers for one project."""

    project: Project
    mocks: Mocks
    types: SessionTypes

    def changes(self, name: str, change: Change) -> Iterator[Change]:
        """What the patches of `name`, which a change gives another name, need. Refused where one cannot follow."""
        new = change.edits[0].text
        for patch in self.mocks.of_name(name, change.module):
            if change.pattern != PATTERN or new != "AsyncSession":
                raise Refused(f"{patch.place} puts something in the place of `{name}`, which becomes asynchronous")
            yield from self._patched(patch, name, new, change)

    def _patched(self, patch: Patch, name: str, new: str, change: Change) -> Iterator[Change]:
        """`patch("app.db.Session", return_value=mock)` with a mock that is made in the same test."""
        text, made, uses = self._text(patch, name, new), *self._mock(patch)
        self._results(uses, change.module, patch)
        source = self.project.sources[patch.module.path]
        edits = [text]
        for use in uses:
            if use.attr in _ENTERED:
                end = source.segment(use)[1]
                edits.append(Edit(end - len(use.attr), end, _ENTERED[use.attr]))
        spelled, add = self.types.binder(patch.module).name(*replacement(change.drops[0]))
        end = source.segment(made)[1] - 1
        edits.append(Edit(end, end, f"spec={spelled}"))
        message = "the mock stands for an asynchronous session"
        yield Change(PATTERN, patch.module, patch.call, message, tuple(edits), (add,) if add else ())

    def _text(self, patch: Patch, name: str, new: str) -> Edit:
        """The edit of the text that says what is patched."""
        first = patch.call.args[0]
        start, end = self.project.sources[patch.module.path].segment(first)
        written = self.project.sources[patch.module.path].text[start:end]
        if not isinstance(patch.owner, str) or not written[:-1].endswith(f".{name}"):
            raise Refused(f"{patch.place} puts something in the place of `{name}`, which becomes asynchronous")
        return Edit(end - 1 - len(name), end - 1, new)

    def _mock(self, patch: Patch) -> tuple[ast.Call, list[ast.Attribute]]:
        """The call that makes the mock, and every use of it; each use has a meaning that is known."""
        given = {keyword.arg: keyword.value for keyword in patch.call.keywords}
        value, scopes = given.get("return_value"), self.project.scopes(patch.module)
        if len(patch.call.args) != 1 or set(given) != {"return_value"} or not isinstance(value, ast.Name):
            raise Refused(f"{patch.place} puts something other than a mock in the place of the class of sessions")
        bindings = scopes.lookup(value.id, value)
        made = bindings[0].value if len(bindings) == 1 else None
        function = scopes.function(patch.call)
        named = isinstance(made, ast.Call) and getattr(made.func, "id", getattr(made.func, "attr", "")) == "MagicMock"
        if not isinstance(function, FunctionNode) or not isinstance(made, ast.Call) or not named:
            raise Refused(f"{patch.place} gives a mock that is made elsewhere: make it an asynchronous one by hand")
        if made.args or made.keywords:
            raise Refused(
                f"{patch.place} gives a mock with a behaviour of its own: make it an asynchronous one by hand"
            )
        return made, list(self._uses(function, value, patch))

    def _uses(self, function: FunctionNode, mock: ast.Name, patch: Patch) -> Iterator[ast.Attribute]:
        parents = self.project.scopes(patch.module).parents
        for node in ast.walk(function):
            if not (isinstance(node, ast.Name) and node.id == mock.id and isinstance(node.ctx, ast.Load)):
                continue
            above = parents[node]
            if isinstance(above, ast.Attribute) and _is_known(above, parents):
                yield above
            elif not isinstance(above, ast.keyword | ast.Assign):
                raise Refused(f"`{ast.unparse(above)[:60]}` at {patch.module.path}:{node.lineno}: say what is awaited")

    def _results(self, uses: list[ast.Attribute], module: Module, patch: Patch) -> None:
        """What is awaited on a mock gives another mock that is awaited: what reads a result must be given one."""
        parents = self.project.scopes(patch.module).parents
        told = {use.attr for use in uses if _sets_result(use, parents)}
        for use in [one for one in self.project.session_uses.all if one.module is module and one.name in AWAITED]:
            read = not isinstance(self.project.scopes(module).parents.get(use.call or use.node), ast.Expr)
            if read and use.name not in told:
                raise Refused(f"{patch.place} gives a mock whose `{use.name}()` has no result of its own")


def _is_known(use: ast.Attribute, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """`mock.exec.assert_called_once_with`, `mock.exec.return_value = ...`, `mock.__enter__.return_value`."""
    above = parents.get(use)
    if not isinstance(above, ast.Attribute):
        return False
    deeper = isinstance(parents.get(above), ast.Attribute) and above.attr == "return_value"
    return not deeper and (above.attr in _ASKED or above.attr.startswith("assert_"))


def _sets_result(use: ast.Attribute, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """`mock.exec.return_value = ...`, nothing deeper."""
    above = parents.get(use)
    return isinstance(above, ast.Attribute) and above.attr == "return_value" and isinstance(above.ctx, ast.Store)
