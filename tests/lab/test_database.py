"""The seeded database, its copies and their dump."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lab import samples
from helpers.lab.database import Tables, changes, dump, fresh_database, seeded

TABLES = st.dictionaries(
    st.sampled_from(["authors", "books"]),
    st.lists(st.tuples(st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text(max_size=3)))).map(
        tuple
    ),
)


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_copies_are_equal_to_the_byte() -> None:
    with fresh_database() as one, fresh_database() as other:
        assert one != other
        assert one.read_bytes() == other.read_bytes() == seeded()


def test_a_write_reaches_no_other_copy() -> None:
    with fresh_database() as one, fresh_database() as other:
        execute(one, "DELETE FROM awards")
        assert dump(one)["awards"] == ()
        assert len(dump(other)["awards"]) == len(samples.ROWS["awards"])


def test_a_copy_is_gone_afterwards_even_after_an_exception() -> None:
    paths = []
    with pytest.raises(KeyError), fresh_database() as path:
        paths.append(path)
        raise KeyError
    assert not paths[0].parent.exists()


def test_a_template_of_ones_own_is_copied() -> None:
    with fresh_database(b"") as path:
        assert dump(path) == {}


def test_the_dump_changes_no_byte() -> None:
    with fresh_database() as path:
        dump(path)
        assert path.read_bytes() == seeded()


def test_the_dump_holds_every_table_and_row_of_the_samples() -> None:
    with fresh_database() as path:
        tables = dump(path)
    assert {name: len(rows) for name, rows in tables.items()} == {name: len(x) for name, x in samples.ROWS.items()}


def test_the_dump_does_not_depend_on_the_order_of_insertion() -> None:
    dumps = []
    for order in ((8, 9), (9, 8)):
        with fresh_database() as path:
            for number in order:
                execute(path, f"INSERT INTO copies VALUES ({number}, 1, NULL)")
            dumps.append(dump(path))
    assert dumps[0] == dumps[1]


def test_rows_of_an_open_transaction_are_not_committed() -> None:
    with fresh_database() as path, closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM awards")
        assert len(dump(path)["awards"]) == len(samples.ROWS["awards"])


@given(TABLES)
def test_nothing_changes_from_a_dump_to_itself(tables: Tables) -> None:
    assert changes(tables, tables) == ()


@given(TABLES, TABLES)
def test_changes_backwards_swap_come_and_gone(old: Tables, new: Tables) -> None:
    swap = str.maketrans("+-", "-+")
    assert sorted(x[0].translate(swap) + x[1:] for x in changes(old, new)) == sorted(changes(new, old))


def test_changes_name_each_row_that_came_or_went() -> None:
    old: Tables = {"authors": ((1, "a"), (2, "b"), (2, "b"))}
    new: Tables = {"authors": ((1, "a"), (2, "b"), (3, None)), "books": ((1,),)}
    assert changes(old, new) == ("- authors (2, 'b')", "+ authors (3, None)", "+ books (1,)")


def test_an_integer_that_became_a_float_is_a_change() -> None:
    assert changes({"a": ((1,),)}, {"a": ((1.0,),)}) == ("- a (1,)", "+ a (1.0,)")
