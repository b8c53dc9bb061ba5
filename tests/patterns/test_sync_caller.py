"""AM603: who calls a function that becomes asynchronous awaits it, and who is handed one is known to await."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, flipped, reasons

FIND = "def find(s: Session):\n    return s.get(Author, 1)\n\n\n"
EACH = "def each(s: Session):\n    yield s.get(Author, 1)\n\n\n"
SCOPE = (
    "from contextlib import contextmanager\n\n\n"
    "@contextmanager\ndef scope(s: Session):\n    yield s\n    s.commit()\n\n\n"
)
CALLS = {
    "an attribute of what it gives": (FIND, "    return find(s).name\n", "    return (await find(s)).name\n"),
    "an argument": (FIND, "    return str(find(s))\n", "    return str(await find(s))\n"),
    "a statement": (FIND, "    find(s)\n", "    await find(s)\n"),
    "a negation": (FIND, "    return not find(s)\n", "    return not await find(s)\n"),
    "a loop over a generator": (
        EACH,
        "    for one in each(s):\n        print(one)\n",
        "    async for one in each(s):\n        print(one)\n",
    ),
    "a context manager": (
        SCOPE,
        "    with scope(s) as one:\n        one.flush()\n",
        "    async with scope(s) as one:\n        await one.flush()\n",
    ),
}


@pytest.mark.parametrize(("given", "before", "after"), CALLS.values(), ids=CALLS)
def test_a_call_is_awaited(given: str, before: str, after: str, tmp_path: Path) -> None:
    assert body(tmp_path, given + "def f(s: Session):\n" + before).endswith("async def f(s: AsyncSession):\n" + after)


def test_a_context_manager_is_made_an_asynchronous_one(tmp_path: Path) -> None:
    after = flipped(tmp_path, {"app.py": "from sqlalchemy.orm import Session\n" + SCOPE})["app.py"]
    assert "from contextlib import asynccontextmanager\n" in after
    assert "@asynccontextmanager\nasync def scope(s: AsyncSession):\n    yield s\n    await s.commit()\n" in after


LEFT = {
    "it is kept in a table": (FIND + "TABLE = {'find': find}\n", "kept as a value"),
    "it is handed to a thread": (
        FIND + "def f(s: Session, pool):\n    pool.submit(find, s)\n",
        "handed to `pool.submit`",
    ),
    "it is partly applied and given back": (
        FIND + "def f(s: Session):\n    from functools import partial\n    return partial(find, s)\n",
        "given back",
    ),
    "a generator is read by hand": (
        EACH + "def f(s: Session):\n    return each(s).send(None)\n",
        "read it with `async for`",
    ),
    "a loop over a generator may be left early": (
        "def each(s: Session):\n    with s.no_autoflush:\n        yield s.get(Author, 1)\n\n\n"
        "def f(s: Session):\n    for one in each(s):\n        return one\n",
        "may be left early",
    ),
    "a method on something that nothing is known of": (
        "class Shelf:\n    def save(self, s: Session):\n        s.commit()\n\n\n"
        "class Other:\n    def save(self, s: Session):\n        s.flush()\n\n\n"
        "def f(one, s: Session):\n    one.save(s)\n",
        "may mean it, and nothing tells",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_a_place_that_may_not_await_holds_the_family(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, text) == text
    assert any(reason in one for one in reasons(tmp_path, text)), reasons(tmp_path, text)


def test_a_program_runs_in_a_loop_of_its_own(tmp_path: Path) -> None:
    text = FIND + 'if __name__ == "__main__":\n    find(None)\n'
    assert body(tmp_path, text).endswith('if __name__ == "__main__":\n    asyncio.run(find(None))\n')


def test_a_program_that_does_more_is_left(tmp_path: Path) -> None:
    text = FIND + 'if __name__ == "__main__":\n    find(None)\n    find(None)\n'
    assert body(tmp_path, text) == text


def test_to_ask_for_the_class_of_something_is_no_call(tmp_path: Path) -> None:
    text = (
        "class Shelf:\n    def save(self, s: Session):\n        s.commit()\n\n\n"
        "def f(one, s: Session):\n    s.commit()\n    return isinstance(one, Shelf)\n"
    )
    assert "    return isinstance(one, Shelf)\n" in body(tmp_path, text)
    assert "async def save(self, s: AsyncSession):" in body(tmp_path, text)


def test_an_attribute_of_another_class_that_is_handed_on_is_no_method(tmp_path: Path) -> None:
    text = (
        "class Shelf:\n    def name(self, s: Session):\n        return s.get(Author, 1)\n\n\n"
        "def f(s: Session, outside):\n    outside(Author.name)\n    return Shelf().name(s)\n"
    )
    assert "    outside(Author.name)\n    return await Shelf().name(s)\n" in body(tmp_path, text)


def test_an_override_of_a_dependency_is_no_call(tmp_path: Path) -> None:
    text = FIND + "def f(app, s: Session):\n    app.dependency_overrides[find] = lambda: s\n"
    assert "async def find(s: AsyncSession):" in body(tmp_path, text)


def test_a_method_of_the_same_name_on_a_known_value_is_another(tmp_path: Path) -> None:
    text = (
        "class Shelf:\n    def get(self, key, s: Session):\n        return s.get(Author, key)\n\n\n"
        "def f(names: dict, s: Session):\n    return names.get(1), {}.get(2, 3), Shelf().get(1, s)\n"
    )
    assert "return names.get(1), {}.get(2, 3), await Shelf().get(1, s)\n" in body(tmp_path, text)
