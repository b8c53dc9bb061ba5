"""What an observation holds of one run."""

from __future__ import annotations

import ast
import asyncio
import datetime
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lab import _probe
from helpers.lab.runner import Observation, Side, run, sides
from helpers.model import Example

IMPORTS = (
    "from models import Author, Award, Book, Copy, Editor, Employee, Publisher\nfrom sqlalchemy import select, text\n"
)
PLAIN = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3), st.dates()
    ),
    lambda inner: st.one_of(st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.text(max_size=3), inner)),
    max_leaves=8,
)


def observe(call: str, given: str = "", module: str = IMPORTS, **options: object) -> Observation:
    return run(Side(module, call, given, options))


def test_statements_come_in_order_with_their_parameters() -> None:
    seen = observe("[session.get(Author, 2), session.scalar(select(Book.id).where(Book.title == 'Salt'))]")
    assert [(x.sql.partition(" WHERE ")[2], x.parameters["items"]) for x in seen.statements] == [
        ("authors.id = ?", [2]),
        ("books.title = ?", ["Salt"]),
    ]


def test_what_is_given_is_not_recorded_but_its_names_are_there() -> None:
    seen = observe("author.name", given="author = session.get(Author, 1)")
    assert seen.value == "Ines Okoro"
    assert seen.statements == ()


def test_what_is_given_to_an_asynchronous_side_has_the_synchronous_session() -> None:
    module = IMPORTS + "async def name(session):\n    return (await session.get(Author, 1)).name\n"
    seen = observe("name(session)", given="author = session.get(Author, 1)", module=module)
    assert (seen.value, seen.statements) == ("Ines Okoro", ())


def test_only_loaded_attributes_are_told_and_looking_loads_nothing() -> None:
    seen = observe("session.get(Book, 1)")
    assert "blurb" not in seen.value["attributes"]
    assert "author" not in seen.value["attributes"]
    assert len(seen.statements) == 1


def test_an_expired_object_shows_nothing() -> None:
    seen = observe("author", given="author = session.get(Author, 1)\nsession.expire(author)")
    assert (seen.value["state"], seen.value["attributes"]) == ("persistent", {})


def test_options_reach_the_session() -> None:
    given = "author = session.get(Author, 1)\nsession.commit()"
    assert observe("author", given).value["attributes"] == {}
    assert observe("author", given, expire_on_commit=False).value["attributes"]["name"] == "Ines Okoro"


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ("x = Award()", "transient"),
        ("x = Award()\nsession.add(x)", "pending"),
        ("x = session.get(Award, 1)", "persistent"),
        ("x = session.get(Award, 1)\nsession.delete(x)\nsession.flush()", "deleted"),
        ("x = session.get(Award, 1)\nsession.expunge(x)", "detached"),
    ],
)
def test_the_state_of_an_object_is_told(given: str, state: str) -> None:
    assert observe("x", given).value["state"] == state


def test_a_cycle_of_objects_ends() -> None:
    seen = observe("publisher", given="publisher = session.get(Publisher, 1)\npublisher.books[0].publisher")
    first = seen.value["attributes"]["books"]["items"][0]
    assert first["attributes"]["publisher"] == {"kind": "again", "class": "Publisher", "number": 1}


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("session.query(Book.id).all()", "list"),
        ("session.query(Book.id).first()", "row"),
        ("iter(session.query(Book.id))", "iterator"),
        ("session.execute(select(Book.id))", "iterator"),
        ("tuple(session.query(Book.id))", "tuple"),
        ("set(session.scalars(select(Book.title)))", "set"),
        ("session.execute(select(Book.id)).mappings().first()", "dict"),
        ("session.get(Copy, (1, 2))", "object"),
        ("session.query(Book.id)", "other"),
        ("b'x'", "other"),
    ],
)
def test_the_kind_of_a_value_is_kept(call: str, kind: str) -> None:
    assert observe(call).value["kind"] == kind


def test_the_names_of_a_row_are_kept_with_what_they_give() -> None:
    columns = "(Author.id, Book.id).join(Author.books).where(Book.id == 5)"
    legacy, modern = observe(f"session.query{columns}.first()"), observe(f"session.execute(select{columns}).first()")
    assert legacy.value == {"kind": "row", "items": [4, 5], "names": {"id": 5}}
    assert modern.value == {"kind": "row", "items": [4, 5], "names": {"id": 4, "id_1": 5}}


def test_the_warning_of_a_cartesian_product_names_the_tables_in_order() -> None:
    seen = observe("session.query(Book.id, Award.id, Author.id).first()")
    assert [x.message for x in seen.warnings] == [
        'SELECT statement has a cartesian product between FROM elements "authors", "awards", "books"'
    ]


def test_a_subclass_is_told_by_its_name() -> None:
    items = observe("session.query(Employee).order_by(Employee.id).all()").value["items"]
    assert [x["class"] for x in items] == ["Editor", "Driver", "Employee", "Editor"]


def test_an_object_of_the_module_is_told_by_its_attributes() -> None:
    module = "class Page:\n    def __init__(self, number):\n        self.number = number\n"
    assert observe("Page(3)", module=module).value["attributes"] == {"number": 3}


def test_an_exception_comes_without_its_sql_and_link() -> None:
    seen = observe("session.execute(text('SELECT * FROM nowhere'))")
    assert seen.failure
    assert seen.failure.type == "sqlalchemy.exc.OperationalError"
    assert seen.failure.message == "(sqlite3.OperationalError) no such table: nowhere"


@pytest.mark.parametrize(
    ("side", "phase"),
    [
        (Side("import nowhere", "1"), "module"),
        (Side("", "1", given="1 / 0"), "given"),
        (Side("", "1 / 0"), "call"),
        (Side("", "1 +"), "module"),
        (Side("", "1"), "done"),
    ],
)
def test_the_phase_tells_where_a_run_ended(side: Side, phase: str) -> None:
    assert run(side).phase == phase


def test_committed_rows_are_written_and_flushed_ones_are_not() -> None:
    given = "session.add(Award(id=9, author_id=5, name='New'))"
    assert observe("session.commit()", given).written == ("+ awards (9, 5, 'New', None)",)
    assert observe("session.flush()", given).written == ()


def test_a_connection_that_the_code_forgets_loses_what_it_did_not_commit() -> None:
    seen = observe("engine.connect().execute(text('DELETE FROM awards')).rowcount")
    assert (seen.value, seen.written) == (3, ())


def test_only_warnings_of_sqlalchemy_are_told() -> None:
    module = "import warnings\nfrom sqlalchemy import exc\n\n\ndef find():\n    warnings.warn('mine')\n"
    assert observe("find()", module=module).warnings == ()
    theirs = observe("find()", module=module.replace("'mine'", "exc.SAWarning('theirs')"))
    assert [(x.category, x.message) for x in theirs.warnings] == [("SAWarning", "theirs")]


def test_without_models_the_name_is_free_for_those_of_an_application(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("MINE = 7\n", encoding="utf-8")
    seen = run(Side(f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport models", "models.MINE", models=""))
    assert seen.value == 7


async def test_an_asynchronous_side_runs_beside_a_running_loop() -> None:
    module = "import asyncio\nasync def find(session):\n    await asyncio.sleep(0)\n    return 1\n"
    assert asyncio.get_running_loop().is_running()
    assert observe("find(session)", module=module).value == 1


@pytest.mark.parametrize(
    ("module", "call"),
    [
        ("async def find(s):\n    return 1\n", "find(session)"),
        ("async def find(s):\n    yield 1\n", "find(session)"),
        (
            "class A:\n    def __init__(self, s): ...\n    async def find(self):\n        return 1\n",
            "A(session).find()",
        ),
        ("async def find(s):\n    return 1\n", "[await find(session) for _ in range(2)]"),
    ],
)
def test_a_call_of_a_coroutine_function_is_asynchronous(module: str, call: str) -> None:
    seen = observe(call, module=module)
    assert seen.asynchronous
    assert seen.failure is None


def test_a_coroutine_function_beside_the_called_one_makes_nothing_asynchronous() -> None:
    module = "async def other(s):\n    return 1\n\n\ndef find(s):\n    return 2\n"
    seen = observe("find(session)", module=module)
    assert (seen.asynchronous, seen.value) == (False, 2)


def test_sides_share_the_call_and_what_is_given() -> None:
    before, after = sides(Example("t", "a = 1", "a = 2", "a", given="b = 3"))
    assert (before.module, after.module) == ("a = 1", "a = 2")
    assert (before.call, before.given) == (after.call, after.given) == ("a", "b = 3")


@given(PLAIN)
def test_a_value_is_alike_itself_and_plain_json(value: object) -> None:
    told = _probe.normal(value)
    assert json.loads(json.dumps(told)) == told == _probe.normal(value)


@given(st.dates())
def test_different_dates_are_told_apart(date: datetime.date) -> None:
    assert _probe.normal(date) != _probe.normal(datetime.datetime.combine(date, datetime.time()))


def test_the_probe_stands_alone_and_reads_as_python_3_8() -> None:
    tree = ast.parse(Path(_probe.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
    modules = {x.module or "" for x in ast.walk(tree) if isinstance(x, ast.ImportFrom)}
    modules |= {alias.name for x in ast.walk(tree) if isinstance(x, ast.Import) for alias in x.names}
    tops = {x.partition(".")[0] for x in modules}
    assert tops - set(sys.stdlib_module_names) == {"sqlalchemy"}
