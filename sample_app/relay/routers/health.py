"""Whether Relay and its database are there."""

from fastapi import APIRouter, Depends
from sqlalchemy import QueuePool, literal
from sqlalchemy.orm import Session

from relay.database import engine, get_db

router = APIRouter(tags=["health"])


@router.get("/health")
def health(db: Session = Depends(get_db)) -> dict[str, bool]:
    """Ask the database for one row."""
    return {"database": db.query(literal(1)).scalar() == 1}


@router.get("/health/db-pool")
def db_pool() -> dict[str, int | str]:
    """Show how many connections are out at this moment, and how much transactions see of each other."""
    pool = engine.pool
    assert isinstance(pool, QueuePool)
    numbers = {"size": pool.size(), "checked_out": pool.checkedout(), "overflow": max(0, pool.overflow())}
    with engine.connect() as connection:
        return {**numbers, "isolation_level": connection.get_isolation_level()}
