"""The flip holds no lock of threads while something is awaited."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, reasons

LOCK = "import threading\n\nlock = threading.Lock()\n\n\n"
METHOD = (
    "import threading\n\n\nclass Shelf:\n    def __init__(self, s: Session):\n        self.s = s\n"
    "        self.guard: threading.RLock = threading.RLock()\n\n"
    "    def save(self):\n        with self.guard:\n            self.s.commit()\n"
)

LEFT = {
    "a lock of the module": LOCK + "def save(s: Session):\n    with lock:\n        s.commit()\n",
    "a lock of an object": METHOD,
    "a lock around a call of what is awaited": LOCK
    + "def save(s: Session):\n    s.commit()\n\n\ndef both(s: Session):\n    with lock:\n        save(s)\n",
    "a lock of its own": LOCK + "def save(s: Session):\n    with threading.Semaphore(2):\n        s.commit()\n",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_a_lock_that_would_be_held_over_an_await_leaves_its_family(text: str, tmp_path: Path) -> None:
    assert any("a lock of threads is held here" in reason for reason in reasons(tmp_path, text))


FOLLOWS = {
    "released before": LOCK + "def save(s: Session):\n    with lock:\n        s.add(Author())\n    s.commit()\n",
    "a manager that is no lock": "import decimal\n\n\ndef save(s: Session):\n"
    "    with decimal.localcontext():\n        s.commit()\n",
}


@pytest.mark.parametrize("text", FOLLOWS.values(), ids=FOLLOWS)
def test_what_holds_no_lock_over_an_await_follows(text: str, tmp_path: Path) -> None:
    assert "    await s.commit()\n" in body(tmp_path, text)
