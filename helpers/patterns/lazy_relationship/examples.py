"""Befores and afters of the pattern, all run on both sides; those that stay have equal texts."""

from __future__ import annotations

from helpers.model import Example


def _stays(title: str, text: str, call: str) -> Example:
    return Example(f"stays: {title}", text, text, call)


EXAMPLES: tuple[Example, ...] = (
    Example(
        "a collection in a loop",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def shelves(session: Session):
    authors = session.scalars(select(Author).order_by(Author.id)).all()
    return [(author.name, [book.title for book in author.books]) for author in authors]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def shelves(session: Session):
    authors = session.scalars(select(Author).options(
        selectinload(Author.books),
    ).order_by(Author.id)).all()
    return [(author.name, [book.title for book in author.books]) for author in authors]
""",
        "shelves(session)",
        same_sql="one statement for all collections takes the place of one for each object",
    ),
    Example(
        "what there is one of is joined",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def bylines(session: Session, most: int):
    lines = []
    for book in session.scalars(select(Book).where(Book.price <= most).order_by(Book.id)):
        lines.append((book.title, book.author.name if book.author else None))
    return lines
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload


def bylines(session: Session, most: int):
    lines = []
    for book in session.scalars(select(Book).options(
        joinedload(Book.author),
    ).where(Book.price <= most).order_by(Book.id)):
        lines.append((book.title, book.author.name if book.author else None))
    return lines
""",
        "bylines(session, 5000)",
        same_sql="the one row is joined, and no statement of its own loads it",
    ),
    Example(
        "a chain of relationships",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def stars(session: Session):
    authors = session.scalars(select(Author).order_by(Author.id)).all()
    return {author.id: [[review.stars for review in book.reviews] for book in author.books] for author in authors}
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def stars(session: Session):
    authors = session.scalars(select(Author).options(
        selectinload(Author.books).selectinload(Book.reviews),
    ).order_by(Author.id)).all()
    return {author.id: [[review.stars for review in book.reviews] for book in author.books] for author in authors}
""",
        "stars(session)",
        same_sql="one statement for all collections takes the place of one for each object",
    ),
    Example(
        "a query that was left as it is",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def readers(session: Session, book_id: int):
    book = session.query(Book).filter(Book.id == book_id).one()
    return [review.reader for review in book.reviews]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def readers(session: Session, book_id: int):
    book = session.query(Book).options(
        selectinload(Book.reviews),
    ).filter(Book.id == book_id).one()
    return [review.reader for review in book.reviews]
""",
        "readers(session, 1)",
        same_sql="one statement for all collections takes the place of one for each object",
    ),
    Example(
        "get() takes options as well",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def readers(session: Session, book_id: int):
    book = session.get(Book, book_id)
    return [review.reader for review in book.reviews]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def readers(session: Session, book_id: int):
    book = session.get(Book, book_id, options=[selectinload(Book.reviews)])
    return [review.reader for review in book.reviews]
""",
        "readers(session, 1)",
        same_sql="one statement for all collections takes the place of one for each object",
    ),
    Example(
        "a helper reads what another function loads",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def find(session: Session, name: str):
    return session.scalars(select(Author).where(Author.name == name).order_by(Author.id)).all()


def shelf(author):
    return [book.title for book in author.books]


def shelves(session: Session, name: str):
    return [shelf(author) for author in find(session, name)]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def find(session: Session, name: str):
    return session.scalars(select(Author).options(
        selectinload(Author.books),
    ).where(Author.name == name).order_by(Author.id)).all()


def shelf(author):
    return [book.title for book in author.books]


def shelves(session: Session, name: str):
    return [shelf(author) for author in find(session, name)]
""",
        "shelves(session, 'Ines Okoro')",
        same_sql="one statement for all collections takes the place of one for each object",
    ),
    Example(
        "a sort key and a lambda read too",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def by_author(book: Book):
    return book.author.name if book.author else ""


def busiest(session: Session):
    books = session.scalars(select(Book).order_by(Book.id)).all()
    named = [book.title for book in sorted(books, key=by_author)]
    return named, max(books, key=lambda book: len(book.reviews)).title
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload


def by_author(book: Book):
    return book.author.name if book.author else ""


def busiest(session: Session):
    books = session.scalars(select(Book).options(
        joinedload(Book.author),
        selectinload(Book.reviews),
    ).order_by(Book.id)).all()
    named = [book.title for book in sorted(books, key=by_author)]
    return named, max(books, key=lambda book: len(book.reviews)).title
""",
        "busiest(session)",
        same_sql="one statement loads all reviews, and the authors are joined",
    ),
    Example(
        "options that are there stay, and are not repeated",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload


def names(session: Session):
    books = session.scalars(select(Book).options(joinedload(Book.author)).order_by(Book.id)).all()
    return [(book.author and book.author.name, [genre.name for genre in book.genres]) for book in books]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload


def names(session: Session):
    books = session.scalars(select(Book).options(
        selectinload(Book.genres),
    ).options(joinedload(Book.author)).order_by(Book.id)).all()
    return [(book.author and book.author.name, [genre.name for genre in book.genres]) for book in books]
""",
        "names(session)",
        same_sql="one statement for all collections takes the place of one for each object",
    ),
    Example(
        "a locked row is alone in its statement",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def lock(session: Session, book_id: int):
    book = session.scalars(select(Book).where(Book.id == book_id).with_for_update()).one()
    return book.author.name
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def lock(session: Session, book_id: int):
    book = session.scalars(select(Book).options(
        selectinload(Book.author),
    ).where(Book.id == book_id).with_for_update()).one()
    return book.author.name
""",
        "lock(session, 1)",
        same_sql="the author comes in a statement of its own, so that its row is not locked",
    ),
    Example(
        "a statement that grows under conditions",
        """\
from __future__ import annotations

from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def titles(session: Session, most: int | None = None):
    statement = select(Book)
    if most is not None:
        statement = statement.where(Book.price <= most)
    return [(book.title, [review.stars for review in book.reviews]) for book in session.scalars(statement)]
""",
        """\
from __future__ import annotations

from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def titles(session: Session, most: int | None = None):
    statement = select(Book).options(selectinload(Book.reviews))
    if most is not None:
        statement = statement.where(Book.price <= most)
    return [(book.title, [review.stars for review in book.reviews]) for book in session.scalars(statement)]
""",
        "titles(session, 1000)",
        same_sql="one statement for all collections takes the place of one for each object",
    ),
    Example(
        "a helper that hands out a statement",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def base():
    return select(Book).where(Book.archived.is_(False))


def titles(session: Session):
    return list(session.scalars(base().order_by(Book.id).with_only_columns(Book.title)))


def readers(session: Session):
    books = session.scalars(base().order_by(Book.id)).all()
    return [[review.reader for review in book.reviews] for book in books]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def base():
    return select(Book).where(Book.archived.is_(False))


def titles(session: Session):
    return list(session.scalars(base().order_by(Book.id).with_only_columns(Book.title)))


def readers(session: Session):
    books = session.scalars(base().options(
        selectinload(Book.reviews),
    ).order_by(Book.id)).all()
    return [[review.reader for review in book.reviews] for book in books]
""",
        "titles(session), readers(session)",
        same_sql="one statement for all collections takes the place of one for each object",
    ),
    Example(
        "a function that many load by takes options",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def find(session: Session, book_id: int):
    return session.scalars(select(Book).where(Book.id == book_id)).one()


def title(session: Session, book_id: int):
    return find(session, book_id).title


def everything(session: Session, book_id: int):
    book = find(session, book_id)
    return [copy.shelf for copy in book.copies], [genre.name for genre in book.genres], len(book.reviews)
""",
        """\
from collections.abc import Sequence

from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.interfaces import ORMOption


def find(session: Session, book_id: int, *, options: Sequence[ORMOption] = ()):
    return session.scalars(select(Book).options(
        selectinload(Book.copies),
        *options,
    ).where(Book.id == book_id)).one()


def title(session: Session, book_id: int):
    return find(session, book_id).title


def everything(session: Session, book_id: int):
    book = find(session, book_id, options=[
        selectinload(Book.genres),
        selectinload(Book.reviews),
    ])
    return [copy.shelf for copy in book.copies], [genre.name for genre in book.genres], len(book.reviews)
""",
        "title(session, 1), everything(session, 1)",
        same_sql="one statement for all collections takes the place of one for each object",
    ),
    Example(
        "a new object is refreshed before it is read",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def add(session: Session, title: str):
    book = Book(title=title, author_id=1)
    session.add(book)
    session.flush()
    return book


def announce(session: Session, title: str):
    book = add(session, title)
    return f"{book.title} by {book.author.name}"
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def add(session: Session, title: str):
    book = Book(title=title, author_id=1)
    session.add(book)
    session.flush()
    session.refresh(book, ["author"])
    return book


def announce(session: Session, title: str):
    book = add(session, title)
    return f"{book.title} by {book.author.name}"
""",
        "announce(session, 'Kelp')",
        same_sql="the author of the new book is loaded by name",
        tags=("after>=2.0",),
    ),
    Example(
        "a deferred column",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def blurbs(session: Session):
    return [book.blurb for book in session.scalars(select(Book).order_by(Book.id))]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer


def blurbs(session: Session):
    return [book.blurb for book in session.scalars(select(Book).options(
        undefer(Book.blurb),
    ).order_by(Book.id))]
""",
        "blurbs(session)",
        same_sql="the column comes with the others",
    ),
    Example(
        "a column of a subclass",
        """\
from models import Editor, Employee
from sqlalchemy import select
from sqlalchemy.orm import Session


def languages(session: Session):
    people = session.scalars(select(Employee).order_by(Employee.id)).all()
    return [person.language for person in people if isinstance(person, Editor)]
""",
        """\
from models import Editor, Employee
from sqlalchemy import select
from sqlalchemy.orm import Session, selectin_polymorphic


def languages(session: Session):
    people = session.scalars(select(Employee).options(
        selectin_polymorphic(Employee, [Editor]),
    ).order_by(Employee.id)).all()
    return [person.language for person in people if isinstance(person, Editor)]
""",
        "languages(session)",
        same_sql="one statement for all editors takes the place of one for each",
    ),
    Example(
        "an alias is named as the query names it",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased


def mentored(session: Session):
    pupil = aliased(Author)
    found = session.execute(select(pupil, Author).join(Author, pupil.mentor_id == Author.id).order_by(pupil.id)).all()
    return [(one.name, [book.title for book in one.books], other.name) for one, other in found]
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, selectinload


def mentored(session: Session):
    pupil = aliased(Author)
    found = session.execute(select(pupil, Author).options(
        selectinload(pupil.books),
    ).join(Author, pupil.mentor_id == Author.id).order_by(pupil.id)).all()
    return [(one.name, [book.title for book in one.books], other.name) for one, other in found]
""",
        "mentored(session)",
        same_sql="one statement for all collections takes the place of one for each object",
    ),
    Example(
        "a row of two objects",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def pairs(session: Session):
    rows = session.execute(select(Book, Author).join(Book.author).order_by(Book.id))
    return [(author.name, [review.stars for review in book.reviews]) for book, author in rows]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def pairs(session: Session):
    rows = session.execute(select(Book, Author).options(
        selectinload(Book.reviews),
    ).join(Book.author).order_by(Book.id))
    return [(author.name, [review.stars for review in book.reviews]) for book, author in rows]
""",
        "pairs(session)",
        same_sql="one statement for all collections takes the place of one for each object",
    ),
    _stays(
        "plain columns are there already",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def titles(session: Session):
    return [book.title for book in session.scalars(select(Book).order_by(Book.id))]
""",
        "titles(session)",
    ),
    _stays(
        "everything is loaded already",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def readers(session: Session):
    books = session.scalars(select(Book).options(selectinload(Book.reviews)).order_by(Book.id)).all()
    return [[review.reader for review in book.reviews] for book in books]
""",
        "readers(session)",
    ),
    _stays(
        "rows of columns hold no objects",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def names(session: Session):
    rows = session.execute(select(Book.title, Author.name).join(Book.author).order_by(Book.id))
    return [(row.title, row.name) for row in rows]
""",
        "names(session)",
    ),
    _stays(
        "the mapping loads it",
        """\
from models import Publisher
from sqlalchemy import select
from sqlalchemy.orm import Session


def titles(session: Session):
    publishers = session.scalars(select(Publisher).order_by(Publisher.id)).unique().all()
    return [[book.title for book in publisher.books] for publisher in publishers]
""",
        "titles(session)",
    ),
    _stays(
        "a dynamic relationship is a query of its own",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def awards(session: Session):
    author = session.scalars(select(Author).where(Author.id == 1)).one()
    return author.awards.count()
""",
        "awards(session)",
    ),
    _stays(
        "an attribute of the class is no reading",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def written(session: Session):
    return session.scalars(select(Book.title).join(Author.books).where(Author.id == 1).order_by(Book.id)).all()
""",
        "written(session)",
    ),
    _stays(
        "a commit expires what would be loaded",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def renamed(session: Session, name: str):
    author = session.scalars(select(Author).where(Author.id == 1)).one()
    author.name = name
    session.commit()
    return [book.title for book in author.books]
""",
        "renamed(session, 'Ines O.')",
    ),
)
