"""What an expression stands for in a statement."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import pytest

from helpers.analysis.meaning import EntityRef, MappedAttribute, Meaning, Selectable, SelectableColumn, subscripted
from helpers.analysis.project import Project

Build = Callable[[Mapping[str, str]], Project]
MODELS = """
from sqlalchemy import *
from sqlalchemy.orm import *
class Base(DeclarativeBase): ...
class User(Base):
    __tablename__ = 'users'
    id: Mapped[int]
    posts: Mapped[list['Post']] = relationship(back_populates='user')
    kind = 'plain'
class Post(Base):
    __tablename__ = 'posts'
    user: Mapped['User'] = relationship(backref='written')
tags = Table('tags', metadata)
Alias = aliased(User)
"""


@pytest.fixture
def meaning(build: Build) -> Callable[..., Meaning | None]:
    """What the argument of `look(...)` in main.py stands for."""

    def told(text: str, **others: str) -> Meaning | None:
        files = {"models.py": MODELS, "main.py": text} | {f"{name}.py": other for name, other in others.items()}
        project = build(files)
        module = project.module("main.py")
        call = next(node for node in module.nodes.of(ast.Call) if getattr(node.func, "id", "") == "look")
        return project.meanings.of(call.args[0], module)

    return told


ENTITIES = {
    "imported": ("from models import User\nlook(User)", False),
    "under another name": ("from models import User as U\nlook(U)", False),
    "of a module": ("import models as m\nlook(m.User)", False),
    "imported in the function": ("def f():\n    from models import User\n    look(User)", False),
    "another name for it": ("from models import User\nModel = User\ndef f(): look(Model)", False),
    "a local name for it": ("from models import User\ndef f():\n    m = User\n    look(m)", False),
    "an alias": ("from models import *\nlook(Alias)", True),
    "an alias made here": ("import models\nfrom sqlalchemy import orm\na = orm.aliased(models.User)\nlook(a)", True),
    "a local alias": ("from models import *\ndef f():\n    a = aliased(User, name='a')\n    look(a)", True),
    "a polymorphic entity": ("from models import *\np = with_polymorphic(User, '*')\nlook(p)", False),
    "a flat polymorphic alias": ("from models import *\np = with_polymorphic(User, '*', flat=True)\nlook(p)", True),
    "a class passed": ("from models import *\ndef f(m: type[User]): look(m)", True),
    "a class of the instance": ("from models import *\nclass R:\n    m = User\n    def f(self): look(self.m)", True),
    "a class that the constructor gets": (
        "from models import *\nclass R:\n    def __init__(self, m: type[User]): self.m = m\n"
        "    def f(self): look(self.m)",
        True,
    ),
}


@pytest.mark.parametrize(("text", "alias"), ENTITIES.values(), ids=ENTITIES)
def test_an_entity_is_known(meaning: Callable[..., Meaning | None], text: str, alias: bool) -> None:
    found = meaning(text)
    assert isinstance(found, EntityRef)
    assert (found.entity and found.entity.name, found.alias) == ("User", alias)


def test_two_aliases_of_an_entity_have_places_of_their_own_in_from(meaning: Callable[..., Meaning | None]) -> None:
    text = "from models import *\na = aliased(User)\nb = aliased(User)\nlook({})\n"
    keys = {found.key for name in "ab" if isinstance(found := meaning(text.format(name)), EntityRef)}
    assert len(keys) == 2
    assert "" not in keys


def test_a_class_of_a_base_in_another_module_is_read_there(meaning: Callable[..., Meaning | None]) -> None:
    base = "from models import User\nclass Base:\n    def __init__(self): self.m = User\n"
    found = meaning("from base import Base\nclass R(Base):\n    def f(self): look(self.m)", base=base)
    assert isinstance(found, EntityRef)
    assert found.entity
    assert found.entity.name == "User"


def test_a_generic_repository_has_an_entity_that_is_not_told(meaning: Callable[..., Meaning | None]) -> None:
    found = meaning(
        "class R(Generic[T]):\n    def __init__(self, m: type[T]): self.m = m\n    def f(self): look(self.m)"
    )
    assert isinstance(found, EntityRef)
    assert (found.entity, found.alias) == (None, True)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("User.id", "column"),
        ("User.posts", "relationship"),
        ("User.written", "relationship"),
        ("User.kind", "other"),
        ("User.elsewhere", "unknown"),
        ("Alias.id", "column"),
        ("Post.user", "relationship"),
    ],
)
def test_an_attribute_of_an_entity_is_told(meaning: Callable[..., Meaning | None], expression: str, kind: str) -> None:
    found = meaning(f"from models import *\nlook({expression})")
    assert isinstance(found, MappedAttribute)
    assert (found.name, found.kind) == (expression.partition(".")[2], kind)


@pytest.mark.parametrize(
    "expression",
    ["tags", "sub", "db.query(User).subquery()", "select(User).cte()", "User.__table__", "sub.c", "tags.c"],
)
def test_a_table_or_subquery_is_known(meaning: Callable[..., Meaning | None], expression: str) -> None:
    assert isinstance(meaning(f"from models import *\nsub = select(User).subquery()\nlook({expression})"), Selectable)


@pytest.mark.parametrize("expression", ["tags.c.id", "sub.c.id", "sub.columns.id", "User.__table__.c.id"])
def test_a_column_of_one_is_known(meaning: Callable[..., Meaning | None], expression: str) -> None:
    found = meaning(f"from models import *\nsub = select(User).subquery()\nlook({expression})")
    assert isinstance(found, SelectableColumn)
    assert found.name == "id"


NOTHING = {
    "a value": "look(3)",
    "a name of nowhere": "look(User)",
    "a plain class": "class User: ...\nlook(User)",
    "a schema of the same name": "from models import *\nclass User(BaseModel): ...\nlook(User)",
    "an instance": "from models import *\nlook(User())",
    "a parameter": "from models import *\ndef f(User): look(User)",
    "an annotated instance": "from models import *\ndef f(x: User): look(x)",
    "a name that is bound twice": "from models import *\ndef f(x):\n    m = User\n    if x: m = Post\n    look(m)",
    "an item of a loop": "from models import *\ndef f():\n    for m in [User, Post]: look(m)",
    "a dictionary's": "from models import *\nlook({'u': User}['u'])",
    "a class that the instance may change": "from models import *\nclass R:\n    m = User\n"
    "    def f(self, x):\n        self.m = x\n        look(self.m)",
    "another library's alias": "from models import User\nfrom other import aliased\na = aliased(User)\nlook(a)",
    "an alias of a value": "from models import *\nlook(aliased(3))",
    "an attribute of a relationship": "from models import *\nlook(User.posts.id)",
    "an attribute of nothing": "look(x.y.z)",
    "itself": "x = x\nlook(x)",
    "each other": "def f():\n    x = y\n    y = x\n    look(x)",
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_nothing_is_said_of_other_expressions(meaning: Callable[..., Meaning | None], text: str) -> None:
    assert meaning(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from sqlalchemy import func\nfunc", True),
        ("import sqlalchemy as sa\nsa.func", True),
        ("from sqlmodel import func\nfunc", True),
        ("from sqlalchemy.sql import *\nfunc", True),
        ("from sqlalchemy import func as f\nf", True),
        ("def g():\n    from sqlalchemy import func\n    func", True),
        ("func", False),
        ("from other import func\nfunc", False),
        ("import sqlalchemy\nsqlalchemy.select", False),
        ("import sqlalchemy_utils\nsqlalchemy_utils.func", False),
        ("from sqlalchemy import func\ndef g(func):\n    func", False),
        ("from sqlalchemy import func\nfunc = 1\nfunc", False),
    ],
)
def test_sqlalchemys_names_are_known_by_their_imports(build: Build, text: str, expected: bool) -> None:
    project = build({"main.py": text})
    module = project.module("main.py")
    node = module.nodes.of(ast.Expr)[-1].value
    assert project.meanings.is_sqlalchemy(node, module, "func") is expected


@pytest.mark.parametrize(
    ("annotation", "parts"),
    [
        ("Session", ["Session"]),
        ("'Session'", ["Session"]),
        ("Optional[Session]", ["Session"]),
        ("Session | None", ["Session", "None"]),
        ("Union['A', B, None]", ["A", "B", "None"]),
        ("Annotated[Session, Depends(get_db)]", ["Session"]),
        ("t.Annotated[t.Optional['Session'], 1]", ["Session"]),
        ("list[Session]", ["list[Session]"]),
        ("'not an annotation'", []),
    ],
)
def test_what_an_annotation_may_stand_for(annotation: str, parts: list[str]) -> None:
    node = ast.parse(annotation, mode="eval").body
    assert [ast.unparse(part) for part in subscripted(node)] == parts
