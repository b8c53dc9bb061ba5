"""All or nothing: services that write several things and commit once."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session

P = ParamSpec("P")
T = TypeVar("T")


def in_one_transaction(work: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[Session, P], T]:
    """Commit when the function returns; when it raises, undo all that it wrote."""

    @wraps(work)
    def wrapper(db: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            result = work(db, *args, **kwargs)
            db.commit()
        except BaseException:
            db.rollback()
            raise
        return result

    return wrapper
