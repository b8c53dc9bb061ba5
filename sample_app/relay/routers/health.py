"""Whether Relay and its database are there."""

from fastapi import APIRouter, Depends
from sqlalchemy import literal
from sqlalchemy.orm import Session

from relay.database import get_db

router = APIRouter(tags=["health"])


@router.get("/health")
def health(db: Session = Depends(get_db)) -> dict[str, bool]:
    """Ask the database for one row."""
    return {"database": db.query(literal(1)).scalar() == 1}
