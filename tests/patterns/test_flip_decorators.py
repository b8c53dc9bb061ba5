"""The flip through decorators of the project: what stands in a function's place awaits it, or the family is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, proved, reasons

WRAPS = "from functools import wraps\n\n\n"
GUARDED = (
    WRAPS + "def guarded(f):\n    @wraps(f)\n    def wrapper(*args, **kwargs):\n"
    "        return f(*args, **kwargs)\n\n    return wrapper\n\n\n"
)
FIND = "@guarded\ndef find(s: Session, key: int):\n    return s.get(Author, key)\n\n\n"
NAME = "def name(s: Session):\n    return find(s, 1).name\n"
PROVED = {
    "it only passes on": (
        GUARDED + FIND + NAME,
        "    async def wrapper(*args, **kwargs):\n        return await f(*args, **kwargs)\n",
    ),
    "it takes arguments": (
        WRAPS + "def retried(times):\n    def decorate(f):\n        @wraps(f)\n        def wrapper(*args):\n"
        "            for turn in range(times):\n                try:\n                    return f(*args)\n"
        "                except LookupError:\n                    print(turn)\n\n        return wrapper\n\n"
        "    return decorate\n\n\n@retried(3)\ndef find(s: Session, key: int):\n    return s.get(Author, key)\n\n\n"
        "" + NAME,
        "                    return await f(*args)\n",
    ),
    "it commits with the session that it is given": (
        WRAPS + "def committed(f):\n    @wraps(f)\n    def wrapper(s: Session, *args):\n        try:\n"
        "            result = f(s, *args)\n            s.commit()\n        except BaseException:\n"
        "            s.rollback()\n            raise\n        return result\n\n    return wrapper\n\n\n"
        "@committed\ndef add(s: Session, name: str):\n    s.add(Author(id=50, name=name))\n    return name\n\n\n"
        "def name(s: Session):\n    return add(s, 'Ada')\n",
        "            await s.commit()\n",
    ),
    "it takes the session out of the keywords": (
        WRAPS + "def committed(f):\n    @wraps(f)\n    def wrapper(*args, **kwargs):\n        s = kwargs['s']\n"
        "        result = f(*args, **kwargs)\n        s.commit()\n        return result\n\n    return wrapper\n\n\n"
        "@committed\ndef add(name: str, *, s: Session):\n    s.add(Author(id=50, name=name))\n    return name\n\n\n"
        "def name(s: Session):\n    return add('Ada', s=s)\n",
        "        await s.commit()\n",
    ),
    "it takes the session from the first argument": (
        WRAPS + "def committed(f):\n    @wraps(f)\n    def wrapper(*args):\n        result = f(*args)\n"
        "        args[0].commit()\n        return result\n\n    return wrapper\n\n\n"
        "@committed\ndef add(s: Session, name: str):\n    s.add(Author(id=50, name=name))\n    return name\n\n\n"
        "def name(s: Session):\n    return add(s, 'Ada')\n",
        "        await args[0].commit()\n",
    ),
    "it decorates methods and uses what they hold": (
        WRAPS + "def committed(f):\n    @wraps(f)\n    def wrapper(self, *args):\n        result = f(self, *args)\n"
        "        self.s.commit()\n        return result\n\n    return wrapper\n\n\n"
        "class Authors:\n    def __init__(self, s: Session):\n        self.s = s\n\n"
        "    @committed\n    def add(self, name):\n        self.s.add(Author(id=50, name=name))\n"
        "        return name\n\n\n"
        "class Others:\n    def __init__(self, s: Session):\n        self.s = s\n\n"
        "    @committed\n    def add_two(self):\n        return Authors(self.s).add('Ada')\n\n\n"
        "def name(s: Session):\n    return Others(s).add_two()\n",
        "        await self.s.commit()\n",
    ),
    "it counts": (
        "class Counted:\n    def __init__(self, function):\n        self.function = function\n"
        "        self.calls = 0\n\n"
        "    def __call__(self, *args):\n        self.calls += 1\n        return self.function(*args)\n\n\n"
        "@Counted\ndef find(s: Session, key: int):\n    return s.get(Author, key)\n\n\n"
        "def name(s: Session):\n    return find(s, 1).name, find(s, 2).name, find.calls\n",
        "    async def __call__(self, *args):\n        self.calls += 1\n        return await self.function(*args)\n",
    ),
    "it remembers results": (
        WRAPS + "def remembered(f):\n    known = {}\n\n    @wraps(f)\n    def wrapper(s: Session, key: int):\n"
        "        if key not in known:\n            known[key] = f(s, key)\n        return known[key]\n\n"
        "    return wrapper\n\n\n@remembered\ndef find(s: Session, key: int):\n    return s.get(Author, key).name\n\n\n"
        "def name(s: Session):\n    return find(s, 1), find(s, 1), find(s, 2)\n",
        "            known[key] = await f(s, key)\n",
    ),
    "one stands on another": (
        GUARDED + "def twice(f):\n    @wraps(f)\n    def both(*args):\n        return f(*args), f(*args)\n\n"
        "    return both\n"
        "\n\n@twice\n@guarded\ndef find(s: Session, key: int):\n    return s.get(Author, key).name\n\n\n"
        "def name(s: Session):\n    return find(s, 2)\n",
        "        return await f(*args), await f(*args)\n",
    ),
    "it decorates both colours": (
        GUARDED + FIND + "@guarded\ndef double(number: int):\n    return 2 * number\n\n\n"
        "class Price:\n    @property\n    def doubled(self):\n        return double(2)\n\n\n"
        "def name(s: Session):\n    return find(s, 1).name, double(4), Price().doubled\n",
        "    if iscoroutinefunction(f):\n\n        @wraps(f)\n        async def wrapper(*args, **kwargs):\n"
        "            return await f(*args, **kwargs)\n\n        return wrapper\n\n    @wraps(f)\n    def wrapper(",
    ),
    "it serves both colours already": (
        "from inspect import iscoroutinefunction\n" + WRAPS + "def guarded(f):\n    if iscoroutinefunction(f):\n\n"
        "        @wraps(f)\n        async def later(*args):\n            return await f(*args)\n\n"
        "        return later\n\n"
        "    @wraps(f)\n    def wrapper(*args):\n        return f(*args)\n\n    return wrapper\n\n\n" + FIND + NAME,
        "    @wraps(f)\n    def wrapper(*args):\n        return f(*args)\n",
    ),
}


@pytest.mark.parametrize(("text", "written"), PROVED.values(), ids=PROVED)
def test_what_stands_in_its_place_awaits_it(text: str, written: str, tmp_path: Path) -> None:
    assert written in proved(tmp_path, text, "name(session)")


LEFT = {
    "a cache would keep coroutines": (
        "from functools import lru_cache\n\n\n@lru_cache\ndef find(s: Session, key: int):\n"
        "    return s.get(Author, key)\n",
        "would keep the coroutine",
    ),
    "it hands the function to a thread": (
        "def later(f):\n    def wrapper(pool, *args):\n        return pool.submit(f, *args)\n\n    return wrapper\n\n\n"
        "@later\ndef find(s: Session, key: int):\n    return s.get(Author, key)\n",
        "there it is handed to `pool.submit`",
    ),
    "it calls the function in a lambda": (
        "def later(f):\n    def wrapper(*args):\n        return lambda: f(*args)\n\n    return wrapper\n\n\n"
        "@later\ndef find(s: Session, key: int):\n    return s.get(Author, key)\n",
        "in a lambda",
    ),
    "it gives something else back": (
        "def described(f):\n    return (f, f.__doc__)\n\n\n@described\ndef find(s: Session):\n"
        "    return s.get(Author, 1)\n",
        "the decorator `described` may call it and not await it",
    ),
    "it decorates a generator": (
        GUARDED + "@guarded\ndef each(s: Session):\n    yield s.get(Author, 1)\n",
        "gets a generator",
    ),
    "its wrapper is a generator": (
        "def each(f):\n    def wrapper(*args):\n        yield f(*args)\n\n    return wrapper\n\n\n"
        "@each\ndef find(s: Session, key: int):\n    return s.get(Author, key)\n",
        "is a generator",
    ),
    "nothing tells what it commits": (
        "def committed(f):\n    def wrapper(request, *args):\n        result = f(request, *args)\n"
        "        request.session.commit()\n        return result\n\n    return wrapper\n\n\n"
        "@committed\ndef find(request, s: Session):\n    return s.get(Author, 1)\n",
        "nothing but its name tells that `request.session` in wrapper is a session",
    ),
    "it decorates both colours and does more": (
        "NAMES = []\n\n\ndef noted(f):\n    NAMES.append(f.__name__)\n\n    def wrapper(*args):\n"
        "        return f(*args)\n\n"
        "    return wrapper\n\n\n@noted\ndef find(s: Session, key: int):\n    return s.get(Author, key)\n\n\n"
        "@noted\ndef double(number: int):\n    return 2 * number\n",
        "give it a wrapper for each by hand",
    ),
    "it is also called by hand": (
        GUARDED + FIND + "def other(s: Session):\n    return s.get(Author, 2)\n\n\nrenamed = guarded(other)\n\n\n"
        "def name(s: Session):\n    return find(s, 1), renamed(s)\n",
        "given back, and who calls it then is not followed",
    ),
    "it comes from outside": (
        "from somewhere import decorated\n\n\n@decorated\ndef find(s: Session):\n    return s.get(Author, 1)\n",
        "the decorator `decorated` may call it and not await it",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_a_decorator_that_may_not_await_holds_the_family(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, text) == text
    assert any(reason in one for one in reasons(tmp_path, text)), reasons(tmp_path, text)


def test_a_decorator_of_plain_functions_stays_as_it_is(tmp_path: Path) -> None:
    text = GUARDED + "@guarded\ndef double(number: int):\n    return 2 * number\n\n\ndef find(s: Session):\n"
    "    s.commit()\n"
    assert body(tmp_path, text).startswith(GUARDED)
