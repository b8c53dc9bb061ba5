"""Which classes are mapped, in every style, and which relationships are collections."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from helpers.analysis.mapping import Entity, MappedClasses
from helpers.analysis.project import Project

Build = Callable[[Mapping[str, str]], Project]
BASE = "from sqlalchemy.orm import *\nfrom sqlalchemy import *\nclass Base(DeclarativeBase): ...\n"
USER = "class User(Base):\n    __tablename__ = 'users'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"


@pytest.fixture
def mapped(build: Build) -> Callable[[str], MappedClasses]:
    return lambda text: build({"models.py": text}).mapped


def entity(classes: MappedClasses, name: str) -> Entity:
    found = classes.by_name(name)
    assert found is not None
    return found


STYLES = {
    "a declarative base": BASE + "class User(Base):\n    id = Column(Integer)",
    "a base without metaclass": BASE.replace("(DeclarativeBase)", "(DeclarativeBaseNoMeta)") + "class User(Base): ...",
    "declarative_base()": "from sqlalchemy.orm import declarative_base\nBase = declarative_base()\n"
    "class User(Base): ...",
    "declarative_base() of 1.3": "import sqlalchemy.ext.declarative as d\nB = d.declarative_base()\nclass User(B): ...",
    "an annotated base": "from sqlalchemy.orm import declarative_base as b\nBase: Any = b()\nclass User(Base): ...",
    "another name for the base": BASE + "Model = Base\nclass User(Model): ...",
    "a base in quotation marks of Generic": BASE + "class User(Base, Generic[T]): ...",
    "as_declarative": "from sqlalchemy.orm import as_declarative\n@as_declarative()\nclass B: ...\nclass User(B): ...",
    "orm.as_declarative": "from sqlalchemy import orm\n@orm.as_declarative()\nclass B: ...\nclass User(B): ...",
    "a registry's decorator": "@registry.mapped\nclass User:\n    __tablename__ = 'u'",
    "a registry's dataclass": "@registry.mapped_as_dataclass(init=False)\nclass User: ...",
    "a registry's base": "Base = registry().generate_base()\nclass User(Base): ...",
    "a dataclass base": BASE + "class Data(MappedAsDataclass, Base): __abstract__ = True\nclass User(Data): ...",
    "Flask-SQLAlchemy": "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\nclass User(db.Model): ...",
    "Flask-SQLAlchemy's model by name": "db = SQLAlchemy()\nModel = db.Model\nclass User(Model): ...",
    "SQLModel": "from sqlmodel import SQLModel\nclass User(SQLModel, table=True): ...",
    "SQLModel over a schema": "import sqlmodel as s\nclass B(s.SQLModel): ...\nclass User(B, table=True): ...",
    "a table of its own": "from elsewhere import Base\nclass User(Base):\n    __table__ = users",
    "an annotated table name": "from elsewhere import Base\nclass User(Base):\n    __tablename__: str = 'users'",
    "map_imperatively": "class User: ...\nregistry().map_imperatively(User, users)",
    "mapper": "from sqlalchemy.orm import mapper\nclass User: ...\nmapper(User, users)",
    "under if": BASE + "if True:\n    class User(Base): ...",
    "inside a function": BASE + "def f():\n    class User(Base): ...",
}


@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES)
def test_a_class_is_mapped(mapped: Callable[[str], MappedClasses], text: str) -> None:
    assert [found.name for found in mapped(text).all] == ["User"]


OTHERS = {
    "a plain class": "class User: ...",
    "a declarative base itself": BASE,
    "as_declarative itself": "@as_declarative()\nclass User: ...",
    "an abstract class": BASE + "class User(Base):\n    __abstract__ = True",
    "an abstract class, annotated": BASE + "class User(Base):\n    __abstract__: bool = True",
    "a mixin": "class User:\n    id = Column(Integer)",
    "a pydantic schema": "from pydantic import BaseModel\nclass User(BaseModel):\n    id: int",
    "a SQLModel schema": "from sqlmodel import SQLModel\nclass User(SQLModel):\n    id: int",
    "a SQLModel with table=False": "from sqlmodel import SQLModel\nclass User(SQLModel, table=False): ...",
    "another library's table": "from piccolo import Base\nclass User(Base, table=False): ...",
    "Tortoise": "from tortoise.models import Model\nclass User(Model): ...",
    "Django": "from django.db import models\nclass User(models.Model): ...",
    "a class that is its own base": "class User(User): ...",
    "two classes that are each other's base": "class User(B): ...\nclass B(User): ...",
    "a base that nobody defines": "class User(Base): ...",
    "a base that is computed": "class User(make()): ...",
    "a schema named like a mapped class": "class User: ...\nother.mapper_registry.mapped(User)",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_a_class_is_not_mapped(mapped: Callable[[str], MappedClasses], text: str) -> None:
    assert mapped(text).all == ()


def test_a_schema_of_the_same_name_is_not_the_class_that_is_mapped_elsewhere(build: Build) -> None:
    classes = build(
        {
            "domain.py": "class User: ...",
            "schemas.py": "class User: ...",
            "orm.py": "import domain\nregistry.map_imperatively(domain.User, table)",
        }
    ).mapped
    assert [found.definition.module.path for found in classes.all] == ["domain.py"]


def test_two_mapped_classes_of_one_name_are_told_apart_and_found_by_it_never(build: Build) -> None:
    project = build({"base.py": BASE, "a.py": "from base import *\n" + USER, "b.py": "from base import *\n" + USER})
    assert project.mapped.by_name("User") is None
    assert len({found.key for found in project.mapped.all}) == 2


def test_two_classes_of_one_name_in_one_module_have_keys_of_their_own(mapped: Callable[[str], MappedClasses]) -> None:
    classes = mapped(BASE + "def f():\n    class T(Base): ...\ndef g():\n    class T(Base): ...\n")
    assert len({found.key for found in classes.all}) == 2


def test_columns_relationships_and_the_rest_are_told_apart(mapped: Callable[[str], MappedClasses]) -> None:
    user = entity(
        mapped(
            BASE
            + """
class Named:
    name = Column(String)
    @declared_attr
    def owner(cls):
        return relationship("Owner")
    @declared_attr.directive
    def kind(cls) -> Mapped[str]:
        return mapped_column(String)
class User(Named, Base):
    id: Mapped[int]
    quoted: "Mapped[str]"
    posts: Mapped[list["Post"]] = relationship()
    limit = 3
    @property
    def label(self): return self.name
"""
        ),
        "User",
    )
    assert user.columns == {"name", "kind", "id", "quoted"}
    assert set(user.relationships) == {"owner", "posts"}
    assert {"limit", "label"} <= user.others
    assert user.complete


def test_annotations_of_sqlmodel_are_columns_and_class_variables_are_not(
    mapped: Callable[[str], MappedClasses],
) -> None:
    text = (
        "from sqlmodel import SQLModel\nclass User(SQLModel, table=True):\n"
        "    id: int\n    x: ClassVar[int] = 1\n    y = 2\n"
    )
    user = entity(mapped(text), "User")
    assert (user.columns, user.others) == ({"id"}, {"x", "y"})


@pytest.mark.parametrize(
    ("bases", "complete"),
    [
        ("Base", True),
        ("Base, Generic[T]", True),
        ("Base, AsyncAttrs", True),
        ("Base, Mixin", True),
        ("Base, Exception", True),
        ("Base, ThirdParty", False),
        ("Base, MixinOfThirdParty", False),
        ("Base, make_mixin()", False),
        ("Base, Unknown", False),
    ],
)
def test_an_unknown_base_may_hide_attributes(
    mapped: Callable[[str], MappedClasses], bases: str, complete: bool
) -> None:
    text = (
        "from typing import Generic\nfrom sqlalchemy.ext.asyncio import AsyncAttrs\nfrom elsewhere import ThirdParty\n"
        f"{BASE}class Mixin: ...\nclass MixinOfThirdParty(ThirdParty): ...\nclass User({bases}): ...\n"
    )
    assert entity(mapped(text), "User").complete is complete


def test_the_class_below_declarative_base_counts(mapped: Callable[[str], MappedClasses]) -> None:
    made = "Base = declarative_base(cls={})\nclass Common:\n    id = Column(Integer)\nclass User(Base): ..."
    assert entity(mapped(made.format("Common")), "User").columns == {"id"}
    assert not entity(mapped(made.format("unknown()")), "User").complete


def test_a_class_that_is_mapped_by_a_call_may_hide_attributes(mapped: Callable[[str], MappedClasses]) -> None:
    assert not entity(mapped("class User: ...\nregistry().map_imperatively(User, users)"), "User").complete


def test_inheritance_is_known_both_ways(mapped: Callable[[str], MappedClasses]) -> None:
    classes = mapped(BASE + USER + "class Admin(User): ...\nclass Root(Admin): ...\nclass Post(Base): ...\n")
    user, root, post = (entity(classes, name) for name in ("User", "Root", "Post"))
    assert root.is_a(user)
    assert not user.is_a(root)
    assert not post.is_a(user)
    assert [found.name for found in classes.subclasses(user)] == ["Admin", "Root"]
    assert root.tables == {"users"}


CHILD = "class Child(Base):\n    __tablename__ = 'children'\n    parent_id = Column(ForeignKey('parents.id'))\n"
PARENT = "class Parent(Base):\n    __tablename__ = 'parents'\n    id = Column(Integer, primary_key=True)\n"


def many(classes: MappedClasses, owner: str, name: str) -> bool | None:
    found = entity(classes, owner)
    relation = classes.relationship(found, name)
    assert relation is not None
    return classes.many(found, relation)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("r: Mapped['Child'] = relationship()", False),
        ("r: Mapped[Optional['Child']] = relationship()", False),
        ("r: Mapped['Child | None'] = relationship()", False),
        ("r: 'Mapped[Child]' = relationship()", False),
        ("r: Mapped[list['Child']] = relationship()", True),
        ("r: Mapped['list[Child]'] = relationship()", True),
        ("r: so.Mapped[t.List['Child']] = so.relationship()", True),
        ("r: Mapped[set['Child']] = relationship()", True),
        ("r: Mapped[dict[str, 'Child']] = relationship()", True),
        ("r: Mapped[KeyFuncDict[str, 'Child']] = relationship()", True),
        ("r: Mapped['KeyFuncDict[str, Child]'] = relationship()", True),
        ("r: Mapped['Children'] = relationship('Child', collection_class=Children)", True),
        ("r: WriteOnlyMapped['Child'] = relationship()", True),
        ("r: DynamicMapped['Child'] = relationship()", True),
        ("r: list['Child'] = Relationship()", True),
        ("r: Optional['Child'] = Relationship()", False),
        ("r = relationship('Child', uselist=False)", False),
        ("r = relationship('Child', uselist=True)", True),
        ("r: Mapped[list['Child']] = relationship(uselist=False)", False),
        ("r: Mapped['Child'] = relationship(uselist=flag)", None),
        ("r = relationship('Child', secondary=links)", True),
        ("r = relationship('Child', secondary=links, uselist=False)", False),
        ("r = relationship('Child')", True),
        ("r = relationship(lambda: Child)", True),
        ("r = relationship('models.Child')", True),
        ("r = relationship(argument='Child')", True),
        ("r = relationship('Child', primaryjoin='Child.parent_id == Parent.id')", None),
        ("r = relationship('Child', primaryjoin=join, remote_side='Child.parent_id')", None),
        ("r = relationship('Elsewhere')", None),
        ("r = relationship(make())", None),
    ],
)
def test_a_collection_is_told_by_what_is_written(
    mapped: Callable[[str], MappedClasses], declared: str, expected: bool | None
) -> None:
    assert many(mapped(f"{BASE}{CHILD}{PARENT}    {declared}\n"), "Parent", "r") is expected


@pytest.mark.parametrize(
    ("child", "parent", "expected"),
    [
        ("ForeignKey('parents.id')", "", False),
        ("ForeignKey('public.parents.id')", "", False),
        ("ForeignKey(Parent.id)", "", False),
        ("ForeignKey('parents.id')", "ForeignKey('children.id')", None),
        ("ForeignKey('parents.id')", "ForeignKey(KEY)", None),
        ("ForeignKey('parents.id')", "ForeignKey(children_table.c.id)", None),
        ("ForeignKey('parents.id')", "ForeignKey('others.id')", False),
        ("ForeignKey('others.id')", "", None),
        ("ForeignKey('others.id')", "ForeignKey('children.id')", True),
        ("ForeignKey(KEY)", "ForeignKey('children.id')", None),
        ("", "", None),
    ],
)
def test_foreign_keys_tell_the_direction_where_they_are_plain(
    mapped: Callable[[str], MappedClasses], child: str, parent: str, expected: bool | None
) -> None:
    text = f"{BASE}{PARENT}    key = Column({parent})\nclass Child(Base):\n    __tablename__ = 'children'\n"
    text += f"    key = Column({child})\n    r = relationship('Parent')\n"
    assert many(mapped(text), "Child", "r") is expected


def test_a_table_whose_name_is_computed_may_be_what_a_foreign_key_means(mapped: Callable[[str], MappedClasses]) -> None:
    child = CHILD.replace("'children'", "name()") + "    r = relationship('Parent')\n"
    parent = PARENT + "    child_id = Column(ForeignKey('whatever.id'))\n"
    assert many(mapped(BASE + child + parent), "Child", "r") is None


def test_a_base_that_is_unknown_may_have_the_other_foreign_key(mapped: Callable[[str], MappedClasses]) -> None:
    parent = PARENT.replace("(Base)", "(Base, Unknown)")
    assert many(mapped(BASE + CHILD + "    r = relationship('Parent')\n" + parent), "Child", "r") is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("remote_side=[id]", False),
        ("remote_side=id", False),
        ("remote_side='Node.id'", False),
        ("remote_side=lambda: Node.id", False),
        ("remote_side=[parent_id]", True),
        ("remote_side='Node.parent_id'", True),
        ("remote_side=[elsewhere]", None),
        ("remote_side=[id, parent_id]", None),
        ("", None),
        ("backref=backref('children', remote_side=[id])", None),
    ],
)
def test_a_self_reference_is_told_by_its_remote_side(
    mapped: Callable[[str], MappedClasses], given: str, expected: bool | None
) -> None:
    text = f"{BASE}class Node(Base):\n    id = Column(Integer, primary_key=True)\n"
    text += f"    parent_id = Column(ForeignKey('nodes.id'))\n    r = relationship('Node', {given})\n"
    assert many(mapped(text), "Node", "r") is expected


EAGER = {
    "a joined collection": ("r: Mapped[list['Child']] = relationship(lazy='joined')", True),
    "joined by the older word": ("r: Mapped[list['Child']] = relationship(lazy=False)", True),
    "a strategy that is computed": ("r: Mapped[list['Child']] = relationship(lazy=STRATEGY)", True),
    "arguments from elsewhere": ("r: Mapped[list['Child']] = relationship(**options)", True),
    "SQLModel's arguments": ("r: list['Child'] = Relationship(sa_relationship_kwargs={'lazy': 'joined'})", True),
    "SQLModel's arguments from elsewhere": ("r: list['Child'] = Relationship(sa_relationship_kwargs=KW)", True),
    "SQLModel's relationship": ("r: list['Child'] = Relationship(sa_relationship=relationship(lazy='joined'))", True),
    "unknown whether a collection": ("r = relationship(make(), lazy='joined')", True),
    "a joined object": ("r: Mapped['Child'] = relationship(lazy='joined')", False),
    "a collection in a SELECT of its own": ("r: Mapped[list['Child']] = relationship(lazy='selectin')", False),
    "a lazy collection": ("r: Mapped[list['Child']] = relationship()", False),
    "a computed strategy of an object": ("r: Mapped['Child'] = relationship(lazy=STRATEGY)", False),
    "SQLModel's plain arguments": ("r: list['Child'] = Relationship(sa_relationship_kwargs={'lazy': 'select'})", False),
    "a joined object that nobody defines": ("r: Mapped['Elsewhere'] = relationship(lazy='joined')", None),
}


@pytest.mark.parametrize(("declared", "expected"), EAGER.values(), ids=EAGER)
def test_loading_joins_a_collection(
    mapped: Callable[[str], MappedClasses], declared: str, expected: bool | None
) -> None:
    classes = mapped(f"{BASE}{CHILD}{PARENT}    {declared}\n")
    assert classes.joins_a_collection(entity(classes, "Parent")) is expected
    assert classes.joins_a_collection(entity(classes, "Child")) is False


ELSEWHERE = {
    "on a base": f"class Mixin:\n    @declared_attr\n"
    f"    def r(cls): return relationship('Child', lazy='joined')\n{PARENT}",
    "on a subclass": f"{PARENT}class Sub(Parent):\n    r = relationship('Child', lazy='joined')\n",
    "behind the class": f"{PARENT}Parent.r = relationship('Child', lazy='joined')\n",
    "inside a function": f"{PARENT}def late():\n    Parent.r = relationship('Child', lazy='joined')\n",
    "by a backref": f"{PARENT}class Other(Base):\n"
    f"    p = relationship('Parent', backref=backref('r', lazy='joined'))\n",
    "of several ways": f"{PARENT}    @declared_attr\n    def r(cls):\n        if X: return None\n"
    f"        return relationship(lazy=False)\n",
}


@pytest.mark.parametrize("text", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_joined_collection_is_found_wherever_it_is_declared(
    mapped: Callable[[str], MappedClasses], text: str
) -> None:
    classes = mapped(
        BASE + CHILD + text.replace("Parent(Base)", "Parent(Mixin, Base)" if "Mixin" in text else "Parent(Base)")
    )
    assert classes.joins_a_collection(entity(classes, "Parent")) is True


@pytest.mark.parametrize(
    "back", ["'r'", "backref('r')", "backref('r', lazy='selectin')", "backref('r', lazy='joined', uselist=False)"]
)
def test_a_backref_that_joins_no_collection_is_harmless(mapped: Callable[[str], MappedClasses], back: str) -> None:
    classes = mapped(f"{BASE}{PARENT}class Other(Base):\n    p = relationship('Parent', backref={back})\n")
    assert classes.joins_a_collection(entity(classes, "Parent")) is False
    assert classes.relationship(entity(classes, "Parent"), "r") is not None
    assert classes.relationship(entity(classes, "Parent"), "p") is None


def test_a_collection_behind_joined_objects_is_found_and_a_ring_of_them_ends(
    mapped: Callable[[str], MappedClasses],
) -> None:
    ring = (
        "class A(Base):\n    b: Mapped['B'] = relationship(lazy='joined')\n"
        "class B(Base):\n    a: Mapped['A'] = relationship(lazy='joined')\n"
    )
    classes = mapped(BASE + ring)
    assert classes.joins_a_collection(entity(classes, "A")) is False
    classes = mapped(BASE + ring + "    many: Mapped[list['A']] = relationship(lazy='joined')\n")
    assert classes.joins_a_collection(entity(classes, "A")) is True


def test_an_entity_with_an_unknown_base_may_join_a_collection(mapped: Callable[[str], MappedClasses]) -> None:
    classes = mapped("from elsewhere import Base\nclass User(Base):\n    __tablename__ = 'users'\n")
    assert classes.joins_a_collection(entity(classes, "User")) is None
