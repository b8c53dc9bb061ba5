"""What becomes of one statement in a function that takes a session, and why it is left."""

from __future__ import annotations

from pathlib import Path

from helpers.analysis.project import load_project
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.migrate.rewriter import rewrite
from helpers.model import ChangeSet, Stage, Step
from helpers.patterns.legacy_query import LegacyQuery

SETTINGS = (
    "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['sqlalchemy>=2.0']\n\n[tool.ruff]\nline-length = 200\n"
)
HEAD = """from models import Author, Book, Publisher
from sqlalchemy import bindparam, func, insert, select, text
from sqlalchemy.orm import Bundle, Session, aliased, joinedload, load_only, selectinload


"""
START = "def f(db: Session, x, y):\n    "


def applied(folder: Path, text: str, *, settings: str = SETTINGS) -> ChangeSet:
    """The change of a module `app.py` beside the sample models."""
    (folder / "pyproject.toml").write_text(settings, encoding="utf-8")
    (folder / "models.py").write_text(samples.MODELS, encoding="utf-8")
    (folder / "app.py").write_text(text, encoding="utf-8")
    project = load_project(folder)
    return rewrite(project, Step(1, Stage.QUERY, scan(project, [LegacyQuery])))


def becomes(folder: Path, statement: str, *, head: str = HEAD, start: str = START, settings: str = SETTINGS) -> str:
    """The statement as it stands once the pattern was applied."""
    text = f"{head}{start}{statement}\n"
    changes = applied(folder, text, settings=settings).changes
    after = next((change.after.decode() for change in changes if change.path == "app.py"), text)
    return after.split(start, 1)[1].removesuffix("\n")


def reason_for(folder: Path, statement: str, *, head: str = HEAD, start: str = START, settings: str = SETTINGS) -> str:
    """Why chains of the statement are left, each on a line."""
    change = applied(folder, f"{head}{start}{statement}\n", settings=settings)
    return "\n".join(skip.reason for skip in change.skipped if skip.finding.path == "app.py")
