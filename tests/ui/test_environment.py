"""The self-check: what is fine passes, what is missing or too old comes with a remedy."""

from __future__ import annotations

import pytest

from helpers.ui import environment


def test_this_environment_is_fine() -> None:
    found = environment.check()
    assert found.fine, found.picture().text


@pytest.mark.parametrize("version", ["7.4", "7.4.0", "7.10", "8.0.1"])
def test_a_version_that_is_new_enough_needs_nothing(version: str) -> None:
    assert environment.judge("ipykernel", version, least="7.4").remedy == ""


@pytest.mark.parametrize("version", ["7.3.9", "6", "", "unknown"])
def test_an_old_or_missing_version_gets_the_remedy(version: str) -> None:
    need = environment.judge("ipykernel", version, least="7.4", why="do this")
    assert (need.fine, need.remedy) == (False, "do this")


@pytest.mark.parametrize(("version", "fine"), [("3.13.9", True), ("3.14.0", False)])
def test_a_version_may_be_too_new(version: str, fine: bool) -> None:
    assert environment.judge("Python", version, least="3.11", below="3.14").fine is fine


def test_a_missing_package_shows_in_the_table_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PACKAGES", (("no-such-package", "1", "", "it is needed"),))
    found = environment.check()
    assert not found.fine
    text = found.picture().text
    assert text.startswith("Something is missing")
    assert "no-such-package  nothing" in text
    assert "make install" in text
