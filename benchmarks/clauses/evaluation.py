"""Has the queries of two trees evaluated by the application's own interpreter, and compares what they compile to."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clauses import _evaluate
from benchmarks.clauses.pairing import Pair, Placed
from benchmarks.trees import python_files
from helpers.lab.labels import without_labels

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Job = dict[str, object]
_MAPPED = (b"__tablename__", b"relationship(", b"Column(", b"mapped_column(")


class EvaluationError(Exception):
    """The application's interpreter did not answer; `str()` says what it said."""


@dataclass(frozen=True)
class Interpreter:
    """Where queries are evaluated: a Python that has the application's packages, and the folder of its imports."""

    python: Path
    root: str = "."
    seconds: float = 600


@dataclass(frozen=True)
class Seen:
    """What a query compiled to: its statements, or why it could not be evaluated."""

    sql: tuple[str, ...] = ()
    error: str = ""

    @property
    def evaluated(self) -> bool:
        """Whether there is SQL to compare."""
        return bool(self.sql) and not self.error


def evaluate(tree: Path, placed: Sequence[Placed], interpreter: Interpreter) -> list[Seen]:
    """The SQL of queries of one tree, in their order. EvaluationError."""
    if not placed:
        return []
    sources: dict[str, _Source] = {}
    jobs = []
    for item in placed:
        if item.path not in sources:
            sources[item.path] = _Source(tree / item.path)
        jobs.append(sources[item.path].job(item, interpreter.root))
    return [
        _seen(result) for result in _ask(tree, [*_mapped(tree, interpreter.root), *jobs], interpreter)[-len(jobs) :]
    ]


def _mapped(tree: Path, root: str) -> Iterator[Job]:
    """Jobs that do no more than import the modules with mapped classes, which name each other in strings."""
    for path in python_files(tree / root):
        if any(word in (tree / root / path).read_bytes() for word in _MAPPED):
            yield {"module": _module(path, "."), "local": [], "before": [], "expression": "None"}


def same_text(old: Seen, new: Seen) -> bool:
    """Whether both compiled to the same statements with the same values, the labels of columns left out."""
    return [*map(without_labels, old.sql)] == [*map(without_labels, new.sql)]


def worth_evaluating(pair: Pair) -> bool:
    """A pair that has both sides, and one of them changed or goes on from something that may have changed."""
    return pair.new is not None and not (pair.left and pair.old.chain.root is None)


def _seen(result: Mapping[str, object]) -> Seen:
    if error := result.get("error"):
        return Seen(error=str(error))
    sql = result.get("sql")
    return Seen(tuple(map(str, sql)) if isinstance(sql, list) else ())


def _ask(tree: Path, jobs: Sequence[Job], interpreter: Interpreter) -> list[dict[str, object]]:
    root = (tree / interpreter.root).resolve()
    with tempfile.TemporaryDirectory(prefix="clauses-") as folder:
        asked, answered = Path(folder) / "jobs.json", Path(folder) / "results.json"
        asked.write_text(json.dumps(jobs), encoding="utf-8")
        command = [interpreter.python.absolute(), Path(_evaluate.__file__).resolve(), root, asked, answered]
        environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1",
                       "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}  # fmt: skip
        done = subprocess.run(
            [*map(str, command)], cwd=root, env=environment, capture_output=True, text=True, check=False,
            timeout=interpreter.seconds,
        )  # fmt: skip
        if done.returncode or not answered.exists():
            said = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise EvaluationError(f"{interpreter.python}: exit {done.returncode}: {said}")
        found: list[dict[str, object]] = json.loads(answered.read_text(encoding="utf-8"))
        return found


class _Source:
    """One module as it was written, for the text of expressions and what stands before them."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_bytes().decode("utf-8", errors="replace")
        self.lines = self.text.splitlines(keepends=True)
        self.tree = ast.parse(self.text)

    def job(self, item: Placed, root: str) -> Job:
        around = list(self._around(item.chain.node))
        local = sorted({name for function in around for name in _locals(function)})
        steps = self._steps(item, around)
        return {
            "module": _module(item.path, root), "local": local, "before": steps,
            "expression": self._segment(item.chain.node),
        }  # fmt: skip

    def _around(self, node: ast.expr) -> Iterator[Function]:
        """The functions around a place, the outermost first."""
        for function in ast.walk(self.tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and _within(node, function):
                yield function

    def _steps(self, item: Placed, around: Sequence[Function]) -> list[dict[str, str]]:
        """The assignments and imports in the functions around that the query's names depend on, in order."""
        needed = _names(item.chain.node)
        steps: list[dict[str, str]] = []
        statements = [node for function in around for node in ast.walk(function) if isinstance(node, ast.stmt)]
        earlier = [node for node in statements if (node.end_lineno or 0) < item.chain.node.lineno]
        for node in sorted(set(earlier), key=lambda node: node.lineno, reverse=True):
            if isinstance(node, ast.Import | ast.ImportFrom):
                if needed & {(alias.asname or alias.name) for alias in node.names}:
                    steps.append({"import": ast.unparse(node)})
            elif (name := _target(node)) in needed and (value := getattr(node, "value", None)) is not None:
                steps.append({"name": name, "expression": self._segment(value)})
                needed |= _names(value)
        return steps[::-1]

    def _segment(self, node: ast.expr) -> str:
        return ast.get_source_segment(self.text, node) or ""


def _module(path: str, root: str) -> str:
    relative = Path(path).relative_to(root) if root != "." else Path(path)
    parts = relative.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _target(node: ast.stmt) -> str:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


def _names(node: ast.AST) -> set[str]:
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}


def _within(node: ast.expr, function: Function) -> bool:
    body = function.body if isinstance(function.body, list) else [function.body]
    start, stop = (body[0].lineno, body[0].col_offset), (body[-1].end_lineno or 0, body[-1].end_col_offset or 0)
    return start <= (node.lineno, node.col_offset) and (node.end_lineno or 0, node.end_col_offset or 0) <= stop


def _locals(function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
