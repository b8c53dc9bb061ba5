"""Patterns are found by scanning a package and chosen by name or code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from helpers.codemod.pattern import Pattern, fingerprint
from helpers.codemod.registry import all_patterns, patterns_in, select
from helpers.errors import UsageError
from helpers.model import Applicability, Stage

HEAD = "from helpers.codemod.pattern import Pattern\n"
Make = Callable[[dict[str, str]], ModuleType]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """A package of patterns made from texts."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(files: dict[str, str]) -> ModuleType:
        for name, text in {"__init__.py": "", **files}.items():
            path = tmp_path / "some_patterns" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module("some_patterns")

    yield make
    for name in [name for name in sys.modules if name.partition(".")[0] == "some_patterns"]:
        del sys.modules[name]


def pattern(code: str, name: str, base: str = "Pattern") -> str:
    return f"class {name.title()}({base}):\n    CODE = '{code}'\n    NAME = '{name}'\n"


def codes(found: Sequence[type[Pattern]]) -> list[str]:
    return [one.CODE for one in found]


def test_every_module_and_package_is_scanned_in_the_order_of_the_codes(package: Make) -> None:
    files = {"a.py": HEAD + pattern("AM9", "last"), "b/__init__.py": HEAD + pattern("AM1", "first")}
    assert codes(patterns_in(package(files))) == ["AM1", "AM9"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1",
        "class A: ...",
        HEAD,
        HEAD + "class Family(Pattern): ...",
        HEAD + "made = Pattern()",
        HEAD + "P = Pattern",
    ],
)
def test_what_is_no_pattern_is_not_found(package: Make, text: str) -> None:
    assert patterns_in(package({"a.py": text})) == ()


def test_modules_deeper_in_a_package_are_its_own_matter(package: Make) -> None:
    assert patterns_in(package({"a/__init__.py": "", "a/inner.py": HEAD + pattern("AM1", "inner")})) == ()


def test_a_pattern_that_two_modules_name_is_found_once(package: Make) -> None:
    files = {"a.py": HEAD + pattern("AM1", "one"), "b.py": "from some_patterns.a import One\nAgain = One\n"}
    assert codes(patterns_in(package(files))) == ["AM1"]


@pytest.mark.parametrize(("code", "name", "twice"), [("AM1", "other", "AM1"), ("AM2", "one", "one")])
def test_two_patterns_of_one_code_or_name_are_an_error(package: Make, code: str, name: str, twice: str) -> None:
    files = {"a.py": HEAD + pattern("AM1", "one"), "b.py": HEAD + pattern(code, name)}
    with pytest.raises(ValueError, match=f"two patterns are called {twice}"):
        patterns_in(package(files))


def test_every_pattern_of_the_workbook_states_its_facts() -> None:
    assert all_patterns()
    for one in all_patterns():
        assert one.CODE.startswith("AM")
        assert one.NAME.isidentifier()
        assert one.SUMMARY
        assert one.WHY
        assert isinstance(one.STAGE, Stage)
        assert isinstance(one.APPLICABILITY, Applicability)
        assert one.EXAMPLES
        assert one.__doc__


def test_a_pattern_is_chosen_by_its_name_or_its_code_once() -> None:
    for one in all_patterns():
        assert select([one.NAME]) == select([one.CODE]) == select([one.CODE, one.NAME]) == (one,)


def test_no_words_choose_all() -> None:
    assert select([]) == select(iter(())) == all_patterns()


@pytest.mark.parametrize("word", ["", "AM", "am201", "Legacy_Query", "legacy", "AM201 ", "nonsense"])
def test_a_word_that_is_neither_is_refused_with_the_choice_in_one_line(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(["legacy_query", word])
    assert str(caught.value).startswith(f"{word}: is no pattern's name or code; choose from ")
    assert "legacy_query (AM201)" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_fingerprint_survives_new_white_space_and_nothing_else() -> None:
    first = fingerprint("AM1", "a.py", "f", "db.query(User)\n  .all()")
    assert first == fingerprint("AM1", "a.py", "f", "db.query(User).all( )")
    others = [("AM2", "a.py", "f", "db.query(User).all()"), ("AM1", "b.py", "f", "db.query(User).all()")]
    others += [("AM1", "a.py", "g", "db.query(User).all()"), ("AM1", "a.py", "f", "db.query(Post).all()")]
    assert len({first, *(fingerprint(*other) for other in others)}) == 5


def test_the_parts_of_a_fingerprint_do_not_run_together() -> None:
    assert fingerprint("AM1", "a", "bc", "x") != fingerprint("AM1", "ab", "c", "x")


def test_a_pattern_that_finds_nothing_has_to_say_so_itself() -> None:
    with pytest.raises(NotImplementedError):
        Pattern().find(None)  # type: ignore[arg-type]
