"""The vocabulary of `sessions`: how sure an answer is, what an expression holds, what SQLAlchemy's own names give."""

from __future__ import annotations

import enum
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from helpers.analysis.symbols import Definition

_ASYNC = frozenset({"AsyncSession", "async_scoped_session"})
_SESSIONS = frozenset({"Session", "scoped_session", "SignallingSession"})
_FACTORIES = frozenset({"sessionmaker"})
_ASYNC_FACTORIES = frozenset({"async_sessionmaker"})
_FAMILY = ("sqlalchemy", "sqlmodel", "flask_sqlalchemy")
# anything may be behind these
_SILENT = frozenset({"Any", "Generator", "Iterator", "Iterable", "AsyncGenerator", "AsyncIterator", "Callable"})
# libraries with a Session, a Database or a query() of their own
_OTHERS = frozenset(
    {"requests", "httpx", "aiohttp", "boto3", "botocore", "aioboto3", "snowflake", "pyspark", "neo4j", "cassandra"}
    | {"redis", "pymongo", "motor", "records", "databases", "influxdb", "influxdb_client", "tensorflow", "onnxruntime"}
    | {"google", "duckdb", "pandas", "elasticsearch", "opensearchpy", "playwright", "paramiko", "pydantic"}
)


class Tier(enum.IntEnum):
    """How a receiver is known to be a session, the surest last."""

    BY_NAME = 1
    INFERRED = 2
    PROVED = 3


@dataclass(frozen=True)
class Typed:
    """What an expression holds, as far as sessions go; `owner` is the project's class of an instance."""

    what: Literal["session", "async session", "factory", "async factory", "instance", "other"]
    tier: Tier = Tier.PROVED
    owner: Definition | None = field(default=None, compare=False)

    @property
    def opened(self) -> Typed | None:
        """What a factory makes; None for what is no factory."""
        if self.what == "factory":
            return Typed("session", self.tier)
        return Typed("async session", self.tier) if self.what == "async factory" else None


OTHER = Typed("other")
ASYNC_FACTORY = Typed("async factory")


def agree(found: Sequence[Typed | None]) -> Typed | None:
    """The common answer, as sure as the least sure one; None when there is none or they differ."""
    known = [typed for typed in found if typed is not None]
    if not known or len({typed.what for typed in known}) > 1:
        return None
    least = min(known, key=lambda typed: typed.tier)
    if len({typed.owner.node if typed.owner else None for typed in known}) > 1:  # no attribute is known of both
        least = Typed("other", least.tier) if least.what == "instance" else replace(least, owner=None)
    return least if len(known) == len(found) else replace(least, tier=min(least.tier, Tier.INFERRED))


def annotated_external(name: str) -> Typed | None:
    """What an instance of an external class is; None for `Any` and its like."""
    last = name.rpartition(".")[2]
    if name.partition(".")[0] not in _FAMILY:
        return None if last in _SILENT else OTHER
    kinds: dict[str, Typed] = {
        **dict.fromkeys(_SESSIONS, Typed("session")),
        **dict.fromkeys(_ASYNC, Typed("async session")),
        **dict.fromkeys(_FACTORIES, Typed("factory")),
        **dict.fromkeys(_ASYNC_FACTORIES, Typed("async factory")),
    }
    return kinds.get(last, OTHER)


def called_external(name: str) -> Typed | None:
    """What calling an external gives: `Session(...)`, `sessionmaker(...)`, `requests.Session()`; None for others."""
    found = annotated_external(name)
    head, last = name.partition(".")[0], name.rpartition(".")[2]
    known = head in _OTHERS or (head in sys.stdlib_module_names and last[:1].isupper())
    return found if found is not OTHER or known else None


def imported_external(name: str) -> Typed | None:
    """What a name that is imported from outside holds: something else where its library is known, else nothing is."""
    return OTHER if name.partition(".")[0] in _OTHERS | sys.stdlib_module_names | set(_FAMILY) else None


def factory_of(made: Typed | None) -> Typed | None:
    """What makes the one given; None when that is no session."""
    if made is None or made.what not in ("session", "async session"):
        return None
    return Typed("factory" if made.what == "session" else "async factory", made.tier)
