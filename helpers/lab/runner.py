"""Runs one side of an example on a database of its own and observes everything it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from helpers.lab import database, samples
from helpers.lab.worker import Json, Probe, here
from helpers.model import Example

Phase = Literal["module", "given", "call", "done"]


@dataclass(frozen=True)
class Side:
    """Code to run: a module's text, code to run first, an expression, and keywords of the session factory."""

    module: str
    call: str
    given: str = ""
    options: Mapping[str, Json] = field(default_factory=dict)
    models: str = samples.MODELS


@dataclass(frozen=True)
class Statement:
    """What the driver got: SQL on one line, its parameters as plain data, and whether it was an executemany."""

    sql: str
    parameters: Json
    many: bool


@dataclass(frozen=True)
class Failure:
    """An exception: the qualified name of its type and its message, without SQL, links and addresses."""

    type: str
    message: str


@dataclass(frozen=True)
class Warned:
    """A warning of SQLAlchemy, or that a coroutine was never awaited."""

    category: str
    message: str


@dataclass(frozen=True)
class Observation:
    """Everything one run did. `value` is plain data that keeps kinds, loaded state and identity of what was returned.

    `phase` is where the run ended, "done" when it returned; `portable` holds the statements as PostgreSQL would get
    them; `seeded` and `tables` are all committed rows before and afterwards.
    """

    phase: Phase
    value: Json
    failure: Failure | None
    statements: tuple[Statement, ...]
    portable: tuple[str, ...]
    seeded: database.Tables
    tables: database.Tables
    warnings: tuple[Warned, ...]
    asynchronous: bool
    sqlalchemy: str

    @property
    def never_awaited(self) -> tuple[Warned, ...]:
        """The warnings that tell of a coroutine that nobody awaited."""
        return tuple(x for x in self.warnings if "never awaited" in x.message)

    @property
    def written(self) -> tuple[str, ...]:
        """The committed changes, one line for each row that has gone (`-`) or come (`+`)."""
        return database.changes(self.seeded, self.tables)


def sides(example: Example) -> tuple[Side, Side]:
    """The before and the after of `example`, ready to run."""
    return Side(example.before, example.call, example.given), Side(example.after, example.call, example.given)


def run(side: Side, *, probe: Probe = here, template: bytes | None = None) -> Observation:
    """Run `side` on a fresh copy of the seeded database; an exception of the code is observed, never raised.

    `template` is the bytes of another SQLite file to run on. The names `session` and `engine` are bound for
    `given` and `call`; the session is an AsyncSession, and the value awaited, when the call names a coroutine function
    (`given` has the synchronous session inside it even then).
    """
    with database.fresh_database(template) as path:
        seeded = database.dump(path)
        report = probe(
            {
                "models": side.models,
                "module": side.module,
                "given": side.given,
                "call": side.call,
                "options": dict(side.options),
                "database": str(path),
            }
        )
        return _observation(report, seeded, database.dump(path))


def _observation(report: dict[str, Json], seeded: database.Tables, tables: database.Tables) -> Observation:
    return Observation(
        phase=report["phase"],
        value=report["value"],
        failure=Failure(**report["error"]) if report["error"] else None,
        statements=tuple(Statement(**x) for x in report["statements"]),
        portable=tuple(report["portable"]),
        seeded=seeded,
        tables=tables,
        warnings=tuple(Warned(**x) for x in report["warnings"]),
        asynchronous=report["asynchronous"],
        sqlalchemy=report["sqlalchemy"],
    )
