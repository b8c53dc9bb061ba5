"""get(): the session has it, with the query's options as keywords."""

from __future__ import annotations

import ast

from helpers.analysis.meaning import EntityRef
from helpers.codemod.chains import Link
from helpers.patterns.legacy_query.endings.parameters import as_dict
from helpers.patterns.legacy_query.outcome import Conversion, Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.shape import ShapeReader
from helpers.patterns.legacy_query.state import Rename

_KEPT = frozenset({"options", "populate_existing", "with_for_update", "execution_options"})


def get(ending: Ending) -> Conversion:
    """`session.get(Entity, key)`. Refused behind criteria, where Query raises."""
    middle, terminal, head = ending.chain.links[1:-1], ending.terminal, ending.chain.links[0]
    assert terminal is not None
    if any(link.name not in _KEPT for link in middle) or len(head.args) != 1:
        raise Refused("get() on a query with criteria raises: filter by the primary key and take first() or one()")
    entity = head.args[0]
    meaning = ending.project.meanings.of(entity, ending.module)
    if not isinstance(meaning, EntityRef) and ShapeReader(ending.project, ending.module).is_sql(entity):
        raise Refused("get() needs a mapped class in query()")
    starred = any(isinstance(arg, ast.Starred) for arg in terminal.args)
    if len(terminal.args) + len(terminal.keywords) != 1 or starred:
        raise Refused("get() takes one primary key, a tuple or a dict for a composite one")
    if middle and isinstance(entity, ast.Starred):
        raise Refused("get() with options that are made elsewhere: write them out")
    return Conversion(ending.chain, "get", ends_with=terminal, needs=(), keywords=tuple(_keywords(ending, middle)))


def get_itself(ending: Ending) -> Conversion:
    """`session.query(Entity).get` that is handed on as a function: `partial(session.get, Entity)`."""
    chain = ending.chain
    head, last = chain.links
    alone = len(head.args) == 1 and isinstance(ending.project.meanings.of(head.args[0], ending.module), EntityRef)
    if not alone or "#" in chain.source.text[head.closing : last.stop]:
        raise Refused("get without a call is handed on as a function: write a function that calls get() of the session")
    receiver = chain.source.text[slice(*chain.source.segment(chain.receiver))]
    renames = (Rename(head.opening, head.opening + 1, ""), Rename(head.closing, chain.stop, ")"))
    needs = (("functools", "partial"),)
    return Conversion(chain, None, head=f"{{partial}}({receiver}.get, ", renames=renames, needs=needs)


def _keywords(ending: Ending, middle: tuple[Link, ...]) -> list[str]:
    names = [link.name for link in middle]
    if len(set(names) - {"options"}) + names.count("options") < len(names):
        raise Refused("get() behind the same method twice: take one out")
    options = [text for link in middle if link.name == "options" and (text := _inside(ending, link))]
    found = [f"options=[{', '.join(options)}]"] if options else []
    for link in middle:
        inside = _inside(ending, link)
        if link.name == "populate_existing":
            found.append("populate_existing=True")
        elif link.name == "with_for_update":
            found.append(f"with_for_update={_as_dict(ending, link) if inside else True}")
        elif link.name == "execution_options" and inside:
            found.append(f"execution_options={_as_dict(ending, link)}")
    return found


def _as_dict(ending: Ending, link: Link) -> str:
    if link.args or any(keyword.arg is None for keyword in link.keywords):
        raise Refused(f"get() with a .{link.name}() that is made elsewhere: write its arguments out")
    text = ending.placed(link).text
    return as_dict({keyword.arg: text(keyword.value) for keyword in link.keywords if keyword.arg})


def _inside(ending: Ending, link: Link) -> str:
    """The arguments of a link as written; Refused where moving them would lose a comment or another fix."""
    text = ending.chain.source.text[link.opening + 1 : link.closing]
    if "#" in text or ".query(" in text:
        raise Refused(f"get() behind a .{link.name}() with a comment or a query in it: move that out")
    return text.strip().rstrip(",")
