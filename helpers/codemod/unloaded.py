"""Writes a load that happens only where nothing has loaded it before, as a load in passing does."""

from __future__ import annotations


def if_unloaded(name: str, attribute: str, load: str, inspect: str) -> str:
    """The statement `load` for an object from elsewhere: what it has by then, changes included, is kept.

    What is not stored yet has nothing to load, and cannot be refreshed
    (https://docs.sqlalchemy.org/en/20/orm/internals.html#sqlalchemy.orm.InstanceState.unloaded).
    """
    state = f"{inspect}({name})"
    return f'if {state}.persistent and "{attribute}" in {state}.unloaded:\n    {load}'
