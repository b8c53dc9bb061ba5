"""Write environment.yml from requirements.txt, so that conda, mamba and Binder install the very same versions."""

from __future__ import annotations

from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
HEADER = """\
# Generated from requirements.txt by `make pins`: do not edit.
# The same name==version pairs as the pins, for conda, mamba and Binder; the project itself comes last.
"""
# Conda brings the interpreter and pip alone: mixing its builds with the pins would give two sets of versions to test.
CONDA = {"name": "async-migration-workbook", "channels": ["conda-forge", "nodefaults"]}
PYTHON = "python=3.12"
PROJECT = "-e ."


def pins(requirements: str) -> tuple[str, ...]:
    """The requirements of a pinned file, one string each, in its order: `name==version` and its marker if it has one.

    Raises ValueError for a line that is not pinned to one version.
    """
    lines = (line.split(" --hash")[0].rstrip("\\ ") for line in requirements.splitlines() if line[:1].isalnum())
    return tuple(_pin(Requirement(line)) for line in lines)


def _pin(requirement: Requirement) -> str:
    pinned = f"{requirement.name}{requirement.specifier}"
    if len(requirement.specifier) != 1 or "==" not in pinned or "*" in pinned:
        raise ValueError(f"requirements.txt: {pinned} is not one version; run make pins")
    return f"{pinned} ; {requirement.marker}" if requirement.marker else pinned


def environment(requirements: str) -> str:
    """The text of environment.yml for the text of requirements.txt."""
    # Markers stay: pip evaluates them, so one file serves Linux, macOS and Windows.
    content = {**CONDA, "dependencies": [PYTHON, "pip", {"pip": [*pins(requirements), PROJECT]}]}
    return HEADER + yaml.safe_dump(content, sort_keys=False, width=200)


def main() -> None:
    """Write environment.yml beside requirements.txt."""
    text = environment((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    (ROOT / "environment.yml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
