"""Runs the migrations on an engine of their own, without a pool, at the address the application uses."""

from alembic import context
from sqlalchemy import create_engine, pool

from relay.models import Base
from relay.settings import settings


def run_offline() -> None:
    """Write the SQL instead of running it."""
    context.configure(url=settings.database_url, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run the migrations; SQLite needs batches, because it can hardly alter a table."""
    engine = create_engine(settings.database_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
