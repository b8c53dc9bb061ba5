"""Compares two queries clause by clause: what the old one says and the new one does not."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from benchmarks.clauses.links import Clause
from benchmarks.clauses.reading import Chain, read, rows
from benchmarks.clauses.vocabulary import AS_OPTION, ENDS, ORDERED, SET_OPERATIONS, SILENT

Rule = Callable[[Clause, Chain, Chain, set[int]], bool]


def lost(old: Chain, new: Chain) -> tuple[str, ...]:
    """The clauses of `old` that have no counterpart in `new`, as texts; empty when nothing is lost."""
    new = _opened(old, new)
    used: set[int] = set()
    missing = [*_lost_entities(old, new), *_lost_root(old, new)]
    missing += [clause.text for clause in old.clauses if not _kept(clause, old, new, used)]
    if not missing:
        missing += [f"the order of {kind}" for kind in sorted(ORDERED) if not _in_order(kind, old, new)]
    if old.end and new.end not in ENDS.get(old.end, frozenset({old.end})):
        missing.append(f"{old.end}()")
    elif old.end == "first" and new.ran and not _limited(old, new):
        missing.append("limit(1), which is in first()")
    return tuple(missing)


def _limited(old: Chain, new: Chain) -> bool:
    last = new.of("limit")[-1:]
    one = any(isinstance(arg, ast.Constant) and arg.value == 1 for clause in last for arg in clause.args)
    return one or bool(old.of("from_statement"))


def same(old: ast.AST, new: ast.AST) -> bool:
    """Whether two pieces of code say the same, queries inside of them compared by their clauses."""
    if isinstance(new, ast.Await) and not isinstance(old, ast.Await):
        return same(old, new.value)
    if isinstance(old, ast.comprehension) and isinstance(new, ast.comprehension):
        before, after = (read(node.iter) for node in (old, new))
        if before and after:
            return (
                not lost(rows(before), rows(after)) and same(old.target, new.target) and _same_value(old.ifs, new.ifs)
            )
    before = read(old) if isinstance(old, ast.expr) else None
    if before is not None and (after := read(new)):
        return not lost(before, after)
    if type(old) is not type(new):
        return False
    return all(_same_value(getattr(old, name, None), getattr(new, name, None)) for name in old._fields)


def _same_value(old: object, new: object) -> bool:
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same_value, old, new))
    if isinstance(old, ast.expr_context):
        return True
    return same(old, new) if isinstance(old, ast.AST) and isinstance(new, ast.AST) else old == new


def _opened(old: Chain, new: Chain) -> Chain:
    """The statement inside of the new one: what a count counts, what a union unites."""
    if any(clause.kind in SET_OPERATIONS for clause in old.clauses):
        return _united(new)
    if old.end != "count" or not (len(new.entities) == 1 and _is_count(new.entities[0])):
        return new
    for clause in new.of("select_from"):
        inner = read(clause.args[0]) if clause.args else None
        if inner and inner.clauses and inner.clauses[-1].kind == "subquery":
            end = "count" if new.end in ENDS["count"] else new.end
            return replace(inner, node=new.node, clauses=inner.clauses[:-1], end=end)
    return new


def _united(new: Chain) -> Chain:
    """`a.union(b)` for a statement that selects from `union(a, b)`, wherever in it that stands."""
    for node in ast.walk(new.node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SET_OPERATIONS:
            first = read(node.args[0]) if node.args else None
            if first and not first.end:
                clauses = (*first.clauses, Clause(node.func.id, tuple(node.args[1:])), *new.clauses)
                return replace(new, entities=first.entities, root=first.root, clauses=clauses)
    return new


def _is_count(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "count"


def _asked(chain: Chain) -> list[ast.expr]:
    """The entities and columns that a query gives in the end."""
    found = list(chain.entities)
    for clause in chain.clauses:
        if clause.kind == "with_entities":
            found = list(clause.args)
        elif clause.kind == "add_columns":
            found += clause.args
    return found


def _lost_entities(old: Chain, new: Chain) -> Iterator[str]:
    there = _asked(new)
    if old.of("exists") or (old.end == "count" and any(map(_is_count, there))):
        there += [arg for clause in new.of("select_from") for arg in clause.args]
    position = 0
    for node in _asked(old):
        at = next((i for i in range(position, len(there)) if _same_column(node, there[i], old)), None)
        if at is None and not (old.end == "count" and any(map(_is_count, there)) and _mentions(new, node)):
            yield f"query({ast.unparse(node)})"
        position = position if at is None else at + 1


def _mentions(chain: Chain, entity: ast.expr) -> bool:
    """Whether a count that was written in another way is at least about that entity."""
    return any(same(entity, node) for node in ast.walk(chain.node) if isinstance(node, ast.Name | ast.Attribute))


def _same_column(old: ast.expr, new: ast.expr, chain: Chain) -> bool:
    if same(old, new):
        return True
    match new:
        case ast.Call(func=ast.Attribute(attr="label", value=value)) if same(old, value):
            return True
    # EXISTS asks for no column, so its entity stands for any of them, and the other way round
    return bool(chain.of("exists")) and _same_start(old, new)


def _same_start(old: ast.expr, new: ast.expr) -> bool:
    owner = old.value if isinstance(old, ast.Attribute) else old
    other = new.value if isinstance(new, ast.Attribute) else new
    return same(owner, new) or same(old, other)


def _lost_root(old: Chain, new: Chain) -> Iterator[str]:
    if old.root is None or isinstance(old.root, ast.Name):
        return
    if new.root is None or not (isinstance(new.root, ast.Name) or same(old.root, new.root)):
        yield ast.unparse(old.root)


def _kept(clause: Clause, old: Chain, new: Chain, used: set[int]) -> bool:
    if clause.kind in SILENT or clause.kind in ("with_entities", "add_columns"):
        return True  # the columns were compared as a whole
    if clause.kind == "enable_eagerloads":
        return not new.of("options")
    if _take(clause, new, used):
        return True
    rule = _RULES.get(clause.kind)
    return rule is not None and rule(clause, old, new, used)


def _take(clause: Clause, new: Chain, used: set[int]) -> bool:
    return _take_if(lambda other: _equal(clause, other), new, used)


def _take_if(fits: Callable[[Clause], bool], new: Chain, used: set[int]) -> bool:
    for at, other in enumerate(new.clauses):
        if at not in used and fits(other):
            used.add(at)
            return True
    return False


def _equal(old: Clause, new: Clause) -> bool:
    if (old.kind, old.name, len(old.args)) != (new.kind, new.name, len(new.args)):
        return False
    words, others = dict(old.keywords), dict(new.keywords)
    return (
        words.keys() == others.keys()
        and all(same(words[key], others[key]) for key in words)
        and all(map(same, old.args, new.args))
    )


def _filter_by(clause: Clause, _old: Chain, new: Chain, used: set[int]) -> bool:
    """`filter_by(x=1)` may have become `where(Entity.x == 1)`."""
    value = clause.args[0]
    return _take_if(lambda other: other.kind == "where" and _equates(other.args, clause.name, value), new, used)


def _where(clause: Clause, _old: Chain, new: Chain, used: set[int]) -> bool:
    """`filter(Entity.x == 1)` may have become `filter_by(x=1)`; a criterion alone may stand in a join or in and_()."""
    return _take_if(
        lambda other: other.kind == "filter_by" and _equates(clause.args, other.name, other.args[0]), new, used
    )


def _equates(criteria: Sequence[ast.expr], name: str, value: ast.expr) -> bool:
    if len(criteria) != 1:
        return False
    match criteria[0]:
        case ast.Compare(left=ast.Attribute(attr=attr), ops=[ast.Eq()], comparators=[other]):
            return attr == name and (same(value, other) or _same_truth(value, other))
        case ast.Call(func=ast.Attribute(attr="is_", value=ast.Attribute(attr=attr)), args=[other]):
            return attr == name and (same(value, other) or _same_truth(value, other))
    return False


def _same_truth(old: ast.expr, new: ast.expr) -> bool:
    name = str(old.value).lower() if isinstance(old, ast.Constant) and isinstance(old.value, bool) else None
    return isinstance(new, ast.Call) and isinstance(new.func, ast.Name) and new.func.id == name


def _key(clause: Clause, old: Chain, new: Chain, used: set[int]) -> bool:
    """`get(1)` by hand: a criterion on the entity's key, whatever it is called."""
    return new.end != "get" and _take_if(
        lambda other: (
            other.kind in ("where", "filter_by") and any(same(clause.args[0], part) for part in _values(other))
        ),
        new,
        used,
    )


def _values(clause: Clause) -> Iterator[ast.expr]:
    for arg in clause.args:
        yield arg
        if isinstance(arg, ast.Compare):
            yield from arg.comparators


def _slice(clause: Clause, _old: Chain, new: Chain, used: set[int]) -> bool:
    start, stop = clause.args[0], clause.args[-1]
    wants = [("offset", start), ("limit", stop)]
    none = [kind for kind, bound in wants if isinstance(bound, ast.Constant) and bound.value in (None, 0)]
    return all(kind in none or _take_if(lambda other, k=kind: other.kind == k, new, used) for kind, _ in wants)  # type: ignore[misc]


def _with_parent(clause: Clause, _old: Chain, new: Chain, used: set[int]) -> bool:
    def fits(other: Clause) -> bool:
        call = other.args[0] if other.kind == "where" and other.args else None
        named = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "with_parent"
        return named and isinstance(call, ast.Call) and bool(call.args) and same(clause.args[0], call.args[0])

    return _take_if(fits, new, used)


def _select_from(clause: Clause, _old: Chain, new: Chain, _used: set[int]) -> bool:
    """Needless where the statement asks for that entity alone."""
    return [ast.dump(arg) for arg in clause.args] == [ast.dump(arg) for arg in _asked(new)]


def _option(clause: Clause, old: Chain, new: Chain, used: set[int]) -> bool:
    """`autoflush(False)` before update() or delete() did nothing, and goes."""
    return clause.name in AS_OPTION and clause.name == "autoflush" and old.end in ("update", "delete")


def _exists(_clause: Clause, _old: Chain, new: Chain, _used: set[int]) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "exists" for node in ast.walk(new.node))


_RULES: dict[str, Rule] = {
    "filter_by": _filter_by,
    "where": _where,
    "key": _key,
    "slice": _slice,
    "with_parent": _with_parent,
    "select_from": _select_from,
    "execution_options": _option,
    "exists": _exists,
}


def _in_order(kind: str, old: Chain, new: Chain) -> bool:
    """Whether the clauses of this kind come in the same order; both are known to hold the same ones."""
    there = new.of(kind)
    position = 0
    for clause in old.of(kind):
        at = next((i for i in range(position, len(there)) if _equal(clause, there[i])), None)
        if at is None:
            return kind not in ("order_by", "group_by", "join")
        position = at + 1
    return True
