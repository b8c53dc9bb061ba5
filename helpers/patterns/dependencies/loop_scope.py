"""pytest-asyncio is told how long the loop of a fixture lives, where it would say that nobody has told it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator

from helpers.analysis.project import Project
from helpers.analysis.source import Text
from helpers.model import Edit
from helpers.patterns.dependencies.drivers import Needed
from helpers.patterns.dependencies.testing import WITH_LOOP_SCOPES

_HEADER = re.compile(r"^\[tool\.pytest\.ini_options\][ \t]*(?:#[^\r\n]*)?(?=\r?\n|$)", re.MULTILINE)
_NAME = "asyncio_default_fixture_loop_scope"
_PREFERRED = ("pytest.ini", ".pytest.ini")  # pytest reads these in front of pyproject.toml

Told = tuple[Text, int, str, tuple[Edit, ...]]


def fixture_loops(project: Project, lacking: Iterable[Needed]) -> Iterator[Told]:
    """The setting for pyproject.toml where pytest has its settings there and pytest-asyncio is new to the application.

    Releases from 0.24 to 0.26 ask for it. Where the package has been there before, its fixtures may rely on what it
    does without; fixtures that the flip changes and that outlive a test say so themselves.
    """
    file = project.texts.get("pyproject.toml")
    if file is None or not any(one.requirement.endswith(WITH_LOOP_SCOPES) for one in lacking):
        return
    if any((project.root / name).exists() for name in _PREFERRED):
        return
    header = _HEADER.search(file.text)
    if header is not None and not _told(file.text):
        newline = "\r\n" if "\r\n" in file.text else "\n"
        edit = Edit(header.end(), header.end(), f'{newline}{_NAME} = "function"')
        yield (
            file,
            header.start(),
            "pytest-asyncio is told that the loop of a fixture lives as long as its test",
            (edit,),
        )


def _told(text: str) -> bool:
    """Whether the file has the setting already, or cannot be read."""
    try:
        return _NAME in tomllib.loads(text)["tool"]["pytest"]["ini_options"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError):
        return True
