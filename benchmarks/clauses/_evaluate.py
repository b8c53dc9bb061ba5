"""Evaluates queries of an application inside its own interpreter and notes the SQL; no database is opened.

Run as `python _evaluate.py ROOT JOBS RESULTS`. It needs Python 3.8 and the application's SQLAlchemy, 1.4 or later.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import json
import os
import re
import signal
import sys
import typing
import warnings
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import sqlalchemy
from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Query, Session
from sqlalchemy.sql import Select
from sqlalchemy.sql.elements import BindParameter, ClauseElement, ColumnElement
from sqlalchemy.sql.operators import ColumnOperators
from sqlalchemy.sql.selectable import LABEL_STYLE_TABLENAME_PLUS_COL, FromClause, ScalarSelect

RUNS = ("execute", "scalars", "scalar", "exec", "stream", "stream_scalars")
HARMLESS = ("len", "list", "tuple", "set", "frozenset", "dict", "str", "int", "float", "bool", "sorted", "zip", "range")
COLLECTIONS = (list, tuple, set, frozenset, sorted, dict, zip)
PATIENCE = 10


class Unknown(BindParameter):  # type: ignore[type-arg]
    """Stands for a value that only a running application has: a bind parameter that is named after its code."""

    inherit_cache = True

    def __init__(self, text: str) -> None:
        name = "p_{}_{:08x}".format(re.sub(r"\W+", "_", text)[:40], zlib.crc32(text.encode()))
        super().__init__(name, None, required=False)
        self.code = text

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        return f"<{self.code}>"


class Answer:
    """What a session gives back here: a result of which nothing is known."""

    _attributes: Mapping[str, Any] = MappingProxyType({})
    rowcount = Unknown("rowcount")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        again = name in ("scalars", "unique", "mappings", "tuples", "columns", "yield_per", "partitions", "close")
        return lambda *_, **__: self if again else Unknown("result")

    def __iter__(self) -> Any:
        return iter([Unknown("result[*]")])


class Noting(Session):
    """A session that notes the statements it is given, and gives back nothing that is known."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []

    def execute(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(statement, Unknown):
            self.noted.append(_sql(statement))
        return Answer()

    scalars = scalar = exec = stream = stream_scalars = execute

    def _get_impl(self, entity: Any, key: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        lock = kwargs.get("with_for_update")
        self.noted.append(f"GET {inspect(entity, raiseerr=True).class_.__name__} {_described(key)} {bool(lock)}")
        return Unknown("object")


class Rewrite(ast.NodeTransformer):
    """Calls go through a gate, sessions are replaced, awaiting is left out."""

    def __init__(self, session: str) -> None:
        self.session = session

    def visit_Await(self, node: ast.Await) -> Any:
        return self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> Any:
        words = [self.visit(arg) for arg in node.args]
        keywords = [ast.keyword(word.arg, self.visit(word.value)) for word in node.keywords]
        function = node.func
        if isinstance(function, ast.Attribute) and self._on_session(function.attr, node):
            function = ast.Attribute(ast.Name(self.session, ast.Load()), function.attr, ast.Load())
            return ast.Call(function, words, keywords)
        return _through("__call", self.visit(function), ast.Constant(_code(function)), *words, keywords=keywords)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        return _through("__attribute", self.visit(node.value), ast.Constant(node.attr))

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        self.generic_visit(node)
        if isinstance(node.slice, ast.Slice):
            return node
        old = type(node.slice).__name__ == "Index"  # before Python 3.9
        return _through("__item", node.value, node.slice.value if old else node.slice)  # type: ignore[attr-defined]

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        self.generic_visit(node)
        node.iter = _through("__each", node.iter)
        return node

    def visit_Starred(self, node: ast.Starred) -> Any:
        self.generic_visit(node)
        node.value = _through("__each", node.value)
        return node

    def _on_session(self, name: str, node: ast.Call) -> bool:
        if name == "get" and node.args:
            entity = str(getattr(node.args[0], "attr", None) or getattr(node.args[0], "id", ""))
            return entity[:1].isupper() and len(node.args) + len(node.keywords) > 1
        return name == "query" or (name in RUNS and bool(node.args))


def _through(gate: str, *args: Any, keywords: Any = ()) -> ast.Call:
    return ast.Call(ast.Name(gate, ast.Load()), list(args), list(keywords))


def _code(node: ast.expr) -> str:
    return ast.unparse(node) if hasattr(ast, "unparse") else ast.dump(node)


def _described(value: Any) -> str:
    if isinstance(value, Unknown):
        return str(value)
    if isinstance(value, (str, int, float, bool, type(None), bytes)):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_described(k)}: {_described(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ", ".join(_described(item) for item in value) + "]"
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, (ClauseElement, Query)) or hasattr(value, "__clause_element__"):
        return _sql(value)
    return type(value).__name__


def _sql(statement: Any) -> str:
    """The PostgreSQL text of a statement and the values it carries."""
    if isinstance(statement, Query):
        statement = statement.statement
    if hasattr(statement, "__clause_element__") and not isinstance(statement, ClauseElement):
        statement = statement.__clause_element__()
    if not isinstance(statement, ClauseElement):
        raise TypeError(f"{type(statement).__name__} is no statement")
    if isinstance(statement, FromClause) and not isinstance(statement, Select):
        statement = sqlalchemy.select(statement)
    if isinstance(statement, Select):
        statement = statement.set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)  # both interfaces alike
    compiled = statement.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    # a bind parameter without a value stands for something unknown, its name says which
    values = {key: _described(value) for key, value in compiled.params.items() if not key.startswith("p_")}
    return "{} {}".format(" ".join(str(compiled).split()), sorted(values.items()))


def _call(function: Any, code: str, *args: Any, **kwargs: Any) -> Any:
    """Call what belongs to SQLAlchemy or is known to be harmless; anything else is not run and stands for itself."""
    name = getattr(function, "__name__", "")
    if name == "options":
        args = tuple(arg for arg in args if not isinstance(arg, Unknown))  # made elsewhere; compared by their text
    elif name in ("in_", "not_in", "notin_"):
        args = tuple(_members(arg) for arg in args)
    collected = any(function is kind for kind in COLLECTIONS) and any(isinstance(arg, Unknown) for arg in args)
    if _allowed(function) and not collected:
        return function(*args, **kwargs)
    words = [_described(arg) for arg in args] + [f"{k}={_described(v)}" for k, v in kwargs.items()]
    return Unknown(f"{function.code if isinstance(function, Unknown) else code}({', '.join(words)})")


def _members(value: Any) -> Any:
    """What may stand in IN: arithmetic on unknown collections looks like SQL here, and is a collection."""
    computed = isinstance(value, ColumnElement) and not isinstance(value, (BindParameter, ScalarSelect))
    return Unknown(_sql(value)) if computed else value


def _attribute(value: Any, name: str) -> Any:
    if isinstance(value, Unknown) and name not in dir(ColumnOperators):
        return Unknown(f"{value.code}.{name}")
    return getattr(value, name)


def _item(value: Any, key: Any) -> Any:
    return Unknown(f"{value.code}[{_described(key)}]") if isinstance(value, Unknown) else value[key]


def _each(value: Any) -> Any:
    return [Unknown(value.code + "[*]")] if isinstance(value, Unknown) else value


def _allowed(function: Any) -> bool:
    if isinstance(function, Unknown) or function is typing.cast:
        return not isinstance(function, Unknown)
    name = getattr(function, "__name__", "")
    if getattr(builtins, name, None) is function:
        return name in HARMLESS
    if isinstance(function, type):
        return _ours(function) or issubclass(function, ClauseElement)
    owner = getattr(function, "__self__", None)
    if owner is not None and not isinstance(owner, type(os)):
        if isinstance(owner, type):
            return _ours(owner)
        return isinstance(owner, (str, list, dict, tuple, set)) or _ours(type(owner)) or _is_sql(owner)
    return _ours(function) or _ours(type(function))


def _is_sql(value: Any) -> bool:
    return isinstance(value, (ClauseElement, Query)) or hasattr(value, "__clause_element__")


def _ours(thing: Any) -> bool:
    module = getattr(thing, "__module__", None) or ""
    return module.partition(".")[0] in ("sqlalchemy", "sqlmodel", __name__)


GATES = {"__call": _call, "__attribute": _attribute, "__item": _item, "__each": _each}


class Scope:
    """The names of one job: what its module has, what its function made before, and the unknown rest."""

    def __init__(self, module: Any, local: list[str]) -> None:
        self.module, self.local = module, frozenset(local)
        self.session = Noting()
        self.values: dict[str, Any] = {}

    def run(self, step: dict[str, str]) -> Any:
        """Evaluate one expression, or do one import; a value that is no SQL is not kept under its name."""
        if step.get("import"):
            names: dict[str, Any] = {}
            exec(step["import"], {"__package__": self.module.__package__, "__name__": self.module.__name__}, names)
            self.values.update(names)
            return None
        value = self._evaluate(step["expression"])
        if step.get("name"):
            self.values[step["name"]] = value if _known(value) else Unknown(step["name"])
        return value

    def _evaluate(self, text: str) -> Any:
        tree = Rewrite("__session").visit(ast.parse("(" + text + "\n)", mode="eval"))
        ast.fix_missing_locations(tree)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        space = {name: self._value(name) for name in names}
        space.update({"__session": self.session, "__builtins__": {}}, **GATES)
        return eval(compile(tree, "<query>", "eval"), space)

    def _value(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        if name not in self.local:
            if hasattr(self.module, name):
                return getattr(self.module, name)
            if hasattr(builtins, name):
                return getattr(builtins, name)
        return Unknown(name)


def _known(value: Any) -> bool:
    """Whether a local variable may keep its value: SQL, a mapped class, a loader option, or a collection of those."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(_known(item) for item in value)
    if isinstance(value, Unknown):
        return False
    return _is_sql(value) or inspect(value, raiseerr=False) is not None or _ours(type(value))


def _result(job: dict[str, Any]) -> dict[str, Any]:
    module = importlib.import_module(job["module"])
    scope = Scope(module, job["local"])
    for step in job["before"]:
        try:
            scope.run(step)
        except Exception:
            scope.values[step.get("name", "")] = Unknown(step.get("name", ""))
    scope.session.noted.clear()
    value = scope.run({"expression": job["expression"]})
    if isinstance(value, Query):
        list(value)
    elif _is_sql(value) and not isinstance(value, Unknown):
        scope.session.noted.append(_sql(value))
    return {"sql": scope.session.noted}


def _guarded(job: dict[str, Any]) -> dict[str, Any]:
    signal.alarm(PATIENCE)
    try:
        return _result(job)
    except BaseException as error:
        return {"error": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
    finally:
        signal.alarm(0)


def _import(module: str) -> None:
    try:
        importlib.import_module(module)
    except BaseException:  # said again, and reported, by the jobs that need it
        sys.modules.pop(module, None)


def _too_long(*_: Any) -> None:
    raise TimeoutError("took too long")


def main(arguments: list[str]) -> None:
    """Read the jobs, write one result for each."""
    root, jobs, results = arguments
    sys.path[0] = root
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _too_long)
    todo = json.loads(Path(jobs).read_text(encoding="utf-8"))
    for job in todo:
        _import(job["module"])  # all of them first: mapped classes name each other, and imports may take long
    done = [_guarded(job) for job in todo]
    Path(results).write_text(json.dumps(done), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
