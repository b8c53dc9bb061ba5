"""AM604, AM605, AM606: types, factories and engines that follow the flip, and what holds it back there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import flipped, found

DATABASE = """\
from collections.abc import Generator

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///app.db", connect_args={"check_same_thread": False})
SessionLocal = sessionmaker(autocommit=False, bind=engine, expire_on_commit=False)


def get_db() -> Generator[Session, None, None]:
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
"""
FLIPPED = """\
from collections.abc import AsyncGenerator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine("sqlite+aiosqlite:///app.db", connect_args={"check_same_thread": False})
SessionLocal = async_sessionmaker(autocommit=False, bind=engine, expire_on_commit=False)


async def get_db() -> AsyncGenerator[AsyncSession, None]:
    db = SessionLocal()
    try:
        yield db
    finally:
        await db.close()
"""


def test_an_engine_its_factory_and_its_dependency(tmp_path: Path) -> None:
    assert flipped(tmp_path, {"db.py": DATABASE})["db.py"] == FLIPPED


def test_on_1_4_the_factory_is_told_the_class(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("sqlalchemy==1.4.46\n", encoding="utf-8")
    text = DATABASE.replace("Session, sessionmaker", "Session, sessionmaker")
    for name in ("models.py",):
        (tmp_path / name).write_text("", encoding="utf-8")
    after = flipped(tmp_path, {"db.py": text, "models.py": ""})["db.py"]
    assert (
        "SessionLocal = sessionmaker(autocommit=False, bind=engine, expire_on_commit=False, class_=AsyncSession)"
        in after
    )


URLS = {
    "'sqlite://'": "'sqlite+aiosqlite://'",
    '"postgresql://u:p@h/d"': '"postgresql+asyncpg://u:p@h/d"',
    '"postgresql+psycopg2://h/d"': '"postgresql+asyncpg://h/d"',
    '"postgresql+psycopg://h/d"': '"postgresql+psycopg://h/d"',
    'f"mysql+pymysql://{HOST}/d"': 'f"mysql+asyncmy://{HOST}/d"',
}


@pytest.mark.parametrize(("before", "after"), URLS.items())
def test_a_url_that_is_written_out_names_a_driver_that_can_be_awaited(before: str, after: str, tmp_path: Path) -> None:
    text = DATABASE.replace('"sqlite:///app.db", connect_args={"check_same_thread": False}', before)
    assert f"create_async_engine({after})" in flipped(tmp_path, {"db.py": text})["db.py"]


def test_a_url_from_settings_is_asked_at_run_time(tmp_path: Path) -> None:
    text = DATABASE.replace('"sqlite:///app.db"', "settings.url").replace("engine = ", "import settings\n\nengine = ")
    after = flipped(tmp_path, {"db.py": text})["db.py"]
    assert after.count("def with_async_driver(url):") == 1
    assert "engine = create_async_engine(with_async_driver(settings.url), connect_args" in after
    assert "from sqlalchemy.engine import make_url\n" in after


def test_an_alias_of_the_same_name_as_the_class(tmp_path: Path) -> None:
    text = (
        "from typing import Annotated\n\nfrom fastapi import Depends\nfrom sqlalchemy.orm import Session\n\n"
        "from db import get_db\n\nSession = Annotated[Session, Depends(get_db)]\n\n\n"
        "def route(s: Session):\n    s.commit()\n"
    )
    after = flipped(tmp_path, {"db.py": DATABASE, "app.py": text})
    assert "Session = Annotated[AsyncSession, Depends(get_db)]\n" in after["app.py"]
    assert "async def route(s: Session):\n    await s.commit()\n" in after["app.py"]


FIXTURES = """\
import pytest

from db import SessionLocal, engine
from models import Base


@pytest.fixture
def session():
    Base.metadata.create_all(engine)
    with SessionLocal() as session:
        yield session
    engine.dispose()
"""
TEST = "def test_it(session):\n    session.commit()\n\n\ndef test_other(client):\n    assert client\n"


def test_fixtures_and_the_tests_that_take_them(tmp_path: Path) -> None:
    after = flipped(tmp_path, {"db.py": DATABASE, "tests/conftest.py": FIXTURES, "tests/test_it.py": TEST})
    assert (
        "@pytest_asyncio.fixture\nasync def session():\n    async with engine.begin() as connection:\n"
        in (after["tests/conftest.py"])
    )
    assert "        await connection.run_sync(Base.metadata.create_all)\n" in after["tests/conftest.py"]
    assert "    await engine.dispose()\n" in after["tests/conftest.py"]
    assert (
        "@pytest.mark.asyncio\nasync def test_it(session):\n    await session.commit()\n" in after["tests/test_it.py"]
    )
    assert "\n\n\ndef test_other(client):\n" in after["tests/test_it.py"]


def test_fixtures_of_a_plugin_and_the_tests_that_take_them(tmp_path: Path) -> None:
    plugins = {
        "tests/conftest.py": 'pytest_plugins = ["tests.fixtures.stored"]\n',
        "tests/fixtures/stored.py": FIXTURES,
    }
    after = flipped(tmp_path, {"db.py": DATABASE, "tests/test_it.py": TEST, **plugins})
    assert "@pytest_asyncio.fixture\nasync def session():\n" in after["tests/fixtures/stored.py"]
    assert "async def test_it(session):\n    await session.commit()\n" in after["tests/test_it.py"]


def test_a_fixture_that_outlives_a_test_shares_its_loop(tmp_path: Path) -> None:
    wide = FIXTURES.replace("@pytest.fixture", '@pytest.fixture(scope="module")')
    after = flipped(tmp_path, {"db.py": DATABASE, "tests/conftest.py": wide, "tests/test_it.py": TEST})
    assert '@pytest_asyncio.fixture(scope="module", loop_scope="session")\n' in after["tests/conftest.py"]
    assert '@pytest.mark.asyncio(loop_scope="session")\n' in after["tests/test_it.py"]


def test_an_engine_that_a_function_takes(tmp_path: Path) -> None:
    text = (
        DATABASE
        + "\n\ndef ping(one: Engine) -> None:\n"
        + "    with Session(one, expire_on_commit=False) as s:\n        s.commit()\n"
        + "\n\ndef main() -> None:\n    ping(engine)\n"
    )
    after = flipped(tmp_path, {"db.py": text.replace("import create_engine", "import Engine, create_engine")})["db.py"]
    assert "async def ping(one: AsyncEngine) -> None:\n    async with AsyncSession(one, " in after
    assert "    await ping(engine)\n" in after


LEFT = {
    "an option of the other driver": ('connect_args={"sslmode": "require"}', "`connect_args` of the engine"),
    "a pool that does not wait": ("poolclass=QueuePool", "`poolclass` of the engine"),
    "a maker of connections": ("creator=connect", "`creator` of the engine"),
}


@pytest.mark.parametrize(("option", "reason"), LEFT.values(), ids=LEFT)
def test_an_engine_that_may_not_mean_the_same_is_left(option: str, reason: str, tmp_path: Path) -> None:
    text = DATABASE.replace('connect_args={"check_same_thread": False}', option)
    assert flipped(tmp_path, {"db.py": text})["db.py"] == text
    assert any(reason in item.message for item in found(tmp_path, {"db.py": text}))


OTHERS = {
    "an engine in an attribute": (
        "class Store:\n    def __init__(self):\n        self.engine = create_engine('sqlite://')\n"
        "        self.session = Session(engine)\n",
        "what becomes of the engine here is not followed",
    ),
    "another library takes the engine": ("Admin(app, engine)\n", "given to `Admin`"),
    "a scoped session": ("scoped = scoped_session(SessionLocal)\n", "scoped session"),
    "a factory of another class": ("Other = sessionmaker(engine, class_=Special)\n", "`class_` of a session factory"),
    "a connection that goes elsewhere": (
        "def ping():\n    with engine.connect() as connection:\n        check(connection)\n",
        "what becomes of the connection `connection` is not followed",
    ),
}


@pytest.mark.parametrize(("text", "reason"), OTHERS.values(), ids=OTHERS)
def test_one_use_that_cannot_follow_holds_the_engine_and_all_that_hangs_on_it(
    text: str, reason: str, tmp_path: Path
) -> None:
    text = DATABASE.replace("import Session,", "import Session, scoped_session,") + "\n\n" + text
    assert flipped(tmp_path, {"db.py": text})["db.py"] == text
    assert any(reason in item.message for item in found(tmp_path, {"db.py": text}))


CONNECTED = """\


def session():
    connection = engine.connect()
    transaction = connection.begin()
    session = SessionLocal(bind=connection)
    yield session
    session.close()
    transaction.rollback()
    connection.close()


def ping():
    with engine.connect() as connection:
        with connection.begin():
            return connection.execute(1).scalar()
"""


def test_a_session_on_a_connection_whose_transaction_is_rolled_back(tmp_path: Path) -> None:
    after = flipped(tmp_path, {"db.py": DATABASE + CONNECTED})["db.py"]
    assert "async def session():\n    connection = await engine.connect()\n" in after
    assert "    transaction = await connection.begin()\n    session = SessionLocal(bind=connection)\n" in after
    assert "    await session.close()\n    await transaction.rollback()\n    await connection.close()\n" in after


def test_connections_that_are_entered(tmp_path: Path) -> None:
    after = flipped(tmp_path, {"db.py": DATABASE + CONNECTED})["db.py"]
    assert "    async with engine.connect() as connection:\n        async with connection.begin():\n" in after
    assert "            return (await connection.execute(1)).scalar()\n" in after


def test_one_pattern_of_the_flip_alone_changes_nothing(tmp_path: Path) -> None:
    from helpers.workbook import Workbook

    (tmp_path / "db.py").write_text(DATABASE, encoding="utf-8")
    (tmp_path / "ruff.toml").write_text("line-length = 120\n", encoding="utf-8")
    with Workbook.open(tmp_path) as book:
        alone = book.preview(["sync_engine"])
        assert alone.changes == ()
        assert {"it was not selected" in skip.reason for skip in alone.skipped} == {True}
        names = ["AM601", "AM602", "AM603", "AM604", "AM605", "AM606"]
        assert [change.after.decode() for change in book.preview(names).changes] == [FLIPPED]


CHECKED = {
    'requires-python = ">=3.11"': "def with_async_driver(url: str | URL) -> URL:\n",
    "": 'def with_async_driver(url: "str | URL") -> URL:\n',
}


@pytest.mark.parametrize(("python", "signature"), CHECKED.items(), ids=("unions", "older Pythons"))
def test_where_a_type_checker_reads_it_what_asks_for_the_driver_has_types(
    python: str, signature: str, tmp_path: Path
) -> None:
    checked = f'[project]\nname = "shop"\n{python}\n\n[tool.mypy]\nstrict = true\n'
    (tmp_path / "pyproject.toml").write_text(checked, encoding="utf-8")
    text = DATABASE.replace('"sqlite:///app.db"', "settings.url").replace("engine = ", "import settings\n\nengine = ")
    after = flipped(tmp_path, {"db.py": text})["db.py"]
    assert signature in after
    assert "from sqlalchemy.engine import URL, make_url\n" in after


def test_a_url_that_is_given_by_its_name(tmp_path: Path) -> None:
    text = DATABASE.replace('"sqlite:///app.db"', "url=settings.url")
    after = flipped(tmp_path, {"db.py": text.replace("engine = ", "import settings\n\nengine = ")})["db.py"]
    assert "create_async_engine(url=with_async_driver(settings.url), connect_args" in after
    assert after.count("def with_async_driver(url):") == 1
