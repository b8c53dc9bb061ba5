"""The values of `params()`: they are handed to the call that runs the statement."""

from __future__ import annotations

from collections.abc import Mapping

from helpers.patterns.legacy_query.outcome import Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import BUILT, Placed


def arguments(ending: Ending) -> str:
    """`, {"id": 1}` for the call; an empty string without parameters. Refused when several dicts would be merged."""
    params = ending.state.params
    if not params:
        return ""
    if len(params) == 1 and params[0].link.args:
        return f", {params[0].text(params[0].link.args[0])}"
    given = {}
    for placed in params:
        if placed.link.args:
            raise Refused("several params() with a dict among them: merge them by hand")
        given.update(_given(placed))
    return f", {as_dict(given)}" if given else ""


def as_dict(given: Mapping[str, str]) -> str:
    """A dict's text from names and the texts of their values."""
    items = ", ".join(f'"{name}": {text}' for name, text in given.items())
    return f"{{{items}}}"


def _given(placed: Placed) -> dict[str, str]:
    return {keyword.arg: placed.text(keyword.value) for keyword in placed.link.keywords if keyword.arg}


def no_params(ending: Ending) -> None:
    """Refused when the query has parameters that its ending cannot hand on, or that criteria behind them read."""
    params = ending.state.params
    if params and (ending.state.ending not in BUILT or params != ending.state.links[-len(params) :]):
        raise Refused("params() on a statement that is not run here: pass the values where it is run")
