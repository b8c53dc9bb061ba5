"""The exercise of session_in_task is solvable, and each plausible wrong answer hears what is wrong with it."""

from __future__ import annotations

import pytest

from helpers.lab.exercises import judge, load

EXERCISE = load("session_in_task")
HINTS = {mistake.name: mistake.hint for mistake in EXERCISE.mistakes}
STUB = "def publish(session, background, title):\n    raise NotImplementedError\n"


def test_the_reference_solution_passes() -> None:
    verdict = judge(EXERCISE, EXERCISE.solution)
    assert (verdict.outcome, verdict.hints) == ("passed", ())


def test_the_legacy_code_is_no_answer() -> None:
    verdict = judge(EXERCISE, EXERCISE.legacy)
    assert (verdict.outcome, verdict.hints) == ("failed", (HINTS["handed over"],))


def test_a_stub_is_not_yet() -> None:
    assert judge(EXERCISE, STUB).outcome == "not yet"


WRONG = {
    "handed over": EXERCISE.solution.replace("book.id", "book"),
    "task does not commit": "def review".join(
        (one if n == 0 else one.replace("        session.commit()\n", "        session.flush()\n"))
        for n, one in enumerate(EXERCISE.solution.split("def review"))
    ),
    "request does not commit": EXERCISE.solution.replace(
        "    session.commit()\n    background", "    session.flush()\n    background"
    ),
}


@pytest.mark.parametrize(("mistake", "answer"), WRONG.items(), ids=WRONG)
def test_a_wrong_answer_hears_what_is_wrong(mistake: str, answer: str) -> None:
    verdict = judge(EXERCISE, answer)
    assert (verdict.outcome, verdict.hints) == ("failed", (HINTS[mistake],))


def test_another_way_to_write_it_passes_too() -> None:
    other = EXERCISE.solution.replace("with SessionLocal() as session:", "with SessionLocal.begin() as session:")
    assert judge(EXERCISE, other.replace("        session.commit()\n", "")).outcome == "passed"
