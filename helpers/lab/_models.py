# mypy: ignore-errors
"""The models of a small bookshop, in the style that SQLAlchemy 1.4, 2.0 and 2.1 all read."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, ForeignKeyConstraint, Integer, String, Table, Text
from sqlalchemy.orm import declarative_base, deferred, relationship

Base = declarative_base()

book_genres = Table(
    "book_genres",
    Base.metadata,
    Column("book_id", ForeignKey("books.id"), primary_key=True),
    Column("genre_id", ForeignKey("genres.id"), primary_key=True),
)


class Author(Base):
    __tablename__ = "authors"

    id = Column(Integer, primary_key=True)
    name = Column(String, nullable=False)
    email = Column(String, unique=True)
    born = Column(Integer)
    mentor_id = Column(ForeignKey("authors.id"))

    books = relationship("Book", back_populates="author", order_by="Book.id", cascade="all, delete-orphan")
    mentor = relationship("Author", remote_side=[id])
    awards = relationship("Award", back_populates="author", order_by="Award.id", lazy="dynamic")


class Publisher(Base):
    __tablename__ = "publishers"

    id = Column(Integer, primary_key=True)
    name = Column(String, nullable=False)
    country = Column(String)

    books = relationship("Book", back_populates="publisher", order_by="Book.id", lazy="joined")


class Book(Base):
    __tablename__ = "books"

    id = Column(Integer, primary_key=True)
    title = Column(String, nullable=False)
    price = Column(Integer)
    published = Column(Integer)
    archived = Column(Boolean, nullable=False, default=False)
    blurb = deferred(Column(Text))
    author_id = Column(ForeignKey("authors.id"))
    publisher_id = Column(ForeignKey("publishers.id"))

    author = relationship("Author", back_populates="books")
    publisher = relationship("Publisher", back_populates="books")
    reviews = relationship("Review", back_populates="book", order_by="Review.id")
    genres = relationship("Genre", secondary=book_genres, back_populates="books", order_by="Genre.id")
    copies = relationship("Copy", back_populates="book", order_by="Copy.number")


class Review(Base):
    __tablename__ = "reviews"

    id = Column(Integer, primary_key=True)
    book_id = Column(ForeignKey("books.id"))
    reader = Column(String, nullable=False)
    stars = Column(Integer)
    written = Column(Date)

    book = relationship("Book", back_populates="reviews")


class Genre(Base):
    __tablename__ = "genres"

    id = Column(Integer, primary_key=True)
    name = Column(String, nullable=False)

    books = relationship("Book", secondary=book_genres, back_populates="genres", order_by="Book.id")


class Award(Base):
    __tablename__ = "awards"

    id = Column(Integer, primary_key=True)
    author_id = Column(ForeignKey("authors.id"), nullable=False)
    name = Column(String, nullable=False)
    year = Column(Integer)

    author = relationship("Author", back_populates="awards")


class Copy(Base):
    """One printed copy of a book, known by the book and a running number."""

    __tablename__ = "copies"

    book_id = Column(ForeignKey("books.id"), primary_key=True)
    number = Column(Integer, primary_key=True)
    shelf = Column(String)

    book = relationship("Book", back_populates="copies")
    loans = relationship("Loan", back_populates="copy", order_by="Loan.id")


class Loan(Base):
    __tablename__ = "loans"
    __table_args__ = (ForeignKeyConstraint(["book_id", "number"], ["copies.book_id", "copies.number"]),)

    id = Column(Integer, primary_key=True)
    book_id = Column(Integer, nullable=False)
    number = Column(Integer, nullable=False)
    reader = Column(String, nullable=False)

    copy = relationship("Copy", back_populates="loans")


class Employee(Base):
    __tablename__ = "employees"

    id = Column(Integer, primary_key=True)
    name = Column(String, nullable=False)
    salary = Column(Integer)
    kind = Column(String, nullable=False)

    __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "clerk"}


class Editor(Employee):
    """Joined-table inheritance: the language stands in a table of its own."""

    __tablename__ = "editors"

    id = Column(ForeignKey("employees.id"), primary_key=True)
    language = Column(String)

    __mapper_args__ = {"polymorphic_identity": "editor"}


class Driver(Employee):
    """Single-table inheritance: the licence is a column of the employees."""

    licence = Column(String)

    __mapper_args__ = {"polymorphic_identity": "driver"}
