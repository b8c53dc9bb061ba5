"""Which functions must become asynchronous, by which path, and which of them cannot."""

from __future__ import annotations

from pathlib import Path

from helpers.analysis.project import Project, load_project

APP = """\
from typing import Protocol

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

engine = create_engine("sqlite://")


def find(db: Session):
    return db.scalar(1)


def route(db: Session):
    return shown(find(db))


def shown(row):
    return str(row)


def note(db: Session):
    db.add(1)


def stop():
    engine.dispose()


class Shelf:
    def __init__(self, db: Session):
        self.db = db

    @property
    def size(self):
        return find(self.db)

    def label(self):
        return ""


class Signed(Shelf):
    def label(self):
        return self.db.get(Shelf, 1)


class Labels(Protocol):
    def label(self): ...
"""


def project(folder: Path, text: str = APP) -> Project:
    (folder / "app.py").write_text(text, encoding="utf-8")
    return load_project(folder)


def symbols(read: Project, nodes: object) -> set[str]:
    return {read.callgraph.functions[node].symbol for node in nodes}  # type: ignore[attr-defined]


def test_io_and_what_leads_to_it_and_its_overrides_are_asynchronous(tmp_path: Path) -> None:
    read = project(tmp_path)
    expected = {"find", "route", "stop", "Shelf.size", "Shelf.label", "Signed.label", "Labels.label"}
    assert symbols(read, read.colouring.asynchronous) == expected


def test_what_only_notes_something_or_holds_a_session_is_not(tmp_path: Path) -> None:
    read = project(tmp_path)
    assert not {"note", "shown", "Shelf.__init__"} & symbols(read, read.colouring.asynchronous)


def test_why_tells_the_way_to_the_call_on_the_session(tmp_path: Path) -> None:
    read = project(tmp_path)
    ways = {
        read.callgraph.functions[node].symbol: [one.symbol for one in read.colouring.why(node)]
        for node in read.callgraph.functions
    }
    assert ways["route"] == ["route", "find"]
    assert ways["find"] == ["find"]
    assert ways["note"] == []


def test_conflicts_are_named(tmp_path: Path) -> None:
    read = project(tmp_path)
    told = {read.callgraph.functions[node].symbol: why for node, why in read.colouring.conflicts.items()}
    assert told == {"Shelf.size": "a property cannot be awaited"}


def test_a_legacy_query_that_runs_counts_and_one_that_is_only_built_does_not(tmp_path: Path) -> None:
    text = "from sqlalchemy.orm import Session\n\n\ndef runs(db: Session):\n    return db.query(1).all()\n\n\n"
    read = project(tmp_path, text + "def builds(db: Session):\n    return db.query(1).filter(2)\n")
    assert symbols(read, read.colouring.asynchronous) == {"runs"}


FIXTURES = "import pytest\n\n\n@pytest.fixture\ndef db():\n    return 1\n"


def test_a_parameter_means_the_nearest_fixture_of_its_name(tmp_path: Path) -> None:
    for folder in ("tests", "tests/unit", "other"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "conftest.py").write_text(FIXTURES, encoding="utf-8")
    (tmp_path / "tests" / "unit" / "test_it.py").write_text("def test_it(db):\n    pass\n", encoding="utf-8")
    (tmp_path / "tests" / "helpers.py").write_text("def test_it(db):\n    pass\n", encoding="utf-8")
    read = load_project(tmp_path)
    [(_, _, found)] = read.fixtures.handed(read.module("tests/unit/test_it.py"))
    assert found.module.path == "tests/unit/conftest.py"
    assert list(read.fixtures.handed(read.module("tests/helpers.py"))) == []
