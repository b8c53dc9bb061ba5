"""Who calls whom: each kind of edge, how sure it is, and what is no edge."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier

Build = Callable[[Mapping[str, str]], Project]


@pytest.fixture
def edges(build: Build) -> Callable[..., list[str]]:
    """Every edge as `caller > callee kind tier given_to`, calls proved and given to nobody in short."""

    def told(text: str, **others: str) -> list[str]:
        project = build({"main.py": text} | {f"{name}.py": other for name, other in others.items()})
        found = []
        for edge in project.callgraph.edges:
            more = [edge.kind] if edge.kind != "call" else []
            more += [edge.tier.name.lower()] if edge.tier is not Tier.PROVED else []
            more += [f"to {edge.given_to}"] if edge.given_to else []
            found.append(" ".join([f"{edge.caller.symbol} > {edge.callee.symbol}", *more]))
        return found

    return told


CALLS = {
    "a function": ("def f(): pass\ndef g(): f()", ["g > f"]),
    "a nested function": ("def g():\n    def f(): pass\n    f()", ["g > g.f"]),
    "at import": ("def f(): pass\nf()", ["<module> > f"]),
    "under a second name": ("def f(): pass\nh = f\ndef g(): h()", ["g > f", "<module> > f reference"]),
    "a partial": (
        "from functools import partial\ndef f(a): pass\ndef g():\n    h = partial(f, 1)\n    h()",
        ["g > f", "g > f reference"],
    ),
    "a method on self": ("class A:\n    def f(self): pass\n    def g(self): self.f()", ["A.g > A.f"]),
    "a method of a base": ("class B:\n    def f(self): pass\nclass A(B):\n    def g(self): self.f()", ["A.g > B.f"]),
    "what overrides a method": (
        "class A:\n    def f(self): pass\n    def g(self): self.f()\nclass B(A):\n    def f(self): pass",
        ["A.g > A.f", "A.g > B.f"],
    ),
    "super": (
        "class B:\n    def f(self): pass\nclass A(B):\n    def f(self): super().f()",
        ["A.f > B.f"],
    ),
    "a static call": ("class A:\n    def f(self): pass\ndef g(a): A.f(a)", ["g > A.f"]),
    "an annotated receiver": ("class A:\n    def f(self): pass\ndef g(a: A): a.f()", ["g > A.f"]),
    "a constructed receiver": (
        "class A:\n    def f(self): pass\ndef g():\n    a = A()\n    a.f()",
        ["g > A.f"],
    ),
    "a service of the module": (
        "class A:\n    def f(self): pass\nservice = A()\ndef g(): service.f()",
        ["g > A.f"],
    ),
    "an attribute of self": (
        "class A:\n    def f(self): pass\nclass B:\n    def __init__(self): self.a = A()\n    def g(self): self.a.f()",
        ["B.g > A.f"],
    ),
    "a receiver that every call gives": (
        "class A:\n    def f(self): pass\ndef g(a): a.f()\ndef h(): g(A())",
        ["g > A.f inferred", "h > g"],
    ),
    "a receiver by name only": (
        "class A:\n    def fetch_it(self): pass\ndef g(a): a.fetch_it()",
        ["g > A.fetch_it by_name"],
    ),
    "an inner call of a lambda": ("def f(): pass\ndef g(): return lambda: f()", ["g > f"]),
    "an instance": ("class A:\n    def __call__(self): pass\na = A()\ndef g(): a()", ["g > A.__call__"]),
}


@pytest.mark.parametrize(("text", "expected"), CALLS.values(), ids=CALLS)
def test_a_call_leads_to_what_it_runs(edges: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    assert edges(text) == expected


OTHERS = {
    "a constructor": ("class A:\n    def __init__(self): pass\ndef g(): A()", ["g > A.__init__ constructor"]),
    "an inherited constructor": (
        "class B:\n    def __init__(self): pass\nclass A(B): pass\ndef g(): A()",
        ["g > B.__init__ constructor"],
    ),
    "a property": ("class A:\n    @property\n    def p(self): pass\ndef g(a: A): return a.p", ["g > A.p property"]),
    "a with statement": (
        "class A:\n    def __enter__(self): pass\n    def __exit__(self, *e): pass\ndef g():\n    with A(): pass",
        ["g > A.__enter__ context", "g > A.__exit__ context"],
    ),
    "a dependency": (
        "from fastapi import Depends\ndef f(): pass\ndef g(x=Depends(f)): pass",
        ["<module> > f reference to Depends"],
    ),
    "a class found in an annotation": (
        "from typing import Annotated\nfrom fastapi import Depends\nclass A:\n    def __init__(self): pass\n"
        "def g(x: Annotated[A, Depends()]): pass",
        ["<module> > A.__init__ reference to Depends"],
    ),
    "a class found in a parameter": (
        "from fastapi import Depends\nclass A:\n    def __init__(self): pass\ndef g(x: A = Depends()): pass",
        ["<module> > A.__init__ reference to Depends"],
    ),
    "a task": ("def f(): pass\ndef g(tasks): tasks.add_task(f, 1)", ["g > f reference to tasks.add_task"]),
    "a key": (
        "def f(x): pass\ndef g(xs): return sorted(xs, key=f)",
        ["g > f applied", "g > f reference to sorted"],
    ),
    "a function from a table": (
        "def f(): pass\nTABLE = {'f': f}\ndef g(): return TABLE['f']()",
        ["g > f", "<module> > f reference"],
    ),
    "a table of functions": ("def f(): pass\nTABLE = {'f': f}", ["<module> > f reference"]),
    "a decorator": (
        "def wrap(f): return f\n@wrap\ndef f(): pass",
        ["<module> > wrap reference"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_plain_call_has_a_kind(edges: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    assert edges(text) == expected


ABROAD = {
    "imported": "from other import f\ndef g(): f()",
    "imported with its module": "import other\ndef g(): other.f()",
    "imported inside": "def g():\n    from other import f\n    f()",
    "passed on by a package": "from api import f\ndef g(): f()",
}


@pytest.mark.parametrize("text", ABROAD.values(), ids=ABROAD)
def test_imports_and_re_exports_are_followed(edges: Callable[..., list[str]], text: str) -> None:
    assert edges(text, other="def f(): pass", api="from other import f") == ["g > f"]


NOTHING = {
    "a method of a list": "class A:\n    def append(self, x): pass\ndef g(xs): xs.append(1)",
    "a method of another class": "class A:\n    def fetch_it(self): pass\nclass B: pass\ndef g(b: B): b.fetch_it()",
    "a method of two families": "class A:\n    def fetch_it(self): pass\nclass B:\n    def fetch_it(self): pass\n"
    "def g(a): a.fetch_it()",
    "a method of a library": "import requests\nclass A:\n    def fetch_it(self): pass\ndef g(): requests.fetch_it()",
    "a parameter of the same name": "def f(): pass\ndef g(f): f()",
    "an annotation": "class A:\n    def __init__(self): pass\ndef g(a: A) -> A: ...",
    "a base class": "class A:\n    def __init__(self): pass\nclass B(A): pass",
    "a property of another class": "class A:\n    @property\n    def p(self): pass\nclass B: pass\n"
    "def g(b: B): return b.p",
    "an assignment to a property": "class A:\n    @property\n    def p(self): pass\ndef g(a: A): a.p = 1",
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_what_runs_no_function_of_the_project_is_no_edge(edges: Callable[..., list[str]], text: str) -> None:
    assert edges(text) == []


def test_who_reaches_a_function_is_told_with_the_first_edge_of_a_way(build: Build) -> None:
    project = build(
        {"main.py": "def a(): pass\ndef b(): a()\ndef c(): b()\ndef d(): pass\ndef e(x=outside(key=a)): pass"}
    )
    graph = project.callgraph
    start = next(one.node for one in graph.functions.values() if one.symbol == "a")
    found = {graph.functions[node].symbol: edge.callee.symbol for node, edge in graph.reaching([start]).items()}
    assert found == {"b": "a", "c": "b"}


def test_edges_by_name_count_only_where_they_are_asked_for(build: Build) -> None:
    project = build({"main.py": "class A:\n    def fetch_it(self): pass\ndef g(a): a.fetch_it()"})
    graph = project.callgraph
    start = next(one.node for one in graph.functions.values() if one.symbol == "A.fetch_it")
    assert not graph.reaching([start])
    assert len(graph.reaching([start], Tier.BY_NAME)) == 1
