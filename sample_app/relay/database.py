"""The engine, its pool and the session of a request."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from relay.listeners import begin_writing
from relay.settings import settings


def is_sqlite(url: str) -> bool:
    """Say whether a database address points at SQLite."""
    return make_url(url).get_backend_name() == "sqlite"


def connect_args(url: str) -> dict[str, Any]:
    """Return the driver's own arguments: a request may move between threads, and SQLite writers wait their turn."""
    return {"check_same_thread": False, "timeout": 30} if is_sqlite(url) else {}


def isolation_level(url: str) -> str:
    """Return how much transactions see of each other: as the settings say, else what suits the database."""
    return settings.isolation_level or ("SERIALIZABLE" if is_sqlite(url) else "READ COMMITTED")


def build_engine(url: str, **pool: Any) -> Engine:
    """Create an engine for a database address; everyone who talks to the database, worker included, starts here."""
    engine = create_engine(url, connect_args=connect_args(url), isolation_level=isolation_level(url), **pool)
    if is_sqlite(url):
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "savepoint", begin_writing)
    return engine


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Switch on what SQLite leaves off: foreign keys, and a log beside the file, so that readers wait for no writer."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


engine = build_engine(
    settings.database_url,
    pool_size=settings.pool_size,
    max_overflow=settings.pool_overflow,
    pool_timeout=settings.pool_timeout,
    pool_pre_ping=not is_sqlite(settings.database_url),
)
SessionLocal = sessionmaker(bind=engine)


def get_db() -> Iterator[Session]:
    """Give a request its session and close it when the response is on its way."""
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
