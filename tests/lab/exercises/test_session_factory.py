"""The exercise of session_factory is solvable, and each plausible wrong answer hears what is wrong with it."""

from __future__ import annotations

import pytest

from helpers.lab.exercises import judge, load

EXERCISE = load("session_factory")
HINTS = {mistake.name: mistake.hint for mistake in EXERCISE.mistakes}


def test_the_reference_solution_passes() -> None:
    verdict = judge(EXERCISE, EXERCISE.solution)
    assert (verdict.outcome, verdict.hints) == ("passed", ())


def test_the_legacy_code_is_no_answer() -> None:
    verdict = judge(EXERCISE, EXERCISE.legacy)
    assert (verdict.outcome, set(verdict.hints)) == ("failed", {HINTS["synchronous engine"]})


@pytest.mark.parametrize(
    ("mistake", "old", "new"),
    [
        ("synchronous driver", "sqlite+aiosqlite", "sqlite"),
        ("synchronous factory", "async_sessionmaker", "sessionmaker"),
        ("plain with", "async with", "with"),
        ("expired", ", expire_on_commit=False", ""),
        ("result not awaited", "return await", "return"),
    ],
)
def test_a_wrong_answer_hears_what_is_wrong(mistake: str, old: str, new: str) -> None:
    assert old in EXERCISE.solution
    verdict = judge(EXERCISE, EXERCISE.solution.replace(old, new))
    assert verdict.outcome == "failed"
    assert HINTS[mistake] in verdict.hints


def test_the_class_in_the_factory_of_older_versions_passes_too() -> None:
    older = EXERCISE.solution.replace("async_sessionmaker(engine,", "sessionmaker(engine, class_=AsyncSession,")
    older = older.replace("factory(file).begin() as session", "factory(file)() as session, session.begin()")
    assert judge(EXERCISE, older).outcome == "passed"
