"""What the tests of a pattern share: files beside the sample models, rewritten in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.analysis.project import load_project
from helpers.codemod.pattern import Pattern
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.migrate.rewriter import rewrite
from helpers.model import ChangeSet, Step


@dataclass(frozen=True)
class Rewriting:
    """One pattern on files below one folder."""

    pattern: type[Pattern]
    folder: Path

    def changed(self, files: Mapping[str, str]) -> ChangeSet:
        """What the pattern makes of `files` beside the sample models."""
        for name, text in {"models.py": samples.MODELS, **files}.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8", newline="")
        project = load_project(self.folder)
        return rewrite(project, Step(1, self.pattern.STAGE, scan(project, [self.pattern])))

    def after(self, text: str, **others: str) -> str:
        """The text of `app.py` once the pattern was applied; `others` are modules beside it."""
        return self.files({"app.py": text, **{f"{name}.py": other for name, other in others.items()}})["app.py"]

    def files(self, files: Mapping[str, str]) -> dict[str, str]:
        """All files as they are afterwards."""
        changes = {change.path: change.after.decode() for change in self.changed(files).changes}
        return {**files, **changes}

    def reasons(self, text: str, **others: str) -> list[str]:
        """Why places of `app.py` are left, and nothing may have changed."""
        done = self.changed({"app.py": text, **{f"{name}.py": other for name, other in others.items()}})
        assert not done.changes
        return [skip.reason for skip in done.skipped if skip.finding.path == "app.py"]
