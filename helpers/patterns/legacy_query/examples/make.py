"""An example of code that stays as it is."""

from __future__ import annotations

from helpers.model import Example


def stays(title: str, text: str, call: str) -> Example:
    """The example of a text that the pattern leaves."""
    return Example(f"stays: {title}", text, text, call)
