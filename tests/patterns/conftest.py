"""The interpreters with the SQLAlchemy versions of the proof, made and started when a test first asks for one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy

from helpers.lab.versions import Workers
from helpers.lab.worker import Probe
from tools import older_sqlalchemy


@pytest.fixture(scope="session")
def probe_of() -> Iterator[Callable[[str], Probe]]:
    """What runs jobs on a version of SQLAlchemy, which may be the installed one."""
    older = dict.fromkeys(older_sqlalchemy.REQUIREMENTS, older_sqlalchemy.make)
    with Workers({**older, sqlalchemy.__version__: lambda version: Path(sys.executable)}) as workers:
        yield workers.probe
