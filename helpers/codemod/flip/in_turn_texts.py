"""The functions that await in turn, as a file gets them: with types where the application has a type checker."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from helpers.analysis.source import Source
from helpers.codemod.flip.typing_names import abc_module
from helpers.codemod.imports import NameBinder
from helpers.model import ImportName

_FIRST = '''async def {name}({values}){bool}:
    """Whether {quantity} true; nothing behind the first {which} is computed."""
    async for value in values:
        if {test}:
            return {found}
    return {end}
'''
_EXTREME = '''async def {name}({values}, {key}, {default}){item}:
    """The {extreme} of some values by a key that is awaited for each in turn."""
    pairs = [(await key(value), value) for value in values]
    return {builtin}(pairs, key=lambda pair: pair[0])[1] if pairs else {builtin}(pairs, **default)
'''
_SORTED = '''async def sorted_by({values}, {key}, *, {reverse}){list}:
    """Values in the order of a key that is awaited once for each, in turn."""
    pairs = [(await key(value), value) for value in list(values)]
    return [value for _, value in sorted(pairs, key=lambda pair: pair[0], reverse=reverse)]
'''
_ANY = {"quantity": "a value is", "which": "one", "test": "value", "found": "True", "end": "False"}
_ALL = {"quantity": "all values are", "which": "other", "test": "not value", "found": "False", "end": "True"}
_TEXTS = {
    "any": (_FIRST, {"name": "any_of", **_ANY}),
    "all": (_FIRST, {"name": "all_of", **_ALL}),
    "sorted": (_SORTED, {}),
    "max": (_EXTREME, {"name": "max_by", "extreme": "greatest", "builtin": "max"}),
    "min": (_EXTREME, {"name": "min_by", "extreme": "least", "builtin": "min"}),
}
_UNTYPED = {"values": "values", "key": "key", "default": "**default", "reverse": "reverse=False"}
_UNTYPED |= dict.fromkeys(("bool", "item", "list"), "")
HELPED = frozenset(_TEXTS)


@dataclass(eq=False)
class Texts:
    """The text of one function for one file; `adds` are the imports that its types need."""

    source: Source
    typed: bool
    adds: list[ImportName] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._binder = NameBinder(self.source.tree, self.source.text)

    def of(self, builtin: str) -> str:
        """The definition, with what has to stand before it."""
        text, words = _TEXTS[builtin]
        if not self.typed:
            return text.format(**words, **_UNTYPED)
        if text is _FIRST:
            types = {"values": f"values: {self._abc('AsyncIterable')}[object]", "bool": " -> bool"}
            return text.format(**words, **types)
        variable = self._variable()
        item = variable or self._new(builtin)
        before = "" if variable else f'{item} = {self._typing("TypeVar")}("{item}")\n\n\n'
        anything = self._typing("Any")
        key = f"key: {self._abc('Callable')}[[{item}], {self._abc('Awaitable')}[{anything}]]"
        types = {
            "values": f"values: {self._abc('Iterable')}[{item}]",
            "key": key,
            "reverse": "reverse: bool = False",
            "default": f"**default: {anything}",
            "item": f" -> {item}",
            "list": f" -> list[{item}]",
        }
        return before + text.format(**words, **types)

    def _variable(self) -> str:
        """A plain type variable that the file has above its first function."""
        for node in self.source.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                break
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.targets) == 1:
                made, target = node.value, node.targets[0]
                plain = len(made.args) == 1 and not made.keywords
                if plain and getattr(made.func, "id", getattr(made.func, "attr", "")) == "TypeVar":
                    return target.id if isinstance(target, ast.Name) else ""
        return ""

    def _new(self, builtin: str) -> str:
        """A name for a type variable that the file has nowhere."""
        name = f"{builtin.title()}Item"
        while name in self.source.text:
            name += "_"
        return name

    def _abc(self, name: str) -> str:
        return self._bound(abc_module(self.source.tree), name)

    def _typing(self, name: str) -> str:
        return self._bound("typing", name)

    def _bound(self, module: str, name: str) -> str:
        text, add = self._binder.name(module, name)
        self.adds += [add] if add and add not in self.adds else []
        return text
