"""The flip and mocks: a function or session that a test puts something in the place of has to be awaited there too."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.model import Applicability
from tests.patterns.flipping import HEAD, flipped, found

APP = (
    HEAD
    + "def find(s: Session, key):\n    return s.get(Author, key)\n\n\n"
    + "def show(s: Session):\n    return find(s, 1)\n"
)
IMPORTS = "from unittest.mock import AsyncMock, MagicMock, patch\n\nimport app\n\n\n"

LEFT = {
    "given a mock of its own": ('    with patch("app.find", MagicMock()):\n        app.show(None)\n', "in its place"),
    "given a lambda": ('    with patch("app.find", new=lambda *a: 1):\n        app.show(None)\n', "in its place"),
    "set by monkeypatch": ('    monkeypatch.setattr(app, "find", lambda *a: 1)\n    app.show(None)\n', "in its place"),
    "set by monkeypatch with a text": ('    monkeypatch.setattr("app.find", lambda *a: 1)\n', "in its place"),
    "an object's attribute": ('    with patch.object(app, "find", new=MagicMock()):\n        pass\n', "in its place"),
    "the whole module": (
        '    with patch("test_a.app"):\n        app.show(None)\n',
        "puts a mock in the place of `app`",
    ),
    "the class of sessions": (
        '    with patch("app.Session"):\n        app.show(None)\n',
        "in the place of the class of sessions",
    ),
    "a mock for a session": ("    s = MagicMock()\n    assert app.show(s)\n", "a mock is given for `s`"),
}


@pytest.mark.parametrize(("body", "reason"), LEFT.values(), ids=LEFT)
def test_a_stand_in_that_is_not_awaited_holds_it_back(body: str, reason: str, tmp_path: Path) -> None:
    told = found(tmp_path, {"app.py": APP, "test_a.py": IMPORTS + "def test_show(monkeypatch):\n" + body})
    assert {item.applicability for item in told} <= {Applicability.MANUAL}
    assert any(reason in item.message for item in told), [item.message for item in told]


FOLLOWS = {
    "a patch makes what the function is": '    with patch("app.find", return_value=1):\n        app.show(None)\n',
    "an AsyncMock": '    with patch("app.find", AsyncMock()):\n        app.show(None)\n',
    "a patch of something else": '    with patch("app.other", MagicMock()):\n        app.show(None)\n',
    "a namesake elsewhere": '    with patch("other.find", MagicMock()):\n        app.show(None)\n',
    "a mock for what is not awaited": "    app.find(None, MagicMock())\n",
}


@pytest.mark.parametrize("body", FOLLOWS.values(), ids=FOLLOWS)
def test_a_stand_in_that_is_awaited_is_in_nobody_s_way(body: str, tmp_path: Path) -> None:
    files = {"app.py": APP, "test_a.py": IMPORTS + "def test_show():\n" + body}
    assert "async def find(s: AsyncSession, key):" in flipped(tmp_path, files)["app.py"]


SERVICE = HEAD + "def start(engine):\n    with Session(engine, expire_on_commit=False) as s:\n        {}\n"
MOCKED = (
    "from unittest.mock import MagicMock, patch\n\nimport app\n\n\n"
    "def test_start():\n    s = MagicMock()\n    s.__enter__.return_value = s\n{}"
    '    with patch("app.Session", return_value=s):\n        app.start(MagicMock())\n'
    "    s.commit.assert_called_once_with()\n"
)


def test_a_mock_of_a_session_becomes_one_of_an_asynchronous_session(tmp_path: Path) -> None:
    after = flipped(tmp_path, {"app.py": SERVICE.format("s.commit()"), "test_a.py": MOCKED.format("")})
    assert "    s = MagicMock(spec=AsyncSession)\n    s.__aenter__.return_value = s\n" in after["test_a.py"]
    assert 'with patch("app.AsyncSession", return_value=s):\n        await app.start(MagicMock())' in after["test_a.py"]
    assert "    s.commit.assert_called_once_with()\n" in after["test_a.py"]


UNSURE = {
    "a result that nobody sets": ("return s.scalar(1)", ""),
    "a result inside a result": ("return s.execute(1).all()", "    s.execute.return_value.all.return_value = []\n"),
    "a mock that goes elsewhere": ("s.commit()", "    print(s)\n"),
    "a call on the mock": ("s.commit()", "    s.commit()\n"),
}


@pytest.mark.parametrize(("line", "told"), UNSURE.values(), ids=UNSURE)
def test_a_mock_of_a_session_that_may_not_do_is_left(line: str, told: str, tmp_path: Path) -> None:
    files = {"app.py": SERVICE.format(line), "test_a.py": MOCKED.format(told)}
    assert flipped(tmp_path, files) == files
