"""How a query runs and what it loads: options, execution options, parameters, tuples, guards."""

from __future__ import annotations

import ast
from dataclasses import replace

from helpers.patterns.legacy_query.methods.reading import Followed, Reading
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.shape import single_value
from helpers.patterns.legacy_query.state import BUILT, Rename, argument

_BULK = ("update", "delete")


def options(reading: Reading) -> Followed:
    """Loader options are the same on both."""
    state = reading.state
    return replace(state, options=(*state.options, *reading.placed.pieces)), ()


def execution_options(reading: Reading) -> Followed:
    """The same on both, but for yield_per, with which Query and its own unique() raise."""
    names = {name for keyword in reading.placed.link.keywords for name in _names(reading, keyword)}
    if None in names or reading.placed.link.args:
        raise Refused(".execution_options() from elsewhere may hold yield_per: write them out")
    if "yield_per" in names:
        raise Refused("execution_options(yield_per=...) raises in Query when rows hold entities: use yield_per()")
    return reading.state, ()


def _names(reading: Reading, keyword: ast.keyword) -> list[str | None]:
    """The name of a keyword, or those in `**{NAME: value}`; None for one that is not known."""
    if keyword.arg is not None or not isinstance(keyword.value, ast.Dict):
        return [keyword.arg]
    found: list[str | None] = []
    for key in keyword.value.keys:
        named = single_value(reading.project, reading.placed.module, key) if isinstance(key, ast.Name) else None
        value = named[1] if named else key
        found.append(value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None)
    return found


def populate_existing(reading: Reading) -> Followed:
    """An execution option; Query.update() and Query.delete() never look at it."""
    reading.only(most=0)
    if reading.state.ending in _BULK:
        return reading.state, (reading.removed(),)
    return reading.state, (reading.replaced("execution_options(populate_existing=True)"),)


def autoflush(reading: Reading) -> Followed:
    """An execution option; Query.update() and Query.delete() flush all the same (semantics, rule 10)."""
    return _option(reading, "autoflush", "setting")


def yield_per(reading: Reading) -> Followed:
    """An execution option; Query does not remove repeated entities then."""
    after, renames = _option(reading, "yield_per", "count")
    return replace(after, yields=True), renames


def _option(reading: Reading, name: str, parameter: str) -> Followed:
    reading.only(parameter)
    value = argument(reading.placed, 0, parameter)
    if value is None:
        raise Refused(f".{name}() takes one argument")
    if reading.state.ending in _BULK:
        return reading.state, (reading.removed(),)
    link = reading.placed.link
    start = reading.placed.source.segment(value)[0]
    opening = reading.placed.source.text[link.opening + 1 : start]
    keyword = f"{name}=" if "=" not in opening else ""
    if opening.strip() and not keyword:
        at = reading.placed.source.text.index(parameter, link.opening)
        return reading.state, (reading.renamed("execution_options"), Rename(at, at + len(parameter), name))
    parenthesis = link.opening + 1 + len(opening) - len(opening.lstrip())
    return reading.state, (reading.renamed("execution_options"), Rename(parenthesis, parenthesis, keyword))


def params(reading: Reading) -> Followed:
    """Goes: the values are handed to the call that runs the statement, where it is run here."""
    link = reading.placed.link
    if any(keyword.arg is None for keyword in link.keywords) or len(link.args) > 1 or (link.args and link.keywords):
        raise Refused(".params() from elsewhere: pass the values where the statement is run")
    if link.args and not isinstance(link.args[0], ast.Dict | ast.Name):
        raise Refused(".params() from elsewhere: pass the values where the statement is run")
    after = replace(reading.state, params=(*reading.state.params, reading.placed))
    return after, () if reading.state.ending in BUILT else (reading.removed(),)


def tuples(reading: Reading) -> Followed:
    """Rows even of a single entity."""
    reading.only("value")
    value = argument(reading.placed, 0, "value")
    if reading.placed.name != "tuples" and not (isinstance(value, ast.Constant) and value.value is True):
        raise Refused(".only_return_tuples() is not in the mapping table unless it is True")
    return replace(reading.state, tuples=True), (reading.removed(),)


def enable_assertions(reading: Reading) -> Followed:
    """Goes: select() has none of the guards that it turns off."""
    return replace(reading.state, guarded=_on(reading)), (reading.removed(),)


def enable_eagerloads(reading: Reading) -> Followed:
    """Goes; what would be loaded is taken out or named by the ending."""
    return replace(reading.state, eager=_on(reading)), (reading.removed(),)


def _on(reading: Reading) -> bool:
    reading.only("value")
    value = argument(reading.placed, 0, "value")
    if not isinstance(value, ast.Constant) or not isinstance(value.value, bool):
        raise Refused(f".{reading.placed.name}() of a value that is made elsewhere: write True or False")
    return value.value
