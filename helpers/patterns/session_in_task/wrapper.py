"""The function that runs the task's on a session of its own, and the call that hands it over instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.mapping import Entity
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.imports import NameBinder
from helpers.codemod.refused import Refused
from helpers.codemod.statements import line_end
from helpers.model import Edit, ImportName
from helpers.patterns.session_in_task.handovers import HandOver
from helpers.patterns.session_in_task.payload import Payload

_PLAIN = frozenset({"int", "str"})


@dataclass(frozen=True, eq=False)
class Task:
    """The function that is handed over: `owner` is the class of a method, whose instance then goes along."""

    function: FunctionNode
    module: Module
    owner: Definition | None

    @property
    def parameters(self) -> list[ast.arg]:
        """The parameters that the hand-over fills."""
        given = self.function.args
        if given.vararg or given.kwarg or given.posonlyargs:
            raise Refused(f"{self.function.name}() takes any arguments: write the session's out by hand")
        return [*(given.args[1:] if self.owner else given.args), *given.kwonlyargs]


@dataclass(frozen=True, eq=False)
class Wrapper:
    """One hand-over with everything that is known of it."""

    project: Project
    over: HandOver
    payload: Payload
    task: Task
    factory: Definition

    @property
    def name(self) -> str:
        """What the new function is called."""
        return f"{self.task.function.name.lstrip('_')}_in_own_session"

    def bound(self) -> list[tuple[ast.arg, ast.expr, bool]]:
        """Each parameter with its argument, and whether that is given by its name."""
        parameters = self.task.parameters
        found = [(parameter, value, False) for parameter, value in zip(parameters, self.over.args, strict=False)]
        named = {parameter.arg: parameter for parameter in parameters}
        found += [
            (named[word.arg], word.value, True)
            for word in self.over.keywords
            if word.arg in named and word.arg is not None
        ]
        whole = len(self.over.args) + len(self.over.keywords)
        if len(found) != whole or any(isinstance(value, ast.Starred) for value in self.over.values):
            raise Refused("its arguments cannot be told one by one: write them out")
        return found

    def definition(self) -> tuple[Edit, list[ImportName]]:
        """The new function behind the old one, in its module, and what that has to import."""
        module, source = self.task.module, self.project.sources[self.task.module.path]
        if self.name in module.definitions or self.name in module.imports:
            raise Refused(f"{module.path} has a `{self.name}` already: write the task's session by hand")
        session, imported = self._spelled(self.factory, module)
        anchor = self._anchor()
        at = line_end(source, getattr(anchor, "end_lineno", 1))
        lines = self._lines(session)
        text = "".join(f"{source.newline}{line}" for line in ["", "", *lines])
        return Edit(at, at, text), imported

    def _anchor(self) -> ast.AST:
        node: ast.AST = self.task.owner.node if self.task.owner else self.task.function
        if node not in self.task.module.tree.body:
            raise Refused(f"{self.task.function.name}() is not defined at the top of its module: write it by hand")
        return node

    def _spelled(self, found: Definition, module: Module) -> tuple[str, list[ImportName]]:
        if found.module is module:
            return found.name, []
        self._not_in_a_circle(found.module, module)
        source = self.project.sources[module.path]
        text, added = NameBinder(module.tree, source.text).name(found.module.name, found.name)
        return text, [added] if added else []

    def _not_in_a_circle(self, wanted: Module, module: Module) -> None:
        """Refused when the factory's module imports the task's: neither could then be loaded first."""
        seen, queue = {wanted.path}, [wanted]
        while queue:
            one = queue.pop()
            for target in one.imports.values():
                other = self.project.symbols.module(target, one) or self.project.symbols.module(
                    target.rpartition(".")[0], one
                )
                if other and other.path not in seen:
                    seen.add(other.path)
                    queue.append(other)
        if module.path in seen:
            raise Refused(f"{wanted.name} imports {module.name}: importing the factory there would be a circle")

    def _lines(self, factory: str) -> Iterator[str]:
        task, typed = self.task, self._typed()
        bound = self.bound()
        sessions = [parameter.arg for parameter, value, _ in bound if value in self.payload.sessions]
        session = sessions[0] if sessions else "session"
        word, wait = ("async def", "await ") if isinstance(task.function, ast.AsyncFunctionDef) else ("def", "")
        signature = ", ".join(self._signature(bound, typed=typed))
        yield f"{word} {self.name}({signature}){self._result(typed=typed)}:"
        yield f'    """Run `{task.function.name}` on a session of its own: the caller\'s is not there for it."""'
        yield f"    with {factory}() as {session}:"
        for parameter, value, _ in bound:
            if entity := self.payload.entity(value):
                yield f"        {parameter.arg} = {session}.get({self._class(entity)}, {parameter.arg}_id)"
                yield f"        if {parameter.arg} is None:  # deleted meanwhile"
                yield "            return"
        called = f"{self._receiver()}.{task.function.name}" if task.owner else task.function.name
        arguments = ", ".join(f"{one.arg}={one.arg}" if named else one.arg for one, _, named in bound)
        yield f"        {'return ' if self._gives() else ''}{wait}{called}({arguments})"

    def _typed(self) -> bool:
        given = self.task.function
        return given.returns is not None or any(one.annotation for one in self.task.parameters)

    def _signature(self, bound: list[tuple[ast.arg, ast.expr, bool]], *, typed: bool) -> Iterator[str]:
        if self.task.owner:
            yield f"{self._receiver()}: {self.task.owner.name}" if typed else self._receiver()
        source = self.project.sources[self.task.module.path]
        for parameter, value, _ in bound:
            if value in self.payload.sessions:
                continue
            if entity := self.payload.entity(value):
                yield f"{parameter.arg}_id: {key_type(entity)}" if typed else f"{parameter.arg}_id"
            else:
                note = ast.get_source_segment(source.text, parameter.annotation) if parameter.annotation else None
                yield f"{parameter.arg}: {note}" if note else parameter.arg

    def _receiver(self) -> str:
        return "service"

    def _gives(self) -> bool:
        results = self.project.scopes(self.task.module).results(self.task.function)
        return any(isinstance(one, ast.Return) and one.value is not None and not _none(one.value) for one in results)

    def _result(self, *, typed: bool) -> str:
        source, returns = self.project.sources[self.task.module.path], self.task.function.returns
        if returns is not None and self._gives() and not self.payload.objects:
            return f" -> {ast.get_source_segment(source.text, returns)}"
        return " -> None" if typed and not self._gives() else ""

    def _class(self, entity: Entity) -> str:
        """The mapped class as the task's module names it."""
        module = self.task.module
        for name in (entity.name, *module.imports):
            found = self.project.symbols.resolve(module, name)
            if isinstance(found, Definition) and found.node is entity.definition.node:
                return name
        raise Refused(f"{module.path} does not import {entity.name}: import it there")

    def hand_over(self) -> tuple[list[Edit], list[ImportName]]:
        """The edits of the call that hands the task over: the new function, ids for objects, no session."""
        source = self.project.sources[self.over.module.path]
        edits = [self._argument(value, source.segment(value)) for value in self._kept_objects()]
        written, imported = self._function()
        if self.over.packed is not None:
            edits = [self._repacked(), Edit(*source.segment(self.over.function), written)]
            return edits, imported
        written += f", {ast.unparse(self._bound_to())}" if self.task.owner and self._is_flat() else ""
        edits.append(Edit(*source.segment(self.over.function), written))
        edits += [self._without(value) for value in self.payload.sessions]
        return edits, imported

    def _is_flat(self) -> bool:
        if self.over.holder.func is self.over.function:
            raise Refused("a coroutine of a method is handed over: write the task's session by hand")
        return True

    def _kept_objects(self) -> list[ast.expr]:
        return [value for value, _ in self.payload.objects]

    def _argument(self, value: ast.expr, place: tuple[int, int]) -> Edit:
        """`author` becomes `author.id`, and `author=author` `author_id=author.id`."""
        entity = self.payload.entity(value)
        assert entity is not None
        source = self.project.sources[self.over.module.path]
        start = place[0]
        name = ""
        for word in self.over.keywords:
            if word.value is value:
                start, name = source.segment(word)[0], f"{word.arg}_id="
        return Edit(start, place[1], f"{name}{source.text[slice(*place)]}.{key_name(entity)}")

    def _without(self, value: ast.expr) -> Edit:
        """The session goes with the comma in front of it, or with the one behind where it comes first."""
        source = self.project.sources[self.over.module.path]
        word = next((one for one in self.over.keywords if one.value is value), None)
        node: ast.expr | ast.keyword = word or value
        every: list[ast.expr | ast.keyword] = [*self.over.holder.args, *self.over.holder.keywords]
        every.sort(key=source.segment)
        index = every.index(node)
        start, end = source.segment(node)
        if index:
            return Edit(source.segment(every[index - 1])[1], end, "")
        if len(every) > 1:
            return Edit(start, source.segment(every[1])[0], "")
        return Edit(start, end, "")

    def _repacked(self) -> Edit:
        source, packed = self.project.sources[self.over.module.path], self.over.packed
        assert packed is not None
        texts = [ast.unparse(self._bound_to())] if self.task.owner else []
        for value in packed.elts:
            if value not in self.payload.sessions:
                text = source.text[slice(*source.segment(value))]
                entity = self.payload.entity(value)
                texts.append(f"{text}.{key_name(entity)}" if entity else text)
        if isinstance(packed, ast.List):
            return Edit(*source.segment(packed), f"[{', '.join(texts)}]")
        return Edit(*source.segment(packed), f"({', '.join(texts)}{',' if len(texts) == 1 else ''})")

    def _bound_to(self) -> ast.expr:
        assert isinstance(self.over.function, ast.Attribute)
        return self.over.function.value

    def _function(self) -> tuple[str, list[ImportName]]:
        """The new function as the calling module writes it."""
        module, task = self.over.module, self.task.module
        if task is module:
            return self.name, []
        if not self.task.owner and isinstance(self.over.function, ast.Attribute):
            return f"{dotted_name(self.over.function.value)}.{self.name}", []
        target = module.imports.get(ast.unparse(self.over.function), "").rpartition(".")[0] or task.name
        return self.name, [ImportName(target, self.name)]


def key_name(entity: Entity) -> str:
    """The attribute of the primary key. Refused when it is not one column that the text shows."""
    names = [name for name, _ in _keys(entity)]
    if len(names) != 1:
        raise Refused(f"{entity.name} has no primary key of one column in sight: hand its values over")
    return names[0]


def key_type(entity: Entity) -> str:
    """The type of the primary key, where it is a plain one."""
    text = next(iter(annotation for _, annotation in _keys(entity)), "")
    return text if text in _PLAIN else "object"


def _keys(entity: Entity) -> Iterator[tuple[str, str]]:
    for one in (entity.definition, *entity.bases):
        found = list(_own_keys(one.node))
        if found:
            yield from found
            return


def _own_keys(node: ast.AST) -> Iterator[tuple[str, str]]:
    for item in getattr(node, "body", ()):
        target = item.targets[0] if isinstance(item, ast.Assign) else getattr(item, "target", None)
        value = getattr(item, "value", None)
        keys = value.keywords if isinstance(value, ast.Call) else []
        if isinstance(target, ast.Name) and any(word.arg == "primary_key" and _true(word.value) for word in keys):
            yield target.id, _python_type(item, value)


def _python_type(item: ast.stmt, value: ast.expr | None) -> str:
    annotation = getattr(item, "annotation", None)
    if isinstance(annotation, ast.Subscript):
        return ast.unparse(annotation.slice)
    first = value.args[0] if isinstance(value, ast.Call) and value.args else None
    last = (dotted_name(first.func if isinstance(first, ast.Call) else first) or "") if first is not None else ""
    return {"Integer": "int", "BigInteger": "int", "String": "str"}.get(last.rpartition(".")[2], "object")


def _true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
