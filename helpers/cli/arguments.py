"""The command line's words: verbs, options, and how a wrong one is told."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from helpers import __version__
from helpers.errors import UsageError
from helpers.model import MOST_IN_A_STEP

_EXITS = """exit status:
  scan, diff,
  audit         0 nothing found, 1 findings
  plan          0 there is a plan, or nothing is left
  apply, undo   0 done as asked, 1 something asked was not done
  trace         0 recorded, 1 the command failed or nothing was recorded
  all           2 wrong usage, or a PATH that cannot be read at all"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line with a remedy, as all others here."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of printing and leaving."""
        raise UsageError(self.prog, message, f"see {self.prog} --help")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The words after the program's name (those of the process for None) as a namespace with `verb`. UsageError.

    `command` holds the words after `--`, which only `trace` takes, as they are.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    at = words.index("--") if words[:1] == ["trace"] and "--" in words else len(words)
    asked = _parser().parse_args(words[:at])
    asked.command = words[at + 1 :]
    if asked.verb == "trace" and not asked.command:
        remedy = "write the test command after two hyphens: workbook trace PATH -- pytest"
        raise UsageError("workbook trace", "no command is given", remedy)
    return asked


def _parser() -> Parser:
    parser = Parser(
        "workbook",
        description="Move a FastAPI application from synchronous to asynchronous SQLAlchemy, one pattern at a time.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    _scan(_verb(verbs, "scan", "list the findings"))
    _plan(_verb(verbs, "plan", "list the steps that are left, each of which leaves the application working"))
    _diff(_verb(verbs, "diff", "show what apply would do, as a unified diff, and write nothing"))
    _apply(_verb(verbs, "apply", "rewrite in place, with a journal for undo"))
    _undo(_verb(verbs, "undo", "take the last apply back"))
    _trace(_verb(verbs, "trace", "record lazy loads and IO while a command, the application's tests, runs"))
    _audit(_verb(verbs, "audit", "list what is wrong in code that is asynchronous already: missed awaits"))
    explain = _verb(verbs, "explain", "say what a pattern does, and why")
    explain.add_argument("code", metavar="CODE", help="a pattern's name or code, as AM201")
    return parser


def _verb(verbs: argparse._SubParsersAction[Parser], name: str, summary: str) -> Parser:
    verb = verbs.add_parser(name, help=summary, description=f"{summary.capitalize()}.", allow_abbrev=False)
    verb.add_argument("--json", action="store_true", help="print JSON, as docs/workbook.schema.json describes it")
    return verb


def _scan(parser: Parser) -> None:
    _path(parser)
    _codes(parser, "--select", "findings of these patterns alone")
    _codes(parser, "--ignore", "all findings but those of these patterns")


def _plan(parser: Parser) -> None:
    _path(parser)
    _most(parser)


def _diff(parser: Parser) -> None:
    _path(parser)
    chosen = parser.add_mutually_exclusive_group()
    _codes(chosen, "--select", "these patterns alone; every pattern without it")
    chosen.add_argument("--all", action="store_true", help="every pattern, as without --select")
    _step(chosen)
    _most(parser)
    _files(parser)


def _apply(parser: Parser) -> None:
    _path(parser)
    chosen = parser.add_mutually_exclusive_group()
    _codes(chosen, "--select", "these patterns alone")
    chosen.add_argument("--all", action="store_true", help="every pattern; with --git, every step of the plan")
    _step(chosen)
    _most(parser)
    parser.add_argument("--git", action="store_true", help="commit what is written, each step by itself, on a branch")
    _files(parser)


def _undo(parser: Parser) -> None:
    _path(parser)
    parser.add_argument("--all", action="store_true", help="take everything back and remove the journal")


def _trace(parser: Parser) -> None:
    parser.usage = "workbook trace [-h] [--json] [--python PYTHON] PATH -- COMMAND ..."
    _path(parser)
    text = "interpreter whose site-packages get a hook during the run, for commands that replace PYTHONPATH"
    parser.add_argument("--python", metavar="PYTHON", type=_path_of, help=text)


def _audit(parser: Parser) -> None:
    _path(parser)
    text = "how to print it: lines, JSON (as --json), SARIF 2.1.0, or annotations of a GitHub workflow"
    parser.add_argument("--format", choices=("text", "json", "sarif", "github"), default="text", help=text)


def _step(parser: argparse._ActionsContainer) -> None:
    text = "one step of the plan, by its number (workbook plan PATH)"
    parser.add_argument("--step", metavar="N", type=_number, help=text)


def _most(parser: Parser) -> None:
    text = f"functions that become asynchronous in one step, at most (default {MOST_IN_A_STEP})"
    parser.add_argument("--max-changes", metavar="N", type=_number, default=MOST_IN_A_STEP, help=text)


def _path(parser: Parser) -> None:
    parser.add_argument("path", metavar="PATH", type=_path_of, help="the folder of the application")


def _codes(parser: argparse._ActionsContainer, option: str, summary: str) -> None:
    more = "names or codes, separated by commas; may be repeated"
    parser.add_argument(option, metavar="CODES", action="extend", type=_words, default=[], help=f"{summary} ({more})")


def _files(parser: Parser) -> None:
    text = "only in files that match, as in a .gitignore; relative to PATH, and after it"
    parser.add_argument("--files", metavar="GLOB", nargs="+", action="extend", default=[], help=text)


def _path_of(text: str) -> Path:
    if not text:  # Path("") is the current folder, which an unset variable of a script does not mean
        raise argparse.ArgumentTypeError("is empty")
    return Path(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 up")
    return int(text)


def _words(text: str) -> list[str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise argparse.ArgumentTypeError("names no pattern")
    return words
