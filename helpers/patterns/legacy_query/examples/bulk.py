"""update() and delete(): what is written, what is counted, what loaded objects see."""

from __future__ import annotations

from helpers.model import Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "update() gives its row count",
        """\
from models import Book
from sqlalchemy.orm import Session


def cheaper(session: Session, most: int):
    changed = session.query(Book).filter(Book.price > most).update({"price": most}, synchronize_session=False)
    session.commit()
    return changed
""",
        """\
from models import Book
from sqlalchemy import update
from sqlalchemy.orm import Session


def cheaper(session: Session, most: int):
    changed = session.execute(
        update(Book)
        .where(Book.price > most)
        .values({"price": most})
        .execution_options(synchronize_session=False)
    ).rowcount
    session.commit()
    return changed
""",
        "cheaper(session, 1000)",
    ),
    Example(
        "update() whose count nobody reads",
        """\
from models import Author
from sqlalchemy.orm import Session


def age(session: Session):
    session.query(Author).filter_by(name="Wen Li").update({Author.born: Author.born + 1})
    session.commit()
""",
        """\
from models import Author
from sqlalchemy import update
from sqlalchemy.orm import Session


def age(session: Session):
    session.execute(
        update(Author).filter_by(name="Wen Li").values({Author.born: Author.born + 1})
    )
    session.commit()
""",
        "age(session)",
    ),
    Example(
        "a loaded object sees an update",
        """\
from models import Author
from sqlalchemy.orm import Session


def rename(session: Session, name: str):
    author = session.get(Author, 2)
    session.query(Author).filter(Author.id == 2).update({"name": name}, "fetch")
    return author.name
""",
        """\
from models import Author
from sqlalchemy import update
from sqlalchemy.orm import Session


def rename(session: Session, name: str):
    author = session.get(Author, 2)
    session.execute(
        update(Author)
        .where(Author.id == 2)
        .values({"name": name})
        .execution_options(synchronize_session="fetch")
    )
    return author.name
""",
        "rename(session, 'Bram de Vos')",
    ),
    Example(
        "delete() over lines",
        """\
from models import Award, Author
from sqlalchemy.orm import Session


def clear(session: Session):
    count = (
        session.query(Award)
        .filter(Award.year > 2000)  # the new ones
        .filter(Award.author_id == 1)
        .delete(synchronize_session=False)
    )
    session.commit()
    return count
""",
        """\
from models import Award, Author
from sqlalchemy import delete
from sqlalchemy.orm import Session


def clear(session: Session):
    count = session.execute(
        delete(Award)
        .where(Award.year > 2000)  # the new ones
        .where(Award.author_id == 1)
        .execution_options(synchronize_session=False)
    ).rowcount
    session.commit()
    return count
""",
        "clear(session)",
    ),
    Example(
        "delete() of what a query names",
        """\
from models import Author, Award
from sqlalchemy.orm import Session


def clear(session: Session):
    session.query(Award).filter(
        Award.author_id.in_(session.query(Author.id).filter(Author.born < 1970))
    ).delete(synchronize_session="fetch")
    session.commit()
""",
        """\
from models import Author, Award
from sqlalchemy import delete, select
from sqlalchemy.orm import Session


def clear(session: Session):
    session.execute(
        delete(Award).where(
            Award.author_id.in_(select(Author.id).where(Author.born < 1970))
        ).execution_options(synchronize_session="fetch")
    )
    session.commit()
""",
        "clear(session)",
    ),
    Example(
        "values in an order of their own",
        """\
from models import Author
from sqlalchemy.orm import Session


def both(session: Session):
    session.query(Author).filter(Author.id == 5).update(
        [(Author.born, 1991), (Author.name, "Zoe")], update_args={"preserve_parameter_order": True}
    )
""",
        """\
from models import Author
from sqlalchemy import update
from sqlalchemy.orm import Session


def both(session: Session):
    session.execute(
        update(Author).where(Author.id == 5).ordered_values(
            (Author.born, 1991), (Author.name, "Zoe")
        )
    )
""",
        "both(session)",
    ),
    Example(
        "delete() flushes, whatever autoflush() says",
        """\
from models import Genre
from sqlalchemy.orm import Session


def clear(session: Session):
    session.add(Genre(id=9, name="Drama"))
    return session.query(Genre).autoflush(False).filter(Genre.id == 9).delete()
""",
        """\
from models import Genre
from sqlalchemy import delete
from sqlalchemy.orm import Session


def clear(session: Session):
    session.add(Genre(id=9, name="Drama"))
    return session.execute(delete(Genre).where(Genre.id == 9)).rowcount
""",
        "clear(session)",
    ),
)
