"""`any`, `all`, `next`, `sorted`, `max` and `min` over what has to be awaited: as much as before, in the same order."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change, Obstacle, Outcome
from helpers.codemod.flip.in_turn_texts import HELPED, Texts
from helpers.codemod.flip.mapped import Mapped
from helpers.codemod.refused import Refused
from helpers.codemod.statements import before
from helpers.model import Edit

PATTERN = "sync_caller"
NAMES = {"any": "any_of", "all": "all_of", "next": "anext", "sorted": "sorted_by", "max": "max_by", "min": "min_by"}


def settle(project: Project, outcome: Outcome) -> None:
    """Add what the calls around awaited parts need, once for each."""
    found: dict[ast.Call, Module] = {}
    for change in outcome.changes:
        parents = project.scopes(change.module).parents
        if isinstance(change.node, ast.expr):
            awaiting = Awaiting(project.sources[change.module.path], parents, project.loops.kept)
            if awaiting.is_kept(change.node):
                continue
            found |= dict.fromkeys(awaiting.lazy(change.node), change.module)
            found |= dict.fromkeys(awaiting.mapped(change.node), change.module)
    for call, module in found.items():
        try:
            if getattr(call.func, "id", "") == "map":
                awaiting = Awaiting(project.sources[module.path], project.scopes(module).parents)
                outcome.changes += Mapped(project, module, "what the lambda runs").changes(call, awaiting)
            else:
                outcome.changes += InTurn(project, module).changes(call)
        except Refused as refused:
            outcome.obstacles.append(Obstacle(PATTERN, module, call, str(refused)))


def together(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Families that need the same function in one file as one family, so that it is written once."""
    first: dict[tuple[str, tuple[Edit, ...]], Outcome] = {}
    for outcome in outcomes:
        needs = [] if outcome.obstacles else [key for one in outcome.changes if (key := _written(one))]
        shared = next((first[key] for key in needs if key in first), None)
        if shared is None:
            first |= dict.fromkeys(needs, outcome)
            yield outcome
            continue
        shared.changes += [one for one in outcome.changes if _written(one) not in first]
        shared.functions |= outcome.functions
        first |= {key: shared for key in needs if key not in first}


def _written(change: Change) -> tuple[str, tuple[Edit, ...]] | None:
    """What tells a function that a change writes."""
    writes = change.pattern == PATTERN and any("async def " in edit.text for edit in change.edits)
    return (change.module.path, change.edits) if writes else None


@dataclass(frozen=True, eq=False)
class InTurn:
    """Answers for one file."""

    project: Project
    module: Module

    def changes(self, call: ast.Call) -> Iterator[Change]:
        """The call under the name of what awaits, and that function where the file does not have it yet."""
        assert isinstance(call.func, ast.Name)
        name, source = call.func.id, self.project.sources[self.module.path]
        if self.project.symbols.resolve(self.module, name) is not None:
            raise Refused(f"`{name}` is not the builtin here: write the loop out")
        start, end = source.segment(call.func)
        message = f"`{name}()` is given what has to be awaited"
        yield Change(PATTERN, self.module, call.func, message, (Edit(start, end, NAMES[name]),))
        edits = Awaiting(source, self.project.scopes(self.module).parents).edits(call)
        yield Change(PATTERN, self.module, call, message, edits)
        if name in HELPED:
            yield from self._helper(name, call)

    def _helper(self, name: str, call: ast.Call) -> Iterator[Change]:
        source = self.project.sources[self.module.path]
        texts = Texts(source, self.project.type_checked)
        written = texts.of(name)
        wanted = ast.dump(ast.parse(written).body[-1])
        own = [node for node in source.tree.body if getattr(node, "name", "") == NAMES[name]]
        if any(ast.dump(node) == wanted for node in own):
            return
        if NAMES[name] in self._words():
            raise Refused(f"the file has a `{NAMES[name]}` of its own: write the loop out")
        definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        first = next((node for node in source.tree.body if isinstance(node, definitions)), None)
        if first is None:
            raise Refused(f"`{name}()` stops before its end: write the loop out")
        index = source.tree.body.index(first)
        above = source.tree.body[index - 1].end_lineno or 0 if index else 0
        at = before(source, first, above)
        lines = written.strip().replace("\n", source.newline)
        rest = source.text[at:]
        behind = (len(rest) - len(rest.lstrip("\r\n"))) // len(source.newline)
        text = f"{source.newline * 3 if above else ''}{lines}{source.newline * max(3 - behind, 0)}"
        edit = Edit(at, at, text)
        message = f"it does what `{name}()` does, and awaits"
        yield Change(PATTERN, self.module, first, message, (edit,), tuple(texts.adds))

    def _words(self) -> set[str]:
        names = {node.id for node in self.module.nodes.of(ast.Name)}
        names |= {getattr(node, "name", "") for node in self.project.sources[self.module.path].tree.body}
        return names | set(self.module.imports)
