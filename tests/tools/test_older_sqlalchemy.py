"""The environments with older SQLAlchemy versions: pinned, made once, made anew when the pins change."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools import older_sqlalchemy
from tools.older_sqlalchemy import REQUIREMENTS


@pytest.fixture
def installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The versions that were installed, in a root of its own where installing makes an empty folder."""
    done: list[str] = []

    def install(version: str) -> None:
        older_sqlalchemy.folder(version).mkdir(exist_ok=True)
        done.append(version)

    (tmp_path / "tests").mkdir()
    monkeypatch.setattr(older_sqlalchemy, "ROOT", tmp_path)
    monkeypatch.setattr(older_sqlalchemy, "_install", install)
    older_sqlalchemy.pins("1.4.46").write_text("sqlalchemy==1.4.46\n", encoding="utf-8")
    return done


def test_an_environment_is_made_once(installs: list[str]) -> None:
    paths = {older_sqlalchemy.make("1.4.46") for _ in range(2)}
    assert installs == ["1.4.46"]
    assert paths == {older_sqlalchemy.folder("1.4.46") / "bin" / "python"}


def test_other_pins_make_it_anew(installs: list[str]) -> None:
    older_sqlalchemy.make("1.4.46")
    older_sqlalchemy.pins("1.4.46").write_text("sqlalchemy==1.4.46\ngreenlet==3\n", encoding="utf-8")
    older_sqlalchemy.make("1.4.46")
    assert installs == ["1.4.46"] * 2


def test_a_failed_installation_is_tried_again(installs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(version: str) -> None:
        older_sqlalchemy.folder(version).mkdir()
        raise subprocess.CalledProcessError(1, "uv")

    with monkeypatch.context() as patched, pytest.raises(subprocess.CalledProcessError):
        patched.setattr(older_sqlalchemy, "_install", fail)
        older_sqlalchemy.make("1.4.46")
    older_sqlalchemy.make("1.4.46")
    assert installs == ["1.4.46"]


def pinned(version: str) -> list[Requirement]:
    lines = older_sqlalchemy.pins(version).read_text(encoding="utf-8").splitlines()
    return [Requirement(line.rstrip("\\ ")) for line in lines if line[:1].isalnum()]


@pytest.mark.parametrize("version", REQUIREMENTS)
def test_the_pins_are_what_is_required(version: str) -> None:
    found = {requirement.name: str(requirement.specifier).removeprefix("==") for requirement in pinned(version)}
    for requirement in map(Requirement, REQUIREMENTS[version]):
        assert found[requirement.name] in requirement.specifier
    assert found["sqlalchemy"] == version


@pytest.mark.parametrize("version", REQUIREMENTS)
def test_every_pin_has_hashes_and_no_address(version: str) -> None:
    text = older_sqlalchemy.pins(version).read_text(encoding="utf-8")
    assert "://" not in text
    pins = re.split(r"\n(?=\w)", text)[1:]
    assert len(pins) == len(pinned(version))
    assert all(re.match(r"[\w-]+==[\w.]+[^\n]*\n    --hash=sha256:[0-9a-f]{64}", pin) for pin in pins)
