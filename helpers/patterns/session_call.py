"""AM602: calls on sessions are awaited, in every place where an await may stand."""

from __future__ import annotations

from helpers.codemod.flip.flip_pattern import FlipPattern
from helpers.model import Example

EXAMPLES = (
    Example(
        title="what comes behind needs parentheses",
        before=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def first(session: Session):\n"
            "    return session.scalars(select(Author).where(Author.id == 1)).one().name\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            "async def first(session: AsyncSession):\n"
            "    return (await session.scalars(select(Author).where(Author.id == 1))).one().name\n"
        ),
        call="first(session)",
    ),
    Example(
        title="a savepoint, and what is noted before it",
        before=(
            "from models import Author\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def enter(session: Session):\n"
            '    session.add(Author(id=90, name="Ann"))\n'
            "    with session.begin_nested():\n"
            '        session.add(Author(id=91, name="Ben"))\n'
            "    session.commit()\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            "async def enter(session: AsyncSession):\n"
            '    session.add(Author(id=90, name="Ann"))\n'
            "    async with session.begin_nested():\n"
            '        session.add(Author(id=91, name="Ben"))\n'
            "    await session.commit()\n"
        ),
        call="enter(session)",
    ),
    Example(
        title="a generator that is read to its end",
        before=(
            "from models import Author\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def initials(session: Session):\n"
            "    return sorted(session.get(Author, key).name[0] for key in (2, 1))\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            "async def initials(session: AsyncSession):\n"
            "    return sorted([(await session.get(Author, key)).name[0] for key in (2, 1)])\n"
        ),
        call="initials(session)",
    ),
    Example(
        title="bulk methods are bridged",
        before=(
            "from models import Author\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def enter(session: Session):\n"
            '    session.bulk_save_objects([Author(id=90, name="Ann")])\n'
            "    session.commit()\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            "async def enter(session: AsyncSession):\n"
            '    await session.run_sync(lambda inner: inner.bulk_save_objects([Author(id=90, name="Ann")]))\n'
            "    await session.commit()\n"
        ),
        call="enter(session)",
    ),
    Example(
        title="a generator that stops early",
        before=(
            "from models import Author\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def known(session: Session):\n"
            "    return any(session.get(Author, key) for key in (1, 2))\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            "async def any_of(values):\n"
            '    """Whether a value is true; nothing behind the first one is computed."""\n'
            "    async for value in values:\n"
            "        if value:\n"
            "            return True\n"
            "    return False\n"
            "\n"
            "\n"
            "async def known(session: AsyncSession):\n"
            "    return await any_of(await session.get(Author, key) for key in (1, 2))\n"
        ),
        call="known(session)",
    ),
    Example(
        title="a sort key cannot await",
        before=(
            "from models import Author\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def ranked(session: Session):\n"
            "    return sorted([2, 1], key=lambda key: session.get(Author, key).name)\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def ranked(session: Session):\n"
            "    return sorted([2, 1], key=lambda key: session.get(Author, key).name)\n"
        ),
        call="ranked(session)",
    ),
)


class SessionCall(FlipPattern):
    """`session.scalars(q).all()` becomes `(await session.scalars(q)).all()`."""

    CODE = "AM602"
    NAME = "session_call"
    SUMMARY = "A call on a session is awaited"
    WHY = (
        "What a session does against the database an asynchronous session does when it is awaited; without the "
        "await nothing happens, or a coroutine takes the place of a row. What only notes something, such as add() "
        "and expunge(), stays. Transactions and sessions are entered with `async with`; no_autoflush is not. A "
        "generator expression that is read to its end becomes a list, any other is left. What an asynchronous "
        "session does not have is bridged with run_sync()."
    )
    EXAMPLES = EXAMPLES
