"""AM606: engines speak through a driver that can be awaited."""

from __future__ import annotations

from helpers.codemod.flip.flip_pattern import FlipPattern
from helpers.model import Example

EXAMPLES = (
    Example(
        title="an engine, its tables and its end",
        before=(
            "from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            'numbers = Table("numbers", MetaData(), Column("id", Integer, primary_key=True))\n'
            'engine = create_engine("sqlite://")\n'
            "\n"
            "\n"
            "def largest():\n"
            "    numbers.metadata.create_all(engine)\n"
            "    with Session(engine, expire_on_commit=False) as session:\n"
            '        session.execute(insert(numbers), [{"id": 2}, {"id": 3}])\n'
            "        found = session.execute(select(numbers)).scalars().all()\n"
            "    engine.dispose()\n"
            "    return max(found)\n"
        ),
        after=(
            "from sqlalchemy import Column, Integer, MetaData, Table, insert, select\n"
            "from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine\n"
            "\n"
            'numbers = Table("numbers", MetaData(), Column("id", Integer, primary_key=True))\n'
            'engine = create_async_engine("sqlite+aiosqlite://")\n'
            "\n"
            "\n"
            "async def largest():\n"
            "    async with engine.begin() as connection:\n"
            "        await connection.run_sync(numbers.metadata.create_all)\n"
            "    async with AsyncSession(engine, expire_on_commit=False) as session:\n"
            '        await session.execute(insert(numbers), [{"id": 2}, {"id": 3}])\n'
            "        found = (await session.execute(select(numbers))).scalars().all()\n"
            "    await engine.dispose()\n"
            "    return max(found)\n"
        ),
        call="largest()",
    ),
    Example(
        title="an option that another driver may not know",
        before=(
            "import sqlite3\n"
            "\n"
            "from sqlalchemy import create_engine, text\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            'engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(":memory:"))\n'
            "\n"
            "\n"
            "def answer():\n"
            "    with Session(engine, expire_on_commit=False) as session:\n"
            '        return session.scalar(text("select 42"))\n'
        ),
        after=(
            "import sqlite3\n"
            "\n"
            "from sqlalchemy import create_engine, text\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            'engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(":memory:"))\n'
            "\n"
            "\n"
            "def answer():\n"
            "    with Session(engine, expire_on_commit=False) as session:\n"
            '        return session.scalar(text("select 42"))\n'
        ),
        call="answer()",
    ),
)


class SyncEngine(FlipPattern):
    """`create_engine` becomes `create_async_engine`, its URL names a driver that can be awaited."""

    CODE = "AM606"
    NAME = "sync_engine"
    SUMMARY = "An engine is made asynchronous, with a driver that can be awaited"
    WHY = (
        "An asynchronous session needs an engine whose driver hands control back while it waits: aiosqlite, "
        "asyncpg, asyncmy. A URL that is written out names the driver at once, one that settings tell is asked at "
        "run time. Tables are created inside a connection, dispose() is awaited, event listeners go to the engine "
        "inside. An option that the other driver may not know holds the family back."
    )
    EXAMPLES = EXAMPLES
