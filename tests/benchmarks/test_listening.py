"""The listener in a small application's tests: drivers, threads, tasks and lost coroutines, and nothing changes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.listening.__main__ import main
from benchmarks.listening.heard import Crossing, Heard, read, sessions
from benchmarks.listening.report import lines, percent

APP = """\
import asyncio
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

ONE = text("select 1")


def memory():
    return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def in_pool(function, *args):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


def asked(session):
    return session.scalar(ONE)


async def answered(session):
    return await session.scalar(ONE)


async def at_once(session):
    await answered(session)
    return await asyncio.gather(*(answered(session) for _ in range(2)), return_exceptions=True)


async def in_turn(session):
    return [await asyncio.create_task(answered(session)) for _ in range(2)]


def own_session():
    with Session(memory()) as session:
        asked(session)
        return in_pool(asked, session)
"""
TESTS = {
    "stays": "def test_it():\n    with app.Session(app.memory()) as session:\n        assert app.asked(session) == 1\n",
    "crosses": (
        "def test_it():\n    with app.Session(app.memory()) as session:\n"
        "        app.asked(session)\n        assert app.in_pool(app.asked, session) == 1\n"
    ),
    "crosses_alone": "def test_it():\n    assert app.in_pool(app.own_session) == 1\n",
    "awaits": (
        "async def test_it():\n    engine = app.create_async_engine('sqlite+aiosqlite://')\n"
        "    async with app.AsyncSession(engine) as session:\n        assert await app.answered(session) == 1\n"
        "    await engine.dispose()\n"
    ),
    "takes_turns": (
        "async def test_it():\n    engine = app.create_async_engine('sqlite+aiosqlite://')\n"
        "    async with app.AsyncSession(engine) as session:\n        assert await app.in_turn(session) == [1, 1]\n"
        "    await engine.dispose()\n"
    ),
    "at_once": (
        "async def test_it():\n    engine = app.create_async_engine('sqlite+aiosqlite://')\n"
        "    async with app.AsyncSession(engine) as session:\n        await app.at_once(session)\n"
        "    await engine.dispose()\n"
    ),
    "loses": (
        "def test_it():\n    app.answered(None)\n\n\n"
        "def test_cycle():\n    held = [app.answered(None)]\n    held.append(held)\n"
    ),
    "fails": "def test_it():\n    assert False\n",
}
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:warnings", "-c", "pytest.ini"]


def heard(folder: Path, *names: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the document of a run of some of the tests above."""
    (folder / "app.py").write_text(APP)
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\npythonpath = .\n")
    for name in names:
        (folder / f"test_{name}.py").write_text(f"import app\n\n\n{TESTS[name]}")
    code = main([str(folder), "--json", str(folder / "heard.json"), "--", *PYTEST])
    return code, json.loads((folder / "heard.json").read_text())


def test_statements_of_both_kinds_are_counted_with_their_threads(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, document = heard(tmp_path, "stays", "awaits")
    rows = [(one["driver"], one["thread"], one["place"], one["count"]) for one in document["statements"]]
    assert rows == [
        ("sqlite+aiosqlite", "loop", "app.py:26 answered", 1),
        ("sqlite+pysqlite", "main", "app.py:22 asked", 1),
    ]
    assert (code, document["share"], document["crossed"], document["failures"]) == (0, 0.5, 0, [])
    assert "2 statements, 1 through an asynchronous dialect: 50.0%" in capfd.readouterr().out


def test_a_session_that_changes_its_thread_is_named_with_both_ends(tmp_path: Path) -> None:
    document = heard(tmp_path, "crosses", "crosses_alone")[1]
    found = {(one["between"], one["threads"], one["first"]) for one in document["sessions"]["crossings"]}
    assert found == {
        ("tests and application", "1 main and 1 pool", "app.py:22 asked"),
        ("within the application", "2 pool", "app.py:22 asked"),
    }
    assert document["crossed"] == 2


def test_two_tasks_at_once_are_heard_and_two_in_turn_are_not(tmp_path: Path) -> None:
    assert heard(tmp_path, "takes_turns")[1]["together"] == []
    document = heard(tmp_path, "at_once")[1]
    assert [row[:2] for row in document["together"]] == [["app.py:26 answered", "app.py:26 answered"]]
    assert document["crossed"] == 0


def test_a_coroutine_that_nobody_awaits_is_an_error_where_warnings_are_off(tmp_path: Path) -> None:
    code, document = heard(tmp_path, "stays", "loses")
    assert code == 1
    assert document["unawaited"] == [
        ["answered", "app.py:25", "test_loses.py::test_cycle", 1],
        ["answered", "app.py:25", "test_loses.py::test_it", 1],
    ]


def test_the_commands_own_exit_code_stays(tmp_path: Path) -> None:
    assert heard(tmp_path, "stays", "fails")[0] == 1


def test_a_process_that_is_ended_early_has_written_what_it_heard(tmp_path: Path) -> None:
    ends = "import os\nimport pytest\n\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_unconfigure():\n    os._exit(0)\n"
    (tmp_path / "conftest.py").write_text(ends)
    assert heard(tmp_path, "stays")[1]["share"] == 0


def test_a_command_without_tests_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--", sys.executable, "-c", "pass"]) == 2
    assert "nothing was heard" in capfd.readouterr().err


def test_no_command_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main([str(tmp_path)])
    assert caught.value.code == 2


def written(folder: Path, name: str, **parts: Any) -> None:
    empty = {"statements": [], "sessions": [], "together": [], "unawaited": [], "failures": {}}
    (folder / f"heard.{name}.json").write_text(json.dumps({**empty, **parts}))


def test_what_several_processes_wrote_is_added_up(tmp_path: Path) -> None:
    for name in ("1", "2"):
        written(tmp_path, name, statements=[["d", True, "loop", "a.py:1 f", "application", 3]])
    assert [(one.place, one.count) for one in read(tmp_path).statements] == [("a.py:1 f", 6)]


def test_statements_of_named_places_are_left_out_of_the_share(tmp_path: Path) -> None:
    rows = [["d", True, "loop", "a.py:1 f", "application", 3], ["e", False, "main", "w/b.py:1 g", "application", 1]]
    written(tmp_path, "1", statements=rows)
    assert (read(tmp_path).share, read(tmp_path, ["w/*"]).share) == (0.75, 1.0)
    assert [one.place for one in read(tmp_path, ["w/*"]).beside] == ["w/b.py:1 g"]


def test_without_statements_there_is_no_share() -> None:
    assert Heard().share is None
    assert percent(None) == "no SQL"
    assert next(lines(Heard())) == "0 statements, 0 through an asynchronous dialect: no SQL"


def life(*users: tuple[int, str, int, str]) -> dict[str, Any]:
    first, last = ([*users[at][:3], f"{users[at][3]}.py:1 f", users[at][3]] for at in (0, -1))
    return {"uses": 3, "asynchronous": False, "first": first, "last": last, "users": [list(user) for user in users]}


CROSSED = {
    "nothing but one thread": ([(1, "main", 0, "tests"), (1, "loop", 1, "application")], ""),
    "a test and a pool": ([(1, "main", 0, "tests"), (2, "pool", 0, "application")], "tests and application"),
    "two pools": ([(2, "pool", 0, "application"), (3, "pool", 0, "application")], "within the application"),
    "a test, and two pools": (
        [(1, "main", 0, "tests"), (2, "pool", 0, "application"), (3, "pool", 0, "application")],
        "within the application",
    ),
    "two threads of tests": ([(1, "main", 0, "tests"), (2, "pool", 0, "tests")], "within the tests"),
}


@pytest.mark.parametrize("case", CROSSED)
def test_who_shares_a_session_that_crosses(case: str) -> None:
    users, expected = CROSSED[case]
    assert [one.between for one in sessions([life(*users)]).crossings] == ([expected] if expected else [])


def test_equal_crossings_are_one_with_their_number() -> None:
    found = sessions([life((2, "pool", 0, "application"), (3, "pool", 0, "application"))] * 2)
    assert found.crossings == (
        Crossing("within the application", "2 pool", "application.py:1 f", "application.py:1 f", False, 2),
    )
    assert found.crossed == found.count == 2
