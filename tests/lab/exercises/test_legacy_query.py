"""The exercise of legacy_query is solvable, and each plausible wrong answer hears what is wrong with it."""

from __future__ import annotations

import pytest

from helpers.errors import UsageError
from helpers.lab.exercises import Verdict, judge, load, names

EXERCISE = load("legacy_query")
HINTS = {mistake.name: mistake.hint for mistake in EXERCISE.mistakes}
ONE = "select(Author).where(Author.name == name).order_by(Author.id)"
MANY = "select(Author).join(Author.books).where(Book.title == title).order_by(Author.id)"


def answer(
    first: str = f"session.scalars({ONE}.limit(1)).first()", many: str = f"session.scalars({MANY}).unique().all()"
) -> str:
    return (
        f"def first_of_name(session, name):\n    return {first}\n\ndef authors_of(session, title):\n    return {many}\n"
    )


def outcomes(verdict: Verdict) -> list[str]:
    return [result.outcome for result in verdict.results]


def test_the_reference_solution_passes() -> None:
    verdict = judge(EXERCISE, EXERCISE.solution)
    assert (verdict.outcome, verdict.hints) == ("passed", ())


@pytest.mark.parametrize(
    "text",
    [
        answer(),
        answer(first=f"session.execute({ONE}.limit(1)).scalars().first()"),
        answer(many=f"session.execute({MANY}).scalars().unique().all()"),
        answer(many=f"list(session.execute({MANY}).unique().scalars())"),
    ],
)
def test_another_right_answer_passes_too(text: str) -> None:
    assert outcomes(judge(EXERCISE, text)) == ["passed"] * len(EXERCISE.cases)


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        ("scalar_one_or_none", answer(first=f"session.execute({ONE}).scalar_one_or_none()")),
        ("scalar_one_or_none", answer(first=f"session.scalars({ONE}).one_or_none()")),
        ("none for many", answer(first=f"session.scalars({ONE}.limit(1)).one()")),
        ("no limit", answer(first=f"session.scalars({ONE}).first()")),
        ("rows", answer(first=f"session.execute({ONE}.limit(1)).first()")),
        ("rows", answer(many=f"session.execute({MANY}).all()")),
        ("no unique", answer(many=f"session.scalars({MANY}).all()")),
        ("legacy", answer(first="session.query(Author).filter(Author.name == name).order_by(Author.id).first()")),
        ("legacy", EXERCISE.legacy),
    ],
)
def test_a_wrong_answer_fails_with_a_hint_of_its_own(mistake: str, text: str) -> None:
    verdict = judge(EXERCISE, text)
    assert (verdict.outcome, verdict.hints) == ("failed", (HINTS[mistake],))


def test_hints_of_mistakes_differ() -> None:
    assert len(set(HINTS.values())) == len(HINTS)


@pytest.mark.parametrize(
    "text",
    [
        answer(first="raise_()").replace("return raise_()", "raise NotImplementedError"),
        "\n".join(
            f"def {name}(session, x):\n    raise NotImplementedError('your turn')" for name in EXERCISE.functions
        ),
    ],
)
def test_an_empty_function_is_not_yet_and_not_wrong(text: str) -> None:
    verdict = judge(EXERCISE, text)
    assert verdict.outcome == "not yet"
    assert "failed" not in outcomes(verdict)


def test_one_wrong_function_beside_an_empty_one_is_wrong() -> None:
    text = answer(many=f"session.scalars({MANY}).all()").replace(f"session.scalars({ONE}.limit(1)).first()", "None")
    assert judge(EXERCISE, text).outcome == "failed"


@pytest.mark.parametrize("text", ["def first_of_name(", "import nowhere", "x = 1", "raise SystemExit"])
def test_an_answer_that_does_not_even_run_fails_and_says_why(text: str) -> None:
    verdict = judge(EXERCISE, text)
    assert verdict.outcome == "failed"
    assert all(result.detail for result in verdict.results)


def test_an_answer_that_writes_fails() -> None:
    guilty = answer(
        first=f"(session.add(Author(name='x')), session.commit(), session.scalars({ONE}.limit(1)).first())[2]"
    )
    assert "rows written" in judge(EXERCISE, guilty).results[0].detail


def test_the_verdict_says_what_was_not_checked() -> None:
    assert judge(EXERCISE, EXERCISE.solution).unchecked.startswith("Not checked")


def test_an_unknown_exercise_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UsageError, match="legacy_query"):
        load("no_such_exercise")
    assert "legacy_query" in names()
