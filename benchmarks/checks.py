"""What an application's own type checker and linter say before and after, apart from line numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks.shell import Bench

DIAGNOSTIC = re.compile(r"^(?P<path>[^\s:]+\.pyi?):\d+(?::\d+)?:? (?P<message>.+)$")
LINE_NUMBER = re.compile(r"\bline \d+")


def read_diagnostics(lines: Iterable[str]) -> Counter[str]:
    """Diagnostics by path and message, how often each occurs; notes and summaries are passed over."""
    found: Counter[str] = Counter()
    for line in lines:
        match = DIAGNOSTIC.match(line)
        if match and not match["message"].startswith("note:"):
            found[f"{match['path']}: {LINE_NUMBER.sub('line …', match['message'])}"] += 1
    return found


def diagnostics(bench: Bench, name: str, tree: Path) -> Counter[str]:
    """Run the check called `name` in `tree` and read what it reports."""
    log = f"{name} {tree.name}"
    bench.log(log).unlink(missing_ok=True)
    bench.run(log, [bench.app.checks[name]], tree)
    return read_diagnostics(bench.log(log).read_text(encoding="utf-8", errors="replace").splitlines())


def new_diagnostics(before: Counter[str], after: Counter[str]) -> tuple[str, ...]:
    """Diagnostics that `after` has more of, each with how many more."""
    return tuple(f"{text} (+{extra})" if extra > 1 else text for text, extra in sorted((after - before).items()))
