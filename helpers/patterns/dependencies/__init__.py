"""AM101: the application asks for SQLAlchemy's asyncio extra and for the async drivers of its databases."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.codemod.pattern import Pattern
from helpers.model import Applicability, Finding, Stage
from helpers.patterns.dependencies.examples import EXAMPLES
from helpers.patterns.dependencies.finder import findings

__all__ = ["Dependencies"]


class Dependencies(Pattern):
    """`sqlalchemy` becomes `sqlalchemy[asyncio]`, and the async driver of each database stands beside it."""

    CODE = "AM101"
    NAME = "dependencies"
    SUMMARY = "The asyncio extra of SQLAlchemy and the async drivers are asked for"
    WHY = (
        "SQLAlchemy runs its asynchronous sessions on greenlet, which is installed for certain only through the extra "
        "`asyncio`: from 2.1 on, without it, importing sqlalchemy.ext.asyncio fails. Each database also needs a driver "
        "that can wait without blocking: aiosqlite, asyncpg or psycopg, asyncmy or aiomysql. The synchronous driver "
        "stays, for migrations, workers and scripts. Where tests become asynchronous, pytest-asyncio is asked for "
        "beside pytest; where coverage is measured, it is told of greenlets: it loses the lines behind an await "
        "otherwise. Addresses are not touched here: that is the engine's own step."
    )
    STAGE = Stage.DEPENDENCIES
    APPLICABILITY = Applicability.REVIEW
    EXAMPLES = EXAMPLES

    def find(self, project: Project) -> Iterator[Finding]:
        """A finding for each file that names SQLAlchemy without its extra or lacks a driver, and for lock files."""
        yield from findings(project, self.CODE)
