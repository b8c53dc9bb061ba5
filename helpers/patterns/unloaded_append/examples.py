"""Children that are appended, removed and replaced, on parents whose collections nothing has loaded."""

from helpers.model import Example

_HEAD = "from models import Author, Book, Genre\nfrom sqlalchemy.orm import Session, selectinload\n\n\n"
_APPEND = f"""{_HEAD}\
def write(db: Session, author_id, title):
    author = db.query(Author).filter(Author.id == author_id).one()
    {{append}}
    db.commit()
"""
_NAMED = f"""{_HEAD}\
def write(db: Session, author_id, title):
    author = db.query(Author).filter(Author.id == author_id).one()
    book = Book(title=title)
    {{append}}
    db.commit()
    return book.author_id
"""
_MANY = f"""{_HEAD}\
def sort(db: Session, book_id, name):
    book = db.query(Book).filter(Book.id == book_id).one()
    genre = db.query(Genre).filter(Genre.name == name).first()
    {{load}}book.genres.{{method}}(genre)
    db.commit()
"""
_REPLACE = f"""{_HEAD}\
def clear(db: Session, book_id):
    book = db.query(Book).filter(Book.id == book_id).one()
    {{load}}book.genres = []
    db.commit()
"""
_EAGER = f"""{_HEAD}\
def write(db: Session, author_id, title):
    author = db.query(Author).options(selectinload(Author.books)).filter(Author.id == author_id).one()
    author.books.append(Book(title=title))
    db.commit()
"""
_NEW = f"""{_HEAD}\
def sign(db: Session, name, title):
    author = Author(name=name)
    author.books.append(Book(title=title))
    db.add(author)
    db.commit()
"""
_HEAD_INSPECT = _HEAD.replace("from sqlalchemy.orm", "from sqlalchemy import inspect\nfrom sqlalchemy.orm", 1)
_GIVEN = """{head}\
def drop(db: Session, author: Author):
    {load}author.books.clear()
    db.flush()


def both(db: Session):
    first = db.query(Author).options(selectinload(Author.books)).filter(Author.id == 1).one()
    drop(db, first)
    drop(db, db.query(Author).filter(Author.id == 2).one())
    new = Author(name="Ada", books=[Book(title="One")])
    drop(db, new)
    return new.books, db.query(Book).filter(Book.author_id.is_(None)).count()
"""
_GUARD = """if inspect(author).persistent and "books" in inspect(author).unloaded:
        db.refresh(author, ["id", "books"])
    """
_LESS = "the collection is no longer loaded to put one more into it"
_LOAD = 'db.refresh(book, ["id", "genres"])\n    '
_WRITTEN_OUT = "the same collection is loaded by a refresh, which also selects the object's key"

EXAMPLES: tuple[Example, ...] = (
    Example(
        "a new child, made in place",
        _APPEND.format(append="author.books.append(Book(title=title))"),
        _APPEND.format(append="db.add(Book(title=title, author=author))"),
        'write(session, 1, "Reeds")',
        same_sql=_LESS,
    ),
    Example(
        "a new child that has a name",
        _NAMED.format(append="author.books.append(book)"),
        _NAMED.format(append="book.author = author\n    db.add(book)"),
        'write(session, 1, "Reeds")',
        same_sql=_LESS,
    ),
    Example(
        "one of many, which is there already",
        _MANY.format(load="", method="append"),
        _MANY.format(load=_LOAD, method="append"),
        'sort(session, 4, "Maps")',
        same_sql=_WRITTEN_OUT,
    ),
    Example(
        "one of many is taken out",
        _MANY.format(load="", method="remove"),
        _MANY.format(load=_LOAD, method="remove"),
        'sort(session, 1, "Poetry")',
        same_sql=_WRITTEN_OUT,
    ),
    Example(
        "all of them are replaced",
        _REPLACE.format(load=""),
        _REPLACE.format(load=_LOAD),
        "clear(session, 1)",
        same_sql=_WRITTEN_OUT,
    ),
    Example("the query has loaded the collection", _EAGER, _EAGER, 'write(session, 1, "Reeds")'),
    Example("the parent is new, and its collection empty", _NEW, _NEW, 'sign(session, "Ada", "Reeds")'),
    Example(
        "the object of somebody else, whose collection is loaded, and one whose is not",
        _GIVEN.format(head=_HEAD, load=""),
        _GIVEN.format(head=_HEAD_INSPECT, load=_GUARD),
        "both(session)",
        same_sql="the collection that is not loaded is loaded by a refresh, which also selects the object's key",
    ),
)
