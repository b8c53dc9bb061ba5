"""What the sample rows must hold so that wrong rewrites show."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from helpers.lab import samples
from helpers.lab.database import fresh_database


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with fresh_database() as path, closing(sqlite3.connect(path)) as opened:
        yield opened


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("SELECT name FROM authors GROUP BY name HAVING count(*) > 1", id="two authors of one name"),
        pytest.param("SELECT author_id FROM books GROUP BY author_id HAVING count(*) > 2", id="a join that repeats"),
        pytest.param("SELECT born FROM authors WHERE born IS NULL", id="a NULL to order by"),
        pytest.param("SELECT price FROM books WHERE price = 0", id="a zero, which is no NULL"),
        pytest.param("SELECT 1 FROM books WHERE author_id NOT IN (SELECT id FROM authors)", id="an orphan"),
        pytest.param("SELECT 1 FROM books WHERE author_id IS NULL", id="a book without an author"),
        pytest.param("SELECT 1 FROM authors WHERE id NOT IN (SELECT coalesce(author_id, 0) FROM books)", id="no books"),
        pytest.param(
            "SELECT 1 FROM publishers WHERE id NOT IN (SELECT coalesce(publisher_id, 0) FROM books)", id="empty"
        ),
        pytest.param("SELECT book_id FROM copies GROUP BY book_id HAVING count(*) > 1", id="a composite key"),
    ],
)
def test_the_rows_hold(query: str, connection: sqlite3.Connection) -> None:
    assert connection.execute(query).fetchall()


def test_the_models_are_a_text_without_our_tools() -> None:
    assert "mypy" not in samples.MODELS
    assert "helpers" not in samples.MODELS


@pytest.mark.parametrize("rows", samples.ROWS.values(), ids=samples.ROWS)
def test_rows_of_a_table_have_the_same_columns(rows: list[dict[str, Any]]) -> None:
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
