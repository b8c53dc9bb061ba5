"""The exercise of lazy_relationship is solvable, and each plausible wrong answer hears what is wrong with it."""

from __future__ import annotations

import pytest

from helpers.lab.exercises import judge, load

EXERCISE = load("lazy_relationship")
HINTS = {mistake.name: mistake.hint for mistake in EXERCISE.mistakes}


def test_the_reference_solution_passes() -> None:
    verdict = judge(EXERCISE, EXERCISE.solution)
    assert (verdict.outcome, verdict.hints) == ("passed", ())


@pytest.mark.parametrize(
    ("mistake", "old", "new"),
    [
        ("still lazy", ".options(everything)", ""),
        ("half of the chain", ".selectinload(Book.reviews)", ""),
        ("joined collections", "selectinload(Author.books)", "joinedload(Author.books)"),
    ],
)
def test_a_wrong_answer_fails_with_a_hint_of_its_own(mistake: str, old: str, new: str) -> None:
    verdict = judge(EXERCISE, EXERCISE.solution.replace(old, new))
    assert verdict.outcome == "failed"
    assert HINTS[mistake] in verdict.hints


def test_the_legacy_functions_do_not_pass_here() -> None:
    assert judge(EXERCISE, EXERCISE.legacy).outcome == "failed"
