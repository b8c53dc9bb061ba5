"""What has to hold after `apply`: a second one changes nothing, and `undo` gives every byte back."""

from __future__ import annotations

from pathlib import Path

from benchmarks.engine import read_sites, workbook
from benchmarks.trees import differences, digests

OWN_FOLDER = frozenset({".workbook"})


def second_apply(root: Path, *selection: str) -> tuple[str, ...]:
    """Apply again with the same selection: each place that it says it wrote, and each file that it changed."""
    once = digests(root, leave=OWN_FOLDER)
    again = workbook("apply", root, *selection)
    written = [site for site in read_sites(again.output.splitlines()) if site.word != "refused"]
    told = tuple(f"rewrote {site.path}:{site.line}" for site in written)
    return told + differences(once, digests(root, leave=OWN_FOLDER))


def undone(root: Path, before: Path) -> tuple[tuple[str, ...], list[str]]:
    """Take everything back: the files that differ from those in `before`, and what the command said went wrong."""
    done = workbook("undo", root, "--all")
    problems = [f"undo: exit 1: {done.errors.strip()[-300:]}"] if done.code else []
    return differences(digests(before), digests(root)), problems
