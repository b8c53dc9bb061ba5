"""The exercise of `sync_function`: three functions that call each other, awaited in every position."""

from __future__ import annotations

from helpers.lab.differential import Comparison
from helpers.lab.exercises import Case, Exercise, Mistake

NAMES = """from models import Author
from sqlalchemy import select

"""
LEGACY = '''
def find(session, name):
    """The first author of that name, None when there is none."""
    return session.scalars(select(Author).where(Author.name == name).order_by(Author.id)).first()


def greeting(session, name):
    """A greeting for an author, or for anybody."""
    if find(session, name) is None:
        return "Hello, whoever you are"
    return f"Hello {name}, born {find(session, name).born}"


def rename(session, name, new):
    """Give the author of that name another one, and say who it was."""
    author = find(session, name)
    number, author.name = author.id, new
    session.commit()
    return number
'''
SOLUTION = '''
async def find(session, name):
    """The first author of that name, None when there is none."""
    return (await session.scalars(select(Author).where(Author.name == name).order_by(Author.id))).first()


async def greeting(session, name):
    """A greeting for an author, or for anybody."""
    if await find(session, name) is None:
        return "Hello, whoever you are"
    return f"Hello {name}, born {(await find(session, name)).born}"


async def rename(session, name, new):
    """Give the author of that name another one, and say who it was."""
    author = await find(session, name)
    number, author.name = author.id, new
    await session.commit()
    return number
'''
# A `def` is run with a plain Session; nobody gets one here. What an answer defines is asynchronous or not found out.
ONLY_ASYNCHRONOUS = """
def _needs_await(*args, **kwargs):
    raise TypeError("this session is asynchronous, and a function that is none cannot await it")

if not session.get_bind().dialect.is_async:
    for _name in ("get", "scalar", "scalars", "execute", "flush", "commit"):
        setattr(session, _name, _needs_await)
"""


def _says(found: Comparison, *words: str) -> bool:
    failure = found.after.failure
    return failure is not None and any(word in failure.message for word in words)


def _forgotten(found: Comparison, name: str) -> bool:
    return any(name in warning.message for warning in found.after.never_awaited)


MISTAKES = (
    Mistake(
        "not asynchronous",
        lambda found: _says(found, "this session is asynchronous"),
        "Every function that uses the session, or that calls one of these, begins with `async def`.",
    ),
    Mistake(
        "awaits too much",
        lambda found: _says(found, "no attribute 'first'", "'coroutine' object has no attribute 'born'"),
        "`await a.b().c()` awaits what c() gives. What is to be awaited first stands in parentheses: (await a.b()).c()",
    ),
    Mistake(
        "caller does not await",
        lambda found: _forgotten(found, "'find'"),
        "find() gives a coroutine now, which is not None and has no columns: each of its three calls is awaited.",
    ),
    Mistake(
        "commit is not awaited",
        lambda found: _forgotten(found, "commit"),
        "Without an await commit() does nothing, and no error says so. Look for what was never awaited.",
    ),
)

EXERCISE = Exercise(
    name="sync_function",
    names=NAMES,
    legacy=LEGACY,
    functions=("find", "greeting", "rename"),
    cases=(
        Case("a name that two authors share", "find(session, 'Ines Okoro')"),
        Case("a name that nobody has", "find(session, 'Nobody')"),
        Case("a greeting for an author", "greeting(session, 'Bram Vos')"),
        Case("a greeting for anybody", "greeting(session, 'Nobody')"),
        Case("another name", "rename(session, 'Wen Li', 'Wen Lin')"),
    ),
    mistakes=MISTAKES,
    hints=(
        "Nudge: which of these lines talk to the database, by themselves or by way of a function?",
        "Where to look: what stands behind a call, `.first()` or `.born`, belongs to its result. So the await goes "
        "around the call alone, in parentheses. commit() has no result, and is awaited all the same.",
        "Nearly there: (await session.scalars(...)).first(), `if await find(session, name) is None`, "
        "(await find(session, name)).born, await session.commit().",
    ),
    solution=SOLUTION,
    unchecked="Not checked: style and type annotations.",
    given=ONLY_ASYNCHRONOUS,
)
