"""One click converts one function and proves it, another takes it back; run on the sample application."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.errors import UsageError
from helpers.ui import ConvertFunction, Lesson, setup
from helpers.workbook import Scenario

PATH, NAME = "relay/services/customer.py", "shared_emails"
SCENARIO = Scenario(
    "from relay.models import Tenant\nfrom relay.services.customer import shared_emails",
    "shared_emails(session, session.get(Tenant, 3))",
)


@pytest.fixture(scope="module")
def lesson() -> Iterator[Lesson]:
    lesson = Lesson("legacy_query")
    yield lesson
    lesson.close()


@pytest.fixture
def panel(lesson: Lesson) -> Iterator[ConvertFunction]:
    yield ConvertFunction(lesson, PATH, NAME, scenario=SCENARIO)
    lesson.workbook.undo_all()


def test_nothing_is_written_before_the_click(panel: ConvertFunction, lesson: Lesson) -> None:
    assert lesson.workbook.source(PATH) == lesson.original.source(PATH)
    assert (panel.convert.disabled, panel.undo.disabled) == (False, True)


def test_a_click_converts_that_function_alone_and_shows_an_equal_run(panel: ConvertFunction, lesson: Lesson) -> None:
    panel.convert.click()
    assert "both copies do the same" in panel.status.value
    assert "≠" not in panel.result.value
    assert lesson.preview(PATH, NAME).changes == ()
    assert lesson.preview(PATH, "awaiting_answer").changes
    assert (panel.convert.disabled, panel.undo.disabled) == (True, False)


def test_undo_restores_the_file_and_another_click_converts_again(panel: ConvertFunction, lesson: Lesson) -> None:
    panel.convert.click()
    panel.undo.click()
    assert lesson.workbook.source(PATH) == lesson.original.source(PATH)
    assert (panel.convert.disabled, panel.undo.disabled) == (False, True)


def test_the_application_itself_is_never_written(panel: ConvertFunction, lesson: Lesson) -> None:
    before = (lesson.original.root / PATH).read_bytes()
    panel.convert.click()
    assert (lesson.original.root / PATH).read_bytes() == before
    assert lesson.workbook.root != lesson.original.root


def test_a_call_that_cannot_run_is_not_taken_for_equal(lesson: Lesson) -> None:
    panel = ConvertFunction(lesson, PATH, NAME, scenario=Scenario("import nowhere", "1"))
    panel.convert.click()
    assert "the copies differ" in panel.status.value
    panel.undo.click()


def test_an_error_is_one_line_of_the_status(panel: ConvertFunction, lesson: Lesson) -> None:
    panel.undo.disabled = False
    panel.undo.click()
    assert "there is nothing to undo" in panel.status.value


def test_the_source_of_a_function_is_shown_with_its_line(lesson: Lesson) -> None:
    assert f"def {NAME}(" in lesson.function(PATH, NAME).text


def test_what_a_lesson_does_not_have_is_refused_with_what_it_has(lesson: Lesson) -> None:
    with pytest.raises(UsageError, match="no_such"):
        lesson.function(PATH, "no_such")
    with pytest.raises(UsageError, match="first\\(\\) replaces a limit"):
        lesson.example("no such title")
    with pytest.raises(UsageError, match="20"):
        setup("99")


def test_the_scratch_copy_goes_with_the_lesson() -> None:
    lesson = Lesson("legacy_query")
    root = lesson.workbook.root
    assert root.exists()
    lesson.close()
    assert not root.exists()


@pytest.mark.parametrize(("level", "word"), [(0, "Nudge"), (1, "Nudge"), (2, "Where"), (3, "Nearly"), (9, "Nearly")])
def test_there_are_three_hints(lesson: Lesson, level: int, word: str) -> None:
    assert lesson.hint(level).text.startswith(word)
