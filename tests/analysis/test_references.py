"""Every place that names a class, and what it does with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition

Build = Callable[[Mapping[str, str]], Project]
ROLES = {
    "import m\nm.A(1)": ["called"],
    "from m import A\nA[int](1)": ["called"],
    "from m import A as B\nB()": ["called"],
    "from api import A\nA()": ["called"],
    "from m import A\nclass B(A): pass": ["base"],
    "from m import A\ndef f(x: A) -> list[A]: ...": ["annotation", "annotation"],
    "from m import A\nx: A | None = None": ["annotation"],
    "from m import A\nisinstance(1, (A, int))": ["tested"],
    "from m import A\ntry: pass\nexcept A: pass": ["tested"],
    "from m import A\nA.name": ["member"],
    "from m import A\nDepends(A)": ["value"],
    "from m import A\nx = {'a': A}": ["value"],
    "from m import A\nclass B(metaclass=A): pass": ["value"],
    "from m import A\ndef f():\n    from m import A\n    A()": ["called"],
}
OTHERS = [
    "class A: pass\nA()",
    "from elsewhere import A\nA()",
    "from m import A\ndef f(A): A()",
    "x.A()",
    "from m import A",
    "import sqlalchemy\nsqlalchemy.A()",
]


def roles(build: Build, text: str) -> list[str]:
    project = build({"m.py": "class A: pass\n", "api.py": "from m import A\n", "main.py": text})
    module = project.module("m.py")
    found = project.references.of(Definition(module, "A", module.definitions["A"]))
    return [use.role for use in found if use.module.path == "main.py"]


@pytest.mark.parametrize(("text", "expected"), ROLES.items(), ids=ROLES)
def test_a_use_says_what_it_does_with_the_class(build: Build, text: str, expected: list[str]) -> None:
    assert roles(build, text) == expected


@pytest.mark.parametrize("text", OTHERS)
def test_another_name_is_no_use(build: Build, text: str) -> None:
    assert roles(build, text) == []
