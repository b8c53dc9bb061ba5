"""A picture in two forms, HTML and plain text, and the style that all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Picture:
    """What a cell shows: `html` without its style, and `text` that says the same in plain characters."""

    html: str
    text: str

    @property
    def page(self) -> str:
        """The HTML with its style, complete for one output or one HTML widget."""
        return f'<style>{STYLE}</style><div class="amw">{self.html}</div>'

    def __add__(self, other: Picture) -> Picture:
        return Picture(f"{self.html}{other.html}", f"{self.text}\n\n{other.text}")

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.page, "text/plain": self.text}


def say(message: str) -> str:
    """A line that screen readers read out when it changes."""
    return f'<div role="status" aria-live="polite">{escape(message)}</div>'
