"""Listen to a run of tests: `python -m benchmarks.listening PATH -- COMMAND ...`, COMMAND as it is run in PATH.

Prints the share of SQL that went through an asynchronous dialect, every session that crossed threads, what used one
connection at the same time, and coroutines that nobody awaited.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.listening.heard import Heard, read
from benchmarks.listening.report import document, lines
from benchmarks.listening.running import variables


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code; 1 where a coroutine was never awaited, 2 where nothing was heard."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    at = words.index("--") if "--" in words else len(words)
    parser = _parser()
    options, command = parser.parse_args(words[:at]), words[at + 1 :]
    if not command:
        parser.error("write the test command after two hyphens, as it is run in PATH")
    code, heard = listen(options, command)
    if not (heard.statements or heard.sessions.count):
        print(f"{options.path}: nothing was heard, exit {code}; is it pytest that runs?", file=sys.stderr)
        return code or 2
    print("\n".join(lines(heard, most=options.most)))
    if options.json:
        options.json.write_text(json.dumps(document(heard), indent=1) + "\n", encoding="utf-8")
    return code or int(bool(heard.unawaited))


def listen(options: argparse.Namespace, command: Sequence[str]) -> tuple[int, Heard]:
    """Run the command, its output to standard error, and read what was heard."""
    with tempfile.TemporaryDirectory(prefix="listening-") as folder:
        environment = variables(Path(folder), (options.root or options.path).resolve(), os.environ)
        done = subprocess.run(command, cwd=options.path, env=environment, stdout=sys.stderr, check=False)
        return done.returncode, read(Path(folder), options.beside)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.listening", description=__doc__)
    parser.add_argument("path", type=Path, metavar="PATH", help="the folder that the command runs in")
    parser.add_argument("--root", type=Path, metavar="DIR", help="the application's code, where it is not in PATH")
    parser.add_argument(
        "--beside", nargs="*", default=[], metavar="GLOB", help="paths whose statements are left out of the share"
    )
    parser.add_argument("--most", type=int, default=12, metavar="N", help="lines of each list (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
