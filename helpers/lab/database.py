"""SQLite files for the lab: one seeded template, byte-equal copies of it, and a dump of all rows to compare."""

from __future__ import annotations

import functools
import sqlite3
import tempfile
import types
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from helpers.lab import samples

Cell = str | int | float | bytes | None
Tables = Mapping[str, tuple[tuple[Cell, ...], ...]]
"""Table name to rows; rows are sorted, since a table has no order of its own."""

FILE_NAME = "lab.db"


@contextmanager
def fresh_database(template: bytes | None = None) -> Iterator[Path]:
    """A database file for one run, byte-equal to `template` (by default the seeded samples); gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        path = Path(folder, FILE_NAME)
        path.write_bytes(seeded() if template is None else template)
        yield path


@functools.cache
def seeded() -> bytes:
    """The bytes of a SQLite file with the sample models' tables and rows; made once per process."""
    models = types.ModuleType("models")
    exec(compile(samples.MODELS, "<models>", "exec"), vars(models))
    metadata: sa.MetaData = models.Base.metadata
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        path = Path(folder, FILE_NAME)
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))
        with engine.begin() as connection:
            metadata.create_all(connection)
            for table, rows in samples.ROWS.items():
                connection.execute(metadata.tables[table].insert(), rows)
        engine.dispose()
        return path.read_bytes()


def dump(path: Path) -> Tables:
    """All committed rows of the SQLite file at `path`, by table; reads, never writes."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        names = sorted(name for (name,) in connection.execute(query))
        return {name: tuple(sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr)) for name in names}


def changes(old: Tables, new: Tables) -> tuple[str, ...]:
    """What differs between two dumps, a line for each row: `- table (...)` is gone, `+ table (...)` has come."""
    lines: list[str] = []
    for table in sorted(old.keys() | new.keys()):
        was, now = (Counter(map(repr, side.get(table, ()))) for side in (old, new))
        lines += [f"- {table} {row}" for row in sorted((was - now).elements())]
        lines += [f"+ {table} {row}" for row in sorted((now - was).elements())]
    return tuple(lines)
