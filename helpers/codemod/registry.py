"""All patterns, found by scanning the package; adding one is adding its file."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from types import ModuleType

from helpers import patterns
from helpers.codemod.pattern import Pattern
from helpers.errors import UsageError


@cache
def all_patterns() -> tuple[type[Pattern], ...]:
    """Every pattern, in the order of its code."""
    return patterns_in(patterns)


def patterns_in(package: ModuleType) -> tuple[type[Pattern], ...]:
    """The patterns that the modules of a package define or pass on, in the order of their codes.

    A base class without a code of its own is none. ValueError when two share a code or a name.
    """
    found = tuple(sorted(set(_found(package)), key=lambda pattern: pattern.CODE))
    for facts in (Counter(pattern.CODE for pattern in found), Counter(pattern.NAME for pattern in found)):
        if twice := [fact for fact, count in facts.items() if count > 1]:
            raise ValueError(f"two patterns are called {twice[0]}")
    return found


def _found(package: ModuleType) -> Iterator[type[Pattern]]:
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Pattern) and hasattr(value, "CODE"):
                yield value


def select(wanted: Iterable[str]) -> tuple[type[Pattern], ...]:
    """The patterns of those names or codes, all of them for none. UsageError for a word that is neither."""
    words = list(wanted)
    known = {key: pattern for pattern in all_patterns() for key in (pattern.CODE, pattern.NAME)}
    if unknown := [word for word in words if word not in known]:
        names = ", ".join(f"{pattern.NAME} ({pattern.CODE})" for pattern in all_patterns())
        raise UsageError(unknown[0], "is no pattern's name or code", f"choose from {names}")
    chosen = {known[word] for word in words} or set(all_patterns())
    return tuple(pattern for pattern in all_patterns() if pattern in chosen)
