"""Calls of an application in a process of their own, on its own sample data."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from helpers.lab.application import Scenario, SeedError, observe, seed

FILL = """import os, sqlite3
with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) as connection:
    connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    connection.execute("INSERT INTO users (name) VALUES ('Ada'), ('Bo')")
"""
SERVICE = """from sqlalchemy import text

def names(session):
    return list(session.scalars(text("SELECT name FROM users ORDER BY id")))

def rename(session):
    session.execute(text("UPDATE users SET name = 'Cy' WHERE id = 1"))
    session.commit()
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "fill.py").write_text(FILL, encoding="utf-8")
    (folder / "service.py").write_text(SERVICE, encoding="utf-8")
    return folder


@pytest.fixture
def database(app: Path) -> bytes:
    return seed(app, [["fill.py"]])


def test_an_application_fills_the_database_with_its_own_commands(tmp_path: Path, database: bytes) -> None:
    (tmp_path / "copy.db").write_bytes(database)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("SELECT name FROM users").fetchall() == [("Ada",), ("Bo",)]


def test_a_command_that_fails_is_named_with_its_last_line(app: Path) -> None:
    with pytest.raises(SeedError, match=r"nowhere\.py: failed: .*run it by hand"):
        seed(app, [["nowhere.py"]])


def test_a_call_sees_the_sample_data(app: Path, database: bytes) -> None:
    seen = observe(app, Scenario("from service import names", "names(session)"), database)
    assert seen.failure is None
    assert seen.value["items"] == ["Ada", "Bo"]
    assert [statement.sql for statement in seen.statements] == ["SELECT name FROM users ORDER BY id"]


def test_what_a_call_writes_is_seen_and_the_next_call_starts_afresh(app: Path, database: bytes) -> None:
    scenario = Scenario("from service import rename", "rename(session)")
    first, second = (observe(app, scenario, database) for _ in range(2))
    assert first.written == ("- users (1, 'Ada')", "+ users (1, 'Cy')")
    assert second.written == first.written


def test_an_application_may_call_its_models_models(app: Path, database: bytes) -> None:
    (app / "models.py").write_text("NAME = 'its own'\n", encoding="utf-8")
    assert observe(app, Scenario("from models import NAME", "NAME"), database).value == "its own"


@pytest.mark.parametrize(
    ("scenario", "phase", "error"),
    [
        (Scenario("import nowhere", "1"), "module", "ModuleNotFoundError"),
        (Scenario("", "1 / 0"), "call", "ZeroDivisionError"),
    ],
)
def test_an_exception_of_the_application_is_observed(
    app: Path, database: bytes, scenario: Scenario, phase: str, error: str
) -> None:
    seen = observe(app, scenario, database)
    assert seen.failure is not None
    assert (seen.phase, seen.failure.type) == (phase, error)


def test_nothing_of_the_application_is_imported_here_or_left_in_its_folder(app: Path, database: bytes) -> None:
    before = sorted(app.rglob("*"))
    observe(app, Scenario("from service import names", "names(session)"), database)
    assert "service" not in sys.modules
    assert sorted(app.rglob("*")) == before
