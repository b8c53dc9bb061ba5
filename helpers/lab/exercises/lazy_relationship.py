"""The exercise of `lazy_relationship`: a chain of collections, and a row that is joined."""

from __future__ import annotations

from helpers.lab.differential import Comparison
from helpers.lab.exercises import Case, Exercise, Mistake

NAMES = """from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

"""
LEGACY = '''
def stars_of(session, name):
    """The stars that each book of the authors of that name got."""
    authors = session.scalars(select(Author).where(Author.name == name).order_by(Author.id)).all()
    return [[review.stars for review in book.reviews] for author in authors for book in author.books]


def writer_of(session, book_id):
    """Who wrote a book, None when nobody knows."""
    book = session.get(Book, book_id)
    return book.author.name if book.author else None
'''
SOLUTION = '''
def stars_of(session, name):
    """The stars that each book of the authors of that name got."""
    everything = selectinload(Author.books).selectinload(Book.reviews)
    statement = select(Author).where(Author.name == name).order_by(Author.id).options(everything)
    authors = session.scalars(statement).all()
    return [[review.stars for review in book.reviews] for author in authors for book in author.books]


def writer_of(session, book_id):
    """Who wrote a book, None when nobody knows."""
    book = session.get(Book, book_id, options=[joinedload(Book.author)])
    return book.author.name if book.author else None
'''
# What AsyncSession does: a relationship that is loaded by reading it raises.
NOTHING_LATER = """
from sqlalchemy import event, exc

def _nothing_later(state):
    if state.is_relationship_load and state.lazy_loaded_from is not None:
        raise exc.MissingGreenlet("a relationship was loaded by reading it")

event.listen(session, "do_orm_execute", _nothing_later)
"""


def _raises(found: Comparison, name: str) -> bool:
    failure = found.after.failure
    return failure is not None and failure.type.rpartition(".")[2] == name


def _half(found: Comparison) -> bool:
    return _raises(found, "MissingGreenlet") and len(found.after.statements) > 1


MISTAKES = (
    Mistake(
        "half of the chain",
        _half,
        "The books are there now, and their reviews are not: an option goes on to the next relationship, as in "
        "selectinload(A.b).selectinload(B.c).",
    ),
    Mistake(
        "still lazy",
        lambda found: _raises(found, "MissingGreenlet"),
        "Something is still loaded by reading it. Name it in options() of the statement, or in options=[...] of get().",
    ),
    Mistake(
        "joined collections",
        lambda found: _raises(found, "InvalidRequestError"),
        "A joined collection repeats its owner, and the result wants unique() for that. selectinload repeats nothing.",
    ),
)

EXERCISE = Exercise(
    name="lazy_relationship",
    names=NAMES,
    legacy=LEGACY,
    functions=("stars_of", "writer_of"),
    cases=(
        Case("a name that two authors share", "stars_of(session, 'Ines Okoro')"),
        Case("an author without books", "stars_of(session, 'Zoe Hart')"),
        Case("a book with an author", "writer_of(session, 1)"),
        Case("a book without an author", "writer_of(session, 6)"),
    ),
    mistakes=MISTAKES,
    hints=(
        "Nudge: which attributes do the functions read, that no column of the loaded row can answer?",
        "Where to look: selectinload for collections, joinedload for what there is one of. The reviews hang on the "
        "books, so their option hangs on that of the books. get() takes options too.",
        "Nearly there: .options(selectinload(Author.books).selectinload(Book.reviews)) on the statement, "
        "options=[joinedload(Book.author)] in get().",
    ),
    solution=SOLUTION,
    unchecked="Not checked: style, names, type annotations, and how many statements it takes.",
    given=NOTHING_LATER,
    same_sql="what was loaded by reading comes with the query",
)
