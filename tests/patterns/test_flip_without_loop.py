"""The flip where no loop runs: tables made while a module is imported, and tests whose client may be an old one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.patterns.flipping import flipped, found

DATABASE = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from models import Author, Base

engine = create_engine("sqlite:///app.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
{}

def find(s: Session):
    return s.get(Author, 1)


def get_db():
    with SessionLocal() as s:
        yield s
"""
AT_IMPORT = {
    "a statement of the module": "\n\nBase.metadata.create_all(bind=engine)\n",
    "a function that the module calls": (
        "\n\ndef start():\n    Base.metadata.create_all(engine)\n    return 1\n\n\napp = start()\n"
    ),
    "a function that one calls which the module calls": (
        "\n\ndef tables():\n    Base.metadata.create_all(engine)\n\n\n"
        "def start():\n    tables()\n    return 1\n\n\napp = start()\n"
    ),
}


@pytest.mark.parametrize("text", AT_IMPORT.values(), ids=AT_IMPORT)
def test_tables_that_are_made_while_a_module_is_imported(text: str, tmp_path: Path) -> None:
    after = flipped(tmp_path, {"db.py": DATABASE.format(text)})["db.py"]
    assert "in_a_loop_of_its_own(engine, Base.metadata.create_all)\n" in after
    assert after.count("def in_a_loop_of_its_own(engine, function):") == 1
    assert after.index("def in_a_loop_of_its_own") < after.index("in_a_loop_of_its_own(engine, Base")
    assert "async def start" not in after
    assert "async def find(s: AsyncSession):" in after
    ast.parse(after)


def test_the_function_that_makes_them_has_types_where_a_type_checker_reads_them(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.mypy]\nstrict = true\n", encoding="utf-8")
    after = flipped(tmp_path, {"db.py": DATABASE.format(AT_IMPORT["a statement of the module"])})["db.py"]
    head = "def in_a_loop_of_its_own(engine: AsyncEngine, function: Callable[[Connection], object]) -> None:\n"
    assert head in after
    assert "from sqlalchemy.engine import Connection\n" in after
    assert "    async def run() -> None:\n" in after


def test_tables_that_a_program_makes_are_awaited(tmp_path: Path) -> None:
    text = "\n\ndef start():\n    Base.metadata.create_all(engine)\n\n\nif __name__ == '__main__':\n    start()\n"
    after = flipped(tmp_path, {"db.py": DATABASE.format(text)})["db.py"]
    assert "in_a_loop_of_its_own" not in after
    assert "    asyncio.run(start())\n" in after


def test_tables_and_rows_that_are_made_while_a_module_is_imported_are_left(tmp_path: Path) -> None:
    text = (
        "\n\ndef start():\n    Base.metadata.create_all(engine)\n"
        "    with SessionLocal() as s:\n        s.commit()\n\n\nstart()\n"
    )
    after = flipped(tmp_path, {"db.py": DATABASE.format(text)})["db.py"]
    assert text in after
    assert "create_async_engine" not in after


CONFTEST = """\
import pytest
from fastapi.testclient import TestClient

from db import Base, SessionLocal, engine, find, get_db
from main import app


@pytest.fixture
def session():
    Base.metadata.create_all(engine)
    connection = engine.connect()
    transaction = connection.begin()
    session = SessionLocal(bind=connection)
    yield session
    session.close()
    transaction.rollback()
    Base.metadata.drop_all(engine)


@pytest.fixture
def client(session):
    app.dependency_overrides[get_db] = lambda: session
    return TestClient(app)
"""
MAIN = "from fastapi import FastAPI\n\napp = FastAPI()\n"
TEST = (
    "from db import find\n\n\ndef test_it(client, session):\n    assert client.get('/').ok\n    assert find(session)\n"
)


UNSAID = "fastapi\nsqlalchemy==1.4.46\n"


def suite(folder: Path, conftest: str = CONFTEST, test: str = TEST, **more: str) -> dict[str, str]:
    """What becomes of an application with tests."""
    files = {"db.py": DATABASE.format(""), "main.py": MAIN, "tests/conftest.py": conftest, "tests/test_it.py": test}
    return flipped(folder, files | {"requirements.txt": UNSAID} | more)


def test_tests_whose_client_may_be_an_old_one_stay_synchronous(tmp_path: Path) -> None:
    after = suite(tmp_path)
    run = "asyncio.get_event_loop().run_until_complete"
    assert f"    connection = {run}(engine.connect())\n" in after["tests/conftest.py"]
    assert f"    transaction = {run}(connection.begin())\n" in after["tests/conftest.py"]
    assert f"    {run}(session.close())\n" in after["tests/conftest.py"]
    assert "    in_a_loop_of_its_own(engine, Base.metadata.drop_all)\n" in after["tests/conftest.py"]
    assert (
        f"def test_it(client, session):\n    assert client.get('/').ok\n    assert {run}(find(session))\n"
        in (after["tests/test_it.py"])
    )
    assert "async def find" in after["db.py"]


NEW = {
    "a client of a version that runs in a thread": {"requirements.txt": "fastapi>=0.100\n"},
    "a Python on which no old client runs": {"pyproject.toml": '[project]\nrequires-python = ">=3.12"\n'},
    "a test that is asynchronous already": {"tests/test_other.py": "async def test_other():\n    pass\n"},
    "a plugin that is in use": {"tests/test_other.py": "import pytest_asyncio\n"},
    "SQLAlchemy 2.0 beside a FastAPI that nothing holds back": {"requirements.txt": "fastapi\nsqlalchemy==2.0.45\n"},
    "models in the style of SQLAlchemy 2.0": {"requirements.txt": "fastapi\n"},
    "pydantic 2": {"requirements.txt": UNSAID + "pydantic>=2.5\n"},
    "what pydantic has from 2 on": {"more.py": "from pydantic import BaseModel, ConfigDict\n"},
    "settings, which are a package of their own from pydantic 2 on": {"more.py": "import pydantic_settings\n"},
    "a method of models of pydantic 2": {"more.py": "def asked(form):\n    return form.model_dump()\n"},
}
OLD = {
    "a version that is asked for": {"requirements.txt": "fastapi==0.65.3\nsqlalchemy==2.0.45\n"},
    "a version that is let in": {"requirements.txt": "fastapi>=0.60\n", "more.py": "import pydantic_settings\n"},
    "pydantic 1": {"requirements.txt": UNSAID + "pydantic==1.10.2\n", "more.py": "from pydantic import BaseModel\n"},
}


@pytest.mark.parametrize("more", NEW.values(), ids=NEW)
def test_tests_with_a_newer_client_become_asynchronous(more: dict[str, str], tmp_path: Path) -> None:
    after = suite(tmp_path, **more)
    assert "@pytest.mark.asyncio\nasync def test_it(client, session):\n" in after["tests/test_it.py"]
    assert "run_until_complete" not in after["tests/conftest.py"]


@pytest.mark.parametrize("more", OLD.values(), ids=OLD)
def test_tests_stay_synchronous_where_an_older_client_is_let_in(more: dict[str, str], tmp_path: Path) -> None:
    assert "run_until_complete" in suite(tmp_path, **more)["tests/conftest.py"]


OVERRIDE = """\


def override():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


"""
OVERRIDDEN = {
    "by its key": "app.dependency_overrides[get_db] = override\n",
    "by a dict": "app.dependency_overrides = {get_db: override}\n",
    "by an update": "app.dependency_overrides.update({get_db: override})\n",
}


@pytest.mark.parametrize("how", OVERRIDDEN.values(), ids=OVERRIDDEN)
def test_what_the_application_calls_in_place_of_a_dependency_is_awaited_in_its_loop(how: str, tmp_path: Path) -> None:
    after = suite(tmp_path, CONFTEST + OVERRIDE + how)["tests/conftest.py"]
    assert "async def override():\n" in after
    assert "        await db.close()\n" in after
    assert "run_until_complete(session.close())" in after
    assert how in after


@pytest.mark.parametrize("how", ["app.others[get_db] = {}", "others = {{get_db: {}}}", "app.others.update(a={})"])
def test_what_is_kept_for_something_else_stays_a_function_of_the_tests(how: str, tmp_path: Path) -> None:
    after = suite(tmp_path, CONFTEST + OVERRIDE + how.format("override") + "\n")["tests/conftest.py"]
    assert "async def override" not in after


def test_what_a_synchronous_test_cannot_enter_is_left(tmp_path: Path) -> None:
    text = TEST.replace("    assert find(session)\n", "    with session.begin():\n        pass\n")
    assert "run_until_complete" not in suite(tmp_path, test=text)["tests/test_it.py"]
    files = {"db.py": DATABASE.format(""), "main.py": MAIN, "tests/conftest.py": CONFTEST, "tests/test_it.py": text}
    files["requirements.txt"] = UNSAID
    assert any("stays synchronous" in one.message for one in found(tmp_path, files))


POSTGRES = {
    "a URL that is written out": ('"postgresql://localhost/app"', {}),
    "a URL from settings": ("settings.url", {".env": "DATABASE_URL=postgresql://localhost/app\n"}),
}
FASTAPI = {"requirements.txt": "fastapi>=0.100\n"}


@pytest.mark.parametrize(("url", "more"), POSTGRES.values(), ids=POSTGRES)
def test_a_client_with_a_loop_of_its_own_shares_no_connection_of_asyncpg(
    url: str, more: dict[str, str], tmp_path: Path
) -> None:
    database = "import settings\n" + DATABASE.format("").replace('"sqlite:///app.db"', url)
    told = found(
        tmp_path,
        {
            "db.py": database,
            "tests/conftest.py": CONFTEST,
            "tests/test_it.py": TEST,
            "main.py": MAIN,
            **FASTAPI,
            **more,
        },
    )
    assert any("belongs to the loop that opened it" in one.message for one in told)


SHARED = {
    "no pool": ('"postgresql://localhost/app", poolclass=NullPool', {}),
    "another driver": ('"postgresql+psycopg://localhost/app"', {}),
    "a decision for another driver": (
        '"postgresql://localhost/app"',
        {"pyproject.toml": '[tool.workbook.drivers]\npostgresql = "psycopg"\n'},
    ),
    "another database for the tests": ("settings.url", {".env": "DATABASE_URL=sqlite:///app.db\n"}),
}


@pytest.mark.parametrize(("url", "more"), SHARED.values(), ids=SHARED)
def test_a_client_with_a_loop_of_its_own_is_in_nobodys_way_otherwise(
    url: str, more: dict[str, str], tmp_path: Path
) -> None:
    head = "import settings\nfrom sqlalchemy.pool import NullPool\n"
    database = head + DATABASE.format("").replace('"sqlite:///app.db"', url)
    after = suite(tmp_path, **{"db.py": database}, **FASTAPI, **more)
    assert "engine = create_async_engine(" in after["db.py"]


def test_a_fixture_that_outlives_its_test_needs_a_plugin_that_knows_of_loops(tmp_path: Path) -> None:
    wide = CONFTEST.replace("@pytest.fixture\ndef session", '@pytest.fixture(scope="module")\ndef session')
    asked = {"requirements.txt": "fastapi>=0.100\npytest-asyncio==0.21.1\n"}
    assert "@pytest_asyncio.fixture" not in suite(tmp_path, wide, **asked)["tests/conftest.py"]
    assert "loop_scope" in suite(tmp_path, wide, **FASTAPI)["tests/conftest.py"]
