"""A small application with two files to convert, and workbooks over it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.workbook import Workbook

MODELS = """
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    name = Column(String)
"""
FIRST = """from models import User
from sqlalchemy.orm import Session


def first(db: Session, name: str):
    return db.query(User).filter(User.name == name).first()
"""
KEPT = """from models import User
from sqlalchemy.orm import Session


def rename(db: Session):
    db.query(User).filter(User.id == 1).update({"name": "x"}, update_args={"mysql_limit": 1})


def every(db: Session):
    return db.query(User.name).all()
"""
ONLY_LEFT = KEPT.partition("def every")[0]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An application: `first.py` and `kept.py` have something to convert, `left.py` has a refusal alone."""
    folder = tmp_path / "app"
    folder.mkdir()
    texts = {"models": MODELS, "first": FIRST, "kept": KEPT, "left": ONLY_LEFT}
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def workbook(app: Path) -> Workbook:
    """The workbook over that application itself."""
    return Workbook.open(app)


@pytest.fixture
def contents(app: Path) -> Callable[[], dict[str, str]]:
    """The application's files as they are on disk now."""
    return lambda: {path.stem: path.read_text(encoding="utf-8") for path in app.glob("*.py")}
