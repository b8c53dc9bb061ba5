"""Engines of tests and of Alembic's environment that no session leans on stay as they are, and hold nothing back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import flipped, found

DATABASE = """\
import settings
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

engine = create_engine(settings.url)
SessionLocal = sessionmaker(engine, expire_on_commit=False)


def save():
    with SessionLocal() as session:
        session.commit()
"""
ENV = """\
import settings
from alembic import context
from sqlalchemy import create_engine, pool


def run_online():
    engine = create_engine(settings.url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run_online()
"""


def test_an_environment_of_alembic_with_an_engine_of_its_own(tmp_path: Path) -> None:
    files = {"database.py": DATABASE, "migrations/env.py": ENV}
    after = flipped(tmp_path, files)
    assert "create_async_engine(with_async_driver(settings.url))" in after["database.py"]
    assert after["migrations/env.py"] == ENV
    assert not [one for one in found(tmp_path, files) if one.path == "migrations/env.py"]


def test_an_environment_on_the_engine_of_the_application_holds_it_back(tmp_path: Path) -> None:
    env = ENV.replace("    engine = create_engine(settings.url, poolclass=pool.NullPool)\n", "").replace(
        "import settings\n", "from database import engine\n"
    )
    files = {"database.py": DATABASE, "migrations/env.py": env}
    assert flipped(tmp_path, files) == files


HELPER = """\
from contextlib import contextmanager

from sqlalchemy import MetaData, create_engine, text

from database import SessionLocal


class Databases:
    def __init__(self, url):
        self.url = url
        self.admin = create_engine(url).execution_options(isolation_level="AUTOCOMMIT")

    def run(self, statement):
        with self.admin.connect() as connection:
            connection.execute(text(statement))

    @contextmanager
    def writing(self):
        engine = create_engine(self.url)
        with engine.connect() as connection:
            connection.execute(text("BEGIN IMMEDIATE"))
            yield

    def rows(self):
        engine = create_engine(self.url)
        found = MetaData()
        with engine.connect() as connection:
            found.reflect(connection)
            return {one.name: connection.execute(one.select()).all() for one in found.sorted_tables}
"""
TEST = """\
from databases import Databases
from database import save


def test_it():
    databases = Databases("sqlite:///x.db")
    databases.run("select 1")
    with databases.writing():
        save()
    assert databases.rows()
"""


def test_helpers_of_tests_with_engines_of_their_own(tmp_path: Path) -> None:
    files = {"database.py": DATABASE, "tests/databases.py": HELPER, "tests/test_it.py": TEST}
    after = flipped(tmp_path, files)
    assert after["tests/databases.py"] == HELPER
    assert "    with databases.writing():\n        await save()\n" in after["tests/test_it.py"]
    assert "    assert databases.rows()\n" in after["tests/test_it.py"]


SHARED = {
    "a session on it": "from sqlalchemy.orm import Session\n\n\ndef look(engine=create_engine('sqlite://')):\n"
    "    pass\n\n\nengine = create_engine('sqlite://')\n\n\ndef other():\n"
    "    with Session(engine, expire_on_commit=False) as session:\n        return session.get(int, 1)\n",
    "a session on its connection": "from sqlalchemy.orm import Session\n\n\ndef other():\n"
    "    engine = create_engine('sqlite://')\n    connection = engine.connect()\n"
    "    return Session(bind=connection.execution_options(), expire_on_commit=False)\n",
    "a factory that tests configure": "def other():\n    engine = create_engine('sqlite://')\n"
    "    SessionLocal.configure(bind=engine)\n",
    "the application's engine is put aside for it": "def other(monkeypatch):\n    engine = create_engine('sqlite://')\n"
    "    monkeypatch.setattr('database.engine', engine)\n",
    "a fixture that gives it": "import pytest\n\n\n@pytest.fixture\ndef engine():\n"
    "    made = create_engine('sqlite://')\n    yield made\n    made.dispose()\n",
    "kept in a dict": "def other():\n    return {'engine': create_engine('sqlite://')}\n",
}


@pytest.mark.parametrize("text", SHARED.values(), ids=SHARED)
def test_an_engine_of_tests_that_others_may_have_is_not_apart(text: str, tmp_path: Path) -> None:
    head = "from sqlalchemy import create_engine\n\nfrom database import SessionLocal\n\n"
    files = {"database.py": DATABASE, "tests/conftest.py": head + text}
    left = found(tmp_path, files)
    assert any(one.path == "tests/conftest.py" and one.code == "AM606" for one in left)


def test_an_engine_of_the_application_with_nothing_on_it_but_connections_follows(tmp_path: Path) -> None:
    text = (
        "from sqlalchemy import create_engine, text\n\nengine = create_engine('sqlite://')\n\n\ndef ping():\n"
        "    with engine.connect() as connection:\n        return connection.execute(text('select 1')).scalar()\n"
    )
    assert "    async with engine.connect() as connection:\n" in flipped(tmp_path, {"app.py": text})["app.py"]
