"""The clock that everything in Relay reads, and that the offline face may set forward."""

from datetime import UTC, date, datetime, timedelta


class Clock:
    """The time of day plus an offset, which is zero outside offline mode."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC) + self._offset

    def advance(self, seconds: int) -> datetime:
        """Move the clock forward by some seconds and return the new time."""
        self._offset += timedelta(seconds=seconds)
        return self.now()

    def reset(self) -> None:
        """Go back to the time of day."""
        self._offset = timedelta()


clock = Clock()


def now() -> datetime:
    """Return the current time in UTC."""
    return clock.now()


def today() -> date:
    """Return the current date in UTC."""
    return clock.now().date()
