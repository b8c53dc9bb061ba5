"""The exercise of sync_function is solvable, and each plausible wrong answer hears what is wrong with it."""

from __future__ import annotations

import pytest

from helpers.lab.exercises import judge, load

EXERCISE = load("sync_function")
HINTS = {mistake.name: mistake.hint for mistake in EXERCISE.mistakes}
QUERY = "await session.scalars(select(Author).where(Author.name == name).order_by(Author.id))"
STUB = """
def find(session, name):
    raise NotImplementedError


def greeting(session, name):
    raise NotImplementedError
"""


def test_the_reference_solution_passes() -> None:
    verdict = judge(EXERCISE, EXERCISE.solution)
    assert (verdict.outcome, verdict.hints) == ("passed", ())


def test_the_legacy_code_is_no_answer() -> None:
    verdict = judge(EXERCISE, EXERCISE.legacy)
    assert (verdict.outcome, verdict.hints) == ("failed", (HINTS["not asynchronous"],))


@pytest.mark.parametrize("stub", [STUB, STUB.replace("def ", "async def ")])
def test_a_stub_is_not_yet_whatever_its_colour(stub: str) -> None:
    rest = EXERCISE.solution[EXERCISE.solution.index("async def rename") :]
    assert judge(EXERCISE, f"{stub}\n\n{rest}").results[0].outcome == "not yet"


@pytest.mark.parametrize(
    ("mistake", "old", "new"),
    [
        ("awaits too much", f"({QUERY})", QUERY),
        ("awaits too much", "(await find(session, name)).born", "await find(session, name).born"),
        ("caller does not await", "if await find", "if find"),
        ("caller does not await", "= await find", "= find"),
        ("commit is not awaited", "await session.commit", "session.commit"),
    ],
)
def test_a_wrong_answer_hears_what_is_wrong(mistake: str, old: str, new: str) -> None:
    assert old in EXERCISE.solution
    verdict = judge(EXERCISE, EXERCISE.solution.replace(old, new))
    assert verdict.outcome == "failed"
    assert HINTS[mistake] in verdict.hints


def test_a_function_that_asks_once_has_other_sql_and_is_told_so() -> None:
    once = EXERCISE.solution.replace("(await find(session, name)).born", "author.born")
    once = once.replace(
        "    if await find(session, name) is", "    author = await find(session, name)\n    if author is"
    )
    (failed,) = [result for result in judge(EXERCISE, once).results if result.outcome == "failed"]
    assert failed.detail == "SQL: 2 statements became 1"
