"""Make the environments with older SQLAlchemy versions that prove the examples: `python -m tools.older_sqlalchemy`.

Each lies in .venvs/ and is kept until its pins or the Python change; `pins` as an argument renews the pins instead.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# aiosqlite 0.22 changed what SQLAlchemy 1.4 relies on.
REQUIREMENTS = {
    "1.4.46": ("sqlalchemy==1.4.46", "aiosqlite<0.22", "greenlet"),
    "2.0.58": ("sqlalchemy==2.0.58", "aiosqlite", "greenlet"),
}


def pins(version: str) -> Path:
    """The file with the pinned and hashed packages of SQLAlchemy `version`."""
    return ROOT / "tests" / f"requirements-sqlalchemy-{version}.txt"


def folder(version: str) -> Path:
    """The virtual environment of SQLAlchemy `version`, whether it exists or not."""
    return ROOT / ".venvs" / f"sqlalchemy-{version}"


def make(version: str) -> Path:
    """The interpreter that has SQLAlchemy `version`; its environment is made when it is missing or out of date.

    Raises subprocess.CalledProcessError when the packages cannot be installed.
    """
    place = folder(version)
    place.parent.mkdir(exist_ok=True)
    with Path(f"{place}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may start at once
        stamp, wanted = place / ".installed", _wanted(version)
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            _install(version)
            stamp.write_text(wanted, encoding="utf-8")
    return place / "bin" / "python"


def renew_pins(version: str) -> None:
    """Resolve the requirements of SQLAlchemy `version` anew and write its pins."""
    command = "--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet --upgrade"
    origin = "python -m tools.older_sqlalchemy pins"
    arguments = [*command.split(), "--custom-compile-command", origin, "--output-file", str(pins(version)), "-"]
    _run("uv", "pip", "compile", *arguments, stdin="\n".join(REQUIREMENTS[version]))


def _wanted(version: str) -> str:
    return f"{hashlib.sha256(pins(version).read_bytes()).hexdigest()}\n{sys.version}\n"


def _install(version: str) -> None:
    python, wanted = folder(version) / "bin" / "python", ["--require-hashes", "-r", str(pins(version))]
    _run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(folder(version)))
    try:
        _run("uv", "pip", "install", "--quiet", "--python", str(python), *wanted)
    except subprocess.CalledProcessError:
        # where an index is set up for pip alone, uv cannot see it
        _run("pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check", *wanted)


def _run(module: str, *arguments: str, stdin: str = "") -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, input=stdin, text=True, cwd=ROOT)


def main(arguments: list[str]) -> None:
    """Make every environment and tell where it lies, or renew the pins."""
    for version in REQUIREMENTS:
        if arguments == ["pins"]:
            renew_pins(version)
        else:
            sys.stdout.write(f"{version} {make(version).relative_to(ROOT)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
