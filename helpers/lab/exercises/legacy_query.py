"""The exercise of `legacy_query`: a first() with several rows behind it, and a join that repeats its entities."""

from __future__ import annotations

from helpers.lab.differential import Comparison
from helpers.lab.exercises import Case, Exercise, Mistake

NAMES = """from models import Author, Book
from sqlalchemy import select

"""
LEGACY = '''
def first_of_name(session, name):
    """The author of that name who came to the shop first."""
    return session.query(Author).filter(Author.name == name).order_by(Author.id).first()


def authors_of(session, title):
    """Everybody who wrote a book of that title, once each."""
    return session.query(Author).join(Author.books).filter(Book.title == title).order_by(Author.id).all()
'''
SOLUTION = '''
def first_of_name(session, name):
    """The author of that name who came to the shop first."""
    return session.scalars(select(Author).where(Author.name == name).order_by(Author.id).limit(1)).first()


def authors_of(session, title):
    """Everybody who wrote a book of that title, once each."""
    statement = select(Author).join(Author.books).where(Book.title == title).order_by(Author.id)
    return session.scalars(statement).unique().all()
'''


def _raises(found: Comparison, name: str) -> bool:
    failure = found.after.failure
    return failure is not None and failure.type.rpartition(".")[2] == name


def _legacy(found: Comparison) -> bool:
    return _raises(found, "AttributeError") and "no query()" in str(found.after.failure)


def _kind(value: object) -> object:
    return value.get("kind") if isinstance(value, dict) else None


def _items(value: object) -> list[object]:
    items = value.get("items") if isinstance(value, dict) else None
    return items if isinstance(items, list) else []


def _rows(found: Comparison) -> bool:
    """Rows came where objects are wanted, alone or in a list."""
    now = [found.after.value, *_items(found.after.value)]
    return any(_kind(item) == "row" for item in now)


def _repeats(found: Comparison) -> bool:
    """The longer list has nothing but objects that are in it already."""
    before, after = _items(found.before.value), _items(found.after.value)
    return len(after) > len(before) and sum(_kind(item) != "again" for item in after) == len(before)


def _reads_all(found: Comparison) -> bool:
    return found.check("value").outcome == "same" and "LIMIT" in found.check("clauses lost").detail


MISTAKES = (
    Mistake("legacy", _legacy, "session.query() is what has to go: start from select(Author)."),
    Mistake(
        "scalar_one_or_none",
        lambda found: _raises(found, "MultipleResultsFound"),
        "Two authors share that name. scalar_one_or_none() and one_or_none() refuse a second row; first() takes the "
        "first.",
    ),
    Mistake(
        "none for many",
        lambda found: _raises(found, "NoResultFound"),
        "Nobody has that name, and first() answers None. one() and scalar_one() raise.",
    ),
    Mistake(
        "rows",
        _rows,
        "These are rows with one column, not authors: use session.scalars(), or .scalars() on the result.",
    ),
    Mistake(
        "no unique",
        _repeats,
        "The join gives an author once for each book. Query removed the repeats without a word; a result does it when "
        "asked with .unique().",
    ),
    Mistake(
        "no limit",
        _reads_all,
        "The value is right, but every row was read to get it: Query.first() writes LIMIT 1, first() of a result does "
        "not.",
    ),
)

EXERCISE = Exercise(
    name="legacy_query",
    names=NAMES,
    legacy=LEGACY,
    functions=("first_of_name", "authors_of"),
    cases=(
        Case("a name that two authors share", "first_of_name(session, 'Ines Okoro')"),
        Case("a name that one author has", "first_of_name(session, 'Wen Li')"),
        Case("a name that nobody has", "first_of_name(session, 'Nobody')"),
        Case("two books of one title by one author", "authors_of(session, 'Tides')"),
        Case("a title with one author", "authors_of(session, 'Dunes')"),
        Case("a title that no book has", "authors_of(session, 'Nothing')"),
    ),
    mistakes=MISTAKES,
    hints=(
        "Nudge: write the statement first, with select(), where() and order_by(). Then ask the session for scalars().",
        "Where to look: Query.first() puts a LIMIT into the statement. Query.all() gives each author once, although "
        "the join meets some of them twice: which method of a result does that?",
        "Nearly there: session.scalars(statement.limit(1)).first() for the one, "
        "session.scalars(statement).unique().all() for the other.",
    ),
    solution=SOLUTION,
    unchecked="Not checked: style, names, type annotations, and data that is not in the sample database.",
)
