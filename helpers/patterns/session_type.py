"""AM604: the types of sessions and of what gives them follow the flip."""

from __future__ import annotations

from helpers.codemod.flip.flip_pattern import FlipPattern
from helpers.model import Example

EXAMPLES = (
    Example(
        title="a generator of sessions",
        before=(
            "from collections.abc import Iterator\n"
            "\n"
            "from models import Author\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def scope(session: Session) -> Iterator[Session]:\n"
            "    yield session\n"
            "    session.rollback()\n"
            "\n"
            "\n"
            "def name(session: Session):\n"
            "    for one in scope(session):\n"
            "        found = one.get(Author, 1).name\n"
            "    return found\n"
        ),
        after=(
            "from collections.abc import AsyncIterator\n"
            "\n"
            "from models import Author\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            "async def scope(session: AsyncSession) -> AsyncIterator[AsyncSession]:\n"
            "    yield session\n"
            "    await session.rollback()\n"
            "\n"
            "\n"
            "async def name(session: AsyncSession):\n"
            "    async for one in scope(session):\n"
            "        found = (await one.get(Author, 1)).name\n"
            "    return found\n"
        ),
        call="name(session)",
    ),
    Example(
        title="a quoted annotation",
        before=(
            "from models import Author\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            'def name(session: "Session"):\n'
            "    return session.get(Author, 1).name\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            'async def name(session: "AsyncSession"):\n'
            "    return (await session.get(Author, 1)).name\n"
        ),
        call="name(session)",
    ),
    Example(
        title="what is not awaited may stay what it is",
        before=(
            "from models import Author\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def enter(session: Session):\n"
            '    session.add(Author(id=90, name="Ann"))\n'
            "    return len(session.new)\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def enter(session: Session):\n"
            '    session.add(Author(id=90, name="Ann"))\n'
            "    return len(session.new)\n"
        ),
        call="enter(session)",
    ),
)


class SessionType(FlipPattern):
    """`session: Session` becomes `session: AsyncSession`."""

    CODE = "AM604"
    NAME = "session_type"
    SUMMARY = "AsyncSession takes the place of Session in types"
    WHY = (
        "A parameter that says Session and is given an AsyncSession deceives the reader and the type checker, "
        "which is the one tool that finds a forgotten await. The types of a family change with it: annotations, "
        "aliases such as Annotated[Session, Depends(get_db)], and what a generator of sessions is declared to "
        "return."
    )
    EXAMPLES = EXAMPLES
