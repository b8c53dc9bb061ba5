"""The asynchronous engine and sessions, beside those of `relay.database` until every service has moved over."""

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from relay.database import connect_args, is_sqlite, prepare_sqlite
from relay.settings import settings


def async_url(url: str) -> str:
    """Return a database address with a driver that can wait: psycopg can already, SQLite needs another."""
    parsed = make_url(url)
    asynchronous = parsed.set(drivername="sqlite+aiosqlite") if is_sqlite(url) else parsed
    return asynchronous.render_as_string(hide_password=False)


# Each statement commits itself: a transaction would lock SQLite until the event loop comes round to its end.
async_engine = create_async_engine(
    async_url(settings.database_url),
    connect_args=connect_args(settings.database_url),
    isolation_level="AUTOCOMMIT",
    pool_pre_ping=not is_sqlite(settings.database_url),
)
if is_sqlite(settings.database_url):
    event.listen(async_engine.sync_engine, "connect", prepare_sqlite)
AsyncSessionLocal = async_sessionmaker(async_engine, class_=AsyncSession, expire_on_commit=False)
