"""Which class a name is an instance of, by the conditions around it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from helpers.analysis.narrowed import narrowed
from helpers.analysis.project import load_project

HEAD = "from kedro import Base\n\n\nclass Store(Base):\n    def save(self): ...\n\n\n"
PROVED = {
    "below a condition": "    if isinstance(one, Store):\n        one.save()\n",
    "below a part of one": "    if one.ready and isinstance(one, Store) and one.open:\n        one.save()\n",
    "deeper": "    if isinstance(one, Store):\n        for _ in one:\n            one.save()\n",
    "in a condition of its own": "    return isinstance(one, Store) and one.save()\n",
    "in an expression": "    return one.save() if isinstance(one, Store) else None\n",
}
OPEN = {
    "in the other branch": "    if isinstance(one, Store):\n        pass\n    else:\n        one.save()\n",
    "behind the condition": "    if isinstance(one, Store):\n        pass\n    one.save()\n",
    "it is given something else": "    if isinstance(one, Store):\n        one = other\n        one.save()\n",
    "another name": "    if isinstance(other, Store):\n        one.save()\n",
    "one of several": "    if isinstance(one, (Store, str)):\n        one.save()\n",
    "or something else": "    if isinstance(one, Store) or one.open:\n        one.save()\n",
    "not": "    if not isinstance(one, Store):\n        one.save()\n",
    "in front of the question": "    return one.save() and isinstance(one, Store)\n",
    "a class from outside": "    if isinstance(one, Base):\n        one.save()\n",
    "in a function inside": "    if isinstance(one, Store):\n        return lambda: one.save()\n",
}


def classes(folder: Path, body: str) -> list[str]:
    """The class that is found for the `one` whose `save` is called."""
    (folder / "app.py").write_text(f"{HEAD}def run(one: Base, other):\n{body}")
    project = load_project(folder)
    module = project.module("app.py")
    called = [node.func for node in module.nodes.of(ast.Call) if isinstance(node.func, ast.Attribute)]
    found = [narrowed(project, one.value, module) for one in called if isinstance(one.value, ast.Name)]
    return [one.name if one else "" for one in found]


@pytest.mark.parametrize("body", PROVED.values(), ids=PROVED)
def test_a_condition_tells_the_class(body: str, tmp_path: Path) -> None:
    assert classes(tmp_path, body) == ["Store"]


@pytest.mark.parametrize("body", OPEN.values(), ids=OPEN)
def test_no_class_is_told_where_the_condition_may_not_hold(body: str, tmp_path: Path) -> None:
    assert classes(tmp_path, body) == [""]
