"""AM302: what is read of objects that a DataLoader gives is loaded by its function, for all keys at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.test_lazy_relationship import body

TOP = "import strawberry\nfrom strawberry.dataloader import DataLoader\n\n\n"
LOADER = (
    "def books_of(db: Session) -> DataLoader:\n    async def load(ids):\n"
    "        found = dict((book.id, book) for book in db.scalars(select(Book).where(Book.id.in_(ids))))\n"
    "        return [found.get(id) for id in ids]\n\n    return DataLoader({}load)\n\n\n"
)
CONTEXT = (
    "class Context:\n    def __init__(self, db: Session) -> None:\n        self.books = books_of(db)\n\n\n"
    "Info = strawberry.Info[Context, None]\n\n\n"
)
NODE = (
    "@strawberry.type\nclass Node:\n    row: strawberry.Private[Book]\n\n    @strawberry.field\n"
    "    def genres(self) -> list[str]:\n        return [one.name for one in self.row.genres]\n\n\n"
)
QUERY = (
    "@strawberry.type\nclass Query:\n    @strawberry.field\n"
    "    async def book(self, info: Info, id: int) -> Node | None:\n"
    "        row = await info.context.books.{}\n        return Node(row=row) if row else None\n"
)
LOADED = "select(Book).options( selectinload(Book.genres), ).where(Book.id.in_(ids))"
FOLLOWED = {
    "by the context of a request": TOP + LOADER.format("load_fn=") + CONTEXT + NODE + QUERY.format("load(id)"),
    "several at once": TOP
    + LOADER.format("")
    + CONTEXT
    + "async def genres(info: Info, ids):\n    rows = await info.context.books.load_many(ids)\n"
    "    return [[one.name for one in row.genres] for row in rows]\n",
    "in a variable": TOP
    + LOADER.format("load_fn=")
    + "async def genres(db: Session, id: int):\n    books = books_of(db)\n    book = await books.load(id)\n"
    "    return [one.name for one in book.genres]\n",
}


@pytest.mark.parametrize("text", FOLLOWED.values(), ids=FOLLOWED)
def test_what_is_read_behind_a_loader_is_loaded_by_it(text: str, tmp_path: Path) -> None:
    written = body(tmp_path, text)
    assert LOADED.replace(" ", "") in written.replace(" ", ""), written


APART = {
    "another thing that loads": TOP
    + LOADER.format("load_fn=")
    + "async def genres(db: Session, store, id: int):\n    book = await store.load(id)\n    return book.genres\n",
    "a class of that name": "from store import DataLoader\n\n\n"
    + LOADER.format("load_fn=")
    + "async def genres(db: Session, id: int):\n    book = await books_of(db).load(id)\n    return book.genres\n",
    "what is no object": TOP
    + LOADER.format("load_fn=").replace("found.get(id) for", "found[id].title for")
    + "async def genres(db: Session, id: int):\n    title = await books_of(db).load(id)\n    return title.genres\n",
}


@pytest.mark.parametrize("text", APART.values(), ids=APART)
def test_what_is_given_by_others_is_not_loaded_by_a_loader(text: str, tmp_path: Path) -> None:
    assert "selectinload(Book.genres)" not in body(tmp_path, text)
