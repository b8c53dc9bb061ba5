"""AM402: which properties become methods, who reads them then, and what is left with which reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.patterns.property_with_io import PropertyWithIo
from tests.patterns.rewriting import Rewriting

HEAD = (
    "from functools import cached_property\n\nfrom models import Author\n"
    "from sqlalchemy.ext.hybrid import hybrid_property\n"
    "from sqlalchemy.orm import Session, object_session\n\n\n"
)
CARD = HEAD + (
    "class Card:\n"
    "    def __init__(self, db: Session) -> None:\n"
    "        self.db = db\n\n"
    "    @property\n"
    "    def owner(self) -> Author:\n"
    "        return self.db.get(Author, 1)\n\n\n"
)


@pytest.fixture
def on(tmp_path: Path) -> Rewriting:
    """The pattern on files of a folder of its own."""
    return Rewriting(PropertyWithIo, tmp_path)


READ = {
    "an annotated parameter": ("def f(x: Card): return x.owner\n", "return x.get_owner()"),
    "an instance": ("print(Card(None).owner.name)\n", "Card(None).get_owner().name"),
    "a comprehension": ("def f(xs: list[Card]): return [x.owner for x in xs]\n", "[x.get_owner() for x in xs]"),
    "an attribute that holds one": (
        "class Box:\n    def __init__(self): self.card = Card(None)\n    def f(self): return self.card.owner\n",
        "return self.card.get_owner()",
    ),
    "what every caller gives": ("def f(x): return x.owner\nf(Card(None))\n", "return x.get_owner()"),
    "a class below": ("class B(Card): pass\ndef f(x: B): return x.owner\n", "return x.get_owner()"),
}


@pytest.mark.parametrize(("more", "expected"), READ.values(), ids=READ)
def test_readers_call_the_method(on: Rewriting, more: str, expected: str) -> None:
    text = on.after(CARD + more)
    assert "    def get_owner(self) -> Author:\n        return self.db.get(Author, 1)\n" in text
    assert expected in text
    assert "@property" not in text


def test_readers_in_other_modules_follow(on: Rewriting) -> None:
    done = on.files({"app.py": CARD, "web/view.py": "from app import Card\n\ndef f(x: Card):\n    return x.owner\n"})
    assert "return x.get_owner()" in done["web/view.py"]
    assert "def get_owner" in done["app.py"]


def test_a_property_of_an_entity_that_asks_its_own_session(on: Rewriting) -> None:
    text = HEAD + (
        "from models import Base\nfrom sqlalchemy import Column, Integer\n\n\n"
        "class Note(Base):\n    __tablename__ = 'notes'\n"
        "    id = Column(Integer, primary_key=True)\n\n    @hybrid_property\n    def first(self):\n"
        "        return object_session(self).get(Author, self.id)\n\n\n"
        "def f(db: Session):\n    return [note.first for note in db.query(Note).all()], db.get(Note, 1).first\n"
    )
    done = on.after(text)
    assert "[note.get_first() for note in db.query(Note).all()], db.get(Note, 1).get_first()" in done
    assert "hybrid_property" not in done


def test_a_property_that_sets_and_gets_under_one_key_still_does(on: Rewriting) -> None:
    text = (
        CARD.replace("@property", "@cached_property")
        + "def f(x: Card):\n    x.owner = None\n    del x.owner\n    x.owner\n"
    )
    done = on.after(text)
    assert 'if "owner" not in self.__dict__:' in done
    assert "    x.owner = None\n    del x.owner\n    x.get_owner()\n" in done


def test_other_attributes_of_that_name_stay(on: Rewriting) -> None:
    text = CARD + (
        "import os\nimport decimal\nclass Other:\n    owner = 1\n"
        "def f(x: Card, y: Other, z: dict, d: decimal.Decimal, db: Session):\n"
        "    return x.owner, y.owner, os.owner, z['owner'], d.owner, db.owner, decimal.Decimal(1).owner\n"
    )
    others = "y.owner, os.owner, z['owner'], d.owner, db.owner, decimal.Decimal(1).owner"
    assert f"return x.get_owner(), {others}" in on.after(text)


REFUSED = {
    "one of two classes": ("class B: owner = 1\ndef f(x: Card | B): return x.owner\n", "annotate `x`"),
    "an object of any class": ("def f(x: object):\n    if isinstance(x, Card): return x.owner\n", "annotate `x`"),
    "what a function gives": ("class B: owner = 1\ndef h() -> Card | B: ...\nx = h().owner\n", "annotate `h()`"),
    "a receiver of which nothing is known": ("def f(x): return x.owner\n", "annotate `x`"),
    "getattr": ("def f(x: Card): return getattr(x, 'owner')\n", "getattr()"),
    "attrgetter": ("from operator import attrgetter\nk = attrgetter('owner')\n", "attrgetter()"),
    "names in a list": ("def f(x: Card): return [getattr(x, n) for n in ['owner']]\n", "a list"),
    "a schema": ("from pydantic import BaseModel\nclass Out(BaseModel):\n    owner: str\n", "the schema Out"),
    "an alias in a schema": (
        "from pydantic import BaseModel, Field\nclass Out(BaseModel):\n    who: str = Field(alias='owner')\n",
        "Field()",
    ),
    "a protocol": ("from typing import Protocol\nclass P(Protocol):\n    owner: str\n", "the schema P"),
    "a class that has it as an attribute": ("class B(Card):\n    owner = None\n", "an attribute in B"),
    "the class": ("print(Card.owner)\n", "the property itself"),
    "an assignment": ("def f(x: Card): x.owner = 1\n", "set or deleted"),
    "a fake": ("from types import SimpleNamespace\nx = SimpleNamespace(owner=1)\n", "makes an object"),
    "a case": ("def f(x):\n    match x:\n        case Card(owner=1): pass\n", "a `case` reads it"),
    "a class above that has none": (
        "class Top: pass\nclass Low(Top, Card): pass\ndef f(x: Top): return x.owner\n",
        "reads it on Top",
    ),
    "a mixin": ("class Mixin:\n    def f(self): return self.owner\nclass D(Mixin, Card): pass\n", "reads it on Mixin"),
    "a mock": ("def t(mock): mock.patch.object(Card, 'owner', 1)\n", "object()"),
}


@pytest.mark.parametrize(("more", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_reader_that_cannot_follow_keeps_the_property(on: Rewriting, more: str, reason: str) -> None:
    [found] = on.reasons(CARD + "def g(x: Card): return x.owner\n" + more)
    assert reason in found


@pytest.mark.parametrize(
    "block", ["{{ card.owner }}", "{% if card.owner %}{% endif %}", "{{ xs|map(attribute='owner') }}"]
)
def test_a_template_that_reads_it_keeps_it(on: Rewriting, block: str) -> None:
    done = on.changed({"app.py": CARD, "templates/card.html": f"<p>\n{block}"})
    [skip] = done.skipped
    assert "templates/card.html:2" in skip.reason


@pytest.mark.parametrize("block", ["<p class='x.owner'>", "{{ card.owners }}", "{{ owner }}"])
def test_a_template_that_reads_something_else_does_not(on: Rewriting, block: str) -> None:
    assert "def get_owner" in on.files({"app.py": CARD, "templates/card.html": block})["app.py"]


def test_a_file_that_cannot_be_read_and_names_it_keeps_it(on: Rewriting) -> None:
    [reason] = on.reasons(CARD, broken="x = card.owner(\n")
    assert "broken.py cannot be read" in reason


WRITTEN = {
    "a setter": ("\n\n\n", "\n\n    @owner.setter\n    def owner(self, x): ...\n\n\n", "setter"),
    "another decorator": ("    @property", "    @computed_field\n    @property", "computed_field"),
    "a schema of its own": ("class Card:", "from pydantic import BaseModel\nclass Card(BaseModel):", "pydantic"),
}


@pytest.mark.parametrize(("old", "new", "reason"), WRITTEN.values(), ids=WRITTEN)
def test_a_property_that_is_written_otherwise_is_left(on: Rewriting, old: str, new: str, reason: str) -> None:
    before, _, last = CARD.rpartition(old) if old == "\n\n\n" else CARD.partition(old)
    found = on.reasons(before + new + last)
    assert found
    assert any(reason in one for one in found)


SPECIAL = ["__len__", "__bool__", "__str__", "__eq__", "__iter__", "__getattr__", "__del__"]


@pytest.mark.parametrize("name", SPECIAL)
def test_special_methods_are_left_to_a_person(on: Rewriting, name: str) -> None:
    [found] = on.reasons(CARD.replace("    @property\n", "").replace("owner", name))
    assert f"Python calls {name} itself" in found


NO_IO = {
    "it reads what is loaded": "return self.db",
    "it gives a statement": "return select(Author)",
    "it gives a function": "return self.later",
    "it touches a relationship": "return self.author.books",
}


@pytest.mark.parametrize("line", NO_IO.values(), ids=NO_IO)
def test_a_property_without_sql_of_its_own_is_no_finding(on: Rewriting, line: str) -> None:
    text = CARD.replace("return self.db.get(Author, 1)", line) + "def f(x: Card): return x.owner\n"
    done = on.changed({"app.py": text})
    assert not (done.applied or done.skipped)


def test_a_plain_method_with_sql_is_no_finding(on: Rewriting) -> None:
    done = on.changed({"app.py": CARD.replace("    @property\n", "")})
    assert not (done.applied or done.skipped)


def test_a_second_run_finds_nothing(on: Rewriting) -> None:
    for kind in ("@property", "@cached_property"):
        once = on.after(CARD.replace("@property", kind) + "def f(x: Card): return x.owner\n")
        done = on.changed({"app.py": once})
        assert not (done.applied or done.skipped)
