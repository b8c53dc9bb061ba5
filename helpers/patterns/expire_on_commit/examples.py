"""Factories before and after, and the uses that relied on the reload of a commit."""

from helpers.model import Example

_MODELS = "from models import Author, Book\n"
_HEAD = f"{_MODELS}from sqlalchemy import text\nfrom sqlalchemy.orm import Session, sessionmaker\n\n\n"
_MAKER = "def open_session(engine):\n    return sessionmaker(engine{keyword})()\n\n\n"
_KEEP = ", expire_on_commit=False"


def _module(body: str, *, keep: bool = False) -> str:
    return f"{_HEAD}{_MAKER.format(keyword=_KEEP if keep else '')}{body}"


_RENAME = """\
def rename(db: Session, author_id, name):
    author = db.query(Author).filter(Author.id == author_id).one()
    author.name = name
    db.commit()
    {refresh}return author.name


def run(engine):
    with open_session(engine) as db:
        return rename(db, 1, "Ines")
"""
_SORTED = """\
def add_book(db: Session, title):
    author = db.query(Author).filter(Author.id == 2).one()
    count = len(author.books)
    book = Book(title=title, author_id=author.id)
    db.add(book)
    db.commit()
    {refresh}return count, [one.title for one in author.books]


def run(engine):
    with open_session(engine) as db:
        return add_book(db, "Reeds")
"""
_TRIGGER = """\
def archive(db: Session, book_id):
    book = db.get(Book, book_id)
    if book is None:
        return None
    db.execute(text("UPDATE books SET archived = 1, price = 0 WHERE author_id = 1"))
    db.commit()
    {refresh}return book.archived, book.price


def run(engine):
    with open_session(engine) as db:
        return archive(db, 1)
"""
_KEY = """\
def add_author(db: Session, name):
    author = Author(name=name)
    db.add(author)
    db.commit()
    return author.id


def run(engine):
    with open_session(engine) as db:
        return add_author(db, "Ada")
"""
_WITH = """\
from models import Author
from sqlalchemy.orm import Session


def count(engine):
    with Session(
        engine,  # the one of the application
        autoflush=False{keyword}
    ) as db:
        return db.query(Author).count()
"""
_SET = """\
from models import Author
from sqlalchemy.orm import sessionmaker


def first_name(engine):
    with sessionmaker(engine, expire_on_commit=False)() as db:
        author = db.get(Author, 1)
        author.name = "Ines"
        db.commit()
        return author.name
"""
_REFRESHED = """\
def rename(db: Session, author_id, name):
    author = db.get(Author, author_id)
    author.name = name
    db.commit()
    db.refresh(author)
    return author.name


def run(engine):
    with open_session(engine) as db:
        return rename(db, 1, "Ines")
"""
_MAYBE = """\
def rename(db: Session, author_id, name):
    author = db.query(Author).filter(Author.id == author_id).first()
    db.commit()
    return author


def run(engine):
    with open_session(engine) as db:
        return rename(db, 99, "Nobody")
"""
_OTHERS = """\
from models import Author


class Session:
    def __init__(self, engine):
        self.engine = engine


def run(engine):
    return Session(engine).engine is engine and Author.__name__
"""
_AGAIN = """\
def archive(db: Session, book_id):
    book = db.get(Book, book_id)
    db.execute(text("UPDATE books SET archived = 1, price = 0 WHERE author_id = 1"))
    db.commit()
    again = db.get(Book, book_id{again})
    return again is book, again.archived, again.price


def run(engine):
    with open_session(engine) as db:
        return archive(db, 1)
"""
_LESS = "the key was read by loading the whole row; now the object has it already"

EXAMPLES: tuple[Example, ...] = (
    Example(
        "an object is read behind the commit: the reload becomes a refresh",
        _module(_RENAME.format(refresh="")),
        _module(_RENAME.format(refresh="db.refresh(author)\n    "), keep=True),
        "run(engine)",
    ),
    Example(
        "a loaded collection does not know of a row that a foreign key put there: the refresh lets it load again",
        _module(_SORTED.format(refresh="")),
        _module(_SORTED.format(refresh="db.refresh(author)\n    "), keep=True),
        "run(engine)",
    ),
    Example(
        "rows that SQL changed behind the session's back",
        _module(_TRIGGER.format(refresh="")),
        _module(_TRIGGER.format(refresh="db.refresh(book)\n    "), keep=True),
        "run(engine)",
    ),
    Example(
        "rows that SQL changed, and that are asked for once more: the query reads them again",
        _module(_AGAIN.format(again="")),
        _module(_AGAIN.format(again=", populate_existing=True"), keep=True),
        "run(engine)",
    ),
    Example(
        "of a primary key nothing is loaded again",
        _module(_KEY),
        _module(_KEY, keep=True),
        "run(engine)",
        same_sql=_LESS,
    ),
    Example(
        "a session that is opened directly, over several lines, with a comment",
        _WITH.format(keyword=""),
        _WITH.format(keyword=",\n        expire_on_commit=False,"),
        "count(engine)",
    ),
    Example("a factory that says so already stays as it is", _SET, _SET, "first_name(engine)"),
    Example(
        "a refresh that is there already is enough",
        _module(_REFRESHED),
        _module(_REFRESHED, keep=True),
        "run(engine)",
    ),
    Example(
        "what may be None is left to a person, with its place",
        _module(_MAYBE),
        _module(_MAYBE, keep=True),
        "run(engine)",
    ),
    Example("a class of the application's own that is called Session", _OTHERS, _OTHERS, "run(engine)"),
)
