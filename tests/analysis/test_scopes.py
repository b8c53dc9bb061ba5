"""Where a name in a function gets its value, and who is around a node."""

from __future__ import annotations

import ast
import textwrap

import pytest

from helpers.analysis.scopes import Scopes
from helpers.analysis.symbols import Module


def scopes(text: str) -> Scopes:
    return Scopes(Module("app.py", "app", ast.parse(textwrap.dedent(text))))


def name(found: Scopes, identifier: str) -> ast.Name:
    """The last reading of a name."""
    nodes = found.module.nodes.of(ast.Name)
    return [node for node in nodes if node.id == identifier and isinstance(node.ctx, ast.Load)][-1]


def kinds(text: str, identifier: str = "x") -> list[str]:
    """How `identifier` is bound where it is read last."""
    found = scopes(text)
    return [binding.kind for binding in found.lookup(identifier, name(found, identifier))]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x = 1", ["value"]),
        ("x: int = 1", ["value"]),
        ("x: int", ["value"]),
        ("(x := 1)", ["value"]),
        ("x = y = 1", ["value"]),
        ("x, y = 1, 2", ["value"]),
        ("x, y = both()", ["changed"]),
        ("x, *y = 1, 2", ["changed"]),
        ("*x, y = 1, 2", ["changed"]),
        ("x += 1", ["changed"]),
        ("for x in many: pass", ["item"]),
        ("for x, y in many: pass", ["changed"]),
        ("for x, y in [one, two]: pass", ["changed"]),
        ("[1 for x in many]", ["item"]),
        ("with make() as x: pass", ["context"]),
        ("with make() as (x, y): pass", ["changed"]),
        ("try: pass\n    except E as x: pass", ["changed"]),
        ("match y:\n        case x: pass", ["changed"]),
        ("match y:\n        case [*x]: pass", ["changed"]),
        ("match y:\n        case {**x}: pass", ["changed"]),
        ("import x", ["import"]),
        ("import x.y", ["import"]),
        ("from m import y as x", ["import"]),
        ("def x(): pass", ["definition"]),
        ("class x: pass", ["definition"]),
        ("if y: x = 1\n    else: x = 2", ["value", "value"]),
        ("x = 1\n    x += 1", ["value", "changed"]),
    ],
)
def test_every_way_a_function_binds_a_name_is_seen(body: str, expected: list[str]) -> None:
    assert kinds(f"def f():\n    {body}\n    return x\n") == expected


@pytest.mark.parametrize("arguments", ["x", "x, /", "*, x", "*x", "**x", "x=1"])
def test_a_parameter_binds(arguments: str) -> None:
    assert kinds(f"def f({arguments}):\n    return x\n") == ["parameter"]
    assert kinds(f"f = lambda {arguments}: x\n") == ["parameter"]


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\ndef f():\n    return x\n",
        "def f():\n    x = 1\ndef g():\n    return x\n",
        "def f():\n    def g():\n        x = 1\n    return x\n",
        "def f():\n    class C:\n        x = 1\n    return x\n",
        "def f():\n    g = lambda x: 1\n    return x\n",
        "def f(x):\n    pass\nx\n",
        "def f(y=x):\n    x = 1\n",
        "@x\ndef f(x):\n    pass\n",
        "def f(y: x):\n    x = 1\n",
        "def f(x) -> x:\n    pass\n",
        "f = lambda x, y=x: 1\n",
        "class C:\n    x = 1\n    def f(self):\n        return x\n",
        "def f():\n    o.x = 1\n    o['x'] = 1\n    return x\n",
        "def f():\n    del x\n    return x\n",
    ],
)
def test_a_name_that_no_function_around_binds_is_the_modules(text: str) -> None:
    assert kinds(text) == []


def test_the_innermost_function_that_binds_a_name_hides_the_others() -> None:
    assert kinds("def f(x):\n    def g():\n        x = 1\n        return x\n") == ["value"]
    assert kinds("def f(x):\n    def g():\n        return x\n") == ["parameter"]


def test_each_part_of_a_written_out_pair_gets_its_own_value() -> None:
    found = scopes("def f():\n    x, (y, z) = one, (two, three)\n    return x, y, z\n")
    values = [found.lookup(part, name(found, part))[0].value for part in "xyz"]
    assert [ast.unparse(value) for value in values if value] == ["one", "two", "three"]


def test_loops_and_with_statements_of_the_module_are_known_by_name() -> None:
    found = scopes("with make() as x: pass\nfor y in many: pass\ndef f(z): pass\n")
    assert [[binding.kind for binding in found.top_level(part)] for part in "xyz"] == [["context"], ["item"], []]


def test_a_function_gives_its_own_returns_and_yields_and_no_others() -> None:
    text = (
        "def f():\n    def g():\n        return 1\n    h = lambda: (yield 2)\n"
        "    yield 3\n    yield from g()\n    return 4\n"
    )
    found = scopes(text)
    function = found.module.tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    assert [ast.unparse(node) for node in found.results(function)] == ["(yield 3)", "(yield from g())", "return 4"]


def test_a_symbol_is_the_path_of_names_around() -> None:
    found = scopes("class A:\n    def f(self):\n        def g():\n            return x\n")
    assert found.symbol(name(found, "x")) == "A.f.g"
    owner = found.owner(name(found, "x"))
    assert owner is found.module.tree.body[0]


def test_a_node_outside_every_function_and_class_is_the_modules() -> None:
    found = scopes("x\n")
    assert found.symbol(name(found, "x")) == "<module>"
    assert (found.owner(name(found, "x")), found.function(name(found, "x"))) == (None, None)
    assert list(found.ancestors(found.module.tree)) == []


def test_every_node_has_a_parent_that_has_it() -> None:
    found = scopes("def f(a, *b, c=1, **d) -> int:\n    return [x for x in {**y, 'z': f'{w!r}'} if -x < 1 and not x]\n")
    for child, parent in found.parents.items():
        assert any(child is node for node in ast.iter_child_nodes(parent))
    seen = {node for node in ast.walk(found.module.tree) if hasattr(node, "lineno")}
    assert seen <= set(found.parents)
