"""Show that no test was weakened: `python -m benchmarks.tests_kept BEFORE AFTER` compares the tests of two trees.

Tests are paired by path and name; each statement, decorator and setting of pytest has to be what it was, but for what
the engine itself writes. With --junit or --collected two runs are compared as well.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.tests_kept.report import document, lines
from benchmarks.tests_kept.runs import compare_collected, compare_outcomes
from benchmarks.tests_kept.trees import compare_folders


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when every test checks what it did, 1 when one does not, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    kept = compare_folders(options.before, options.after)
    more = [*kept.differences]
    if options.junit:
        more += compare_outcomes(*options.junit)
    if options.collected:
        more += compare_collected(*options.collected)
    kept = replace(kept, differences=tuple(more))
    if options.json:
        print(json.dumps(document(kept), indent=1))
    else:
        print("\n".join(lines(kept)))
    return 1 if kept.faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tests_kept",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("before", type=_folder, metavar="BEFORE", help="the tree as it was")
    parser.add_argument("after", type=_folder, metavar="AFTER", help="the tree after the migration")
    parser.add_argument("--junit", nargs=2, type=_file, metavar=("A", "B"), help="JUnit files of a run in each tree")
    parser.add_argument(
        "--collected", nargs=2, type=_file, metavar=("A", "B"), help="outputs of pytest --collect-only -q in each tree"
    )
    parser.add_argument("--json", action="store_true", help="print a document instead of lines")
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: no such folder; name an existing one")
    return path


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text}: no such file; name an existing one")
    return path


if __name__ == "__main__":
    sys.exit(main())
