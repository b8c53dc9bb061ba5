"""Options of an engine that functions compute, and engines that functions give, follow the flip where all is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import flipped, found, ran

BUILDER = """\
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import NullPool

URL = "sqlite:///options.db"


def is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def connect_args(url: str) -> dict[str, Any]:
    return {"check_same_thread": False, "timeout": 7} if is_sqlite(url) else {}


def isolation_level(url: str) -> str:
    return "SERIALIZABLE" if is_sqlite(url) else "READ COMMITTED"


def build_engine(url: str, **pool: Any) -> Engine:
    engine = create_engine(url, connect_args=connect_args(url), isolation_level=isolation_level(url), **pool)
    return engine


store = build_engine(URL, pool_size=2, pool_pre_ping=not is_sqlite(URL))
SessionLocal = sessionmaker(bind=store, expire_on_commit=False)
apart = build_engine(URL, poolclass=NullPool)
OtherSession = sessionmaker(bind=apart, expire_on_commit=False)


def waits() -> tuple[Any, ...]:
    found = [store.pool.size()]
    with SessionLocal() as session:
        found.append(session.scalar(text("PRAGMA busy_timeout")))
        found.append(session.scalar(text("PRAGMA read_uncommitted")))
    with OtherSession() as session:
        found.append(session.scalar(text("PRAGMA busy_timeout")))
    store.dispose()
    apart.dispose()
    return tuple(found)
"""


def test_an_engine_that_a_function_builds_with_what_others_compute(tmp_path: Path) -> None:
    after = ran(tmp_path, BUILDER.replace('"sqlite:///options.db"', repr(f"sqlite:///{tmp_path}/x.db")), "waits()")
    assert "def build_engine(url: str, **pool: Any) -> AsyncEngine:\n    engine = create_async_engine(with_" in after
    assert "    await store.dispose()\n    await apart.dispose()\n" in after
    assert "found = [store.pool.size()]\n" in after
    assert "SessionLocal = async_sessionmaker(bind=store, expire_on_commit=False)" in after


MODULES = {
    "database.py": BUILDER.partition("store = build_engine(URL, pool")[0]
    + "\n\nengine = build_engine(URL, pool_size=2)\nSessionLocal = sessionmaker(bind=engine, expire_on_commit=False)\n",
    "worker.py": "from sqlalchemy import text\nfrom sqlalchemy.orm import sessionmaker\n"
    "from sqlalchemy.pool import NullPool\n\nfrom database import URL, build_engine\n\n"
    "engine = build_engine(URL, poolclass=NullPool)\n"
    "WorkerSession = sessionmaker(bind=engine, expire_on_commit=False)\n\n\n"
    "def work():\n    with WorkerSession() as session:\n"
    '        return session.scalar(text("select 1"))\n',
}


def test_two_modules_each_with_an_engine_of_one_function(tmp_path: Path) -> None:
    after = flipped(tmp_path, MODULES)
    assert "-> AsyncEngine:\n" in after["database.py"]
    assert "WorkerSession = async_sessionmaker(bind=engine, expire_on_commit=False)\n" in after["worker.py"]
    assert "engine = build_engine(URL, poolclass=NullPool)\n" in after["worker.py"]


ONE = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

{before}
engine = create_engine({url}, {options})
SessionLocal = sessionmaker(engine, expire_on_commit=False)


def save():
    with SessionLocal() as session:
        session.commit()
"""
ARGS = "def args(url):\n    {body}\n\n"
FOLLOWS = {
    "two ways out": (ARGS.format(body="if url:\n        return {'timeout': 3}\n    return None"), "args(URL)"),
    "filled bit by bit": (
        ARGS.format(body="found = dict(uri=True)\n    found['timeout'] = 3\n    return found"),
        "args(URL)",
    ),
    "one added to another": (
        "BASE = {'timeout': 3}\n\n" + ARGS.format(body="return {**BASE, 'uri': True}"),
        "args(URL)",
    ),
    "a name of the module": ("ARGS = {}\nif DEBUG:\n    ARGS['timeout'] = 3\n\n", "ARGS"),
    "given by the caller": (
        "def made(url, given=None):\n    return create_engine(url, connect_args=given or {})\n\n"
        "other = made(URL, {'timeout': 3})\n",
        "None",
    ),
}


@pytest.mark.parametrize(("before", "value"), FOLLOWS.values(), ids=FOLLOWS)
def test_arguments_of_the_driver_that_are_told(before: str, value: str, tmp_path: Path) -> None:
    text = ONE.format(before=before, url="URL", options=f"connect_args={value}")
    after = flipped(tmp_path, {"app.py": text})["app.py"]
    assert f"create_async_engine(with_async_driver(URL), connect_args={value})" in after


LEFT = {
    "filled from settings": (ARGS.format(body="return settings.arguments"), "args(URL)", "what `settings.arguments`"),
    "changed by somebody else": (
        ARGS.format(body="found = {'timeout': 3}\n    settle(found)\n    return found"),
        "args(URL)",
        "what `found` holds",
    ),
    "a key that is computed": (ARGS.format(body="return {url: 1}"), "args(URL)", "what `url` holds"),
    "an argument that only the other driver has": (
        ARGS.format(body="return {'sslmode': 'require'}"),
        "args(URL)",
        "asyncpg does not take `sslmode`",
    ),
    "an argument that nobody knows": (ARGS.format(body="return {'nope': 1}"), "args(URL)", "known of `nope`"),
    "a class that stands in for the driver's": (
        ARGS.format(body="return {'factory': Traced}"),
        "args(URL)",
        "known of `factory`",
    ),
}


@pytest.mark.parametrize(("before", "value", "reason"), LEFT.values(), ids=LEFT)
def test_arguments_of_the_driver_that_are_not_told_or_not_the_same(
    before: str, value: str, reason: str, tmp_path: Path
) -> None:
    text = ONE.format(before=before, url="URL", options=f"connect_args={value}")
    assert flipped(tmp_path, {"app.py": text})["app.py"] == text
    assert any(reason in item.message for item in found(tmp_path, {"app.py": text}))


def test_psycopg_takes_what_psycopg2_does(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("sqlalchemy==2.0.44\npsycopg[binary]==3.2\n", encoding="utf-8")
    text = ONE.format(before="", url='"postgresql://h/d"', options='connect_args={"options": "-c timezone=utc"}')
    assert (
        'create_async_engine("postgresql+psycopg://h/d", connect_args' in flipped(tmp_path, {"app.py": text})["app.py"]
    )


def test_a_url_that_is_written_out_tells_whose_argument_it_is(tmp_path: Path) -> None:
    text = ONE.format(before="", url='"postgresql://h/d"', options='connect_args={"timeout": 3}')
    assert flipped(tmp_path, {"app.py": text})["app.py"] == text


GIVEN = {
    "a caller whose pool waits": (
        "worker = build_engine(URL, poolclass=QueuePool)\n",
        "`poolclass` of the engine",
    ),
    "a caller whose options are not told": ("worker = build_engine(URL, **settings.pool)\n", "what `settings.pool`"),
    "handed on": ("makers = [build_engine]\n", "is handed on at database.py:"),
    "kept in an attribute": ("app.state.engine = build_engine(URL)\n", "what becomes of the engine here"),
}


@pytest.mark.parametrize(("text", "reason"), GIVEN.values(), ids=GIVEN)
def test_one_caller_that_cannot_follow_holds_back_what_builds_the_engine(
    text: str, reason: str, tmp_path: Path
) -> None:
    files = {"database.py": MODULES["database.py"] + text}
    assert flipped(tmp_path, files) == files
    assert any(reason in item.message for item in found(tmp_path, files))


def test_an_engine_that_is_made_once_when_it_is_asked_for(tmp_path: Path) -> None:
    text = (
        "from functools import lru_cache\n\nfrom sqlalchemy import create_engine, text\n"
        "from sqlalchemy.orm import Session\n\nURL = 'sqlite://'\n\n\n@lru_cache\ndef get_engine():\n"
        "    return create_engine(URL)\n\n\ndef answer():\n"
        "    with Session(get_engine(), expire_on_commit=False) as session:\n"
        '        found = session.scalar(text("select 42"))\n    get_engine().dispose()\n    return found\n'
    )
    after = ran(tmp_path, text, "answer()")
    assert "@lru_cache\ndef get_engine():\n    return create_async_engine(with_async_driver(URL))\n" in after
    assert "    await get_engine().dispose()\n" in after
