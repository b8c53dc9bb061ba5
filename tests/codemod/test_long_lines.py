"""Lines that a rewrite made too long: wrapped as a formatter wraps them, or left."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.codemod.long_lines import Style, wrap_long

WIDTH = 60
BEFORE = "value = 1\n"


def wrapped(after: str, before: str = BEFORE, python: tuple[int, int] | None = (3, 11)) -> str:
    return wrap_long(before, after, Style(WIDTH, python))


def formatted(text: str) -> str:
    """A file as ruff formats all of it, its quotes as they are."""
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", str(WIDTH), "-"]
    settings = ["--config", 'format.quote-style="preserve"', "--target-version", "py311"]
    return subprocess.run([*command, *settings], input=text, capture_output=True, text=True, check=True).stdout


WRAPPED = {
    "the head of a function": "async def find(session: AsyncSession, key: int) -> Author | None:\n    return None\n",
    "a method, and the comment behind its head": (
        "class Authors:\n    async def find(self, session: AsyncSession, key: int):  # by key\n        return None\n"
    ),
    "an assignment": "async def f():\n    author = await session.get(Author, key_of_an_author_somewhere)\n",
    "a chain": (
        "async def f():\n    return (await session.scalars(select(Author).where(Author.id == 1))).first() or None\n"
    ),
    "a comprehension": "async def f():\n    return [await session.get(Author, key) for key in all_of_the_keys]\n",
    "a condition": "async def f():\n    if not await is_allowed(session, author, 'to write so', 1):\n        return\n",
    "another condition": (
        "async def f():\n    if one:\n        return\n"
        "    elif not await is_allowed(session, author, 'to write a book'):\n        return\n"
    ),
    "a handler": "try:\n    pass\nexcept (AnErrorWithQuiteALongName, AnotherErrorWithALongName):\n    pass\n",
    "a block that is entered": (
        "async def f():\n    async with SessionLocal() as session, session.begin() as transaction:\n        pass\n"
    ),
    "a loop": "async def f():\n    async for author in authors_of(session, year=1970, country='gb'):\n        pass\n",
    "a decorator": "@router.get('/authors/{key}', response_model=list[AuthorOut])\nasync def f():\n    pass\n",
    "an import": "from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker\n",
    "deep inside": "if a:\n    if b:\n        if c:\n            author = await session.get(Author, key, populate=1)\n",
    "a call over several lines, one of them too long": (
        "author = find(\n    await session.scalar(select(Author).where(Author.id == 1)),\n    key,\n)\n"
    ),
}


@pytest.mark.parametrize("text", WRAPPED.values(), ids=WRAPPED)
def test_the_file_is_as_a_formatter_writes_it(text: str) -> None:
    assert wrapped(text) == formatted(text) != text
    assert wrapped(wrapped(text)) == wrapped(text)


def test_the_rest_of_the_file_stays_as_it_is() -> None:
    rest = "x = { 'a':1 }   # so\n\n\n\ndef f( a ):\n  return  a\n"
    long = "y = await session.get(Author, key_of_an_author_somewhere, 12)\nz=1\n"
    assert wrapped(rest + long) == (
        rest + "y = await session.get(\n    Author, key_of_an_author_somewhere, 12\n)\nz=1\n"
    )


def test_lines_keep_their_ends() -> None:
    text = "async def f():\r\n    author = await session.get(Author, key_of_an_author_or_so)\r\n    return 1\r\n"
    assert wrapped(text) == (
        "async def f():\r\n    author = await session.get(\r\n        Author, key_of_an_author_or_so\r\n    )\r\n"
        "    return 1\r\n"
    )


def test_a_file_without_an_end_of_its_last_line_gets_none() -> None:
    text = "author = await session.get(Author, key_of_an_author_or_so, 1)"
    assert wrapped(text) == "author = await session.get(\n    Author, key_of_an_author_or_so, 1\n)"


def test_the_oldest_python_can_read_it() -> None:
    text = WRAPPED["a block that is entered"]
    assert "    async with (\n" in wrapped(text, python=(3, 11))
    for python in ((3, 8), None):
        assert "    async with (\n" not in wrapped(text, python=python)


LONG = "author = await session.get(Author, key_of_an_author_or_so, 1)\n"
LEFT = {
    "what fits": ("author = await session.get(Author, key)\n", BEFORE),
    "what was there before": (LONG + "x = 1\n", LONG),
    "what was too long before it was awaited": (LONG, LONG.replace("await ", "").replace(", 1", ", 1, 2, 3, 4, 5")),
    "a text that no formatter parts": (f'told = "{"so " * 30}"\n', BEFORE),
    "a line that the linter is told to leave": (LONG[:-1] + "  # noqa: E501\n", BEFORE),
    "a line that the type checker is told to leave": (LONG[:-1] + "  # type: ignore[misc]\n", BEFORE),
    "a text over several lines": (
        'query = await session.execute(text("""select *\nfrom authors"""), parameters)\n',
        BEFORE,
    ),
    "a line that goes on": (
        "assert await session.get(Author, key_of_an_author) and \\\n    True is not False\n",
        BEFORE,
    ),
    "tabs": (f"if a:\n\t{LONG[:-2]},\t2, 3)\n", BEFORE),
    "what runs over the face": ("author = run(find_the_author_of(AsyncFace(session), key_of_an_author))\n", BEFORE),
    "a bridge": ("author = await session.run_sync(lambda s: find_author(s, key))\n", BEFORE),
    "a file that no formatter touches": (f"# fmt: off\n{LONG}", BEFORE),
    "a comment": (f"# {'so ' * 30}\n", BEFORE),
    "a docstring": (f'def f():\n    """{"So " * 30}"""\n', BEFORE),
    "no code": (f"author = ({LONG}", BEFORE),
}


@pytest.mark.parametrize(("text", "before"), LEFT.values(), ids=LEFT)
def test_it_is_left(text: str, before: str) -> None:
    assert wrapped(text, before) == text


def test_a_part_that_cannot_be_shorter_does_not_keep_the_rest_long() -> None:
    text = f'author = await session.get(Author, "{"so " * 20}", key)\n'
    assert wrapped(text) == f'author = await session.get(\n    Author,\n    "{"so " * 20}",\n    key,\n)\n'


PARTS = ["await f(a, b)", "[x for x in y]", "{'a': 1}", "g(1)(2).h", "(1, 2)", "'text'", "a if b else c", "lambda x: x"]


@given(st.lists(st.sampled_from(PARTS), min_size=3, max_size=9), st.integers(0, 3))
def test_the_code_is_the_same_and_its_comments_are_there(parts: list[str], depth: int) -> None:
    line = f"z = call({', '.join(parts)})  # so\n"
    text = "".join(f"{'    ' * level}if level:\n" for level in range(depth)) + textwrap.indent(line, "    " * depth)
    after = wrapped(text)
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(text))
    assert after.count("# so") == 1
    assert max(map(len, after.splitlines())) <= WIDTH or after == text
