"""The audit: what counts, what is excepted and until when, and which exceptions are refused."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from helpers.errors import UsageError
from helpers.migrate.audit import Audit
from helpers.workbook import Workbook

JOBS = """
async def send():
    return 1


async def start():
    send()


class Shop:
    async def close(self):
        send()
"""
TODAY = datetime.date(2030, 6, 1)


def exception(symbol: str, until: str = "2030-06-01", code: str = "AM901") -> str:
    fields = {"code": code, "symbol": symbol, "reason": "the caller is replaced", "owner": "ines"}
    told = "\n".join(f'{name} = "{value}"' for name, value in fields.items())
    return f"[[tool.workbook.exceptions]]\n{told}\nuntil = {until}\n"


def audited(folder: Path, settings: str = "", text: str = JOBS) -> Audit:
    (folder / "shop").mkdir(exist_ok=True)
    (folder / "shop" / "jobs.py").write_text(text, encoding="utf-8")
    if settings:
        (folder / "pyproject.toml").write_text(settings, encoding="utf-8")
    return Workbook.open(folder).audit(TODAY)


def symbols(found: Audit) -> list[str]:
    return [finding.symbol for finding in found.findings]


def test_every_missed_await_counts_in_the_order_of_the_text(tmp_path: Path) -> None:
    found = audited(tmp_path)
    assert symbols(found) == ["start", "Shop.close"]
    assert all(finding.code == "AM901" for finding in found.findings)


def test_code_that_awaits_has_nothing_to_tell(tmp_path: Path) -> None:
    assert audited(tmp_path, text=JOBS.replace("    send()", "    await send()")) == Audit(())


@pytest.mark.parametrize("symbol", ["start", "shop/jobs.py:start", "shop.jobs:start"])
def test_what_is_excepted_is_listed_and_does_not_count(symbol: str, tmp_path: Path) -> None:
    found = audited(tmp_path, exception(symbol))
    assert symbols(found) == ["Shop.close"]
    assert [item.finding.symbol for item in found.items if not item.counts] == ["start"]
    assert found.unused == ()


def test_an_exception_holds_on_its_last_day_and_not_on_the_next(tmp_path: Path) -> None:
    assert symbols(audited(tmp_path, exception("start", "2030-06-01"))) == ["Shop.close"]
    found = audited(tmp_path, exception("start", "2030-05-31"))
    assert symbols(found) == ["start", "Shop.close"]
    assert found.items[0].expired


def test_a_new_exception_takes_over_from_an_expired_one(tmp_path: Path) -> None:
    found = audited(tmp_path, exception("start", "2030-01-01") + exception("start", "2031-01-01"))
    assert symbols(found) == ["Shop.close"]


@pytest.mark.parametrize("symbol", ["stop", "shop.other:start", "close"])
def test_an_exception_of_something_else_excepts_nothing_and_is_named(symbol: str, tmp_path: Path) -> None:
    found = audited(tmp_path, exception(symbol))
    assert symbols(found) == ["start", "Shop.close"]
    assert [one.symbol for one in found.unused] == [symbol]


def test_an_exception_of_another_code_excepts_nothing(tmp_path: Path) -> None:
    assert symbols(audited(tmp_path, exception("start", code="AM902"))) == ["start", "Shop.close"]


def test_a_file_that_cannot_be_read_counts_too(tmp_path: Path) -> None:
    found = audited(tmp_path, text="async def start(:\n")
    assert [finding.code for finding in found.findings] == ["AM001"]


WRONG = {
    "no reason": (exception("start").replace('reason = "the caller is replaced"\n', ""), "has no reason"),
    "an empty owner": (exception("start").replace('"ines"', '""'), "has no owner"),
    "no date": (exception("start", '"soon"'), "no date"),
    "a word of its own": (exception("start") + "line = 3\n", "has line"),
    "a number as code": (exception("start").replace('"AM901"', "901"), "has a code that is no text"),
    "no list": ("[tool.workbook.exceptions]\ncode = 'AM901'\n", "is no list of tables"),
}


@pytest.mark.parametrize(("settings", "fact"), WRONG.values(), ids=WRONG)
def test_an_exception_that_says_too_little_is_wrong_usage(settings: str, fact: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=fact):
        audited(tmp_path, settings)


@pytest.mark.parametrize("settings", ["", "[tool.workbook]\nlazy_raise = 'everywhere'\n", "[project]\nname = 'shop'\n"])
def test_a_project_without_exceptions_has_none(settings: str, tmp_path: Path) -> None:
    assert audited(tmp_path, settings).unused == ()


def test_a_date_may_be_text(tmp_path: Path) -> None:
    assert symbols(audited(tmp_path, exception("start", '"2030-12-31"'))) == ["Shop.close"]
