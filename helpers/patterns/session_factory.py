"""AM605: what makes the sessions makes asynchronous ones."""

from __future__ import annotations

from helpers.codemod.flip.flip_pattern import FlipPattern
from helpers.model import Example

EXAMPLES = (
    Example(
        title="a factory and a function that opens a session",
        before=(
            "from sqlalchemy import create_engine, text\n"
            "from sqlalchemy.orm import sessionmaker\n"
            "\n"
            'engine = create_engine("sqlite://")\n'
            "SessionLocal = sessionmaker(engine, expire_on_commit=False)\n"
            "\n"
            "\n"
            "def answer():\n"
            "    with SessionLocal() as session:\n"
            '        found = session.scalar(text("select 42"))\n'
            "    engine.dispose()\n"
            "    return found\n"
        ),
        after=(
            "from sqlalchemy import text\n"
            "from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine\n"
            "\n"
            'engine = create_async_engine("sqlite+aiosqlite://")\n'
            "SessionLocal = async_sessionmaker(engine, expire_on_commit=False)\n"
            "\n"
            "\n"
            "async def answer():\n"
            "    async with SessionLocal() as session:\n"
            '        found = await session.scalar(text("select 42"))\n'
            "    await engine.dispose()\n"
            "    return found\n"
        ),
        call="answer()",
        tags=("after>=2.0",),
    ),
    Example(
        title="a factory of another class",
        before=(
            "from sqlalchemy import create_engine, text\n"
            "from sqlalchemy.orm import Session, sessionmaker\n"
            "\n"
            'engine = create_engine("sqlite://")\n'
            "\n"
            "\n"
            "class Special(Session):\n"
            "    def answer(self):\n"
            '        return self.scalar(text("select 42"))\n'
            "\n"
            "\n"
            "SessionLocal = sessionmaker(engine, class_=Special, expire_on_commit=False)\n"
            "\n"
            "\n"
            "def answer():\n"
            "    with SessionLocal() as session:\n"
            "        return session.answer()\n"
        ),
        after=(
            "from sqlalchemy import create_engine, text\n"
            "from sqlalchemy.orm import Session, sessionmaker\n"
            "\n"
            'engine = create_engine("sqlite://")\n'
            "\n"
            "\n"
            "class Special(Session):\n"
            "    def answer(self):\n"
            '        return self.scalar(text("select 42"))\n'
            "\n"
            "\n"
            "SessionLocal = sessionmaker(engine, class_=Special, expire_on_commit=False)\n"
            "\n"
            "\n"
            "def answer():\n"
            "    with SessionLocal() as session:\n"
            "        return session.answer()\n"
        ),
        call="answer()",
    ),
)


class SessionFactory(FlipPattern):
    """`sessionmaker(engine)` becomes `async_sessionmaker(engine)`."""

    CODE = "AM605"
    NAME = "session_factory"
    SUMMARY = "A session factory makes asynchronous sessions"
    WHY = (
        "The factory decides what every session of the application is. It changes in the same step as all that "
        "takes its sessions, for no session can serve both colours. SQLAlchemy 1.4 has no async_sessionmaker: "
        "there the factory is told the class. Options that mean something else for an asynchronous session hold "
        "the family back."
    )
    EXAMPLES = EXAMPLES
