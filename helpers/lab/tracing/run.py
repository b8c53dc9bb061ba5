"""Starts the command with the recorder on its path, passes signals on, and keeps the trace beside the journal."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from helpers.analysis.files import python_files
from helpers.analysis.trace import TRACE_FILE, SelfCheck, Trace, to_document
from helpers.errors import UsageError, WorkbookError
from helpers.lab.tracing.merge import TESTS, Merge
from helpers.lab.tracing.names import Names
from helpers.lab.tracing.pth import in_site_packages
from helpers.lab.tracing.records import Raw, read
from helpers.model import digest

INJECT = Path(__file__).with_name("inject").resolve()
_PASSED_ON = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
)
_BY_TERMINAL = frozenset(getattr(signal, name) for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name))


class TraceError(WorkbookError):
    """The command ran, and there is no trace of it."""


@dataclass(frozen=True)
class Options:
    """Where the command's output goes, and whose site-packages get a hook, should PYTHONPATH not arrive."""

    output: int | IO[Any] = subprocess.DEVNULL
    python: Path | None = None


def trace(root: Path, command: Sequence[str], options: Options) -> Trace:
    """Run `command` in `root`, keep what it did below `root` in TRACE_FILE, and return that.

    UsageError when the command cannot be started; TraceError when no process recorded anything. The signal that
    ended the run is raised again, and then nothing is kept.
    """
    root = root.resolve()
    before = {path: digest((root / path).read_bytes()) for path in python_files(root) if (root / path).is_file()}
    with _folder(root) as folder:
        code = _run(root, command, folder, options)
        raw = read(folder)
    if not raw.processes:
        raise _nothing(root, command, code, options)
    found = _merged(root, raw, command, code)
    known = {path: _digest(root, path, before) for path in sorted(_named(found))}
    found = Trace(**{**vars(found), "files": known})
    _keep(root, found)
    return found


def _merged(root: Path, raw: Raw, command: Sequence[str], code: int) -> Trace:
    merge = Merge(raw, Names(root))
    loads, refreshes = merge.touched()
    functions, edges = merge.waiting()
    told = sum(item.count for item in (*loads, *refreshes) if item.place or item.endpoint)
    total = raw.totals
    return Trace(
        traced=datetime.now(UTC).isoformat(timespec="seconds"),
        command=tuple(command),
        exit=code,
        processes=raw.processes,
        sqlalchemy=tuple(sorted(raw.sqlalchemy)),
        python=tuple(sorted(raw.python)),
        check=SelfCheck(total["hooked"], told, total["implicit"], total["statements"], total["failed"], raw.cut),
        lazy_loads=loads,
        refreshes=refreshes,
        io_functions=functions,
        edges=edges,
        on_loop=merge.on_loop(),
    )


@contextlib.contextmanager
def _folder(root: Path) -> Iterator[Path]:
    """A folder for the files of the processes, which goes when they are merged."""
    home = (root / TRACE_FILE).parent
    if (root / ".workbook").is_symlink() or home.is_symlink():
        raise UsageError(
            str(home), "is reached by a symbolic link", "remove the link: a trace stays in the application"
        )
    home.mkdir(parents=True, exist_ok=True)
    (home / ".gitignore").write_bytes(b"*\n")
    for left in home.glob("run-*"):
        owner = left.name.split("-")[1]
        if not (owner.isdigit() and _alive(int(owner))):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"run-{os.getpid()}-", dir=home, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def environment(root: Path, folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The variables that bring the recorder into every Python that inherits them; tox passes on what it is told to."""
    paths = [str(INJECT), *filter(None, [given.get("PYTHONPATH")])]
    passed = [*filter(None, [given.get("TOX_OVERRIDE")]), "testenv.pass_env+=PYTHONPATH,WORKBOOK_TRACE_*"]
    return {
        **{name: value for name, value in given.items() if name != "PYTEST_CURRENT_TEST"},
        "PYTHONPATH": os.pathsep.join(paths),
        "TOX_OVERRIDE": ";".join(passed),
        "WORKBOOK_TRACE_HOOK": str(INJECT),
        "WORKBOOK_TRACE_OUT": str(folder),
        "WORKBOOK_TRACE_ROOT": str(root),
        "WORKBOOK_TRACE_TESTS": TESTS,
    }


def _run(root: Path, command: Sequence[str], folder: Path, options: Options) -> int:
    """The command's exit code. A signal that arrives meanwhile is passed on, waited for, and raised again."""
    variables = environment(root, folder, os.environ)
    with in_site_packages(options.python) if options.python else contextlib.nullcontext(), _passing_on() as passing:
        try:
            # with a terminal the group is the shell's business; else it is ours, so that a signal reaches all of it
            group = None if _terminal() else 0
            process = subprocess.Popen(
                list(command),
                cwd=root,
                env=variables,
                stdout=options.output,
                stderr=subprocess.STDOUT,
                process_group=group,
            )
        except OSError as error:
            fact = f"cannot be started ({error.strerror})"
            raise UsageError(command[0], fact, "name the test command as you would type it in PATH") from error
        passing.to(process, grouped=group == 0)
        code = process.wait()
    if passing.met is not None:
        signal.raise_signal(passing.met)
    return code


def _terminal() -> bool:
    return sys.stdin is not None and not sys.stdin.closed and os.isatty(0)


class _Passing:
    """Hands the signals of this process to another."""

    def __init__(self) -> None:
        self.met: int | None = None
        self._process: subprocess.Popen[Any] | None = None
        self._grouped = False

    def to(self, process: subprocess.Popen[Any], *, grouped: bool) -> None:
        """Name the process; one that came before is handed on now."""
        self._process, self._grouped = process, grouped
        if self.met is not None:
            self(self.met, None)

    def __call__(self, number: int, frame: object) -> None:
        """Take a signal. What the terminal sends reaches the command without us."""
        self.met = number
        if self._process is None or (not self._grouped and number in _BY_TERMINAL):
            return
        with contextlib.suppress(ProcessLookupError):
            if self._grouped:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)


@contextlib.contextmanager
def _passing_on() -> Iterator[_Passing]:
    passing = _Passing()
    if threading.current_thread() is not threading.main_thread():
        yield passing
        return
    previous = {number: signal.signal(number, passing) for number in _PASSED_ON}
    try:
        yield passing
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _nothing(root: Path, command: Sequence[str], code: int, options: Options) -> TraceError:
    fact = f"no process of it imported sqlalchemy.orm with the recorder in place (it ended with {code})"
    remedy = "does it run the application's tests?"
    if not options.python:
        remedy += (
            " If something replaces PYTHONPATH on the way, as `PYTHONPATH=. pytest` in a Makefile or `python -E` do,"
            " name the application's interpreter with --python: a .pth file then lies in its site-packages meanwhile"
        )
    return TraceError(" ".join(command), fact, remedy)


def _named(found: Trace) -> set[str]:
    places: set[str] = set()
    for item in (*found.lazy_loads, *found.refreshes):
        places |= {place.path for place in (item.place, item.endpoint, *item.frames) if place}
        places |= {loading.place.path for loading in item.loaded_by if loading.place}
    for refresh in found.refreshes:
        places |= {refresh.expired_at.path} if refresh.expired_at else set()
    for edge in found.edges:
        places |= {edge.caller.path, edge.callee.path}
    places |= {function.place.path for function in found.io_functions}
    return places | {place.path for item in found.on_loop for place in item.frames}


def _digest(root: Path, path: str, before: Mapping[str, str]) -> str:
    """The digest of a file; empty, which no file has, for one that changed while the command ran."""
    try:
        now = digest((root / path).read_bytes())
    except OSError:
        return ""
    return now if before.get(path, now) == now else ""


def _keep(root: Path, found: Trace) -> None:
    target = root / TRACE_FILE
    passing = target.with_name(f"{target.name}.{os.getpid()}")
    passing.write_text(json.dumps(to_document(found), indent=1), encoding="utf-8")
    passing.replace(target)
