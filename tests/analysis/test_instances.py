"""Which class an expression is an instance of, and where nothing is claimed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import pytest

from helpers.analysis.project import Project

Build = Callable[[Mapping[str, str]], Project]
MODELS = """
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
class Base(DeclarativeBase): pass
class User(Base):
    __tablename__ = 'users'
    id: Mapped[int] = mapped_column(primary_key=True)
    posts: Mapped[list['Post']] = relationship()
class Post(Base):
    __tablename__ = 'posts'
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey('users.id'))
    user: Mapped[User] = relationship()
def found(db: Session) -> list[User]: ...
"""
KNOWN = {
    "an annotation": "def f(x: User): x.here",
    "an optional one": "def f(x: User | None): x.here",
    "a construction": "User().here",
    "get": "def f(db: Session): db.get(User, 1).here",
    "get into a variable": "def f(db: Session):\n    x = db.get(User, 1)\n    x.here",
    "first": "def f(db: Session): db.scalars(select(User).where(User.id == 1).limit(1)).first().here",
    "scalar_one": "def f(db: Session): db.execute(select(User)).scalar_one().here",
    "a query": "def f(db: Session): db.query(User).filter(User.id == 1).one().here",
    "a statement in a variable": "def f(db: Session):\n    s = select(User)\n    db.scalars(s).one().here",
    "a loop over a result": "def f(db: Session):\n    for x in db.scalars(select(User)).all(): x.here",
    "a comprehension over a query": "def f(db: Session): [x.here for x in db.query(User)]",
    "a list in a variable": "def f(db: Session):\n    xs = db.scalars(select(User)).all()\n    [x.here for x in xs]",
    "an index": "def f(db: Session): db.query(User).all()[0].here",
    "an annotated list": "def f(xs: list[User]):\n    for x in xs: x.here",
    "what a function gives": "def f(db: Session):\n    for x in found(db): x.here",
    "an attribute that a constructor loads": (
        "class Page:\n    def __init__(self, db: Session): self.user = db.scalars(select(User)).first()\n"
        "def f(page: Page): page.user.here"
    ),
    "a relationship to one": "def f(x: Post): x.user.here",
    "a relationship to many": "def f(y: User):\n    for x in sorted(y.posts): x.user.here",
}
UNKNOWN = {
    "a parameter": "def f(x): x.here",
    "rows": "def f(db: Session): db.execute(select(User)).first().here",
    "columns": "def f(db: Session): db.scalars(select(User.id)).first().here",
    "two entities": "def f(db: Session): db.query(User, Post).first().here",
    "other columns": "def f(db: Session): db.query(User).with_entities(User.id).first().here",
    "two answers": "def f(db: Session, y):\n    x = db.get(User, 1)\n    if y: x = db.get(Post, 1)\n    x.here",
    "a result": "def f(db: Session): db.scalars(select(User)).here",
    "a dictionary": "{}.get(1, 2).here",
}


def told(build: Build, text: str) -> list[str | None]:
    project = build({"main.py": MODELS + text})
    module = project.module("main.py")
    receivers = [node.value for node in module.nodes.of(ast.Attribute) if node.attr == "here"]
    found = [project.instances.of(node, module) for node in receivers]
    return [one.name if one else None for one in found]


@pytest.mark.parametrize("text", KNOWN.values(), ids=KNOWN)
def test_the_class_is_known(build: Build, text: str) -> None:
    assert told(build, text) == ["User"]


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=UNKNOWN)
def test_nothing_is_claimed(build: Build, text: str) -> None:
    assert told(build, text) == [None]
