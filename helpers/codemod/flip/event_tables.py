"""What events hand to those that listen, and what of it does the same under an asynchronous driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TITLES = {
    "dbapi": "the driver's connection",
    "record": "the record of a connection",
    "proxy": "a connection of the pool",
    "connection": "a connection",
    "cursor": "the driver's cursor",
    "driver": "the driver's own connection",
    "dialect": "the dialect",
    "engine": "the engine",
    "url": "the URL",
    "session": "the session",
    "state": "the statement's state",
}
ANY = "other"
# event to what it hands over, in order; what is missing is plain
POOL_EVENTS: Mapping[str, tuple[str, ...]] = {
    "connect": ("dbapi", "record"),
    "first_connect": ("dbapi", "record"),
    "checkout": ("dbapi", "record", "proxy"),
    "checkin": ("dbapi", "record"),
    "reset": ("dbapi", "record"),
    "close": ("dbapi", "record"),
    "detach": ("dbapi", "record"),
    "close_detached": ("dbapi",),
    "invalidate": ("dbapi", "record"),
    "soft_invalidate": ("dbapi", "record"),
}
CONNECTION_EVENTS: Mapping[str, tuple[str, ...]] = {
    "before_execute": ("connection",),
    "after_execute": ("connection",),
    "before_cursor_execute": ("connection", "cursor"),
    "after_cursor_execute": ("connection", "cursor"),
    "engine_connect": ("connection",),
    **dict.fromkeys(("begin", "commit", "rollback", "savepoint"), ("connection",)),
    **dict.fromkeys(("rollback_savepoint", "release_savepoint"), ("connection",)),
    "engine_disposed": ("engine",),
}
SESSION_EVENTS: Mapping[str, tuple[str, ...]] = {
    "do_orm_execute": ("state",),
    "after_transaction_create": ("session",),
    "after_transaction_end": ("session",),
    **dict.fromkeys(("before_commit", "after_commit", "after_rollback", "after_soft_rollback"), ("session",)),
    **dict.fromkeys(("before_flush", "after_flush", "after_flush_postexec"), ("session",)),
    "after_begin": ("session", ANY, "connection"),
    "before_attach": ("session",),
    "after_attach": ("session",),
    "after_bulk_update": (ANY,),
    "after_bulk_delete": (ANY,),
    **{
        f"{before}_to_{after}": ("session",)
        for before, after in (
            ("transient", "pending"),
            ("pending", "transient"),
            ("persistent", "transient"),
            ("pending", "persistent"),
            ("detached", "persistent"),
            ("persistent", "detached"),
            ("persistent", "deleted"),
            ("deleted", "persistent"),
            ("deleted", "detached"),
        )
    },
    "loaded_as_persistent": ("session",),
}
MAPPER_EVENTS: Mapping[str, tuple[str, ...]] = {
    f"{when}_{what}": (ANY, "connection") for when in ("before", "after") for what in ("insert", "update", "delete")
}
# told by calls that are awaited, so that what listens may talk to the database
WAITED_FOR = frozenset(
    {"connect", "first_connect", "checkout", *CONNECTION_EVENTS, *MAPPER_EVENTS}
    | {"do_orm_execute", "before_flush", "after_flush", "after_flush_postexec", "before_commit", "after_commit"}
    | {"after_begin", "after_rollback", "after_soft_rollback", "after_transaction_end", "pending_to_persistent"}
    | {"after_bulk_update", "after_bulk_delete", "loaded_as_persistent"}
) - {"engine_disposed"}


@dataclass(frozen=True)
class Member:
    """A member of what is handed over: what it gives, whether it is called, and whether that waits for the database.

    `dropped` says that its result is another under an asynchronous driver, `on` that only some backends have it,
    `never_on` names drivers under which it is another.
    """

    gives: str = ANY
    called: bool = False
    waits: bool = False
    dropped: bool = False
    sets: bool = False
    on: tuple[str, ...] = ()
    never_on: frozenset[str] = field(default=frozenset())


_RECORDS = frozenset({"asyncpg"})  # rows that are no tuples, parameters that are numbered, one statement at a time
_RUN = Member(called=True, waits=True, dropped=True)
_FETCH = Member(called=True, never_on=_RECORDS)
_DONE = Member(called=True, waits=True)
_CURSOR = Member("cursor", called=True, waits=True)
_ON_PSYCOPG = Member(on=("postgresql",), never_on=_RECORDS)
MEMBERS: Mapping[str, Mapping[str, Member]] = {
    "dbapi": {
        "cursor": _CURSOR,
        "execute": _RUN,
        **dict.fromkeys(("commit", "rollback", "close"), _DONE),
        "create_function": _DONE,
        "isolation_level": Member(waits=True, sets=True, on=("sqlite",)),
        "autocommit": Member(waits=True, sets=True, on=("postgresql",)),
    },
    "cursor": {
        **dict.fromkeys(("execute", "executemany"), _RUN),
        **dict.fromkeys(("fetchone", "fetchall", "fetchmany"), _FETCH),
        "close": Member(called=True),
        "rowcount": Member(never_on=_RECORDS),
        "lastrowid": Member(on=("sqlite",)),
    },
    "record": {
        "info": Member(),
        **dict.fromkeys(("dbapi_connection", "connection"), Member("dbapi")),
        "driver_connection": Member("driver"),
    },
    "proxy": {
        "info": Member(),
        "is_valid": Member(),
        "cursor": _CURSOR,
        **dict.fromkeys(("commit", "rollback"), _DONE),
        "dbapi_connection": Member("dbapi"),
        "driver_connection": Member("driver"),
    },
    # `in_transaction` and `total_changes` are of sqlite3 alone: whoever reads them is on SQLite
    "driver": {
        **dict.fromkeys(("in_transaction", "total_changes"), Member()),
        "isolation_level": Member(on=("sqlite",)),
        **dict.fromkeys(("autocommit", "info"), _ON_PSYCOPG),
    },
    "connection": {
        "connection": Member("proxy"),
        "engine": Member("engine"),
        "dialect": Member("dialect"),
        **dict.fromkeys(("execute", "scalar", "scalars", "exec_driver_sql"), _DONE),
        **dict.fromkeys(("commit", "rollback", "begin", "begin_nested", "get_isolation_level"), _DONE),
        **dict.fromkeys(("in_transaction", "in_nested_transaction", "get_execution_options"), Member(called=True)),
        **dict.fromkeys(("info", "closed", "invalidated", "default_isolation_level"), Member()),
    },
    "engine": {"dialect": Member("dialect"), "name": Member(), "url": Member("url")},
    "url": {
        **dict.fromkeys(("database", "host", "port", "username", "query"), Member()),
        "get_backend_name": Member(called=True),
    },
    "dialect": dict.fromkeys(("name", "server_version_info", "identifier_preparer", "default_schema_name"), Member()),
    "session": {
        "connection": Member("connection", called=True, waits=True),
        "get_bind": Member("engine", called=True),
        "bind": Member("engine"),
    },
    "state": {"session": Member("session"), "invoke_statement": _DONE},
}
