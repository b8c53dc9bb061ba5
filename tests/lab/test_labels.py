"""SQL without the labels that a library writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lab.labels import clauses, without_labels

NAMES = st.from_regex(r"[a-z]{1,6}(_[a-z]{1,4}|_1)?", fullmatch=True)


@pytest.mark.parametrize(
    ("statement", "bare"),
    [
        ("SELECT books.id AS books_id FROM books", "SELECT books.id FROM books"),
        ("SELECT books.id, authors.id AS id_1 FROM books", "SELECT books.id, authors.id FROM books"),
        ("SELECT books_1.id AS books_1_id FROM books AS books_1", "SELECT books_1.id FROM books AS books_1"),
        (
            "SELECT count(*) AS count_1 FROM (SELECT books.id AS books_id FROM books) AS anon_1",
            "SELECT count(*) AS count_1 FROM (SELECT books.id FROM books) AS anon_1",
        ),
        (
            "SELECT anon_1.books_id AS anon_1_books_id FROM (SELECT books.id AS books_id FROM books) AS anon_1",
            "SELECT anon_1.id FROM (SELECT books.id FROM books) AS anon_1",
        ),
        ('SELECT "order"."from" AS order_from FROM "order"', 'SELECT "order"."from" FROM "order"'),
    ],
)
def test_labels_of_the_library_go(statement: str, bare: str) -> None:
    assert without_labels(statement) == bare


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT books.id AS number FROM books",
        "SELECT books.id AS authors_id FROM books",
        "SELECT count(books.id) AS count_1 FROM books",
        "SELECT books.price + ? AS anon_1 FROM books",
        "SELECT books_1.id FROM books AS books_1",
        "SELECT books.books_id FROM books JOIN authors ON authors.id = books.author_id",
        "SELECT books.id FROM books WHERE books.title = 'books.id AS x'",
        "UPDATE books SET title=? WHERE books.id = ?",
    ],
)
def test_nothing_else_goes(statement: str) -> None:
    assert without_labels(statement) == statement


@given(NAMES, st.lists(NAMES, min_size=1, max_size=4))
def test_both_ways_to_label_the_same_columns_become_equal(table: str, columns: list[str]) -> None:
    legacy = ", ".join(f"{table}.{column} AS {table}_{column}" for column in columns)
    modern = ", ".join(f"{table}.{column} AS {column}_{n}" for n, column in enumerate(columns, start=1))
    assert without_labels(f"SELECT {legacy} FROM {table}") == without_labels(f"SELECT {modern} FROM {table}")


@given(st.text(alphabet="ab_1. AS,()", max_size=60))
def test_taking_labels_out_never_adds(statement: str) -> None:
    assert statement.count(" AS ") >= without_labels(statement).count(" AS ")


def test_clauses_are_counted_outside_of_quotes() -> None:
    statements = ["SELECT a FROM b WHERE a = 'LIMIT' AND \"where\" > 1 order by a", "SELECT DISTINCT a FROM b WHERE c"]
    assert clauses(statements) == {"WHERE": 2, "AND": 1, "ORDER BY": 1, "DISTINCT": 1}


def test_names_that_hold_a_clause_word_are_no_clause() -> None:
    assert clauses(["SELECT limits, orders.offset_of, wheres FROM counted"]) == {}
