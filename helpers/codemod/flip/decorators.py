"""Decorators of the project: what they put in a function's place awaits it, or serves both colours, or is left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.colouring import AWAITED, BLOCKS
from helpers.analysis.decorators import Decorator
from helpers.analysis.function_uses import FunctionUses, UnfollowedError
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import is_generator
from helpers.analysis.symbols import Module, dotted_name
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.served import Served
from helpers.codemod.imports import NameBinder
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

PATTERN = "sync_function"
_KEEPING = frozenset({"lru_cache", "cache", "cached", "cachedmethod", "memoize", "ttl_cache"})
_PLAIN_BELOW = frozenset({"staticmethod", "classmethod"})


@dataclass(frozen=True, eq=False)
class Decorators:
    """Answers for the decorators of one project."""

    project: Project

    def changes(self, decorator: ast.expr, function: FunctionNode, module: Module) -> Iterator[Change]:
        """What a decorator needs where the function becomes asynchronous. Refused for one that may not await it."""
        maker = decorator.func if isinstance(decorator, ast.Call) else decorator
        text = ast.unparse(maker)
        found = self.project.decorators.read(decorator, module)
        if found is None:
            if text.rpartition(".")[2] in _KEEPING:
                raise Refused(f"`{text}` would keep the coroutine, which can be awaited once: keep the result instead")
            raise Refused(f"the decorator `{text}` may call it and not await it")
        if is_generator(function):
            raise Refused(f"the decorator `{text}` gets a generator, which becomes asynchronous: it is not followed")
        yield from self._follow(found, function, text)

    def _follow(self, found: Decorator, function: FunctionNode, text: str) -> Iterator[Change]:
        """Every call of what the decorator gets stands in a function that awaits it."""
        if any(is_generator(one) for one in found.wrappers):
            raise Refused(f"what the decorator `{text}` puts in its place is a generator: it is not followed")
        if found.serves_both:
            return
        for wrapper in found.wrappers:
            self._known(wrapper, found.module)
        mixed = [one for one in found.wrappers if one in self.project.colouring.two_coloured]
        if mixed:
            yield self._both(found, text)
            return
        try:
            list(Served(self.project).through(found.parameter, found.module))
        except UnfollowedError as reason:
            raise Refused(f"the decorator `{text}` may call it and not await it: there it is {reason}") from reason

    def _known(self, wrapper: FunctionNode, module: Module) -> None:
        """Refused where a wrapper uses what by its name is a session, and nothing else tells."""
        for node in ast.walk(wrapper):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            receiver, sessions = node.func.value, self.project.sessions
            if node.func.attr in AWAITED | BLOCKS and sessions.tier(receiver, module) is Tier.BY_NAME:
                text = ast.unparse(receiver)
                raise Refused(f"nothing but its name tells that `{text}` in {wrapper.name} is a session: annotate it")

    def _both(self, found: Decorator, text: str) -> Change:
        """A second wrapper, for the functions that have become asynchronous."""
        wrapper = self._simple(found, text)
        source = self.project.sources[found.module.path]
        first = min([wrapper, *wrapper.decorator_list], key=lambda item: item.lineno)
        line = source.lines[first.lineno - 1]
        end = source.segment(wrapper)[1]
        indent = source.text[line : line + wrapper.col_offset]
        if indent.strip() or _spans_lines(wrapper):
            raise Refused(f"the decorator `{text}` decorates both colours: give it a wrapper for each by hand")
        copied = self._awaited(wrapper, found, (line, end))
        step = "\t" if indent.startswith("\t") else "    "
        newline = source.newline
        name, add = NameBinder(source.tree, source.text).name("inspect", "iscoroutinefunction")
        deeper = newline.join(step + one if one.strip() else one for one in copied.split(newline))
        text = (
            f"{indent}if {name}({found.parameter.arg}):{newline}{newline}{deeper}{newline}{newline}"
            f"{indent}{step}return {wrapper.name}{newline}{newline}"
        )
        message = "it decorates asynchronous functions and others: each gets a wrapper of its colour"
        adds: tuple[ImportName, ...] = (add,) if add else ()
        return Change(PATTERN, found.module, found.taker, message, (Edit(line, line, text),), adds)

    def _simple(self, found: Decorator, text: str) -> FunctionNode:
        """The one wrapper of a decorator that does nothing else, of functions that nothing else wraps below it."""
        reason = f"the decorator `{text}` decorates both colours: give it a wrapper for each by hand"
        body = found.taker.body[1:] if ast.get_docstring(found.taker, clean=False) is not None else found.taker.body
        if len(found.wrappers) != 1 or len(body) != 2 or body[0] is not found.wrappers[0]:
            raise Refused(reason)
        for one in self.project.decorators.by_taker[found.taker]:
            below = one.function.decorator_list[_place(one.function, self.project, one.module, found) + 1 :]
            if any((dotted_name(item) or "") in _PLAIN_BELOW for item in below) or is_generator(one.function):
                raise Refused(reason)
        return found.wrappers[0]

    def _awaited(self, wrapper: FunctionNode, found: Decorator, span: tuple[int, int]) -> str:
        """The text of a wrapper as an asynchronous function that awaits what it wraps."""
        source = self.project.sources[found.module.path]
        awaiting = Awaiting(source, self.project.scopes(found.module).parents)
        edits = [Edit(source.segment(wrapper)[0], source.segment(wrapper)[0], "async ")]
        try:
            calls = list(FunctionUses(self.project).parameter(found.parameter, found.module))
        except UnfollowedError as reason:
            raise Refused(f"the decorator may call it and not await it: there it is {reason}") from reason
        for one in calls:
            if self.project.scopes(found.module).function(one.call) is not wrapper or awaiting.generators(one.call):
                raise Refused("the decorator decorates both colours: give it a wrapper for each by hand")
            edits += awaiting.edits(one.call)
        text, position = "", span[0]
        for edit in sorted(edits, key=lambda item: (item.start, item.end)):
            text += source.text[position : edit.start] + edit.text
            position = edit.end
        return text + source.text[position : span[1]]


def _spans_lines(node: ast.AST) -> bool:
    """Whether a text inside goes over several lines: to move it would change it."""
    texts = (one for one in ast.walk(node) if isinstance(one, ast.Constant | ast.JoinedStr))
    return any(isinstance(getattr(one, "value", ""), str | bytes) and one.end_lineno != one.lineno for one in texts)


def _place(function: FunctionNode, project: Project, module: Module, found: Decorator) -> int:
    """Where a decorator stands among those of a function."""
    readings = [project.decorators.read(item, module) for item in function.decorator_list]
    return next(index for index, one in enumerate(readings) if one is not None and one.taker is found.taker)
