"""The interpreters with older SQLAlchemy versions, made and started when a test first asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy

from helpers.lab import _probe
from helpers.lab.runner import Probe
from helpers.lab.versions import Workers
from tools import older_sqlalchemy


@pytest.fixture(scope="session")
def probe_of() -> Iterator[Callable[[str], Probe]]:
    """What runs jobs on a version of SQLAlchemy: this process on the installed one, workers on the others."""
    with Workers(dict.fromkeys(older_sqlalchemy.REQUIREMENTS, older_sqlalchemy.make)) as workers:
        yield lambda version: _probe.run if version == sqlalchemy.__version__ else workers.probe(version)
