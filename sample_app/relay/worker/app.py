"""The Celery application and the worker's own engine."""

from typing import Any

from celery import Celery
from celery.signals import task_prerun
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import NullPool

from relay.clients.trouble import Trouble
from relay.database import build_engine
from relay.settings import settings

celery_app = Celery("relay", broker=settings.broker_url, include=["relay.worker.tasks"])
celery_app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    timezone="UTC",
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"polling_interval": 0.02} if settings.broker_url == "memory://" else {},
    beat_schedule={"charge": {"task": "relay.worker.tasks.charge_due_subscriptions", "schedule": 3600.0}},
)

# Worker processes are forked: a pool would be shared by all of them, so each task opens a connection of its own.
engine = build_engine(settings.database_url, poolclass=NullPool)
WorkerSession = sessionmaker(bind=engine)

trouble = Trouble()


@task_prerun.connect  # type: ignore[untyped-decorator]
def take_time(**_: Any) -> None:
    """Let the worker be as slow as the offline world asks; online nobody asks."""
    trouble.endure()
