"""Endings that a statement has by another name once it stands in a variable."""

from __future__ import annotations

import ast
from dataclasses import replace

from helpers.analysis.project import Project
from helpers.codemod.chains import Chain, Link, significant
from helpers.patterns.legacy_query.endings.bulk import bulk
from helpers.patterns.legacy_query.endings.counting import INSIDE, same_entity
from helpers.patterns.legacy_query.endings.parameters import no_params
from helpers.patterns.legacy_query.endings.running import no_arguments
from helpers.patterns.legacy_query.held.family import Site
from helpers.patterns.legacy_query.held.states import States
from helpers.patterns.legacy_query.outcome import Conversion, Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import EXECUTION, Piece, Rename

_ONE = ("sqlalchemy", "literal_column")
_ONLY = '.with_only_columns({literal_column}("1"), maintain_column_froms=True)'


def exists(ending: Ending) -> Conversion:
    """`EXISTS (SELECT 1 FROM ...)`, as Query writes it: the columns go, what they select from stays."""
    no_arguments(ending.terminal)
    no_params(ending)
    seen, terminal = ending.state.seen, ending.terminal
    assert terminal is not None
    if "options" in seen or not seen <= INSIDE:
        raise Refused("exists() behind these methods means something else on a statement: write it by hand")
    shape = ending.shape
    several = len(shape.parts) > 1 and (ending.state.joins or not same_entity(shape.parts))
    if shape.parts[0].owner is None or several:
        raise Refused("exists() on several columns or on an expression: write select(...).exists() by hand")
    first, last = _around(ending, len(_ONLY))
    added = Rename(terminal.dot, terminal.dot, _ONLY.replace("(", f"({first}", 1)[:-1] + f"{last})", (_ONE,))
    return Conversion(ending.chain, None, ends_with=terminal, renames=(*ending.renames, added))


def _around(ending: Ending, grown: int) -> tuple[str, str]:
    """Line breaks behind the opening and in front of the closing parenthesis, where one line becomes too long."""
    source, at = ending.chain.source, ending.chain.start
    line = source.position(at)[0] - 1
    stop = source.lines[line + 1] if line + 1 < len(source.lines) else len(source.text)
    text = source.text[source.lines[line] : stop].rstrip("\r\n")
    around = ending.project.scopes(ending.module).ancestors(ending.chain.node)
    if len(text) + grown <= ending.project.line_length or any(isinstance(node, ast.JoinedStr) for node in around):
        return "", ""
    margin = f"{source.newline}{text[: len(text) - len(text.lstrip())]}"
    return f"{margin}    ", margin


def bulk_of(project: Project, site: Site, states: States) -> tuple[Conversion, Piece]:
    """update() and delete() of a query in a variable: its criteria are read off the statement, and its entity."""
    [state, *others] = states.alike(site)
    assert site.terminal is not None
    name = site.terminal.name
    if others or state.seen & EXECUTION:
        raise Refused(f".{name}() of a query with several sources or with execution options ({site.place})")
    if not any(_narrows(link) for source in states.leaving(site) for link in source.middle):
        raise Refused(f".{name}() of a query that may have no criteria ({site.place}): write {name}() by hand")
    ending = Ending(
        project, site.module, silent_chain(site), replace(state, ending=name), states.renames(site), site.terminal
    )
    return replace(bulk(ending), head=name), state.columns[0]


def _narrows(link: Link) -> bool:
    """Whether a link surely adds a criterion."""
    if link.name == "filter_by":
        return any(keyword.arg or _has_names(keyword.value) for keyword in link.keywords)
    return link.name in ("filter", "where") and any(not isinstance(arg, ast.Starred) for arg in link.args)


def _has_names(unpacked: ast.expr) -> bool:
    """Whether what `**` unpacks surely holds something: a named tuple and a row of a result have a field at least."""
    match unpacked:
        case ast.Call(func=ast.Attribute(attr="_asdict"), args=[], keywords=[]):
            return True
        case ast.Dict(keys=keys):
            return any(key is not None for key in keys)
    return False


def silent_chain(site: Site) -> Chain:
    """The site's chain behind a head that has no text: the call of the session is put in front of it."""
    chain = site.chain
    start, stop = chain.source.segment(site.value)
    if chain.links:  # parentheses around the value close in front of the first link
        gap = significant(chain.source.text, stop, chain.links[0].dot)
        stop = max([stop, *(at + 1 for char, at in gap if char == ")")])
    call = ast.copy_location(ast.Call(site.value, [], []), site.value)
    node = ast.copy_location(ast.Attribute(site.value, "query", ast.Load()), site.value)
    silent = Link("query", node, call, start, start, start, start, stop - 1)
    return Chain(chain.source, chain.receiver, (silent, *chain.links), chain.node, chain.start, chain.stop)
