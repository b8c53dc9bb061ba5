"""Version scripts of Alembic: on the connection of the migration they stay synchronous, whatever the application is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import found

APP = "from sqlalchemy.orm import Session\n\n\ndef work(db: Session) -> None:\n    db.commit()\n"
HEAD = """\
from alembic import op
from sqlalchemy import orm, select
from sqlalchemy.orm import Session

from app import work
from models import Author

revision = "2"
down_revision = "1"


"""
OWN = {
    "a session on the connection": (
        "def upgrade():\n    session = orm.Session(bind=op.get_bind())\n    session.add(Author(name='Ada'))\n"
        "    session.commit()\n"
    ),
    "one that is entered": (
        "def upgrade():\n    connection = op.get_bind()\n    with Session(connection) as session:\n"
        "        session.commit()\n"
    ),
    "a function of the script that is handed it": (
        "def fill(session: Session) -> list[Author]:\n    return session.scalars(select(Author)).all()\n\n\n"
        "def upgrade():\n    with Session(bind=op.get_bind()) as session:\n        fill(session)\n"
        "        session.commit()\n"
    ),
}
LEFT = {
    "a session of the application's own": (
        "def upgrade():\n    with Session() as session:\n        session.commit()\n"
    ),
    "a connection of unknown kind": (
        "def upgrade():\n    with Session(bind=find()) as session:\n        session.commit()\n"
    ),
    "one of two connections": (
        "def upgrade():\n    bind = op.get_bind()\n    if bind.closed:\n        bind = find()\n"
        "    with Session(bind=bind) as session:\n        session.commit()\n"
    ),
    "a function of the application that is handed it": (
        "def upgrade():\n    with Session(bind=op.get_bind()) as session:\n        work(session)\n"
    ),
}


def flips(folder: Path, script: str) -> tuple[set[str], list[str]]:
    """The files that the flip changes, and why it leaves what it leaves."""
    left = found(folder, {"app.py": APP, "versions/two.py": HEAD + script})
    return {one.path for one in left if one.fix}, [one.message for one in left if not one.fix]


@pytest.mark.parametrize("script", OWN.values(), ids=OWN)
def test_a_script_on_its_own_connection_stays_and_holds_nothing_back(script: str, tmp_path: Path) -> None:
    assert flips(tmp_path, script) == ({"app.py"}, [])


@pytest.mark.parametrize("script", LEFT.values(), ids=LEFT)
def test_any_other_script_is_left_with_its_reason(script: str, tmp_path: Path) -> None:
    _, told = flips(tmp_path, script)
    assert "Alembic calls upgrade() and does not await it" in told


def test_no_other_file_is_taken_for_a_script(tmp_path: Path) -> None:
    text = OWN["a session on the connection"].replace("def upgrade", "def work")
    left = found(tmp_path, {"two.py": HEAD.replace('down_revision = "1"\n', "") + text})
    assert [one for one in left if one.path == "two.py"]
