"""value() and values(): other columns for one run, ten rows at a time and without removing repeated ones."""

from __future__ import annotations

import ast
from dataclasses import replace

from helpers.analysis.meaning import MappedAttribute
from helpers.patterns.legacy_query.endings.parameters import arguments
from helpers.patterns.legacy_query.names import check_names
from helpers.patterns.legacy_query.outcome import Conversion, Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.shape import shape_of
from helpers.patterns.legacy_query.state import Placed, Rename
from helpers.patterns.legacy_query.usage import Usage

_PER = 10  # the rows that Query.values() fetches at a time


def values(ending: Ending) -> Conversion:
    """`with_only_columns(...)`: the first column of the first row, or rows to iterate over."""
    link = ending.terminal
    assert link is not None
    if not link.args or link.keywords or any(isinstance(arg, ast.Starred) for arg in link.args):
        raise Refused(f".{link.name}() hides its columns: write them out")
    state = replace(ending.state, columns=ending.placed(link).pieces)
    shape = shape_of(ending.project, state)
    if ending.state.whole or ending.state.sets or "with_entities" in ending.state.seen:
        raise Refused(f".{link.name}() behind .with_entities() or .from_statement(): take the columns there")
    if link.name == "value" and (len(shape.parts) != 1 or shape.has_entity):
        raise Refused("value() takes one column")
    if link.name == "values" and not Usage(ending.project, ending.module).iterated(ending.chain.node):
        raise Refused("values() is run when it is iterated, which is elsewhere: iterate over it here")
    if any(not _has_left(ending, join) for join in ending.state.joins) and not ending.state.froms:
        raise Refused(f".{link.name}() behind a join that starts from the first entity: join by the relationship")
    if ending.state.options or not ending.state.eager:
        raise Refused(f".{link.name}() loads nothing eagerly: take the options out")
    check_names(ending, shape, ending.chain.node)
    into_dict = Usage(ending.project, ending.module).made_into_dict(ending.chain.node)  # a result has keys() as well
    named = Rename(link.start, link.end, "with_only_columns")
    alone = link.name == "value"
    per = "" if alone or state.yields else f".execution_options(yield_per={_PER})"
    return Conversion(
        ending.chain,
        "scalars" if shape.bare and not alone else "execute",
        after=per,
        arguments=arguments(ending),
        tail=".scalar()" if alone else ".all()" if into_dict else "",
        renames=(*ending.renames, named),
        parentheses=ending.parentheses,
    )


def _has_left(ending: Ending, join: Placed) -> bool:
    """Whether a join says what it starts from: the columns, from which it starts otherwise, are replaced."""
    return isinstance(ending.project.meanings.of(join.link.args[0], join.module), MappedAttribute)
