"""What two suites differ in, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Place:
    """A line of a file; 0 is the file as a whole."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, order=True)
class Difference:
    """One thing that is not as it was: `what` it is, whether it is gone, new or changed, and both texts.

    `place` is of the tree before, or of the tree after where it was not there before.
    """

    place: Place
    test: str
    what: str
    word: str
    before: str = ""
    after: str = ""
    harmless: bool = False

    @property
    def line(self) -> str:
        """The difference as one line of text."""
        texts = [text for text in (self.before, self.after) if text]
        told = f": {' -> '.join(texts)}" if texts else ""
        return f"{self.place} {self.test} {self.what} {self.word}".replace("  ", " ") + told


@dataclass(frozen=True)
class Counted:
    """How much there is to be kept."""

    files: int = 0
    tests: int = 0
    checks: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.files + other.files, self.tests + other.tests, self.checks + other.checks)


@dataclass(frozen=True)
class Kept:
    """What a comparison found, in order of place."""

    before: Counted = Counted()
    after: Counted = Counted()
    differences: tuple[Difference, ...] = ()

    @property
    def faults(self) -> tuple[Difference, ...]:
        """The differences by which a test may check less than it did."""
        return tuple(one for one in self.differences if not one.harmless)
