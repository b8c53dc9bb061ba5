"""Counts of calls: in memory while they come in, in the database for good."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from threading import Lock
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from relay.models import UsageCount


class UsageLine(NamedTuple):
    """Whose calls of which route on which day."""

    tenant_id: int
    day: str
    route: str


class UsageRepository(ABC):
    """A place where calls are counted."""

    @abstractmethod
    def add(self, line: UsageLine, calls: int) -> None:
        """Count some calls."""

    @abstractmethod
    def lines(self, tenant_id: int) -> Iterator[tuple[UsageLine, int]]:
        """Give what was counted for a tenant."""

    def total(self, tenant_id: int) -> int:
        """Return all calls of a tenant."""
        return sum(calls for _, calls in self.lines(tenant_id))


class MemoryUsage(UsageRepository):
    """Counts in memory, cheap enough for every request."""

    def __init__(self) -> None:
        self._counts: Counter[UsageLine] = Counter()
        self._lock = Lock()

    def add(self, line: UsageLine, calls: int) -> None:
        """Count some calls."""
        with self._lock:
            self._counts[line] += calls

    def lines(self, tenant_id: int) -> Iterator[tuple[UsageLine, int]]:
        """Give what was counted for a tenant and not yet moved."""
        with self._lock:
            counts = list(self._counts.items())
        return ((line, calls) for line, calls in counts if line.tenant_id == tenant_id)

    def drain(self) -> list[tuple[UsageLine, int]]:
        """Hand everything over, in a fixed order against deadlocks, and start again from zero."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return sorted(counts.items())


class DatabaseUsage(UsageRepository):
    """Counts in the database, where several servers add up."""

    def __init__(self, db: Session) -> None:
        self._db = db

    def add(self, line: UsageLine, calls: int) -> None:
        """Add to a row that exists, or write the first; who loses the race for the first adds to the other's."""
        if self._increase(line, calls):
            return
        try:
            with self._db.begin_nested():
                self._db.add(UsageCount(**line._asdict(), calls=calls))
        except IntegrityError:
            self._increase(line, calls)

    def _increase(self, line: UsageLine, calls: int) -> int:
        row = self._db.query(UsageCount).filter_by(**line._asdict())
        return row.update({UsageCount.calls: UsageCount.calls + calls}, synchronize_session=False)

    def lines(self, tenant_id: int) -> Iterator[tuple[UsageLine, int]]:
        """Give what was counted for a tenant, the latest day first."""
        rows = self._db.query(UsageCount).filter(UsageCount.tenant_id == tenant_id)
        for row in rows.order_by(UsageCount.day.desc(), UsageCount.route):
            yield UsageLine(row.tenant_id, row.day, row.route), row.calls
