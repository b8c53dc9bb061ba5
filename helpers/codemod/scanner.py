"""Asks every pattern for its findings."""

from __future__ import annotations

from collections.abc import Iterable

from helpers.analysis.project import Project
from helpers.codemod.pattern import Pattern
from helpers.model import Finding


def scan(project: Project, patterns: Iterable[type[Pattern]]) -> tuple[Finding, ...]:
    """What the patterns find, and the files that could not be read, sorted by place."""
    found = [finding for pattern in patterns for finding in pattern().find(project)]
    return tuple(sorted([*project.problems, *found], key=lambda item: (item.path, item.line, item.column, item.code)))
