"""AM601: functions that lead to the database become asynchronous, with everything that one session joins."""

from __future__ import annotations

from helpers.codemod.flip.flip_pattern import FlipPattern
from helpers.model import Example

EXAMPLES = (
    Example(
        title="a function and who calls it",
        before=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def names(session: Session):\n"
            "    return list(session.scalars(select(Author.name).order_by(Author.id)))\n"
            "\n"
            "\n"
            "def longest(session: Session):\n"
            "    return max(names(session), key=len)\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            "async def names(session: AsyncSession):\n"
            "    return list(await session.scalars(select(Author.name).order_by(Author.id)))\n"
            "\n"
            "\n"
            "async def longest(session: AsyncSession):\n"
            "    return max(await names(session), key=len)\n"
        ),
        call="longest(session)",
    ),
    Example(
        title="methods that override each other",
        before=(
            "from models import Author\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "class Shelf:\n"
            "    def __init__(self, session: Session) -> None:\n"
            "        self.session = session\n"
            "\n"
            "    def label(self):\n"
            '        return "books"\n'
            "\n"
            "\n"
            "class Signed(Shelf):\n"
            "    def label(self):\n"
            "        return self.session.get(Author, 1).name\n"
            "\n"
            "\n"
            "def label(session: Session):\n"
            "    return Signed(session).label()\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            "class Shelf:\n"
            "    def __init__(self, session: AsyncSession) -> None:\n"
            "        self.session = session\n"
            "\n"
            "    async def label(self):\n"
            '        return "books"\n'
            "\n"
            "\n"
            "class Signed(Shelf):\n"
            "    async def label(self):\n"
            "        return (await self.session.get(Author, 1)).name\n"
            "\n"
            "\n"
            "async def label(session: AsyncSession):\n"
            "    return await Signed(session).label()\n"
        ),
        call="label(session)",
    ),
    Example(
        title="a property has nobody to await it",
        before=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "class Shelf:\n"
            "    def __init__(self, session: Session) -> None:\n"
            "        self.session = session\n"
            "\n"
            "    @property\n"
            "    def names(self):\n"
            "        return self.session.scalars(select(Author.name)).all()\n"
            "\n"
            "\n"
            "def names(session: Session):\n"
            "    return sorted(Shelf(session).names)\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "class Shelf:\n"
            "    def __init__(self, session: Session) -> None:\n"
            "        self.session = session\n"
            "\n"
            "    @property\n"
            "    def names(self):\n"
            "        return self.session.scalars(select(Author.name)).all()\n"
            "\n"
            "\n"
            "def names(session: Session):\n"
            "    return sorted(Shelf(session).names)\n"
        ),
        call="names(session)",
    ),
)


class SyncFunction(FlipPattern):
    """`def names(session)` that reads becomes `async def names(session)`."""

    CODE = "AM601"
    NAME = "sync_function"
    SUMMARY = "A function that leads to the database becomes asynchronous"
    WHY = (
        "A coroutine can only be awaited in a coroutine. So every function that does IO on a session, and every "
        "function that calls one, becomes asynchronous together with the sessions that it takes: one session, one "
        "colour. Where one of them cannot, because a property, a sort key or a validator has nobody to await it, "
        "the whole family is left, and each place says why."
    )
    EXAMPLES = EXAMPLES
