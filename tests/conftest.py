"""What all tests share: hypothesis without deadlines, and where the repository lies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# Nothing here may depend on the clock; in CI a failure must repeat, so the examples are the same in every run.
settings.register_profile("workbook", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "workbook")


# A shell that starts the tests in the background has them ignore SIGINT, and all that they start with them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root folder of the repository."""
    return Path(__file__).resolve().parents[1]
