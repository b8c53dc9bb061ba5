"""AM602: where an await stands, with which parentheses, and where none may stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, reasons

ONE = "def f(s: Session, key=1):\n"
POSITIONS = {
    "what is chained needs parentheses": (
        "    return s.get(Author, 1).name\n",
        "    return (await s.get(Author, 1)).name\n",
    ),
    "parentheses that stand there serve": (
        "    return (s.get(Author, 1)).name\n",
        "    return (await s.get(Author, 1)).name\n",
    ),
    "an index": ("    return s.scalars(key)[0]\n", "    return (await s.scalars(key))[0]\n"),
    "a power and a sign": ("    return -s.scalar(key) ** 2\n", "    return -await s.scalar(key) ** 2\n"),
    "a condition": (
        "    if not s.get(Author, 1):\n        pass\n",
        "    if not await s.get(Author, 1):\n        pass\n",
    ),
    "a test for None": ("    return s.get(Author, 9) is None\n", "    return await s.get(Author, 9) is None\n"),
    "an f-string": ("    return f'{s.get(Author, 1).name}'\n", "    return f'{(await s.get(Author, 1)).name}'\n"),
    "a walrus": ("    return (u := s.get(Author, 1)) and u\n", "    return (u := await s.get(Author, 1)) and u\n"),
    "one inside the other": (
        "    s.delete(s.get(Author, 1))\n",
        "    await s.delete(await s.get(Author, 1))\n",
    ),
    "two that begin at one place": (
        "    return s.connection().scalar(key)\n",
        "    return await (await s.connection()).scalar(key)\n",
    ),
    "over several lines": (
        "    return (\n        s\n        .scalars(key)  # why\n        .all()\n    )\n",
        "    return (\n        (await s\n        .scalars(key))  # why\n        .all()\n    )\n",
    ),
    "a comprehension": (
        "    return [s.get(Author, i).name for i in (1, 2) if s.get(Author, i)]\n",
        "    return [(await s.get(Author, i)).name for i in (1, 2) if await s.get(Author, i)]\n",
    ),
    "what a generator expression goes through first": (
        "    return any(x for x in s.scalars(key))\n",
        "    return any(x for x in await s.scalars(key))\n",
    ),
    "a generator expression that is read to its end": (
        "    return sum((s.get(Author, i).id for i in (1, 2)), 3)\n",
        "    return sum([(await s.get(Author, i)).id for i in (1, 2)], 3)\n",
    ),
    "two awaits in one generator expression": (
        "    return sum(s.scalar(i) + s.scalar(i) for i in (1, 2))\n",
        "    return sum([await s.scalar(i) + await s.scalar(i) for i in (1, 2)])\n",
    ),
    "a list of a generator expression": (
        "    return list(s.scalar(i) for i in (1, 2))\n",
        "    return [await s.scalar(i) for i in (1, 2)]\n",
    ),
    "a session that is entered": (
        "    with s as x:\n        x.commit()\n",
        "    async with s as x:\n        await x.commit()\n",
    ),
    "a transaction in a variable": (
        "    point = s.begin_nested()\n    point.rollback()\n",
        "    point = await s.begin_nested()\n    await point.rollback()\n",
    ),
    "no_autoflush is entered as before": (
        "    with s.no_autoflush:\n        s.flush()\n",
        "    with s.no_autoflush:\n        await s.flush()\n",
    ),
    "what is only noted": (
        "    s.add(Author(name='x'))\n    s.expunge_all()\n    s.commit()\n",
        "    s.add(Author(name='x'))\n    s.expunge_all()\n    await s.commit()\n",
    ),
    "listeners of a session": (
        "    from sqlalchemy import event\n    event.listen(s, 'before_flush', print)\n    s.flush()\n",
        "    from sqlalchemy import event\n    event.listen(s.sync_session, 'before_flush', print)\n"
        "    await s.flush()\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), POSITIONS.values(), ids=POSITIONS)
def test_an_await_stands_where_it_belongs(before: str, after: str, tmp_path: Path) -> None:
    assert body(tmp_path, ONE + before) == "async def f(s: AsyncSession, key=1):\n" + after


LEFT = {
    "a sort key": ("    return sorted(key, key=lambda i: s.get(Author, i).name)\n", "in a lambda"),
    "a generator expression that may stop": ("    return zip(s.get(Author, i) for i in key)\n", "read to its end"),
    "a generator expression that is kept": ("    return (s.get(Author, i) for i in key)\n", "read to its end"),
    "a comprehension in another": (
        "    return [[s.get(Author, i) for i in range(j)] for j in key]\n",
        "in a comprehension inside another",
    ),
    "what an update computes": (
        "    import sqlalchemy as sa\n    from sqlalchemy import func\n    one = s.get(Author, 1)\n"
        "    s.execute(sa.update(Author).values(name=func.upper(Author.name)))\n    return one.name\n",
        "expires loaded objects",
    ),
    "rows in portions": (
        "    key = key.execution_options(yield_per=2)\n    return s.execute(key).all()\n",
        "in portions",
    ),
    "another function of the session": ("    s.get_bind()\n    s.commit()\n", "`.get_bind()`"),
    "its synchronous inside": ("    print(s.bind)\n    s.commit()\n", "`.bind`"),
    "a session that is compared": ("    s.commit()\n    return key.session is s\n", "compares the session"),
    "a session in a list": ("    s.commit()\n    return [s]\n", "is not followed"),
    "a session in an attribute of something": ("    s.commit()\n    key.session = s\n", "is not followed"),
    "a session for another library": ("    s.commit()\n    print(s)\n", "passed to `print`"),
    "the class of a session": ("    s.commit()\n    return isinstance(s, Session)\n", "passed to `isinstance`"),
    "a transaction by its name": (
        "    with s.begin() as t:\n        t.rollback()\n",
        "the transaction that is entered",
    ),
    "a default": ("    def g(x=s.get(Author, 1)):\n        return x\n    return g()\n", "when the function is defined"),
    "a legacy query": ("    return s.query(Author).all()\n", "AM201 at app.py:7:12 comes first"),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_what_cannot_be_awaited_is_left_with_its_reason(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, ONE + text) == ONE + text
    assert any(reason in one for one in reasons(tmp_path, ONE + text)), reasons(tmp_path, ONE + text)


def test_a_session_by_its_name_alone_is_no_session(tmp_path: Path) -> None:
    text = "def f(db):\n    db.commit()\n"
    assert body(tmp_path, text) == text


def test_comments_and_strings_that_look_like_calls_stay(tmp_path: Path) -> None:
    text = "def f(s: Session):\n    # s.commit()\n    return 's.commit()'\n"
    assert "await" not in body(tmp_path, text)
