"""Mapped classes as the project declares them: which classes are entities, their columns and relationships."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from helpers.analysis.symbols import Definition, External, Module, Symbols, dotted_name, statements

_BASES = frozenset({"DeclarativeBase", "DeclarativeBaseNoMeta", "SQLModel", "Model"})
_BASE_MAKERS = frozenset({"declarative_base", "automap_base", "generate_base", "SQLAlchemy"})
_KNOWN_MIXINS = ("sqlalchemy.", "sqlmodel.", "abc.", "typing.", "typing_extensions.", "enum.", "builtins.")
_COLUMN_MAKERS = frozenset({"Column", "mapped_column", "column_property", "deferred", "Field", "composite", "synonym"})
_RELATION_MAKERS = frozenset({"relationship", "relation", "Relationship", "dynamic_loader"})
_COLLECTIONS = frozenset({"list", "List", "set", "Set", "Sequence", "Collection", "Iterable", "dict", "Dict"})


@dataclass(frozen=True)
class Relationship:
    """One relationship as declared: `many` is None where the text does not say; `lazy` is the loading strategy."""

    name: str
    target: str | None
    many: bool | None
    lazy: str = "select"


@dataclass(frozen=True, eq=False)
class Entity:
    """A mapped class. `complete` says that every base is known, so that no attribute can hide.

    `tables` names its tables, those of its bases included; `references` the tables and classes its foreign keys point to.
    """

    definition: Definition
    bases: tuple[Definition, ...]
    columns: frozenset[str]
    relationships: Mapping[str, Relationship]
    others: frozenset[str]
    complete: bool
    tables: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The class's name, which is also its key in a row."""
        return self.definition.name

    @property
    def key(self) -> str:
        """A name for it that no other class of the project has."""
        return f"{self.definition.module.path}:{self.name}"

    def is_a(self, other: Entity) -> bool:
        """Whether this class is `other` or inherits from it."""
        return self.definition.node is other.definition.node or any(
            base.node is other.definition.node for base in self.bases
        )


@dataclass(frozen=True, eq=False)
class MappedClasses:
    """Every mapped class of the project, made on demand and kept."""

    symbols: Symbols
    _entities: dict[ast.AST, Entity | None] = field(default_factory=dict, repr=False)

    def entity(self, found: Definition) -> Entity | None:
        """The entity that a class definition is, or None when it is not mapped."""
        if not isinstance(found.node, ast.ClassDef):
            return None
        if found.node not in self._entities:
            self._entities[found.node] = None  # a class that inherits from itself ends here
            self._entities[found.node] = self._read(found)
        return self._entities[found.node]

    @cached_property
    def all(self) -> tuple[Entity, ...]:
        """Every entity of the project."""
        return tuple(
            entity
            for module in self.symbols.modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef) and (entity := self.entity(Definition(module, node.name, node)))
        )

    @cached_property
    def imperative(self) -> frozenset[str]:
        """Names of the classes that are mapped by a call (`map_imperatively`, `mapper`): their attributes stand elsewhere."""
        return frozenset(
            node.args[0].id
            for module in self.symbols.modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call)
            and (dotted_name(node.func) or "").rpartition(".")[2] in ("map_imperatively", "mapper")
            and node.args
            and isinstance(node.args[0], ast.Name)
        )

    @cached_property
    def backrefs(self) -> Mapping[str, tuple[Relationship, ...]]:
        """Class name to the relationships that a `backref=` elsewhere puts on it."""
        found: dict[str, list[Relationship]] = {}
        for entity in self.all:
            for relation, call in self._declared(entity):
                back = _backref(relation, call, entity.name)
                if back and relation.target:
                    found.setdefault(relation.target, []).append(back)
        return {name: tuple(relations) for name, relations in found.items()}

    def by_name(self, name: str) -> Entity | None:
        """The entity of that class name; None when none or more than one has it."""
        found = [entity for entity in self.all if entity.name == name.rpartition(".")[2]]
        return found[0] if len(found) == 1 else None

    def relationship(self, entity: Entity, name: str) -> Relationship | None:
        """The relationship `name` of an entity, backrefs included."""
        if name in entity.relationships:
            return entity.relationships[name]
        names = {entity.name, *(base.name for base in entity.bases)}
        return next((back for key in names for back in self.backrefs.get(key, ()) if back.name == name), None)

    def many(self, entity: Entity, relation: Relationship) -> bool | None:
        """Whether a relationship of `entity` is a collection; where it does not say, the foreign keys do. None: unknown."""
        target = self.by_name(relation.target) if relation.target else None
        if relation.many is not None or target is None or target is entity:
            return relation.many
        ours = bool(entity.references & (target.tables | {target.name}))
        theirs = bool(target.references & (entity.tables | {entity.name}))
        return None if ours is theirs else theirs

    def subclasses(self, entity: Entity) -> Iterator[Entity]:
        """The entities that inherit from `entity`, itself left out."""
        return (other for other in self.all if other is not entity and other.is_a(entity))

    def joins_a_collection(self, entity: Entity) -> bool | None:
        """Whether loading `entity` joins a collection by its mapping (`lazy="joined"`); None where that cannot be known."""
        return self._joined(entity, frozenset())

    def _joined(self, entity: Entity, seen: frozenset[str]) -> bool | None:
        if entity.key in seen:
            return False
        answers: set[bool | None] = {False if entity.complete else None}
        for owner, relation in self._eager(entity):
            target = self.by_name(relation.target) if relation.target else None
            deeper = self._joined(target, seen | {entity.key}) if target else None
            answers.add(True if self.many(owner, relation) is not False else deeper)
        return True if True in answers else None if None in answers else False

    def _eager(self, entity: Entity) -> Iterator[tuple[Entity, Relationship]]:
        for one in (entity, *self.subclasses(entity)):
            names = {one.name, *(base.name for base in one.bases)}
            backs = [back for name in names for back in self.backrefs.get(name, ())]
            yield from ((one, item) for item in [*one.relationships.values(), *backs] if item.lazy == "joined")

    def _read(self, found: Definition) -> Entity | None:
        node = found.node
        assert isinstance(node, ast.ClassDef)
        bases, mapped, complete = self._bases(found)
        names = {base.name for base in bases} | {found.name}
        if not (mapped or _mapped_here(node) or names & self.imperative) or _abstract(node) or self._is_base(found):
            return None
        parts = [_attributes(base.node) for base in (found, *bases) if isinstance(base.node, ast.ClassDef)]
        relations = {name: relation for _, held, _ in reversed(parts) for name, relation in held.items()}
        columns = frozenset(name for held, _, _ in parts for name in held)
        others = frozenset(name for _, _, held in parts for name in held)
        complete = complete and not names & self.imperative
        nodes = [base.node for base in (found, *bases)]
        tables = frozenset(table for part in nodes if (table := table_name(part)))
        references = frozenset(name for part in nodes for name in _references(part))
        return Entity(found, tuple(bases), columns, relations, others, complete, tables, references)

    def _bases(self, found: Definition) -> tuple[list[Definition], bool, bool]:
        """The project classes above one, whether a mapped base is among them, and whether every base is known."""
        above: list[Definition] = []
        mapped, complete = False, True
        queue = [(found.module, base) for base in getattr(found.node, "bases", ())]
        if any(keyword.arg == "table" for keyword in getattr(found.node, "keywords", ())):
            mapped = True
        while queue:
            module, base = queue.pop(0)
            resolved = self._base(module, base)
            if isinstance(resolved, Definition) and isinstance(resolved.node, ast.ClassDef):
                if resolved.node is found.node or any(resolved.node is other.node for other in above):
                    continue
                above.append(resolved)
                mapped = mapped or _decorated(resolved.node)
                queue += [(resolved.module, item) for item in resolved.node.bases]
            elif _declarative(resolved, base):
                mapped = mapped or not _is_sqlmodel(resolved)
            else:
                complete = complete and isinstance(resolved, External) and resolved.name.startswith(_KNOWN_MIXINS)
        return above, mapped, complete

    def _is_base(self, found: Definition) -> bool:
        """Whether a class is a declarative base itself: its subclasses are mapped, it has no table."""
        resolved = [self._base(found.module, base) for base in getattr(found.node, "bases", ())]
        made = any(isinstance(base, External) and base.name.rpartition(".")[2].startswith("DeclarativeBase") for base in resolved)
        return made or any("as_declarative" in ast.unparse(item) for item in getattr(found.node, "decorator_list", ()))

    def _base(self, module: Module, base: ast.expr) -> Definition | External | None:
        if isinstance(base, ast.Subscript):
            base = base.value
        if isinstance(base, ast.Name) and base.id in ("object", "Exception", "dict", "str", "int"):
            return External(f"builtins.{base.id}")
        name = dotted_name(base)
        resolved = self.symbols.resolve(module, name) if name else None
        if resolved is None and name and "." in name:  # `db.Model` of a value of the project
            owner = self.symbols.resolve(module, name.partition(".")[0])
            return owner if isinstance(owner, Definition) and _declarative(owner, base) else None
        return resolved if isinstance(resolved, Definition | External) else None

    def _declared(self, entity: Entity) -> Iterator[tuple[Relationship, ast.Call]]:
        for base in (entity.definition, *entity.bases):
            if isinstance(base.node, ast.ClassDef):
                for name, annotation, value in _members(base.node):
                    if isinstance(value, ast.Call) and _maker(value) in _RELATION_MAKERS:
                        yield _relationship(name, annotation, value), value


def _declarative(resolved: Definition | External | None, base: ast.expr) -> bool:
    if isinstance(resolved, External):
        return resolved.name.rpartition(".")[2] in _BASES and not resolved.name.startswith("pydantic")
    if isinstance(resolved, Definition) and isinstance(resolved.node, ast.Call):
        return _maker(resolved.node) in _BASE_MAKERS
    return isinstance(resolved, Definition) and isinstance(base, ast.Attribute) and base.attr == "Base"


def _is_sqlmodel(resolved: Definition | External | None) -> bool:
    return isinstance(resolved, External) and resolved.name.startswith("sqlmodel")


def _mapped_here(node: ast.ClassDef) -> bool:
    names = {target.id for item in node.body if isinstance(item, ast.Assign) for target in item.targets if isinstance(target, ast.Name)}
    return _decorated(node) or bool(names & {"__tablename__", "__table__"})


def _decorated(node: ast.ClassDef) -> bool:
    makers = (item.func if isinstance(item, ast.Call) else item for item in node.decorator_list)
    return any((dotted_name(maker) or "").endswith((".mapped", ".mapped_as_dataclass", ".as_declarative")) for maker in makers)


def _abstract(node: ast.ClassDef) -> bool:
    for item in node.body:
        if isinstance(item, ast.Assign) and any(getattr(target, "id", "") == "__abstract__" for target in item.targets):
            return isinstance(item.value, ast.Constant) and bool(item.value.value)
    return False


def _attributes(node: ast.ClassDef) -> tuple[frozenset[str], dict[str, Relationship], frozenset[str]]:
    """The columns, relationships and other names of one class body."""
    columns, others, relations = set(), set(), {}
    for name, annotation, value in _members(node):
        maker = _maker(value) if isinstance(value, ast.Call) else ""
        if maker in _RELATION_MAKERS and isinstance(value, ast.Call):
            relations[name] = _relationship(name, annotation, value)
        elif maker in _COLUMN_MAKERS or (value is None and _annotated_column(annotation)):
            columns.add(name)
        else:
            others.add(name)
    return frozenset(columns), relations, frozenset(others)


def _members(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
    """(name, annotation, value) of every attribute a class body declares, declared_attr functions among them."""
    for item in statements(node):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            yield item.target.id, item.annotation, item.value
        elif isinstance(item, ast.Assign):
            yield from ((target.id, None, item.value) for target in item.targets if isinstance(target, ast.Name))
        elif isinstance(item, ast.FunctionDef):
            returned = [part.value for part in ast.walk(item) if isinstance(part, ast.Return)]
            declared = any("declared_attr" in ast.unparse(decorator) for decorator in item.decorator_list)
            yield item.name, item.returns, returned[0] if declared and len(returned) == 1 else None


def _annotated_column(annotation: ast.expr | None) -> bool:
    return annotation is not None and ast.unparse(annotation).rpartition("Mapped[")[1] == "Mapped["


def _maker(call: ast.Call) -> str:
    return (dotted_name(call.func) or "").rpartition(".")[2]


def _relationship(name: str, annotation: ast.expr | None, call: ast.Call) -> Relationship:
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    first = call.args[0] if call.args else keywords.get("argument")
    target, many = _target(annotation)
    if uselist := keywords.get("uselist"):
        many = bool(uselist.value) if isinstance(uselist, ast.Constant) else None
    elif many is None and "remote_side" in keywords and "backref" not in keywords:
        many = False
    elif many is None and "secondary" in keywords:
        many = True
    return Relationship(name, _class_name(first) or target, many, _lazy(keywords.get("lazy")))


def table_name(node: ast.AST) -> str | None:
    """What a class body assigns to `__tablename__`, where it is plain text."""
    for item in getattr(node, "body", []):
        if isinstance(item, ast.Assign) and any(getattr(target, "id", "") == "__tablename__" for target in item.targets):
            return item.value.value if isinstance(item.value, ast.Constant) and isinstance(item.value.value, str) else None
    return None


def _references(node: ast.AST) -> Iterator[str]:
    """The tables and classes that the foreign keys of one class body point to."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        keyed = [keyword.value for keyword in call.keywords if keyword.arg == "foreign_key"]
        if _maker(call) == "ForeignKey":
            keyed += call.args[:1]
        elif _maker(call) == "ForeignKeyConstraint" and len(call.args) > 1 and isinstance(call.args[1], ast.List):
            keyed += call.args[1].elts
        for key in keyed:
            name = key.value if isinstance(key, ast.Constant) else dotted_name(key)
            if isinstance(name, str) and "." in name:
                yield name.split(".")[-2]


def _target(annotation: ast.expr | None) -> tuple[str | None, bool | None]:
    """What `Mapped[list["X"]]` says: the class's name, and whether it is a collection."""
    if annotation is None:
        return None, None
    words = [word for node in ast.walk(_unquoted(annotation)) for word in _words(node)]
    many = any(word in _COLLECTIONS for word in words) or any("DynamicMapped" in word or "WriteOnly" in word for word in words)
    names = [word for word in words if word not in _COLLECTIONS | {"Mapped", "Optional", "Union", "None", "typing", "orm", "t", "so"}]
    if not any("Mapped" in word for word in words):
        return (names[0] if names else None), many if names else None
    return next((name for name in names if "Mapped" not in name), None), many


def _words(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return [word for part in ast.walk(ast.parse(node.value, mode="eval")) for word in _words(part)]
        except SyntaxError:
            return []
    return []


def _unquoted(annotation: ast.expr) -> ast.AST:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval")
        except SyntaxError:
            return annotation
    return annotation


def _class_name(node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition(".")[2]
    if isinstance(node, ast.Lambda):
        node = node.body
    name = dotted_name(node) if node is not None else None
    return name.rpartition(".")[2] if name else None


def _lazy(node: ast.expr | None) -> str:
    if node is None:
        return "select"
    if not isinstance(node, ast.Constant):
        return "joined"  # a computed strategy may be the joined one
    return "joined" if node.value is False else str(node.value)


def _backref(relation: Relationship, call: ast.Call, owner: str) -> Relationship | None:
    value = next((keyword.value for keyword in call.keywords if keyword.arg == "backref"), None)
    if isinstance(value, ast.Constant):
        return Relationship(str(value.value), owner, None)
    if isinstance(value, ast.Call) and value.args and isinstance(value.args[0], ast.Constant):
        keywords = {keyword.arg: keyword.value for keyword in value.keywords}
        uselist = keywords.get("uselist")
        many = bool(uselist.value) if isinstance(uselist, ast.Constant) else None
        return Relationship(str(value.args[0].value), owner, many, _lazy(keywords.get("lazy")))
    return None
