"""Handing tasks over; with the broker in memory, the worker is started as a thread by the first of them."""

from functools import cache
from threading import Thread

from celery.worker import WorkController

from relay.settings import settings
from relay.worker import tasks
from relay.worker.app import celery_app


@cache
def start_worker_thread() -> Thread:
    """Start a worker that takes one task at a time and ends with the process."""
    worker = WorkController(
        app=celery_app,
        pool_cls="solo",
        concurrency=1,
        hostname="offline@relay",
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )
    thread = Thread(target=worker.start, name="relay-worker", daemon=True)
    thread.start()
    return thread


def enqueue(task: str, *arguments: int) -> None:
    """Put a task into the queue by its name."""
    if settings.broker_url == "memory://":
        start_worker_thread()
    getattr(tasks, task).delay(*arguments)
