"""AM603: calls of functions that become asynchronous are awaited."""

from __future__ import annotations

from helpers.codemod.flip.flip_pattern import FlipPattern
from helpers.model import Example

HANDED_ON = (
    "from models import Author\n"
    "from sqlalchemy import select\n"
    "from sqlalchemy.orm import Session\n"
    "\n"
    "\n"
    "def find(session: Session, key: int):\n"
    "    return session.get(Author, key)\n"
    "\n"
    "\n"
    "def label(session: Session):\n"
    "    return list(map(find, [session], [1]))[0].name\n"
)
EXAMPLES = (
    Example(
        title="a condition and an argument",
        before=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def find(session: Session, key: int):\n"
            "    return session.get(Author, key)\n"
            "\n"
            "\n"
            "def label(session: Session, key: int):\n"
            "    if find(session, key) is None:\n"
            '        return "nobody"\n'
            "    return str(find(session, key).name)\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            "async def find(session: AsyncSession, key: int):\n"
            "    return await session.get(Author, key)\n"
            "\n"
            "\n"
            "async def label(session: AsyncSession, key: int):\n"
            "    if await find(session, key) is None:\n"
            '        return "nobody"\n'
            "    return str((await find(session, key)).name)\n"
        ),
        call="label(session, 1)",
    ),
    Example(
        title="a loop over a generator",
        before=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def each(session: Session):\n"
            "    for key in (2, 1):\n"
            "        yield session.get(Author, key).name\n"
            "\n"
            "\n"
            "def names(session: Session):\n"
            "    found = []\n"
            "    for name in each(session):\n"
            "        found.append(name)\n"
            "    return found\n"
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            "async def each(session: AsyncSession):\n"
            "    for key in (2, 1):\n"
            "        yield (await session.get(Author, key)).name\n"
            "\n"
            "\n"
            "async def names(session: AsyncSession):\n"
            "    found = []\n"
            "    async for name in each(session):\n"
            "        found.append(name)\n"
            "    return found\n"
        ),
        call="names(session)",
    ),
    Example(
        title="what is kept in a table is awaited where it is looked up",
        before=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.orm import Session\n"
            "\n"
            "\n"
            "def find(session: Session, key: int):\n"
            "    return session.get(Author, key)\n"
            "\n"
            "\n"
            "def label(session: Session):\n"
            '    steps = {"find": find}\n'
            '    return steps["find"](session, 1).name\n'
        ),
        after=(
            "from models import Author\n"
            "from sqlalchemy import select\n"
            "from sqlalchemy.ext.asyncio import AsyncSession\n"
            "\n"
            "\n"
            "async def find(session: AsyncSession, key: int):\n"
            "    return await session.get(Author, key)\n"
            "\n"
            "\n"
            "async def label(session: AsyncSession):\n"
            '    steps = {"find": find}\n'
            '    return (await steps["find"](session, 1)).name\n'
        ),
        call="label(session)",
    ),
    Example(
        title="what is handed to others may be called by anybody",
        before=HANDED_ON,
        after=HANDED_ON,
        call="label(session)",
    ),
)


class SyncCaller(FlipPattern):
    """`find(session)` becomes `await find(session)`, wherever it is called."""

    CODE = "AM603"
    NAME = "sync_caller"
    SUMMARY = "A call of a function that becomes asynchronous is awaited"
    WHY = (
        "A function that has become asynchronous gives a coroutine to whoever forgets to await it, and a coroutine "
        "is true, is not None and has no attributes. So every call of it changes in the same step: calls of "
        "methods through instances and overrides, loops over generators, context managers. A place that hands the "
        "function on must be known to await what it is given, as FastAPI does; else the family is left."
    )
    EXAMPLES = EXAMPLES
