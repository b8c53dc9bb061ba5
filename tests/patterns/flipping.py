"""What the patterns of the flip together make of a small application, and why they leave what they leave."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from helpers.analysis.project import load_project
from helpers.codemod.registry import all_patterns
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.lab.differential import compare_example
from helpers.migrate.rewriter import rewrite
from helpers.model import Applicability, Example, Finding, Stage, Step

FLIP = tuple(pattern for pattern in all_patterns() if pattern.STAGE is Stage.FLIP)
HEAD = "from sqlalchemy.orm import Session\n\nfrom models import Author\n\n\n"
MODELS = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
"""


def found(folder: Path, files: Mapping[str, str], models: str = MODELS) -> tuple[Finding, ...]:
    """What the flip finds in an application of these files beside a model, whose lines may be long."""
    for name, text in {"models.py": models, "ruff.toml": "line-length = 160\n", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return scan(load_project(folder), FLIP)


def flipped(folder: Path, files: Mapping[str, str], models: str = MODELS) -> dict[str, str]:
    """The files as the flip leaves them."""
    step = Step(1, Stage.FLIP, found(folder, files, models))
    changes = {change.path: change.after.decode() for change in rewrite(load_project(folder), step).changes}
    return {name: changes.get(name, text) for name, text in files.items()}


def body(folder: Path, text: str) -> str:
    """What becomes of one file behind the usual imports, without any imports."""
    after = flipped(folder, {"app.py": HEAD + text})["app.py"]
    return after.split("\n\n\n", 1)[1]


def proved(folder: Path, text: str, call: str) -> str:
    """What becomes of one file behind the usual imports, once both sides did the same on the sample data."""
    after = flipped(folder, {"app.py": HEAD + text}, samples.MODELS)["app.py"]
    assert after != HEAD + text, reasons(folder, text)
    comparison = compare_example(Example("the flip", HEAD + text, after, call))
    assert comparison.same, comparison.text()
    assert comparison.after.asynchronous and not comparison.after.failure, comparison.text()
    again = folder / "again"
    again.mkdir()
    assert flipped(again, {"app.py": after}, samples.MODELS)["app.py"] == after
    return after.split("\n\n\n", 1)[1]


def reasons(folder: Path, text: str) -> list[str]:
    """Why one file behind the usual imports is left."""
    left = found(folder, {"app.py": HEAD + text})
    assert {item.applicability for item in left} <= {Applicability.MANUAL}
    return [item.message for item in left]


def ran(folder: Path, text: str, call: str) -> str:
    """What becomes of one file, once both sides of it did the same."""
    after = flipped(folder, {"app.py": text})["app.py"]
    assert after != text, [item.message for item in found(folder, {"app.py": text})]
    comparison = compare_example(Example("the flip", text, after, call))
    assert comparison.same, comparison.text()
    assert not comparison.after.failure, comparison.text()
    return after
