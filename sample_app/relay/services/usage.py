"""How often each route is called, for the tenant to see."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from sqlalchemy.orm import Session

from relay.clients.clock import today
from relay.database import SessionLocal
from relay.repositories import DatabaseUsage, MemoryUsage, UsageLine, UsageRepository

pending = MemoryUsage()


async def count_request(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Count an answered request for the tenant that was signed in; a middleware."""
    response = await call_next(request)
    tenant_id, route = getattr(request.state, "tenant_id", None), request.scope.get("route")
    if tenant_id is not None and route is not None:
        line = UsageLine(tenant_id, today().isoformat(), f"{request.method} {route.path}")
        pending.add(line, 1)
    return response


def flush(db: Session) -> None:
    """Move the counts from memory to the database; those that cannot be written stay for the next time."""
    counts = pending.drain()
    try:
        move(counts, DatabaseUsage(db))
        db.commit()
    except Exception:
        db.rollback()
        move(counts, pending)
        raise


def move(counts: list[tuple[UsageLine, int]], target: UsageRepository) -> None:
    """Add counts to a repository of any kind."""
    for line, calls in counts:
        target.add(line, calls)


def flush_at_shutdown() -> None:
    """Keep what was counted since somebody last looked."""
    with SessionLocal() as db:
        flush(db)


def usage(db: Session, tenant_id: int, day: str | None) -> list[dict[str, object]]:
    """Return a tenant's counts, the latest day first, if asked those of one day."""
    flush(db)
    lines = DatabaseUsage(db).lines(tenant_id)
    return [{**line._asdict(), "calls": calls} for line, calls in lines if day in (None, line.day)]
