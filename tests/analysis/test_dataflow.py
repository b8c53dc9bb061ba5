"""Where objects come from, which calls hand them on, and what is read of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from helpers.analysis.callers import Callers
from helpers.analysis.dataflow.flows import Flows
from helpers.analysis.dataflow.readers import reads_of
from helpers.analysis.dataflow.values import Ref, Step
from helpers.analysis.project import Project, load_project
from helpers.lab import samples

HEAD = "from models import Author, Book, Editor, Employee\nfrom sqlalchemy import func, select\n\n\n"


def project_of(folder: Path, text: str) -> Project:
    """One file beside the sample models."""
    (folder / "models.py").write_text(samples.MODELS, encoding="utf-8")
    (folder / "app.py").write_text(HEAD + text, encoding="utf-8")
    return load_project(folder)


def told(ref: Ref) -> str:
    """An object as `kind Entity.path`."""
    entity = ref.root.entity.name if ref.root.entity else "?"
    return ".".join([f"{ref.root.kind} {entity}", *(p.name if isinstance(p, Step) else p for p in ref.path)])


def returned(folder: Path, text: str) -> set[str]:
    """What the last `return` of a file hands out."""
    project = project_of(folder, text)
    module = project.module("app.py")
    found = Flows.build(project).of(module.nodes.of(ast.Return)[-1].value, module)
    return {told(ref) for ref in found if ref.root.kind != "parameter"}


def read(folder: Path, text: str) -> set[str]:
    """What is read of objects that are loaded or made."""
    project = project_of(folder, text)
    found = reads_of(project, Flows.build(project)).found
    return {told(ref) for ref in found if ref.root.kind != "parameter"}


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("db.scalars(select(Book)).all()", {"load Book"}),
        ("db.query(Book).filter(Book.id == 1).first()", {"load Book"}),
        ("db.get(Book, 1)", {"load Book"}),
        ("db.get(Book, 1).author", {"load Book.author"}),
        ("sorted(db.scalars(select(Book)), key=len)[0]", {"load Book"}),
        ("{book.id: book for book in db.scalars(select(Book))}", {"load Book"}),
        ("db.get(Book, 1) or Book()", {"load Book", "made Book"}),
        ("[row[0] for row in db.execute(select(Book, Author))]", {"load Book", "load Author"}),
        ("[a for b, a in db.execute(select(Book, Author))]", {"load Author"}),
        ("Book(author=db.get(Author, 1)).author", {"load Author"}),
        ("db.get(Book, 1).title", set()),
        ("db.scalar(select(func.count(Book.id)))", set()),
        ("select(Book).subquery()", set()),
        ("db.query(Book).count()", set()),
        ("len(db.scalars(select(Book)).all())", set()),
        ("Book.author", set()),
    ],
)
def test_where_an_expression_comes_from(tmp_path: Path, value: str, origin: set[str]) -> None:
    assert returned(tmp_path, f"def f(db):\n    return {value}\n") == origin


def test_a_helper_gives_what_it_is_given(tmp_path: Path) -> None:
    text = "def same(x):\n    return x\n\n\ndef f(db):\n    return same(db.get(Book, 1)).author\n"
    assert returned(tmp_path, text) == {"load Book.author"}


def test_recursion_comes_to_an_end(tmp_path: Path) -> None:
    text = "def up(book):\n    return up(book.author.books[0])\n\n\ndef f(db):\n    return up(db.get(Book, 1))\n"
    assert returned(tmp_path, text) == set()


@pytest.mark.parametrize(
    ("reads", "found"),
    [
        ("x.author", {"load Book.author"}),
        ("x.author.books", {"load Book.author", "load Book.author.books"}),
        ("helper(x)", {"load Book.reviews"}),
        ("list(map(helper, [x]))", {"load Book.reviews"}),
        ("sorted([x], key=helper)", {"load Book.reviews"}),
        ("sorted([x], key=lambda one: one.copies)", {"load Book.copies"}),
        ("getattr(x, 'genres')", {"load Book.genres"}),
        ("x.blurb", {"load Book.blurb"}),
        ("x.title", set()),
        ("other(x)", set()),
        ("getattr(x, name)", set()),
    ],
)
def test_what_is_read_of_a_loaded_object(tmp_path: Path, reads: str, found: set[str]) -> None:
    text = "def helper(one):\n    return one.reviews\n\n\ndef other(one):\n    return one.title\n\n\n"
    assert read(tmp_path, f"{text}def f(db, name):\n    x = db.get(Book, 1)\n    return {reads}\n") == found


def test_a_column_of_a_subclass_is_read_later_than_its_base(tmp_path: Path) -> None:
    text = "def f(db):\n    return [db.get(Employee, 1).language, db.get(Editor, 1).language]\n"
    assert read(tmp_path, text) == {"load Employee.language"}


def test_chains_lead_from_the_outermost_call_inwards(tmp_path: Path) -> None:
    text = "def load(db):\n    return db\n\n\ndef middle(db):\n    return load(db)\n\n\n"
    text += "def top(db):\n    return middle(db)\n"
    project = project_of(tmp_path, text)
    functions = {node.name: node for node in project.module("app.py").nodes.of(ast.FunctionDef)}
    callers = Callers(project, Flows.build(project).callees)
    [chain] = callers.chains(functions["load"])
    assert [ast.unparse(call.func) for call in chain] == ["middle", "load"]
    assert callers.chains(functions["top"]) == ((),)
