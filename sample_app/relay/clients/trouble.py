"""What can be wrong with a program outside: it is slow, or it fails."""

from threading import Condition


class Trouble:
    """How an offline program misbehaves at present; latency is in seconds and ends early when it is lifted."""

    def __init__(self) -> None:
        self._changed = Condition()
        self.latency = 0.0
        self.failing = False
        self.waiting = 0

    def set(self, *, latency: float = 0.0, failing: bool = False) -> None:
        """Change the behaviour, also for the callers that are waiting already."""
        with self._changed:
            self.latency, self.failing = latency, failing
            self._changed.notify_all()

    def endure(self) -> bool:
        """Wait as long as the latency asks, and say whether the call fails."""
        with self._changed:
            self.waiting += 1
            self._changed.wait_for(lambda: not self.latency, timeout=self.latency)
            self.waiting -= 1
            return self.failing
