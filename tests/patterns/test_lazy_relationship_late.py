"""AM302: what is loaded behind a check or by a whole refresh, and what stays with the query."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.patterns.lazy_relationship import LazyRelationship
from tests.patterns.rewriting import Rewriting

HEAD = """from models import Author, Book, Copy, Review
from sqlalchemy import select
from sqlalchemy.orm import Session


"""
FACTORY = "from sqlalchemy.orm import sessionmaker\n\nSessionLocal = sessionmaker(expire_on_commit=False)\n"
FIND = """def find(db: Session, author_id: int, book_id: int) -> Book:
    book = db.get(Book, book_id)
    if book is None or book.author_id != author_id:
        raise LookupError(book_id)
    return book


"""
BOTH = "len(book.copies), len(book.reviews)\n"
TITLE = "def title(db: Session):\n    return find(db, 1, 1).title\n\n\n"


def body(folder: Path, text: str, factory: str = FACTORY) -> str:
    """The functions as the pattern leaves them, white space as single blanks."""
    return " ".join(Rewriting(LazyRelationship, folder).after(HEAD + text, database=factory).split())


def test_two_collections_are_loaded_behind_the_check_of_the_caller_that_reads_them(tmp_path: Path) -> None:
    text = body(tmp_path, f"{FIND}{TITLE}def show(db: Session):\n    book = find(db, 1, 2)\n    return {BOTH}")
    assert 'book = find(db, 1, 2) db.refresh(book, ["copies", "reviews"]) return' in text
    assert "book = db.get(Book, book_id) if" in text


def test_two_collections_that_every_caller_reads_are_loaded_behind_the_check_itself(tmp_path: Path) -> None:
    text = body(tmp_path, f"{FIND}def show(db: Session):\n    book = find(db, 1, 2)\n    return {BOTH}")
    assert 'raise LookupError(book_id) db.refresh(book, ["copies", "reviews"]) return book' in text


def test_one_collection_stays_with_the_query(tmp_path: Path) -> None:
    show = "def show(db: Session):\n    book = find(db, 1, 2)\n    return len(book.copies)\n"
    text = body(tmp_path, f"{FIND}{show}")
    assert "selectinload(Book.copies)" in text
    assert "refresh" not in text


def test_what_there_is_one_of_stays_with_the_query(tmp_path: Path) -> None:
    show = f"def show(db: Session):\n    book = find(db, 1, 2)\n    return book.author.name, {BOTH}"
    text = body(tmp_path, f"{FIND}{show}")
    assert "joinedload(Book.author)" in text
    assert 'db.refresh(book, ["copies", "reviews"])' in text


def test_a_check_for_none_alone_refuses_nothing_that_was_loaded(tmp_path: Path) -> None:
    find = FIND.replace(" or book.author_id != author_id", "")
    text = body(tmp_path, f"{find}def show(db: Session):\n    book = find(db, 1, 2)\n    return {BOTH}")
    assert "selectinload(Book.copies)" in text
    assert "refresh" not in text


def test_a_call_inside_a_statement_gets_a_name_first(tmp_path: Path) -> None:
    describe = f"def describe(book: Book):\n    return {BOTH}\n\n"
    show = "def show(db: Session):\n    return describe(find(db, 1, 2))\n"
    text = body(tmp_path, f"{FIND}{TITLE}{describe}{show}")
    assert 'book = find(db, 1, 2) db.refresh(book, ["copies", "reviews"]) return describe(book)' in text


RESOLVER = """import strawberry


@strawberry.type
class BookNode:
    def __init__(self, book: Book) -> None:
        self.book = book

    @strawberry.field
    def copies(self) -> int:
        return len(self.book.copies)


"""


SHOW_NODE = """def show(db: Session) -> BookNode:
    book = find(db, 1, 2)
    log(book)
    return BookNode(book)


def log(book: Book):
    print(len(book.reviews))
"""


def test_what_a_resolver_may_read_is_joined_to_the_one_row_before_the_check(tmp_path: Path) -> None:
    text = body(tmp_path, RESOLVER + FIND + TITLE + SHOW_NODE)
    assert "selectinload(Book.reviews), *options" in text
    assert "find(db, 1, 2, options=[joinedload(Book.copies)])" in text


def test_what_a_resolver_may_read_has_a_statement_of_its_own_where_nothing_refuses(tmp_path: Path) -> None:
    find = FIND.replace(" or book.author_id != author_id", "")
    text = body(tmp_path, RESOLVER + find + TITLE + SHOW_NODE)
    assert "find(db, 1, 2, options=[selectinload(Book.copies)])" in text


def test_the_session_of_the_call_refreshes_its_object(tmp_path: Path) -> None:
    show = "def show(log: Session, db: Session):\n    log.flush()\n    book = find(db, 1, 2)\n"
    assert 'db.refresh(book, ["copies", "reviews"])' in body(tmp_path, f"{FIND}{TITLE}{show}    return {BOTH}")


def test_a_call_that_runs_behind_another_stays_where_it_is(tmp_path: Path) -> None:
    describe = f"def describe(first: int, book: Book):\n    return {BOTH}\n\n"
    show = "def show(db: Session):\n    return describe(int(input()), find(db, 1, 2))\n"
    text = body(tmp_path, f"{FIND}{TITLE}{describe}{show}")
    assert "return describe(int(input()), find(db, 1, 2" in text
    assert "refresh" not in text


def test_what_is_read_before_the_check_stays_with_the_query(tmp_path: Path) -> None:
    find = FIND.replace("    if book is None", "    log(book)\n    if book is None")
    log = f"def log(book: Book):\n    print({BOTH.strip()})\n\n\n"
    text = body(tmp_path, f"{log}{find}def show(db: Session):\n    book = find(db, 1, 2)\n    return {BOTH}")
    assert "selectinload(Book.copies)" in text
    assert "raise LookupError(book_id) return book" in text


def test_an_object_that_may_be_none_behind_the_check_is_not_refreshed(tmp_path: Path) -> None:
    find = FIND.replace("book is None or book", "book and book")
    show = f"def show(db: Session):\n    book = find(db, 1, 2)\n    return {BOTH}"
    text = body(tmp_path, find.replace(" -> Book", "") + show)
    assert "selectinload(Book.copies)" in text
    assert "refresh" not in text


def test_objects_in_a_list_keep_their_options(tmp_path: Path) -> None:
    check = "    if len(books) < wanted:\n        raise LookupError(wanted)\n"
    show = f"def show(db: Session, wanted: int):\n    books = db.scalars(select(Book)).all()\n{check}"
    text = body(tmp_path, f"{show}    return [({BOTH.strip()}) for book in books]\n")
    assert "selectinload(Book.copies)" in text
    assert "refresh" not in text


STORED = """def add(db: Session, title: str) -> Book:
    book = Book(title=title, author_id=1)
    db.add(book)
    db.commit()
    db.refresh(book)
    return book


"""
MERGED = 'db.expire(book) db.refresh(book, [*inspect(book).mapper.column_attrs.keys(), "copies", "reviews"]) return'


def test_a_whole_refresh_loads_what_is_read_behind_it(tmp_path: Path) -> None:
    text = body(tmp_path, f"{STORED}def show(db: Session):\n    book = add(db, 'Kelp')\n    return {BOTH}")
    assert MERGED in text


def test_what_was_filled_before_a_whole_refresh_is_loaded_by_it(tmp_path: Path) -> None:
    stored = STORED.replace("    db.add", "    book.copies = [Copy(shelf='A')]\n    db.add")
    text = body(tmp_path, f"{stored}def show(db: Session):\n    book = add(db, 'Kelp')\n    return {BOTH}")
    assert MERGED in text


def test_what_was_filled_is_there_without_a_refresh(tmp_path: Path) -> None:
    stored = STORED.replace("    db.add", "    book.copies = [Copy(shelf='A')]\n    db.add").replace(
        "    db.refresh(book)\n", ""
    )
    text = body(tmp_path, f"{stored}def show(db: Session):\n    book = add(db, 'Kelp')\n    return {BOTH}")
    assert 'db.commit() db.refresh(book, ["reviews"]) return book' in text


def test_a_whole_refresh_stays_where_more_lies_deeper(tmp_path: Path) -> None:
    show = "def show(db: Session):\n    book = add(db, 'Kelp')\n    return [one.title for one in book.author.books]\n"
    text = body(tmp_path, STORED + show)
    assert "db.commit() db.refresh(book) db.scalars(" in text


def test_a_second_look_finds_nothing_more(tmp_path: Path) -> None:
    show = f"def show(db: Session):\n    book = add(db, 'Kelp')\n    return {BOTH}"
    more = f"def more(db: Session):\n    book = find(db, 1, 2)\n    return {BOTH}"
    rewriting = Rewriting(LazyRelationship, tmp_path)
    once = rewriting.after(f"{HEAD}{STORED}{FIND}{TITLE}{show}\n\n{more}", database=FACTORY)
    assert rewriting.after(once, database=FACTORY) == once


@pytest.mark.parametrize("factory", ["expire_on_commit=True", ""])
def test_an_object_that_a_commit_expires_is_not_refreshed_before(tmp_path: Path, factory: str) -> None:
    make = "def make(db: Session) -> Book:\n    book = Book(title='Kelp')\n    db.add(book)\n    db.flush()\n"
    count = f"def count(book: Book):\n    return {BOTH}\n\n"
    show = "def show(db: Session):\n    book = make(db)\n    count(book)\n    db.commit()\n    return book\n\n\n"
    page = f"def page(db: Session):\n    book = show(db)\n    return {BOTH}"
    expiring = f"from sqlalchemy.orm import sessionmaker\n\nSessionLocal = sessionmaker({factory})\n"
    text = body(tmp_path, f"{make}    return book\n\n\n{count}\n{show}{page}", expiring)
    assert "refresh" not in text


def test_options_that_are_too_long_take_a_line_for_each_link(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 60\n")
    show = "def show(db: Session):\n    for copy in db.scalars(select(Copy)):\n"
    show += "        print(len(copy.book.author.books), len(copy.book.author.mentor.books))\n"
    text = Rewriting(LazyRelationship, tmp_path).after(HEAD + show, database=FACTORY)
    assert "        .joinedload(Book.author)\n        .options(\n" in text
    assert all(len(line) <= 60 for line in text.splitlines() if "load(" in line)


def test_what_an_object_was_made_with_is_loaded_again_behind_a_whole_refresh(tmp_path: Path) -> None:
    text = body(
        tmp_path,
        "def write(db: Session, author: Author):\n    book = Book(title='New', author=author)\n    db.add(book)\n"
        "    db.commit()\n    db.refresh(book)\n    return book, 1\n\n\n"
        "def show(db: Session, author: Author):\n    book, number = write(db, author)\n"
        "    return number, book.author.name\n",
    )
    assert (
        'db.expire(book) db.refresh(book, [*inspect(book).mapper.column_attrs.keys(), "author"]) return book, 1' in text
    )


def test_what_an_object_was_made_with_needs_no_load_without_a_refresh(tmp_path: Path) -> None:
    text = (
        "def write(db: Session, author: Author):\n    book = Book(title='New', author=author)\n    db.add(book)\n"
        "    db.commit()\n    return book.author.name\n"
    )
    assert body(tmp_path, text) == " ".join((HEAD + text).split())


def test_what_partial_gets_is_loaded_with_options_of_its_own(tmp_path: Path) -> None:
    text = body(
        tmp_path,
        "from functools import partial\n\n\ndef show(db: Session, numbers: list[int]):\n"
        "    return [len(book.reviews) for book in filter(None, map(partial(db.get, Book), numbers))]\n",
    )
    assert "partial(db.get, Book, options=[selectinload(Book.reviews)])" in text.replace("[ ", "[").replace(", ]", "]")
