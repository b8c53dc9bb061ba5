"""Takes each hard case out of a copy of Relay and says whether the suite notices: `python tests/mutate.py [NAME ...]`.

The mutations are in `tests/mutations/*.toml`. Each names the row of the table of hard cases that it belongs to,
replaces one piece of text that occurs exactly once in its file, and names the tests of which each must fail then.
The rows are in `tests/mutations/rows.toml`. At the end there is a line for each row. It fails when a mutation goes
unnoticed or does not fit, and when a row has none.
"""

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parent.parent
LISTS = HOME / "tests" / "mutations"
ROWS = LISTS / "rows.toml"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "tests", "*.db", ".*cache", "uploads")
TIME_LIMIT = 600
# A mutation in here cannot change the sample data.
APART_FROM_THE_DATA = tuple(
    f"relay/{part}"
    for part in (
        "routers/",
        "services/",
        "graphql/",
        "schemas/",
        "worker/",
        "templates/",
        "main.py",
        "deps.py",
        "webhooks.py",
    )
)
# Where the system can, tests start from a process that has the libraries loaded: they are most of the time.
FORKS = "forkserver" in multiprocessing.get_all_start_methods()
STARTER = multiprocessing.get_context("forkserver" if FORKS else "spawn")
LIBRARIES = ("alembic", "celery.worker", "email_validator", "fastapi.testclient", "pydantic_settings", "pytest")
LIBRARIES += ("sqlalchemy.ext.asyncio", "sqlalchemy.orm", "strawberry.extensions", "strawberry.fastapi")


@dataclass(frozen=True)
class Mutation:
    """A hard case and the text that takes it out."""

    name: str
    row: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]


def load(wanted: Iterable[str]) -> list[Mutation]:
    """Read all mutations, or those whose names or files are wanted."""
    found = []
    for path in sorted(set(LISTS.glob("*.toml")) - {ROWS}):
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["mutation"]:
            mutation = Mutation(**{**entry, "tests": tuple(entry["tests"])})
            if not wanted or mutation.name in wanted or path.stem in wanted:
                found.append(mutation)
    return found


def failures(root: Path, tests: Iterable[str], *, template: Path | None = None) -> tuple[set[str], str]:
    """Run tests on the Relay in a folder; return those that fail, as written by pytest, and its output."""
    environment = {"RELAY_ROOT": str(root), "COLUMNS": "400", "RELAY_TEMPLATE": str(template or "")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    said = root.parent / "output.txt"
    process = STARTER.Process(target=run_pytest, args=(tuple(tests), environment, said))
    process.start()
    process.join(TIME_LIMIT)
    if process.is_alive():
        process.kill()
        process.join()
        return set(), f"no end after {TIME_LIMIT} seconds"
    lines = said.read_text(encoding="utf-8", errors="replace").splitlines()
    failed = {line.split(" ", 1)[1].partition(" - ")[0] for line in lines if line.startswith(("FAILED ", "ERROR "))}
    return failed, "\n".join(lines)


def run_pytest(tests: tuple[str, ...], environment: dict[str, str], said: Path) -> None:
    """Run pytest in this new process, where the libraries are loaded and Relay is not."""
    os.chdir(HOME)
    os.environ.update(environment)
    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    loaded_before = "ignore::pytest.PytestAssertRewriteWarning"
    sys.exit(pytest.main(["-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", "-W", loaded_before, *tests]))


def seeded(root: Path) -> Path:
    """Make the sample data once, for all mutations that have no part in it."""
    database = root.parent / "template.db"
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{database.as_posix()}"}
    for module in (["alembic", "upgrade", "head"], ["relay.seed"]):
        subprocess.run([sys.executable, "-m", *module], cwd=root, env=environment, check=True, capture_output=True)
    return database


def unnoticed(mutation: Mutation, root: Path, template: Path) -> list[str]:
    """Apply a mutation to a copy of Relay, run its tests, take it back; return the tests that did not fail."""
    path = root / mutation.file
    before = path.read_bytes()
    write(path, before.replace(mutation.find.encode(), mutation.replace.encode()))
    makes_data = not mutation.file.startswith(APART_FROM_THE_DATA)
    try:
        failed, _ = failures(root, mutation.tests, template=None if makes_data else template)
    finally:
        write(path, before)
    return [test for test in mutation.tests if not any(same_test(test, name) for name in failed)]


def write(path: Path, content: bytes) -> None:
    """Write a file under a time that it never had: Python trusts its byte code by time and size."""
    times = path.stat().st_mtime + 10
    path.write_bytes(content)
    os.utime(path, (times, times))


def same_test(wanted: str, failed: str) -> bool:
    """Say whether a failed test is the wanted one; of several cases, or of a whole file, one is enough."""
    return failed == wanted or failed.startswith((f"{wanted}[", f"{wanted}::"))


def misfits(mutations: list[Mutation], rows: list[str]) -> list[str]:
    """Return what is wrong with the lists: text that is not there exactly once, names used twice, rows of no table."""
    names = [mutation.name for mutation in mutations]
    wrong = [f"{name}: the name is used twice" for name, times in Counter(names).items() if times > 1]
    for mutation in mutations:
        path = HOME / mutation.file
        count = path.read_text(encoding="utf-8").count(mutation.find) if path.is_file() else 0
        if count != 1:
            wrong.append(f"{mutation.name}: {mutation.file} holds the text {count} times, not once")
        if mutation.row not in rows:
            wrong.append(f"{mutation.name}: there is no row {mutation.row!r}")
    return wrong


def replay(mutations: list[Mutation], root: Path, template: Path) -> list[Mutation]:
    """Take out one hard case after the other, say what became of it, and return those that nobody noticed."""
    survived = []
    for mutation in mutations:
        missed = unnoticed(mutation, root, template)
        survived += [mutation] if missed else []
        print(f"{mutation.name}: {'SURVIVED ' + ' '.join(missed) if missed else 'killed'}", flush=True)
    return survived


def report(mutations: list[Mutation], survived: list[Mutation], rows: list[str]) -> bool:
    """Print a line for each row and say whether all mutations of each were noticed, and each has one."""
    tried, alive = (Counter(mutation.row for mutation in some) for some in (mutations, survived))
    for row in rows:
        print(f"{'ok  ' if tried[row] and not alive[row] else 'FAIL'} {tried[row] - alive[row]} of {tried[row]}  {row}")
    print(f"{len(mutations) - len(survived)} of {len(mutations)} killed, {len(rows)} rows")
    return not survived and all(tried[row] for row in rows)


def main() -> int:
    """Replay the mutations and return 1 when one survived or does not fit, or when a row has none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a mutation or a list (money, sales, ...)")
    names = parser.parse_args().names
    mutations, rows = load(names), tomllib.loads(ROWS.read_text(encoding="utf-8"))["rows"]
    problems = misfits(mutations, rows) if mutations else ["There is no such mutation"]
    if problems:
        print(*problems, sep="\n")
        return 1
    if FORKS:
        STARTER.set_forkserver_preload(list(LIBRARIES))
    with tempfile.TemporaryDirectory(prefix="relay-mutations-") as folder:
        root = Path(shutil.copytree(HOME, Path(folder) / "relay-copy", ignore=LEFT_OUT))
        template = seeded(root)
        failed, output = failures(root, sorted({test for mutation in mutations for test in mutation.tests}))
        if failed or " passed" not in output or "error" in output.lower().splitlines()[-1]:
            print("The tests must pass before anything is taken out:", output, sep="\n")
            return 1
        survived = replay(mutations, root, template)
    used = {mutation.row for mutation in mutations}
    return 0 if report(mutations, survived, [row for row in rows if not names or row in used]) else 1


if __name__ == "__main__":
    sys.exit(main())
