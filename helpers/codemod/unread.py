"""Names in files that could not be read: what stands there may use a definition, and nothing can be changed with it."""

from __future__ import annotations

import re

from helpers.analysis.project import Project
from helpers.codemod.refused import Refused


def not_named_unread(project: Project, name: str) -> None:
    """Refused when a file that is a finding of its own, because it cannot be parsed or decoded, holds the word."""
    word = re.compile(rb"\b" + re.escape(name.encode()) + rb"\b")
    for path in sorted({problem.path for problem in project.problems}):
        try:
            data = (project.root / path).read_bytes()
        except OSError:
            data = name.encode()  # whatever it holds
        if word.search(data):
            raise Refused(f"{path} cannot be read and may use `{name}`: mend that file first")
