"""Projects made from texts."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from helpers.analysis.project import Project, load_project

Build = Callable[[Mapping[str, str]], Project]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """A project of files given as {path: text}; texts may be indented."""

    def made(files: Mapping[str, str]) -> Project:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return load_project(tmp_path)

    return made
