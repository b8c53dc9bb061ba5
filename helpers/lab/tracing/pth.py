"""The way in where PYTHONPATH does not arrive: a line in the interpreter's site-packages, for the time of a run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.errors import UsageError

NAME = "zz_workbook_trace.pth"
# does nothing for a process that is not traced, should the file ever be left behind
LINE = (
    "import os, sys; path = os.environ.get('WORKBOOK_TRACE_HOOK'); path and sys.version_info >= (3, 8) and "
    "(sys.path.insert(0, path), __import__('_workbook_recorder').start(), sys.path.remove(path))\n"
)


@contextmanager
def in_site_packages(python: Path) -> Iterator[Path]:
    """Have the interpreter `python` load the recorder, also with -E and -I. UsageError when that cannot be arranged."""
    target = _site_packages(python) / NAME
    try:
        target.write_text(LINE, encoding="ascii")
    except OSError as error:
        raise UsageError(
            str(target), f"cannot be written ({error.strerror})", "name an interpreter of your own"
        ) from error
    try:
        yield target
    finally:
        target.unlink(missing_ok=True)


def _site_packages(python: Path) -> Path:
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=True, env=bare)
    except (OSError, subprocess.CalledProcessError) as error:
        raise UsageError(str(python), "is no Python interpreter", "name the one that runs the tests") from error
    return Path(done.stdout.strip())
