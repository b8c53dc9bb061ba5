"""The flip of functions that were handed to a thread and awaited: they need none, and are called where they stand."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.patterns.flipping import body, proved, reasons

FIND = "def find(s: Session, id: int, *, least: int = 0):\n    author = s.get(Author, id)\n    return author.name\n\n\n"
# `run` is a coroutine function before as well, on a synchronous session: it needs a loop there
CALL = """(lambda made: made if __import__("inspect").iscoroutinefunction(find) else __import__("asyncio").run(made))(
    globals()["run"](session)
)"""
FOLLOWS = {
    "an executor": (
        """\
        import asyncio

        async def run(s: Session):
            loop = asyncio.get_event_loop()
            return await loop.run_in_executor(None, find, s, 1)
        """,
        "async def run(s: AsyncSession):\n    return await find(s, 1)\n",
    ),
    "a loop that is still needed": (
        """\
        import asyncio

        async def run(s: Session):
            loop = asyncio.get_running_loop()
            started = loop.time()
            name = await loop.run_in_executor(None, find, s, 1)
            return name if loop.time() >= started else ""
        """,
        "    loop = asyncio.get_running_loop()\n    started = loop.time()\n    name = await find(s, 1)\n",
    ),
    "a pool of threads": (
        """\
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        async def run(s: Session):
            with ThreadPoolExecutor(1) as pool:
                return await asyncio.get_running_loop().run_in_executor(pool, find, s, 1)
        """,
        "        return await find(s, 1)\n",
    ),
    "a partial that has a name": (
        """\
        import asyncio
        from functools import partial

        async def run(s: Session):
            search = partial(find, s, least=1)
            return await asyncio.get_running_loop().run_in_executor(None, search, 1)
        """,
        "    search = partial(find, s, least=1)\n    return await search(1)\n",
    ),
    "a partial in place": (
        """\
        import asyncio
        from functools import partial

        async def run(s: Session):
            return await asyncio.get_running_loop().run_in_executor(None, partial(find, s), 1)
        """,
        "    return await find(s, 1)\n",
    ),
    "a partial in place, whole": (
        """\
        import asyncio
        from functools import partial

        async def run(s: Session):
            return await asyncio.get_running_loop().run_in_executor(None, partial(find, s, id=1, least=2))
        """,
        "    return await find(s, id=1, least=2)\n",
    ),
    "a partial with words and more behind": (
        """\
        import asyncio
        from functools import partial

        async def run(s: Session):
            return await asyncio.to_thread(partial(find, s, least=2), 1)
        """,
        "    return await partial(find, s, least=2)(1)\n",
    ),
    "a partial of nothing": (
        """\
        import asyncio
        from functools import partial

        async def run(s: Session):
            return await asyncio.to_thread(partial(find), s, 1)
        """,
        "    return await find(s, 1)\n",
    ),
    "a thread of asyncio": (
        """\
        import asyncio

        async def run(s: Session):
            return await asyncio.to_thread(
                find,
                s,
                id=1,
            )
        """,
        "    return await find(s,\n        id=1,\n    )\n",
    ),
    "a function without arguments": (
        """\
        from asyncio import to_thread

        async def run(s: Session):
            def inner():
                return find(s, 1)

            return await to_thread(inner)
        """,
        "    async def inner():\n        return await find(s, 1)\n\n    return await inner()\n",
    ),
}


@pytest.mark.parametrize(("text", "written"), FOLLOWS.values(), ids=FOLLOWS)
def test_what_a_thread_ran_is_awaited_where_it_stands(text: str, written: str, tmp_path: Path) -> None:
    after = proved(tmp_path, FIND + dedent(text), CALL)
    assert written in after, after


POOLS = {
    "the threadpool of Starlette": (
        "from starlette.concurrency import run_in_threadpool",
        "run_in_threadpool(find, s, 1)",
    ),
    "the threadpool of FastAPI": (
        "from fastapi.concurrency import run_in_threadpool",
        "run_in_threadpool(find, s, id=1)",
    ),
    "a thread of anyio": ("import anyio", "anyio.to_thread.run_sync(find, s, 1)"),
}


@pytest.mark.parametrize(("line", "call"), POOLS.values(), ids=POOLS)
def test_threads_of_others_are_known(line: str, call: str, tmp_path: Path) -> None:
    after = body(tmp_path, f"{line}\n\n\n{FIND}async def run(s: Session):\n    return await {call}\n")
    assert "    return await find(s, " in after


LEFT = {
    "several at the same time": (
        "import asyncio\n\n\n",
        "await asyncio.gather(asyncio.to_thread(find, s, 1), asyncio.to_thread(find, s, 2))",
        "find is handed to `asyncio.to_thread`",
    ),
    "a limit of time": (
        "import asyncio\n\n\n",
        "await asyncio.wait_for(asyncio.to_thread(find, s, 1), 5)",
        "find is handed to `asyncio.to_thread`",
    ),
    "a limit of threads": (
        "import anyio\n\n\nlimiter = anyio.CapacityLimiter(1)\n\n\n",
        "await anyio.to_thread.run_sync(find, s, 1, limiter=limiter)",
        "is given `limiter`, which nothing takes in its place",
    ),
    "a pool of processes": (
        "import asyncio\nfrom concurrent.futures import ProcessPoolExecutor\n\npool = ProcessPoolExecutor()\n\n\n",
        "await asyncio.get_running_loop().run_in_executor(pool, find, s, 1)",
        "`pool` is not known to be a pool of threads",
    ),
    "one of two functions": (
        "import asyncio\n\n\ndef other(s, id):\n    return id\n\n\n",
        "await asyncio.to_thread(find if s.new else other, s, 1)",
        "may be another function",
    ),
    "a namesake of the project": (
        "def to_thread(function, *given):\n    return keep(function)\n\n\n",
        "await to_thread(find, s, 1)",
        "find is handed to `keep`",
    ),
    "a generator": (
        "import asyncio\n\n\ndef names(s: Session):\n    yield s.get(Author, 1).name\n\n\n",
        "await asyncio.to_thread(names, s)",
        "may be another function",
    ),
}


@pytest.mark.parametrize(("above", "call", "reason"), LEFT.values(), ids=LEFT)
def test_what_is_more_than_a_call_on_a_thread_is_left(above: str, call: str, reason: str, tmp_path: Path) -> None:
    text = f"{above}{FIND if 'find' in call else ''}async def run(s: Session):\n    return {call}\n"
    assert body(tmp_path, text) == text
    assert any(reason in one for one in reasons(tmp_path, text)), reasons(tmp_path, text)


def test_what_needs_no_session_keeps_its_thread(tmp_path: Path) -> None:
    text = (
        "import asyncio\n\n\ndef count(number: int):\n    return number + 1\n\n\n"
        "async def run(s: Session):\n    return await asyncio.to_thread(count, s.get(Author, 1).id)\n"
    )
    assert "    return await asyncio.to_thread(count, (await s.get(Author, 1)).id)\n" in body(tmp_path, text)
