"""One commit for each step, on a branch of its own: what is committed has been parsed and compiled before."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import JournalError, UsageError
from helpers.model import ChangeSet, JournalEntry, digest

BRANCH = "async-migration"
_REMEDY = "mend that, and run it again: it goes on where it stopped"


@dataclass(frozen=True)
class Repository:
    """The git repository around an application's folder."""

    root: Path

    def check(self, last: JournalEntry | None) -> bool:
        """Whether the files are those of the last commit; False when `last` was written and is still to be committed.

        UsageError where there is no repository; JournalError when other files have changes that nobody committed.
        """
        if self._git("rev-parse", "--is-inside-work-tree", check=False) != "true":
            raise UsageError(str(self.root), "is in no git repository", "leave out --git, or make one")
        changed = self._changed()
        if not changed:
            return True
        written = {record.path: record.after for record in last.files} if last else {}
        if changed <= written.keys() and all(self._digest(path) == written[path] for path in changed):
            return False
        fact = f"has changes that are not committed ({', '.join(sorted(changed - written.keys() or changed)[:3])})"
        raise JournalError(str(self.root), fact, "commit or stash them, so that a step is a commit of its own")

    def switch(self) -> None:
        """Go to the branch of the migration, made from where the work tree is."""
        if self._git("symbolic-ref", "--short", "-q", "HEAD", check=False) == BRANCH:
            return
        there = self._git("rev-parse", "--verify", "-q", f"refs/heads/{BRANCH}", check=False)
        self._git("switch", "-q", *([] if there else ["-c"]), BRANCH)

    def commit(self, paths: Iterable[str], message: str) -> None:
        """Commit these files and nothing else. JournalError when one is no sound Python, or git refuses."""
        paths = list(paths)
        for path in paths:
            self._sound(path)
        self._git("add", "--all", "--", *paths)
        self._git("commit", "-q", "-m", message, "--", *paths)

    def _sound(self, path: str) -> None:
        target = self.root / path
        if not (path.endswith(".py") and target.exists()):
            return
        try:
            compile(target.read_bytes(), path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise JournalError(path, f"does not compile ({error}); nothing was committed", "undo the step") from None

    def _changed(self) -> set[str]:
        """The files below the folder that differ from the last commit, those that git does not know among them."""
        top = self._git("rev-parse", "--show-toplevel")
        words = ("status", "--porcelain", "-z", "--untracked-files=all", "--no-renames")
        lines = [line[3:] for line in self._git(*words, strip=False).split("\0") if line]
        inside = os.path.relpath(self.root.resolve(), top)
        return {os.path.relpath(line, inside) if inside != "." else line for line in lines}

    def _digest(self, path: str) -> str:
        target = self.root / path
        return digest(target.read_bytes() if target.is_file() else None)

    def _git(self, *words: str, check: bool = True, strip: bool = True) -> str:
        command = ["git", "-C", str(self.root), *words]
        done = subprocess.run(command, capture_output=True, check=False, text=True, errors="surrogateescape")
        if check and done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            raise JournalError(str(self.root), f"git {words[0]} failed: {lines[-1] if lines else '?'}", _REMEDY)
        return done.stdout.strip() if strip else done.stdout


def message(change_set: ChangeSet) -> str:
    """What a commit says of a step: its title, the functions, the bridges that are open after it, what is left."""
    step = change_set.step
    parts = [f"{step.title[:1].upper()}{step.title[1:]}"]
    for title, lines in (
        ("Asynchronous from here on:", step.symbols),
        ("Bridges open after it:", step.bridges),
        ("Left as they are:", [f"{skip.finding.place} {skip.reason}" for skip in change_set.skipped]),
    ):
        if lines:
            parts.append("\n".join([title, "", *(f"- {line}" for line in lines)]))
    return "\n\n".join(parts)
