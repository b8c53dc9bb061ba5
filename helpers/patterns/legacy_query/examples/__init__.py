"""Befores and afters of the pattern by themes, all run on both sides; those that stay have equal texts."""

from __future__ import annotations

from helpers.model import Example
from helpers.patterns.legacy_query.examples import (
    bulk,
    columns,
    combined,
    execution,
    held,
    parts,
    rows,
    slices,
    staying,
    text,
    travelling,
    travelling_stays,
)

__all__ = ["EXAMPLES"]

_THEMES = (rows, text, staying, bulk, slices, columns, parts, combined, execution, held, travelling, travelling_stays)
EXAMPLES: tuple[Example, ...] = tuple(example for theme in _THEMES for example in theme.EXAMPLES)
