"""Show that no clause was lost: `python -m benchmarks.clauses BEFORE AFTER` pairs the queries of two trees."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clauses.evaluation import EvaluationError, Interpreter
from benchmarks.clauses.trees import Comparison, compare_folders
from benchmarks.clauses.verdicts import FAULTS, Verdict, counts, judge


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when nothing was lost, 1 when something was, 2 when the queries could not be evaluated."""
    options = _parser().parse_args(arguments)
    interpreter = Interpreter(_python(options.python), options.root, options.timeout) if options.python else None
    comparison = compare_folders(options.before, options.after)
    try:
        verdicts = judge(comparison, options.before, options.after, interpreter)
    except EvaluationError as error:
        print(error, file=sys.stderr)
        return 2
    _print(comparison, verdicts, all_of_them=options.verbose)
    if options.json:
        options.json.write_text(json.dumps(_document(comparison, verdicts), indent=1) + "\n", encoding="utf-8")
    return 1 if any(verdict.word in FAULTS for verdict in verdicts) else 0


def _print(comparison: Comparison, verdicts: Sequence[Verdict], *, all_of_them: bool) -> None:
    for file in comparison.unread:
        print(f"UNREAD {file.path}: {file.reason}")
    for verdict in verdicts:
        if all_of_them or verdict.word in FAULTS:
            print(verdict.line)
    found = ", ".join(f"{word} {number}" for word, number in counts(verdicts).items())
    moved = sum(verdict.pair.moved for verdict in verdicts)
    print(f"{len(verdicts)} queries: {found}" + (f" ({moved} in another place)" if moved else ""))


def _document(comparison: Comparison, verdicts: Sequence[Verdict]) -> dict[str, object]:
    rows = [
        {
            "path": item.pair.old.path, "line": item.pair.old.line, "symbol": item.pair.old.symbol, "word": item.word,
            "detail": item.detail, "before": item.pair.old.text, "after": item.pair.new.text if item.pair.new else None,
        }
        for item in verdicts
    ]  # fmt: skip
    unread = [{"path": file.path, "reason": file.reason} for file in comparison.unread]
    return {"counts": counts(verdicts), "queries": rows, "unread": unread}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clauses", description=__doc__)
    parser.add_argument("before", type=_folder, metavar="BEFORE", help="the tree as it was")
    parser.add_argument("after", type=_folder, metavar="AFTER", help="the tree after the rewrite")
    parser.add_argument(
        "--python", type=Path, metavar="VENV", help="the application's environment: compare the SQL too"
    )
    parser.add_argument("--root", default=".", metavar="DIR", help="folder below a tree from which its modules import")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every query with its verdict there")
    parser.add_argument("--verbose", action="store_true", help="print every query, not only the faults")
    parser.add_argument(
        "--timeout", type=float, default=900, metavar="S", help="seconds to evaluate a tree (%(default)s)"
    )
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: no such folder; name an existing one")
    return path


def _python(path: Path) -> Path:
    """The interpreter of an environment that is named by its folder."""
    return path / "bin" / "python" if path.is_dir() else path


if __name__ == "__main__":
    sys.exit(main())
