"""What every session does besides: keep the trash out of queries, and make row locks real on SQLite."""

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from relay.models.access import SoftDeletes

WITH_TRASH = "with_trash"


@event.listens_for(Session, "do_orm_execute")
def leave_out_trash(state: ORMExecuteState) -> None:
    """Add "not in the trash" to each query of a soft-deleted family, unless the query asks for the trash."""
    if state.is_select and not state.is_column_load and not state.execution_options.get(WITH_TRASH):
        not_trashed = with_loader_criteria(
            SoftDeletes, lambda family: family.deleted_at.is_(None), include_aliases=True
        )
        state.statement = state.statement.options(not_trashed)


@event.listens_for(Session, "do_orm_execute")
def lock_on_sqlite(state: ORMExecuteState) -> None:
    """Let `FOR UPDATE`, which SQLite does not know, lock the whole file: the next one waits here as it would there."""
    if state.is_select and getattr(state.statement, "_for_update_arg", None) is not None:
        begin_writing(state.session.connection())


def begin_writing(connection: Connection, *_: Any) -> None:
    """Take SQLite's write lock, unless the transaction has it; without this a savepoint would be the transaction."""
    raw = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and raw is not None and not raw.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
