"""Trees of files: copy one, compare two byte by byte, count what is in one."""

from __future__ import annotations

import ast
import re
import shutil
import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks.facts import App
from helpers.model import digest

LEFT_OUT = (
    ".git", ".venv", "venv", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox",
    ".workbook", ".coverage",
)  # fmt: skip
CALL = re.compile(r"\.query\(")


def copy_tree(source: Path, target: Path) -> Path:
    """Copy `source` to `target` without version control, environments and caches; symbolic links stay links."""
    return Path(shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT)))


def digests(root: Path, *, leave: frozenset[str] = frozenset()) -> dict[str, str]:
    """SHA-256 of every regular file below `root` by relative path, and the target of every symbolic link."""
    found = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_symlink():
            found[relative.as_posix()] = f"-> {path.readlink()}"
        elif path.is_file() and leave.isdisjoint(relative.parts):
            found[relative.as_posix()] = digest(path.read_bytes())
    return found


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """One line for each file that is gone, new or changed, in order of path."""
    words = {(True, False): "gone", (False, True): "new", (True, True): "changed"}
    paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return tuple(f"{words[path in before, path in after]} {path}" for path in paths)


def put_back(app: App, before: Path, into: Path) -> int:
    """Give `into` the application's tests as they are in `before`; returns how many files differed."""
    changed = 0
    for path in python_files(before):
        original = before / path
        if app.area(path) == "tests" and original.read_bytes() != (into / path).read_bytes():
            shutil.copyfile(original, into / path)
            changed += 1
    return changed


def count_queries(app: App, root: Path) -> dict[str, int]:
    """Calls of a method named query below `root`, by area of the application."""
    found: Counter[str] = Counter()
    for path in python_files(root):
        found[app.area(path)] += queries_in((root / path).read_bytes())
    return dict(found)


def queries_in(data: bytes) -> int:
    """Calls of a method named query in one module; by text alone where this Python cannot parse it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(data)
    except (SyntaxError, ValueError):
        return len(CALL.findall(data.decode("utf-8", errors="replace")))
    return sum(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "query"
        for node in ast.walk(tree)
    )


def python_files(root: Path) -> list[str]:
    """Every Python file below `root`, relative to it, without environments and caches."""
    files = (path.relative_to(root) for path in root.rglob("*.py") if path.is_file() and not path.is_symlink())
    return sorted(path.as_posix() for path in files if set(LEFT_OUT).isdisjoint(path.parts))
