"""The exercise of queries that travel: a page and its count, and a join on one of two ways."""

from __future__ import annotations

from helpers.lab.differential import Comparison
from helpers.lab.exercises import Case, Exercise, Mistake

NAMES = """from models import Author, Book
from sqlalchemy import func, select

"""
LEGACY = '''
def page(session, name, number):
    """How many authors there are, of that name if there is one, and two of them."""
    query = session.query(Author).order_by(Author.id)
    if name is not None:
        query = query.filter(Author.name == name)
    return query.count(), query.limit(2).offset(number * 2).all()


def writers(session, most):
    """Everybody, or everybody who wrote something for at most so much."""
    query = session.query(Author).order_by(Author.id)
    if most is not None:
        query = query.join(Author.books).filter(Book.price <= most)
    return query.all()
'''
SOLUTION = '''
def page(session, name, number):
    """How many authors there are, of that name if there is one, and two of them."""
    query = select(Author).order_by(Author.id)
    if name is not None:
        query = query.where(Author.name == name)
    total = session.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    return total, session.scalars(query.limit(2).offset(number * 2)).all()


def writers(session, most):
    """Everybody, or everybody who wrote something for at most so much."""
    query = select(Author).order_by(Author.id)
    if most is not None:
        query = query.join(Author.books).where(Book.price <= most)
    return session.scalars(query).unique().all()
'''


def _failure(found: Comparison) -> str:
    return str(found.after.failure) if found.after.failure else ""


def _items(value: object) -> list[object]:
    items = value.get("items") if isinstance(value, dict) else None
    return items if isinstance(items, list) else []


def _repeats(found: Comparison) -> bool:
    return len(_items(found.after.value)) > len(_items(found.before.value))


def _counts(found: Comparison) -> bool:
    """The number of all rows is another one."""
    before, after = _items(found.before.value), _items(found.after.value)
    return len(before) == len(after) == 2 and before[0] != after[0]


def _reads_all(found: Comparison) -> bool:
    return found.check("value").outcome == "same" and "COUNT" in found.check("clauses lost").detail


MISTAKES = (
    Mistake(
        "legacy",
        lambda found: "no query()" in _failure(found),
        "session.query() is what has to go: the variable holds a select(Author).",
    ),
    Mistake(
        "run too early",
        lambda found: "Result" in _failure(found) and "has no attribute" in _failure(found),
        "The variable holds a result already, which cannot grow. Keep the statement, and run it where the rows are "
        "wanted.",
    ),
    Mistake(
        "asked the statement",
        lambda found: "Select" in _failure(found) and "has no attribute" in _failure(found),
        "A statement does not run itself: it has no all() and no count(). Hand it to the session.",
    ),
    Mistake(
        "no unique",
        _repeats,
        "On one of the ways a join repeats authors. The rows are asked for in one place, so that place needs "
        ".unique() for both ways.",
    ),
    Mistake("count of all", _counts, "The count has to see the same criteria: count the rows of the statement."),
    Mistake(
        "count of what was read",
        _reads_all,
        "The value is right, but every row was read to count them: Query.count() counts in the database.",
    ),
)

EXERCISE = Exercise(
    name="queries_that_travel",
    names=NAMES,
    legacy=LEGACY,
    functions=("page", "writers"),
    cases=(
        Case("the first page of all", "page(session, None, 0)"),
        Case("the last page of all", "page(session, None, 2)"),
        Case("a name that two authors share", "page(session, 'Ines Okoro', 0)"),
        Case("a name that nobody has", "page(session, 'Nobody', 0)"),
        Case("everybody", "writers(session, None)"),
        Case("an author with two cheap books", "writers(session, 2000)"),
    ),
    mistakes=MISTAKES,
    hints=(
        "Nudge: let the variable hold the statement all along, and let the session run it at each place where rows or "
        "a number are wanted.",
        "Where to look: a count is a statement around the statement, select_from(query.subquery()). And which of the "
        "two ways through writers() can meet an author twice?",
        "Nearly there: session.execute(select(func.count()).select_from(query.subquery())).scalar_one(), and "
        "session.scalars(query).unique().all() at the end of writers().",
    ),
    solution=SOLUTION,
    unchecked="Not checked: style, names, type annotations, and data that is not in the sample database.",
)
