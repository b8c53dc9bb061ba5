"""The tasks: the services of the routes on the worker's sessions."""

from sqlalchemy.exc import OperationalError

from relay.services import billing, statement
from relay.worker.app import WorkerSession, celery_app


@celery_app.task(autoretry_for=(OperationalError,), retry_backoff=True, max_retries=3)  # type: ignore[untyped-decorator]
def write_statement(statement_id: int) -> str:
    """Write a statement that waits in the queue."""
    with WorkerSession() as db:
        return statement.write_statement(db, statement_id)


@celery_app.task  # type: ignore[untyped-decorator]
def charge_due_subscriptions() -> dict[str, int]:
    """Charge every plan whose month is over."""
    with WorkerSession() as db:
        return billing.charge_due(db)
