"""Which files belong to an application: what git tracks or does not ignore, or else what lies in the folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Set
from pathlib import Path

import pathspec

_UNLESS_PACKAGES = frozenset({"env", "build", "dist"})
_NEVER = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "site-packages", "node_modules", "__pycache__"}
    | {".tox", ".nox", ".eggs", ".workbook", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"}
)
# a hook points git at the repository that it runs for, which need not be the one that is asked about
_OF_A_HOOK = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"}
)


def application_files(root: Path) -> tuple[str, ...]:
    """Relative paths of the files that belong to the application, sorted: what git ignores is not among them.

    A folder that cannot be read is named with a slash behind it. OSError when `root` itself cannot be read.
    """
    listed = _git_files(root)
    names = set(listed if listed is not None else _walked(root))
    virtual = tuple(name.removesuffix("pyvenv.cfg") for name in names if name.endswith("/pyvenv.cfg"))
    wanted = (name for name in names if not name.startswith(virtual))
    return tuple(sorted(name for name in wanted if not _left_out(name, names)))


def python_files(root: Path) -> Iterator[str]:
    """Those of them that are Python, and the folders that cannot be read."""
    return (name for name in application_files(root) if name.endswith((".py", "/")))


def _left_out(name: str, names: Set[str]) -> bool:
    """Whether a file lies in a folder that is never the application's; a package may be called `build`."""
    parts = name.split("/")[:-1]
    return any(
        part in _NEVER or (part in _UNLESS_PACKAGES and f"{'/'.join(parts[: index + 1])}/__init__.py" not in names)
        for index, part in enumerate(parts)
    )


def _git_files(root: Path) -> list[str] | None:
    """What git tracks or does not ignore, or None where git has no say: no repository, or one that ignores `root`."""
    git = shutil.which("git")
    if not git:
        return None
    environment = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}

    def ask(*words: str) -> subprocess.CompletedProcess[bytes]:
        command = [str(git), "-C", str(root), *words]
        return subprocess.run(command, capture_output=True, check=False, env=environment)

    ignored = ask("check-ignore", "-q", ".").returncode
    if ignored != 1:  # 0: the repository around ignores this folder; 128: there is none
        return None
    listed = ask("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed.returncode:
        return None
    names = {os.fsdecode(name) for name in listed.stdout.split(b"\0") if name and not name.endswith(b"/")}
    return [name for name in names if (root / name).is_symlink() or (root / name).exists()]


def _walked(root: Path) -> Iterator[str]:
    yield from _below(root, "", [])


def _below(folder: Path, prefix: str, rules: list[tuple[str, pathspec.GitIgnoreSpec]]) -> Iterator[str]:
    own = folder / ".gitignore"
    if own.is_file():
        rules = [*rules, (prefix, pathspec.GitIgnoreSpec.from_lines(own.read_text(errors="replace").splitlines()))]
    try:
        items = sorted(folder.iterdir())
    except OSError:
        if not prefix:
            raise
        yield prefix
        return
    for item in items:
        name = f"{prefix}{item.name}"
        is_folder = item.is_dir() and not item.is_symlink()
        if item.name in _NEVER or _ignored(name, rules, is_folder=is_folder):
            continue
        if not is_folder:
            yield name
        elif not (item / "pyvenv.cfg").exists():
            yield from _below(item, f"{name}/", rules)


def _ignored(name: str, rules: list[tuple[str, pathspec.GitIgnoreSpec]], *, is_folder: bool) -> bool:
    """What the innermost .gitignore that speaks of a path says."""
    for base, spec in reversed(rules):
        verdict = spec.check_file(name[len(base) :] + "/" * is_folder).include
        if verdict is not None:
            return verdict
    return False
