"""What the body of one mapped class declares: columns, relationships, tables, foreign keys, as far as its text says."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from helpers.analysis.symbols import dotted_name, statements

UNREADABLE_KEY = "?"
_COLUMN_MAKERS = frozenset({"Column", "mapped_column", "column_property", "deferred", "Field", "composite", "synonym"})
_RELATION_MAKERS = frozenset({"relationship", "relation", "Relationship", "dynamic_loader"})
_STRATEGIES = {"DynamicMapped": "dynamic", "WriteOnlyMapped": "write_only"}
_COLLECTIONS = frozenset({"list", "List", "set", "Set", "Sequence", "Collection", "Iterable", "dict", "Dict"})
_ONE_OF = frozenset({"Mapped", "Optional", "Union", "Annotated", "Required"})
_NO_CLASS = _COLLECTIONS | {"Mapped", "Optional", "Union", "None", "typing", "orm", "t", "so"}


@dataclass(frozen=True)
class Relationship:
    """One relationship as declared: `many` is None where the text does not say; `lazy` is the loading strategy.

    `joined_by_keys` says that the foreign keys alone decide how it joins, so that they tell its direction.
    """

    name: str
    target: str | None
    many: bool | None
    lazy: str = "select"
    joined_by_keys: bool = True

    @property
    def with_its_owner(self) -> bool:
        """Whether a query for the owner, or a whole refresh of it, loads it too; making an owner does not."""
        return self.lazy in ("joined", "selectin", "subquery", "immediate")


@dataclass(frozen=True)
class Declared:
    """The attributes of one class body; `annotated` are those of the others that SQLModel makes columns of."""

    columns: frozenset[str]
    relationships: Mapping[str, Relationship]
    others: frozenset[str]
    annotated: frozenset[str]


def declared(node: ast.ClassDef) -> Declared:
    """Tell the columns, the relationships and the rest of a class body apart."""
    columns, others, annotated, relations = set(), set(), set(), {}
    for name, annotation, value in members(node):
        maker = called(value)
        if maker in _RELATION_MAKERS and isinstance(value, ast.Call):
            relations[name] = relationship(name, annotation, value, node)
        elif maker in _COLUMN_MAKERS or (value is None and _annotated_column(annotation)):
            columns.add(name)
        else:
            others.add(name)
            if annotation is not None and not _is_class_variable(annotation):
                annotated.add(name)
    functions = {item.name for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)}
    return Declared(frozenset(columns), relations, frozenset(others), frozenset(annotated - functions))


def _is_class_variable(annotation: ast.expr) -> bool:
    return "ClassVar" in _words(annotation)


def members(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
    """(name, annotation, value) of every attribute a class body declares, declared_attr functions among them."""
    for item in statements(node):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            yield item.target.id, item.annotation, item.value
        elif isinstance(item, ast.Assign):
            yield from ((target.id, None, item.value) for target in item.targets if isinstance(target, ast.Name))
        elif isinstance(item, ast.FunctionDef):
            yield item.name, item.returns, _declared_value(item)


def _declared_value(function: ast.FunctionDef) -> ast.expr | None:
    """What a declared_attr gives; of several, a relationship, for that is what must not be missed."""
    if not any("declared_attr" in (dotted_name(decorator) or "") for decorator in function.decorator_list):
        return None
    returned = [part.value for part in statements(function) if isinstance(part, ast.Return)]
    relations = [value for value in returned if called(value) in _RELATION_MAKERS]
    return next(iter(relations or returned), None)


def class_value(node: ast.AST, name: str) -> ast.expr | None:
    """The expression that a class body assigns to `name`, or None."""
    for item in getattr(node, "body", []):
        targets = item.targets if isinstance(item, ast.Assign) else [getattr(item, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value = item.value
            return value if isinstance(value, ast.expr) else None
    return None


def table_name(node: ast.AST) -> str | None:
    """What a class body assigns to `__tablename__`, where it is plain text."""
    value = class_value(node, "__tablename__")
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def abstract(node: ast.AST) -> bool:
    """Whether a class says that it has no table."""
    value = class_value(node, "__abstract__")
    return isinstance(value, ast.Constant) and bool(value.value)


def references(node: ast.AST) -> Iterator[str]:
    """The tables and classes that the foreign keys of a class body point to; UNREADABLE_KEY for what is computed."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        keyed = [keyword.value for keyword in call.keywords if keyword.arg == "foreign_key"]
        if called(call) == "ForeignKey":
            keyed += call.args[:1]
        elif called(call) == "ForeignKeyConstraint" and len(call.args) > 1:
            keyed += call.args[1].elts if isinstance(call.args[1], ast.List | ast.Tuple) else [call.args[1]]
        yield from (_referred(key) for key in keyed)


def _referred(key: ast.expr) -> str:
    name = key.value if isinstance(key, ast.Constant) else dotted_name(key)
    parts = name.split(".") if isinstance(name, str) else []
    table = parts[-2] if len(parts) > 1 else ""
    return UNREADABLE_KEY if table in ("", "c", "columns") else table


def is_deferred(value: ast.expr | None) -> bool:
    """Whether an expression makes a column that is loaded when it is first read."""
    if not isinstance(value, ast.Call):
        return False
    told = [keyword.value for keyword in value.keywords if keyword.arg in ("deferred", "deferred_group")]
    flags = [item for item in told if not (isinstance(item, ast.Constant) and not item.value)]
    return called(value) == "deferred" or bool(flags)


def called(value: ast.expr | None) -> str:
    """The last part of the name that a call calls; empty for anything else."""
    if not isinstance(value, ast.Call):
        return ""
    return value.func.attr if isinstance(value.func, ast.Attribute) else _last(value.func)


def is_relationship(value: ast.expr | None) -> bool:
    """Whether an expression makes a relationship."""
    return called(value) in _RELATION_MAKERS


def relationship(name: str, annotation: ast.expr | None, call: ast.Call, owner: ast.ClassDef) -> Relationship:
    """Read `relationship(...)` or SQLModel's `Relationship(...)` that a body (or code behind it) gives to `name`."""
    keywords = _keywords(call)
    first = call.args[0] if call.args else keywords.get("argument")
    target, many = _target(annotation)
    target = _class_name(first) or target
    if uselist := keywords.get("uselist"):
        many = bool(uselist.value) if isinstance(uselist, ast.Constant) else None
    elif many is not True and "collection_class" in keywords:
        many = True
    elif many is None and "remote_side" in keywords and target == owner.name:
        many = _side(keywords["remote_side"], owner)
    elif many is None and "secondary" in keywords:
        many = True
    by_keys = not {"primaryjoin", "remote_side", "secondary", "uselist"} & keywords.keys()
    return Relationship(
        name, target, many, _annotated_strategy(annotation, keywords) or _strategy(call, keywords), by_keys
    )


def _annotated_strategy(annotation: ast.expr | None, keywords: Mapping[str, ast.expr]) -> str:
    """`DynamicMapped[...]` and `WriteOnlyMapped[...]` say it in the annotation; empty for any other."""
    words = _words(annotation) if annotation is not None and "lazy" not in keywords else []
    found = (_STRATEGIES[word] for word in words if word in _STRATEGIES)
    return next(found, "")


def _keywords(call: ast.Call) -> dict[str, ast.expr]:
    """The keyword arguments, SQLModel's `sa_relationship_kwargs` among them."""
    found = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    inner = found.get("sa_relationship")
    if isinstance(inner, ast.Call):
        found |= {keyword.arg: keyword.value for keyword in inner.keywords if keyword.arg}
    passed = found.get("sa_relationship_kwargs")
    if isinstance(passed, ast.Dict):
        pairs = zip(passed.keys, passed.values, strict=True)
        found |= {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}
    return found


def _strategy(call: ast.Call, keywords: Mapping[str, ast.expr]) -> str:
    """The loading strategy; one that is made elsewhere may be the joined one."""
    passed = keywords.get("sa_relationship_kwargs")
    hidden = isinstance(passed, ast.Dict) and None in passed.keys
    elsewhere = passed is not None and not isinstance(passed, ast.Dict)
    spread = any(keyword.arg is None for keyword in call.keywords)
    if "lazy" not in keywords and (hidden or elsewhere or spread):
        return "joined"
    return _lazy(keywords.get("lazy"))


def _side(remote: ast.expr, owner: ast.ClassDef) -> bool | None:
    """A self-reference is a collection when its remote columns are the foreign key; None where they are not here."""
    names = set(_words(remote))
    makers = [value for name, _, value in members(owner) if name in names and isinstance(value, ast.Call)]
    keys = {
        any(called(part) == "ForeignKey" for part in ast.walk(value) if isinstance(part, ast.Call)) for value in makers
    }
    return keys.pop() if len(keys) == 1 else None


def _target(annotation: ast.expr | None) -> tuple[str | None, bool | None]:
    """What `Mapped[list["X"]]` says: the class's name, and whether it is a collection."""
    if annotation is None:
        return None, None
    words = _words(annotation)
    many = any(word in _COLLECTIONS or "DynamicMapped" in word or "WriteOnly" in word for word in words)
    many = many or any(
        isinstance(node, ast.Subscript) and _last(node.value) not in _ONE_OF for node in _walked(annotation)
    )
    names = [word for word in words if word not in _NO_CLASS and "Mapped" not in word]
    if not any("Mapped" in word for word in words):
        return (names[0] if names else None), many if names else None
    return next(iter(names), None), many


def _last(node: ast.expr) -> str:
    return (dotted_name(node) or "").rpartition(".")[2]


def _walked(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below one, texts read as the code they quote."""
    for part in ast.walk(node):
        yield part
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            try:
                quoted = ast.parse(part.value, mode="eval")
            except (SyntaxError, ValueError, RecursionError):
                continue
            yield from _walked(quoted.body)


def _words(node: ast.AST) -> list[str]:
    """The identifiers below one, in the order of `ast.walk`."""
    parts = _walked(node)
    return [
        part.id if isinstance(part, ast.Name) else part.attr
        for part in parts
        if isinstance(part, ast.Name | ast.Attribute)
    ]


def _annotated_column(annotation: ast.expr | None) -> bool:
    parts = _walked(annotation) if annotation is not None else ()
    return any(isinstance(part, ast.Subscript) and _last(part.value) == "Mapped" for part in parts)


def _class_name(node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition(".")[2]
    if isinstance(node, ast.Lambda):
        node = node.body
    return _last(node) or None if node is not None else None


def _lazy(node: ast.expr | None) -> str:
    if node is None:
        return "select"
    if not isinstance(node, ast.Constant):
        return "joined"  # a computed strategy may be the joined one
    return "joined" if node.value is False else str(node.value)


def backref(relation: Relationship, call: ast.Call, owner: str) -> Relationship | None:
    """The relationship that `backref=` of one on `owner` puts on its target; None where there is none by that text."""
    keywords = _keywords(call)
    value = keywords.get("backref")
    direct = relation.joined_by_keys
    if isinstance(value, ast.Constant) and value.value is not None:
        return Relationship(str(value.value), owner, None, joined_by_keys=direct)
    if isinstance(value, ast.Call) and value.args and isinstance(value.args[0], ast.Constant):
        own = _keywords(value)
        uselist = own.get("uselist")
        many = bool(uselist.value) if isinstance(uselist, ast.Constant) else None
        return Relationship(str(value.args[0].value), owner, many, _strategy(value, own), direct)
    return None
