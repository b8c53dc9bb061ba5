"""The databases of a run of the suite: SQLite files, or databases of its own on a PostgreSQL server."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from sqlalchemy import URL, MetaData, NullPool, create_engine, make_url, select, text


class Databases(ABC):
    """Databases by name; what a run makes it also removes."""

    isolation_level: str
    hold: tuple[str, ...]
    vanish: tuple[str, ...]

    @abstractmethod
    def url(self, name: str) -> str:
        """Return the address of a database that is there or is to be."""

    @abstractmethod
    def create(self, name: str, *, like: str | None = None) -> str:
        """Make a database anew, empty or like another one that nobody uses; return its address."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""

    @contextmanager
    def writing(self, name: str, table: str) -> Iterator[None]:
        """Hold a table as somebody who writes to it: others may read and wait to write."""
        engine = create_engine(self.url(name), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in self.hold:
                connection.execute(text(statement.format(table=table)))
            try:
                yield
            finally:
                connection.execute(text("ROLLBACK"))

    def let_vanish(self, name: str, table: str) -> None:
        """Let every row of a table be deleted in the moment it is changed, as by somebody who was a little later."""
        engine = create_engine(self.url(name), poolclass=NullPool)
        with engine.begin() as connection:
            for statement in self.vanish:
                connection.execute(text(statement.format(table=table)))

    def rows(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """Return all that a database holds, by table and in order of the primary keys."""
        engine = create_engine(self.url(name), poolclass=NullPool)
        found = MetaData()
        with engine.connect() as connection:
            found.reflect(connection)
            tables = found.tables.values()
            return {
                table.name: [
                    dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
                ]
                for table in tables
            }


class SqliteDatabases(Databases):
    """Files in a folder."""

    isolation_level = "SERIALIZABLE"
    hold = ("BEGIN IMMEDIATE",)
    vanish = ("CREATE TRIGGER vanish AFTER UPDATE ON {table} BEGIN DELETE FROM {table} WHERE id = NEW.id; END",)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, name: str) -> str:
        """Return the address of a file."""
        return f"sqlite:///{(self.folder / name).as_posix()}.db"

    def create(self, name: str, *, like: str | None = None) -> str:
        """Copy a file, or leave it to SQLite to make an empty one."""
        self.drop(name)
        if like:
            shutil.copyfile(self.folder / f"{like}.db", self.folder / f"{name}.db")
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a file and the log beside it."""
        for path in self.folder.glob(f"{name}.db*"):
            path.unlink()


class PostgresDatabases(Databases):
    """Databases on a server, under a prefix that no other run has."""

    isolation_level = "READ COMMITTED"
    hold = ("BEGIN", "LOCK TABLE {table} IN EXCLUSIVE MODE")
    vanish = (
        "CREATE FUNCTION vanish() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN DELETE FROM {table} WHERE id = NEW.id; RETURN NULL; END $$",
        "CREATE TRIGGER vanish AFTER UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION vanish()",
    )

    def __init__(self, server: URL) -> None:
        self.server = server
        self.prefix = f"relay_suite_{token_hex(4)}"
        self.admin = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def url(self, name: str) -> str:
        """Return the address of a database on the server."""
        return self.server.set(database=f"{self.prefix}_{name}").render_as_string(hide_password=False)

    def create(self, name: str, *, like: str | None = None) -> str:
        """Let the server copy a database."""
        self.drop(name)
        self._run(f"CREATE DATABASE {self.prefix}_{name} TEMPLATE {f'{self.prefix}_{like}' if like else 'template0'}")
        return self.url(name)

    def drop(self, name: str) -> None:
        """Let the server remove a database and end its connections."""
        self._run(f"DROP DATABASE IF EXISTS {self.prefix}_{name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with self.admin.connect() as connection:
            connection.execute(text(statement))


def choose(address: str | None, folder: Path) -> Databases:
    """Return databases on the PostgreSQL server of an address; files in a folder without one."""
    url = make_url(address) if address else None
    return PostgresDatabases(url) if url and url.get_backend_name() == "postgresql" else SqliteDatabases(folder)
