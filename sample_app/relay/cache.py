"""Remembering what a function read, for data that hardly ever changes."""

from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Concatenate, Generic, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from relay.clients.clock import now

P = ParamSpec("P")
T = TypeVar("T")


class Remembered(Generic[P, T]):
    """A function of a session whose results are read at most once in some seconds for the same arguments."""

    def __init__(self, function: Callable[Concatenate[Session, P], T], seconds: int) -> None:
        self._function = function
        self._seconds = seconds
        self._lock = Lock()
        self._results: dict[object, tuple[datetime, T]] = {}

    def __call__(self, db: Session, *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
        """Return the result and its age in seconds."""
        key = (args, tuple(sorted(kwargs.items())))
        with self._lock:
            read_at, result = self._results.get(key, (None, None))
        age = int((now() - read_at).total_seconds()) if read_at else self._seconds
        # A negative age: the clock was set back.
        if result is None or not 0 <= age < self._seconds:
            result, age = self._function(db, *args, **kwargs), 0
            with self._lock:
                self._results[key] = (now(), result)
        return result, age


def remember(seconds: int) -> Callable[[Callable[Concatenate[Session, P], T]], Remembered[P, T]]:
    """Decorate a function whose first argument is a session, so that its results are kept for some seconds."""

    def decorate(function: Callable[Concatenate[Session, P], T]) -> Remembered[P, T]:
        return Remembered(function, seconds)

    return decorate
