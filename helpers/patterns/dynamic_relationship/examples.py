"""A dynamic relationship that is iterated, filtered, counted, and appended to."""

from helpers.model import Example

_HEAD = "from models import Author, Award\nfrom sqlalchemy.orm import Session\n\n\n"
_COUNTING = (
    "from models import Author, Award\nfrom sqlalchemy import func, select\nfrom sqlalchemy.orm import Session\n\n\n"
)
_GIVEN = "def f(db: Session):\n    author = db.query(Author).filter(Author.id == 1).one()\n"


def _body(expression: str, head: str = _HEAD) -> str:
    return f"{head}{_GIVEN}    return {expression}\n"


_LATER = _body("author.awards")
_APPEND = f"""{_HEAD}{_GIVEN}\
    author.awards.append(Award(name="Reed Prize", year=2020))
    db.commit()
"""

EXAMPLES: tuple[Example, ...] = (
    Example(
        "all rows, in the order of the relationship",
        _body("author.awards.all()"),
        _body("db.scalars(author.awards.statement).all()"),
        "f(session)",
    ),
    Example(
        "filters stay where they are",
        _body("author.awards.filter(Award.year > 2001).order_by(Award.year).all()"),
        _body("db.scalars(author.awards.filter(Award.year > 2001).order_by(Award.year).statement).all()"),
        "f(session)",
    ),
    Example(
        "the first row",
        _body("author.awards.filter_by(year=2005).first()"),
        _body("db.scalars(author.awards.filter_by(year=2005).limit(1).statement).first()"),
        "f(session)",
    ),
    Example(
        "a comprehension",
        _body("[award.name for award in author.awards]"),
        _body("[award.name for award in db.scalars(author.awards.statement)]"),
        "f(session)",
    ),
    Example(
        "a count",
        _body("author.awards.count()"),
        _body(
            "db.execute(select(func.count()).select_from(author.awards.statement.subquery())).scalar_one()", _COUNTING
        ),
        "f(session)",
    ),
    Example("to append loads nothing", _APPEND, _APPEND, "f(session)"),
    Example("what is handed on is left to a person", _LATER, _LATER, "f(session).count()"),
)
