"""Which calls talk to the database, and which functions lead to one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import pytest

from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier

Build = Callable[[Mapping[str, str]], Project]
ORM = (
    "from sqlalchemy import create_engine, select, update\nfrom sqlalchemy.orm import Session, object_session\n"
    "engine = create_engine('sqlite://')\n"
)


@pytest.fixture
def effects(build: Build) -> Callable[[str], list[str]]:
    """What each call of a function's body is for its session, with the tier where it is not proved."""

    def told(body: str) -> list[str]:
        project = build({"main.py": f"{ORM}def f(db: Session, session, x):\n    {body}"})
        found = [effect for many in project.effects.direct.values() for effect in many]
        return [one.what + (" by name" if one.tier is Tier.BY_NAME else "") for one in found]

    return told


KINDS = {
    "db.execute(select(x))": ["read"],
    "db.scalars(select(x).where(x.a == 1)).all()": ["read"],
    "db.execute(update(x))": ["write"],
    "db.execute(x)": ["write"],
    "db.get(x, 1)": ["read"],
    "db.query(x).first()": ["read"],
    "db.query(x).filter(x.a).delete()": ["write"],
    "for one in db.query(x): pass": ["read"],
    "q = db.query(x)": ["read"],
    "return list(db.query(x))": ["read"],
    "db.query(x)[0]": ["read"],
    "db.refresh(x)": ["read"],
    "db.add(x)": ["pending"],
    "db.flush()": ["write"],
    "db.commit()": ["commit"],
    "db.rollback()": ["rollback"],
    "with db.begin_nested(): pass": ["write"],
    "session.commit()": ["commit by name"],
    "object_session(x).get(x, 1)": ["read"],
    "engine.connect()": ["write"],
}
NO_EFFECT = [
    *("return db.query(x)", "x.q = db.query(x).filter(x.a)", "db.expunge(x)", "x.execute(1)", "x.commit()"),
    "{}.get(x, 1)",
    "db.get(x)",
    "select(x)",
    "db.new",
]


@pytest.mark.parametrize(("body", "expected"), KINDS.items(), ids=KINDS)
def test_calls_on_sessions_and_engines_have_an_effect(
    effects: Callable[[str], list[str]], body: str, expected: list[str]
) -> None:
    assert effects(body) == expected


@pytest.mark.parametrize("body", NO_EFFECT)
def test_other_calls_have_none(effects: Callable[[str], list[str]], body: str) -> None:
    assert effects(body) == []


CHAIN = f"""{ORM}
def read(db: Session): return db.get(int, 1)
def middle(db): return read(db)
class Page:
    def __init__(self, db): self.x = middle(db)
    def later(self): return lambda: self.x
def waits(db): return lambda: read(db)
def unrelated(db): db.add(1)
"""


def test_io_is_passed_on_to_who_calls_it_with_the_way(build: Build) -> None:
    project = build({"main.py": CHAIN})
    functions = {function.symbol: node for node, function in project.callgraph.functions.items()}
    io = project.effects.io()
    assert {name for name, node in functions.items() if node in io} == {"read", "middle", "Page.__init__", "waits"}
    assert [one.symbol for one in project.effects.why(functions["Page.__init__"])] == [
        "Page.__init__",
        "middle",
        "read",
    ]
    assert project.effects.why(functions["unrelated"]) == ()


def test_the_places_of_io_in_a_statement_leave_out_what_only_waits(build: Build) -> None:
    project = build({"main.py": CHAIN})
    module = project.module("main.py")
    found = {
        node.name: [ast.unparse(place) for place, _ in project.effects.within(node.body[0], module)]
        for node in module.nodes.of(ast.FunctionDef)
    }
    assert found["__init__"] == ["middle(db)"]
    assert found["waits"] == []
    assert found["read"] == ["db.get(int, 1)"]


def test_what_is_known_by_name_only_is_io_only_when_asked_for(build: Build) -> None:
    project = build({"main.py": "def f(session): session.commit()"})
    assert not project.effects.io()
    assert len(project.effects.io(Tier.BY_NAME)) == 1
