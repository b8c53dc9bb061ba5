"""The flip of rows that are read in portions, of connections that are entered, and of `with` over several managers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, flipped, proved, reasons

SELECT = "from sqlalchemy import select\n\n\ndef read(s: Session):\n"
PORTIONS = "select(Author).order_by(Author.id).execution_options(yield_per=2)"
STREAMED = {
    "a loop": (
        f"    told = []\n    for one in s.scalars({PORTIONS}):\n        told.append(one.name)\n        s.flush()\n"
        "    return told\n",
        f"    async for one in await s.stream_scalars({PORTIONS}):\n        told.append(one.name)\n"
        "        await s.flush()\n",
    ),
    "a list": (
        f"    return [one.name for one in s.scalars({PORTIONS})]\n",
        f"    return [one.name async for one in await s.stream_scalars({PORTIONS})]\n",
    ),
    "portions": (
        f"    return [len(part) for part in s.scalars({PORTIONS}).partitions()]\n",
        f"    return [len(part) async for part in (await s.stream_scalars({PORTIONS})).partitions()]\n",
    ),
    "all of them": (
        f"    return len(s.execute({PORTIONS}).scalars().all())\n",
        f"    return len(await (await s.stream({PORTIONS})).scalars().all())\n",
    ),
    "an option of the call": (
        "    rows = s.execute(select(Author.name), execution_options={'stream_results': True}).all()\n"
        "    return [tuple(row) for row in rows]\n",
        "    rows = await (await s.stream(select(Author.name), execution_options={'stream_results': True})).all()\n",
    ),
    "a generator": (
        f"    return list(names(s))\n\n\ndef names(s: Session):\n    for one in s.scalars({PORTIONS}):\n"
        "        yield one.name\n",
        f"    async for one in await s.stream_scalars({PORTIONS}):\n        yield one.name\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), STREAMED.values(), ids=STREAMED)
def test_portions_are_streamed(before: str, after: str, tmp_path: Path) -> None:
    assert after in proved(tmp_path, SELECT + before, "read(session)")


LEFT = {
    "a loop that is left early": (
        f"    for one in s.scalars({PORTIONS}):\n        if one.name:\n            break\n",
        "may be left early",
    ),
    "a result that is kept": (
        f"    found = s.scalars({PORTIONS})\n    return found.all()\n",
        "not in a loop right here",
    ),
    "a statement that is kept": (
        f"    wanted = {PORTIONS}\n    return s.scalars(wanted).all()\n",
        "it reads its rows in portions, which an asynchronous session does with stream()",
    ),
    "a generator of one that is left early": (
        f"    return next(names(s))\n\n\ndef names(s: Session):\n    for one in s.scalars({PORTIONS}):\n"
        "        yield one.name\n",
        "may stop reading names before its end",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_portions_out_of_sight_are_left(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, SELECT + text) == SELECT + text
    assert any(reason in one for one in reasons(tmp_path, SELECT + text)), reasons(tmp_path, SELECT + text)


ENGINE = "from sqlalchemy import create_engine, text\n\nengine = create_engine('sqlite:///app.db')\n\n\n"
ENTERED = {
    "a connection": (
        "def f():\n    with engine.connect() as one:\n        print(one.execute(text('select 1')).scalar())\n",
        "async def f():\n    async with engine.connect() as one:\n"
        "        print((await one.execute(text('select 1'))).scalar())\n",
    ),
    "a transaction of an engine": (
        "def f():\n    with engine.begin() as one:\n        return one.scalar(text('select 1'))\n",
        "async def f():\n    async with engine.begin() as one:\n        return await one.scalar(text('select 1'))\n",
    ),
    "a transaction of a connection": (
        "def f():\n    with engine.connect() as one:\n        with one.begin():\n"
        "            one.execute(text('select 1'))\n",
        "        async with one.begin():\n            await one.execute(text('select 1'))\n",
    ),
    "one after the other under one name": (
        "def f():\n    with engine.begin() as one:\n        one.execute(text('select 1'))\n"
        "    with engine.connect() as one:\n        one.execute(text('select 2'))\n",
        "    async with engine.connect() as one:\n        await one.execute(text('select 2'))\n",
    ),
    "beside a manager that stays": (
        "def f(path):\n    with engine.begin() as one, open(path) as file:\n        # first\n"
        "        told = '''two\nlines'''\n\n        one.execute(text(file.read()))\n    return told\n",
        "    async with engine.begin() as one:\n        with open(path) as file:\n            # first\n"
        "            told = '''two\nlines'''\n\n            await one.execute(text(file.read()))\n    return told\n",
    ),
    "between managers that stay": (
        "def f(path):\n    with open(path) as a, engine.begin() as one, open(path) as b:\n"
        "        one.execute(text(a.read() + b.read()))\n",
        "    with open(path) as a:\n        async with engine.begin() as one:\n            with open(path) as b:\n"
        "                await one.execute(text(a.read() + b.read()))\n",
    ),
    "two that become asynchronous": (
        "def f(s: Session):\n    with engine.begin() as one, s.begin():\n        one.execute(text('select 1'))\n",
        "    async with engine.begin() as one, s.begin():\n        await one.execute(text('select 1'))\n",
    ),
}


@pytest.mark.parametrize(("text", "written"), ENTERED.values(), ids=ENTERED)
def test_a_connection_is_entered(text: str, written: str, tmp_path: Path) -> None:
    assert written in flipped(tmp_path, {"db.py": "from sqlalchemy.orm import Session\n" + ENGINE + text})["db.py"]


CONNECTION = {
    "it is handed on": ("def f(outside):\n    with engine.begin() as one:\n        outside(one)\n", "is not followed"),
    "it may be something else": (
        "def f(other):\n    with engine.begin() as one:\n        one = other\n        one.commit()\n",
        "is not always that connection",
    ),
    "it reads its rows in portions": (
        "def f():\n    with engine.connect() as one:\n"
        "        one.execute(text('select 1'), execution_options={'yield_per': 2})\n",
        "reads its rows in portions",
    ),
    "it stands in parentheses with another": (
        "def f(path):\n    with (engine.begin() as one, open(path) as file):\n        one.execute(text(file.read()))\n",
        "give each a `with` of its own",
    ),
    "the body stands on the same line": (
        "def f(path):\n    with engine.begin() as one, open(path) as file: one.execute(text(file.read()))\n",
        "give each a `with` of its own",
    ),
}


@pytest.mark.parametrize(("text", "reason"), CONNECTION.values(), ids=CONNECTION)
def test_a_connection_that_is_not_followed_is_left(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, ENGINE + text) == ENGINE + text
    assert any(reason in one for one in reasons(tmp_path, ENGINE + text)), reasons(tmp_path, ENGINE + text)


def test_managers_of_a_session_are_entered_one_inside_the_other(tmp_path: Path) -> None:
    text = (
        "from contextlib import suppress\n\n\ndef f(s: Session):\n"
        "    with suppress(KeyError), s.begin_nested():\n        s.add(Author(id=70, name='Ada'))\n"
        "    return s.get(Author, 70)\n"
    )
    after = proved(tmp_path, text, "f(session)")
    assert "    with suppress(KeyError):\n        async with s.begin_nested():\n" in after
