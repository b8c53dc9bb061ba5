"""AM303: which relationships refuse to be loaded by touching them, in every form of declaration, and which stay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.scanner import scan
from helpers.migrate.rewriter import rewrite
from helpers.model import ChangeSet, Stage, Step
from helpers.patterns.lazy_raise import LazyRaise

HEAD = """\
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
"""


def changed(folder: Path, files: Mapping[str, str]) -> ChangeSet:
    """What the pattern makes of an application of these files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    project = load_project(folder)
    return rewrite(project, Step(1, Stage.IMPLICIT_IO, scan(project, [LazyRaise])))


def attribute(folder: Path, line: str, files: Mapping[str, str] | None = None) -> str:
    """What becomes of one attribute of Order."""
    text = f"{HEAD}    {line}\n"
    done = {change.path: change.after.decode() for change in changed(folder, {"m.py": text, **(files or {})}).changes}
    return done.get("m.py", text).removeprefix(HEAD).strip()


FORMS = {
    "items: Mapped[list[Item]] = relationship()": ('items: Mapped[list[Item]] = relationship(lazy="raise_on_sql")'),
    'items = relationship("Item", order_by="Item.id")': (
        'items = relationship("Item", order_by="Item.id", lazy="raise_on_sql")'
    ),
    "items = relationship(\n        Item,\n        viewonly=True,\n    )": (
        'items = relationship(\n        Item,\n        viewonly=True,\n        lazy="raise_on_sql",\n    )'
    ),
    'items: Mapped[list["Item"]] = relationship(init=False)': (
        'items: Mapped[list["Item"]] = relationship(init=False, lazy="raise_on_sql")'
    ),
}


@pytest.mark.parametrize(("before", "wanted"), FORMS.items())
def test_a_relationship_of_a_class_body_refuses(before: str, wanted: str, tmp_path: Path) -> None:
    assert attribute(tmp_path, before) == wanted


def test_a_backref_by_name_becomes_a_call_and_one_that_is_a_call_gets_the_keyword(tmp_path: Path) -> None:
    line = 'items = relationship(Item, backref="order")'
    assert 'backref=backref("order", lazy="raise_on_sql"), lazy="raise_on_sql")' in attribute(tmp_path, line)
    call = 'items = relationship(Item, lazy="joined", backref=sa.orm.backref("order"))'
    assert 'backref=sa.orm.backref("order", lazy="raise_on_sql"))' in attribute(tmp_path, call)


def test_a_line_that_grows_too_long_is_broken(tmp_path: Path) -> None:
    line = 'items: Mapped[list[Item]] = relationship(order_by="Item.id", viewonly=True)'
    wanted = 'relationship(\n        order_by="Item.id", viewonly=True, lazy="raise_on_sql"\n    )'
    assert attribute(tmp_path, line).endswith(wanted)


def test_a_relationship_that_is_attached_later_or_mapped_imperatively_refuses(tmp_path: Path) -> None:
    attached = f"{HEAD}\nOrder.items = relationship(Item)\n"
    mapped = (
        "from sqlalchemy.orm import registry, relationship\nreg = registry()\nclass A: ...\nclass B: ...\n"
        'reg.map_imperatively(A, table, properties={"bees": relationship(B)})\n'
    )
    done = {c.path: c.after.decode() for c in changed(tmp_path, {"one.py": attached, "two.py": mapped}).changes}
    assert 'Order.items = relationship(Item, lazy="raise_on_sql")' in done["one.py"]
    assert '"bees": relationship(B, lazy="raise_on_sql")' in done["two.py"]


SQLMODEL = {
    "Relationship()": 'Relationship(sa_relationship_kwargs={"lazy": "raise_on_sql"})',
    'Relationship(back_populates="team")': (
        'Relationship(back_populates="team", sa_relationship_kwargs={"lazy": "raise_on_sql"})'
    ),
    'Relationship(sa_relationship_kwargs={"cascade": "all"})': (
        'Relationship(sa_relationship_kwargs={"lazy": "raise_on_sql", "cascade": "all"})'
    ),
}


@pytest.mark.parametrize(("before", "wanted"), SQLMODEL.items())
def test_sqlmodel_hands_the_strategy_on(before: str, wanted: str, tmp_path: Path) -> None:
    head = "from sqlmodel import Field, Relationship, SQLModel\n\n\n"
    text = f"{head}class Team(SQLModel, table=True):\n    id: int = Field(primary_key=True)\n    ones: list['One'] = "
    wide = {"pyproject.toml": "[tool.ruff]\nline-length = 120\n"}
    [change] = changed(tmp_path, {"m.py": f"{text}{before}\n", **wide}).changes
    assert change.after.decode() == f"{text}{wanted}\n"


def test_a_relationship_of_a_mixin_refuses(tmp_path: Path) -> None:
    text = (
        "from sqlalchemy.orm import declared_attr, relationship\n\n\nclass Owned:\n    @declared_attr\n"
        '    def keeper(cls):\n        return relationship("User")\n'
    )
    [change] = changed(tmp_path, {"m.py": text}).changes
    assert b'relationship("User", lazy="raise_on_sql")' in change.after


SPREAD = {
    "in the class": ("", '    shared = {"back_populates": "order"}\n'),
    "as a call, in the class": ("", '    shared = dict(back_populates="order")\n'),
    "in the module": ('shared = {"back_populates": "order"}\n\n\n', ""),
}


@pytest.mark.parametrize(("above", "inside"), SPREAD.values(), ids=SPREAD)
def test_arguments_that_are_spread_from_a_dictionary_written_out_count(above: str, inside: str, tmp_path: Path) -> None:
    head, _, body = HEAD.rpartition("class Order")
    text = f"{head}{above}class Order{body}{inside}"
    [change] = changed(tmp_path, {"m.py": f"{text}    items = relationship(Item, **shared)\n"}).changes
    assert change.after.decode().endswith('relationship(Item, **shared, lazy="raise_on_sql")\n')


HIDDEN = {
    "a strategy among them": '    shared = {"lazy": "joined"}\n',
    "changed later": '    shared = {"uselist": False}\n    shared["lazy"] = "joined"\n',
    "made of another": '    shared = {**other, "uselist": False}\n',
    "given twice": '    shared = {"uselist": False}\n    shared = {"lazy": "joined"}\n',
}


@pytest.mark.parametrize("inside", HIDDEN.values(), ids=HIDDEN)
def test_a_dictionary_that_may_name_a_strategy_is_left(inside: str, tmp_path: Path) -> None:
    done = changed(tmp_path, {"m.py": f"{HEAD}{inside}    items = relationship(Item, **shared)\n"})
    assert (done.changes, len(done.skipped)) == ((), 1)


KEPT = {
    "joined": 'items = relationship(Item, lazy="joined")',
    "selectin": 'items = relationship(Item, lazy="selectin")',
    "dynamic": 'items = relationship(Item, lazy="dynamic")',
    "raise": 'items = relationship(Item, lazy="raise")',
    "it refuses already": 'items = relationship(Item, lazy="raise_on_sql")',
    "write only": "items: WriteOnlyMapped[Item] = relationship()",
    "dynamic by its annotation": "items: DynamicMapped[Item] = relationship()",
    "a relationship of something else": "items = graph.model.relationship(Item)",
    "a column": "items: Mapped[int] = mapped_column()",
}


@pytest.mark.parametrize("line", KEPT.values(), ids=KEPT)
def test_nothing_is_found_where_there_is_a_strategy(line: str, tmp_path: Path) -> None:
    done = changed(tmp_path, {"m.py": f"{HEAD}    {line}\n"})
    assert (done.changes, done.skipped) == ((), ())


LEFT = {
    "by decision": 'items = relationship(Item, lazy="select")',
    "made elsewhere": "items = relationship(Item, **options)",
}


@pytest.mark.parametrize(("reason", "line"), LEFT.items())
def test_an_explicit_or_hidden_strategy_is_left_with_its_reason(reason: str, line: str, tmp_path: Path) -> None:
    [skip] = changed(tmp_path, {"m.py": f"{HEAD}    {line}\n"}).skipped
    assert reason in skip.reason


LINE = "items: Mapped[list[Item]] = relationship()"
READS = {
    "an object of the class": ("app.py", "from m import Order\n\n\ndef f(order: Order):\n    return order.items\n"),
    "an object that nothing is known of": ("app.py", "def f(x):\n    return len(x.items)\n"),
    "a response model": ("app.py", "class OrderOut(Schema):\n    items: list[int]\n"),
    "a template": ("page.html", "{% for one in order.items %}{{ one }}{% endfor %}\n"),
    "a template by a filter": ("page.jinja2", "{{ orders | map(attribute='items') }}\n"),
    "getattr": ("app.py", "def f(x):\n    return getattr(x, 'items')\n"),
    "a proxy": ("app.py", "from m import Order\nOrder.ids = association_proxy('items', 'id')\n"),
    "a collection that is replaced": ("app.py", "from m import Order\n\n\ndef f(x: Order):\n    x.items = []\n"),
    "whatever walks over all of them": ("app.py", "def f(x):\n    return [r.key for r in x.mapper.relationships]\n"),
    "one of all of them that is named at run time": ("app.py", "def f(x, name):\n    return x.relationships[name]\n"),
}


@pytest.mark.parametrize(("path", "text"), READS.values(), ids=READS)
def test_what_may_be_read_is_left_with_the_place(path: str, text: str, tmp_path: Path) -> None:
    done = changed(tmp_path, {"m.py": f"{HEAD}    {LINE}\n", path: text})
    assert done.changes == ()
    assert [f"may be read at {path}:" in skip.reason for skip in done.skipped] == [True]


NO_READS = {
    "the class in a query": "from m import Order\nstatement = select(Order).join(Order.items)\n",
    "the class by its mapper": 'from m import Order\nitems = inspect(Order).relationships["items"].class_attribute\n',
    "an object of another class": "from m import Item\n\n\ndef f(item: Item):\n    return item.items\n",
    "a name of a module": "import shop\nnames = shop.items\n",
    "itself of another class": "class Basket:\n    def f(self):\n        return self.items\n",
    "a constructor": "from m import Order\norder = Order(items=[])\n",
}


@pytest.mark.parametrize("text", NO_READS.values(), ids=NO_READS)
def test_what_is_no_read_of_it_is_passed_over(text: str, tmp_path: Path) -> None:
    assert "raise_on_sql" in attribute(tmp_path, LINE, {"app.py": text})


def test_setting_what_there_is_one_of_loads_nothing(tmp_path: Path) -> None:
    text = HEAD.replace("class Order", "class Unit(Base):\n    __tablename__ = 'units'\n\n\nclass Order")
    line = '    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))\n    unit: Mapped[Unit] = relationship()\n'
    app = "from m import Order\n\n\ndef f(order: Order, unit):\n    order.unit = unit\n"
    [change] = changed(tmp_path, {"m.py": text + line, "app.py": app}).changes
    assert b'relationship(lazy="raise_on_sql")' in change.after


def test_the_project_may_decide_for_all_of_them(tmp_path: Path) -> None:
    files = {"pyproject.toml": '[tool.workbook]\nlazy_raise = "everywhere"\n', "app.py": READS["getattr"][1]}
    assert "raise_on_sql" in attribute(tmp_path, LINE, files)


EVERYWHERE = {"pyproject.toml": '[tool.workbook]\nlazy_raise = "everywhere"\n'}


@pytest.mark.parametrize("given", ['"select"', "True", "'select'"])
def test_where_the_project_has_decided_so_the_default_spelled_out_gives_way(given: str, tmp_path: Path) -> None:
    found = attribute(tmp_path, f"items = relationship(Item, lazy={given})", EVERYWHERE)
    assert found == 'items = relationship(Item, lazy="raise_on_sql")'


@pytest.mark.parametrize("given", ['"joined"', '"selectin"', '"dynamic"', "STRATEGY"])
def test_where_the_project_has_decided_so_another_strategy_stays(given: str, tmp_path: Path) -> None:
    line = f"items = relationship(Item, lazy={given})"
    assert attribute(tmp_path, line, EVERYWHERE) == line


def test_before_sqlalchemy_two_the_cascade_of_a_delete_counts(tmp_path: Path) -> None:
    app = "from sqlalchemy.orm import Session\n\n\ndef f(db: Session, x):\n    db.delete(x)\n"
    assert "raise_on_sql" in attribute(tmp_path, LINE, {"app.py": app, "requirements.txt": "sqlalchemy>=2.0\n"})
    done = changed(tmp_path, {"m.py": f"{HEAD}    {LINE}\n", "requirements.txt": "sqlalchemy>=1.4,<2\n"})
    assert ["before 2.0 it would raise" in skip.reason for skip in done.skipped] == [True]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    once = attribute(tmp_path, 'items = relationship(Item, backref="order")')
    assert attribute(tmp_path, once) == once
