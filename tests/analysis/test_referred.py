"""Which functions the files beside the code refer to, and which only stand in a piece of code there."""

from __future__ import annotations

import pytest

from helpers.analysis.referred import may_refer, pairs

REFERS = {
    "an entry point": ("pyproject.toml", '[project.scripts]\nwork = "app.jobs:work"\n', "jobs"),
    "an entry point with an extra": (
        "setup.cfg",
        "[options.entry_points]\nconsole_scripts =\n  go = jobs:work [all]\n",
        "jobs",
    ),
    "a dotted path in settings": ("app.ini", "[app]\nhook = app.jobs.work\n", "jobs"),
    "a call with arguments": (
        "pyproject.toml",
        "[tool.pdm.scripts]\ngo = {call = \"app.jobs:work('x', n=1)\"}\n",
        "jobs",
    ),
    "an item of a list": ("compose.yml", "hooks:\n  - app.jobs.other\n  - app.jobs.work\n", "jobs"),
    "an option of a program": ("compose.yml", "command: [serve, --factory=app.jobs:work]\n", "jobs"),
    "code that an interpreter is given": (
        "pyproject.toml",
        "[tool.poe.tasks]\ngo = \"uv run python -c 'from app.jobs import work; work()'\"\n",
        "jobs",
    ),
    "code as a word of a command": ("compose.yml", "command: [python, -c, 'import jobs; jobs.work()']\n", "jobs"),
    "a line of a longer script": ("ci.yaml", "run: |\n  set -e\n  if true; then python -c 'jobs.work()'; fi\n", "jobs"),
    "a line of a shell script": ("start.sh", 'python -c "from app.jobs import work; work()"\n', "jobs"),
    "a file that does not parse": ("broken.toml", "work = app.jobs:work\n", "jobs"),
}


@pytest.mark.parametrize(("path", "text", "before"), REFERS.values(), ids=REFERS)
def test_a_reference_names_a_function(path: str, text: str, before: str) -> None:
    assert may_refer(path)
    assert (before, "work") in set(pairs(path, text))


IS_CODE = {
    "an argument in a call": ("cases.toml", 'find = "background.add_task(jobs.work, db, ticket.id)"\n'),
    "a call with arguments": ("cases.toml", 'find = "jobs.work(db, 1)"\n'),
    "what a line gives": ("cases.yml", "find: return jobs.work\n"),
    "an assignment": ("cases.json.toml", 'find = "        run = jobs.work"\n'),
    "one of several lines": ("cases.toml", "find = '''\nfor one in jobs.work:\n    print(jobs.work, one)\n'''\n"),
    "a comment": ("pyproject.toml", "# see jobs.work\n[project]\nname = 'x'\n"),
    "an address": ("pyproject.toml", 'authors = ["jobs.work@example.org"]\n'),
}


@pytest.mark.parametrize(("path", "text"), IS_CODE.values(), ids=IS_CODE)
def test_a_piece_of_code_in_a_text_names_nothing(path: str, text: str) -> None:
    assert ("jobs", "work") not in set(pairs(path, text))


def test_documentation_is_not_asked() -> None:
    assert not may_refer("README.md")
    assert not may_refer("docs/jobs.html")
