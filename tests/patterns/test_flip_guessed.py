"""Calls on what only its name makes a session: nobody would await them, so whoever leads there is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import HEAD, body, found

CONTEXT = "from somewhere import Context\n\n\n"
LEFT = {
    "in a function with a session of its own": (
        "def store(db: Session, ctx: Context):\n    db.add(Author(id=ctx.key, name=ctx.name))\n    db.flush()\n"
        "    ctx.db.commit()\n"
    ),
    "in a function that it calls": (
        "def finish(ctx: Context):\n    ctx.db.commit()\n\n\n"
        "def store(db: Session, ctx: Context):\n    db.flush()\n    finish(ctx)\n"
    ),
    "two calls further down": (
        "def finish(ctx: Context):\n    ctx.session.rollback()\n\n\ndef end(ctx: Context):\n    finish(ctx)\n\n\n"
        "def store(db: Session, ctx: Context):\n    db.flush()\n    end(ctx)\n"
    ),
    "where it reads by a key": (
        "def store(db: Session, ctx: Context):\n    db.flush()\n    return ctx.db.get(Author, 1)\n"
    ),
    "where it deletes an object": (
        "def store(db: Session, ctx: Context, author: Author):\n    db.flush()\n    ctx.db.delete(author)\n"
    ),
}
FLIPPED = {
    "a dictionary of a request": "    return ctx.session.get('user')\n",
    "an address that is deleted": "    return ctx.session.delete('/users/1')\n",
    "a method that no session has": "    return ctx.db.publish('stored')\n",
    "a call that is awaited": "    return [one async for one in ctx.rows()]\n",
    "another name": "    return ctx.writer.commit()\n",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_a_function_is_left_where_only_a_name_tells_of_a_session(tmp_path: Path, text: str) -> None:
    left = [one.message for one in found(tmp_path, {"app.py": CONTEXT + HEAD + text})]
    assert any("nothing but its name tells that `ctx." in message and "app.py:" in message for message in left), left


@pytest.mark.parametrize("last", FLIPPED.values(), ids=FLIPPED)
def test_what_is_no_call_of_a_session_holds_nothing_back(tmp_path: Path, last: str) -> None:
    head = "async def" if "async for" in last else "def"
    after = body(tmp_path, f"{head} store(db: Session, ctx):\n    db.flush()\n{last}")
    assert "await db.flush()" in after


def test_a_name_that_nobody_on_the_way_flips_for_holds_nothing_back(tmp_path: Path) -> None:
    after = body(tmp_path, "def end(ctx):\n    ctx.db.commit()\n\n\ndef store(db: Session):\n    db.flush()\n")
    assert "    ctx.db.commit()" in after
    assert "await db.flush()" in after


def test_a_call_that_is_awaited_already_holds_nothing_back(tmp_path: Path) -> None:
    text = "async def store(db: Session, ctx):\n    db.flush()\n    await ctx.db.commit()\n"
    assert "await db.flush()" in body(tmp_path, text)


def test_a_context_whose_class_tells_is_followed(tmp_path: Path) -> None:
    text = (
        "class Held:\n    def __init__(self, db: Session):\n        self.db = db\n\n\n"
        "def store(ctx: Held):\n    ctx.db.commit()\n"
    )
    assert "    await ctx.db.commit()" in body(tmp_path, text)
