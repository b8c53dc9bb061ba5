"""The flip of functions that are kept as values: tables, `partial`, functions that are handed to functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, proved, reasons

FIND = "def find(s: Session):\n    return s.get(Author, 1).name\n\n\n"
PLAIN = "def plain(s: Session):\n    return 'plain'\n\n\n"
REGISTER = (
    "TABLE = {}\n\n\ndef named(name):\n    def decorate(f):\n        TABLE[name] = f\n        return f\n\n"
    "    return decorate\n"
    "\n\n@named('find')\ndef find(s: Session):\n    return s.get(Author, 1).name\n\n\n"
    "@named('plain')\ndef plain(s: Session):\n    return 'plain'\n\n\n"
)
PROVED = {
    "a table in the module": (
        FIND + PLAIN + "TABLE = {'find': find, 'plain': plain}\n\n\n"
        "def name(s: Session):\n    return TABLE['find'](s), [step(s) for step in TABLE.values()]\n",
        "    return await TABLE['find'](s), [await step(s) for step in TABLE.values()]\n",
    ),
    "a table that a decorator fills": (
        REGISTER + "def name(s: Session):\n    return {key: step(s) for key, step in TABLE.items()}\n",
        "    return {key: await step(s) for key, step in TABLE.items()}\n",
    ),
    "what is looked up is given a name": (
        REGISTER + "def name(s: Session):\n    step = TABLE.get('find')\n    if step is None:\n        return None\n"
        "    return step(s)\n",
        "    return await step(s)\n",
    ),
    "a list of steps": (
        FIND + PLAIN + "def name(s: Session):\n    told = []\n    for step in (find, plain):\n"
        "        told.append(step(s))\n    return told\n",
        "        told.append(await step(s))\n",
    ),
    "a list that grows": (
        FIND + PLAIN + "STEPS = []\nSTEPS.append(find)\n\n\ndef name(s: Session):\n"
        "    return [step(s) for step in STEPS]\n",
        "    return [await step(s) for step in STEPS]\n",
    ),
    "partly applied": (
        "from functools import partial\n\n\ndef find(s: Session, key: int):\n    return s.get(Author, key).name\n\n\n"
        "def name(s: Session):\n    one = partial(find, s)\n    return [one(key) for key in (2, 1)]\n",
        "    return [await one(key) for key in (2, 1)]\n",
    ),
    "handed to a function that calls it": (
        FIND + "def twice(step, s: Session):\n    return step(s), step(s)\n\n\n"
        "def name(s: Session):\n    return twice(find, s)\n",
        "    return await step(s), await step(s)\n",
    ),
    "one of two": (
        FIND + PLAIN + "def name(s: Session):\n    step = find if s is not None else plain\n    return step(s)\n",
        "    return await step(s)\n",
    ),
    "kept by an instance": (
        FIND + "class Step:\n    def __init__(self, run):\n        self.run = run\n\n"
        "    def do(self, s: Session):\n        return self.run(s)\n\n\ndef name(s: Session):\n"
        "    return Step(find).do(s)\n",
        "        return await self.run(s)\n",
    ),
}


@pytest.mark.parametrize(("text", "written"), PROVED.values(), ids=PROVED)
def test_the_call_of_the_value_is_awaited(text: str, written: str, tmp_path: Path) -> None:
    assert written in proved(tmp_path, text, "name(session)")


HANDED = "def run(s: Session, outside):\n"
LEFT = {
    "a table that is handed on": (
        FIND + "TABLE = {'find': find}\n\n\ndef run(s: Session, outside):\n    outside(TABLE)\n    TABLE['find'](s)\n",
        "not every place is in sight|kept with others",
    ),
    "a table that others fill": (
        FIND + "TABLE = {'find': find}\n\n\ndef run(s: Session, outside):\n    TABLE.update(outside)\n"
        "    TABLE['find'](s)\n",
        "not in sight|kept in what",
    ),
    "a table with a function from outside": (
        FIND + "from somewhere import other\n\nTABLE = {'find': find, 'other': other}\n\n\n"
        "def run(s: Session):\n    TABLE['find'](s)\n",
        "with others that are not in sight",
    ),
    "a table with a lambda": (
        FIND + "TABLE = {'find': find, 'other': lambda s: 1}\n\n\ndef run(s: Session):\n    TABLE['find'](s)\n",
        "with others that are not in sight",
    ),
    "a table that nobody reads": (FIND + "TABLE = {'find': find}\n", "kept as a value"),
    "a function that is given back": (
        FIND + "def choose():\n    return find\n\n\ndef run(s: Session):\n    return choose()(s)\n",
        "given back",
    ),
    "an attribute that others read": (
        FIND + "class Step:\n    def __init__(self):\n        self.run = find\n\n\n"
        "def run(s: Session):\n    return Step().run(s)\n",
        "which others may call",
    ),
    "a sort key": (
        "def age(s: Session):\n    return s.get(Author, 1).born\n\n\ndef run(rows, s: Session):\n"
        "    s.flush()\n    rows.sort(key=age)\n",
        "handed to `rows.sort`",
    ),
    "a parameter that others give something else": (
        FIND + "def call(step, s: Session):\n    return step(s)\n\n\n"
        "def run(s: Session, outside):\n    return call(find, s), call(outside, s)\n",
        "with others that are not in sight",
    ),
    "a value of which another is needed at once": (
        FIND + PLAIN + "class Price:\n    @property\n    def told(self):\n        return plain(None)\n\n\n"
        "def run(s: Session):\n    return [step(s) for step in (find, plain)]\n",
        "a property cannot be awaited",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_a_value_that_goes_out_of_sight_holds_the_family(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, text) == text
    assert any(part in one for one in reasons(tmp_path, text) for part in reason.split("|")), reasons(tmp_path, text)
