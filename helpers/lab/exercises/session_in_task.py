"""The exercise of `session_in_task`: a task behind the answer that is handed the session of the request."""

from __future__ import annotations

from helpers.lab.differential import Comparison
from helpers.lab.exercises import Case, Exercise, Mistake

NAMES = '''from models import Book, Review
from sqlalchemy.orm import Session, sessionmaker

SessionLocal = sessionmaker()


class BackgroundTasks:
    """Keeps what is to run behind the answer."""

    strict = False

    def __init__(self):
        self.waiting = []

    def add_task(self, function, *args, **kwargs):
        for value in (*args, *kwargs.values()):
            if self.strict and (isinstance(value, Session) or hasattr(value, "_sa_instance_state")):
                raise TypeError(f"a {type(value).__name__} was handed to a task")
        self.waiting.append((function, args, kwargs))


def request(session, title):
    """One request: the route, the answer, the task behind it."""
    SessionLocal.configure(bind=session.get_bind())
    background = BackgroundTasks()
    publish(session, background, title)
    session.close()
    for function, args, kwargs in background.waiting:
        function(*args, **kwargs)

'''
LEGACY = '''
def publish(session, background, title):
    """Add a book; its first review is written behind the answer."""
    book = Book(title=title)
    session.add(book)
    session.commit()
    background.add_task(review, session, book.id)


def review(session, number):
    """Write the first review of a book."""
    session.add(Review(book_id=number, reader="the shop"))
    session.commit()
'''
SOLUTION = '''
def publish(session, background, title):
    """Add a book; its first review is written behind the answer."""
    book = Book(title=title)
    session.add(book)
    session.commit()
    background.add_task(review, book.id)


def review(number):
    """Write the first review of a book."""
    with SessionLocal() as session:
        session.add(Review(book_id=number, reader="the shop"))
        session.commit()
'''


def _handed(found: Comparison) -> bool:
    failure = found.after.failure
    return failure is not None and "was handed to a task" in failure.message


def _not_there(found: Comparison) -> bool:
    written = " ".join(found.after.written)
    return found.after.failure is None and "reviews" not in written and "books" in written


def _no_book(found: Comparison) -> bool:
    return found.after.failure is None and "books" not in " ".join(found.after.written)


MISTAKES = (
    Mistake("handed over", _handed, "Hand over the id of the book. The task opens a session with SessionLocal()."),
    Mistake("task does not commit", _not_there, "A session that closes without a commit takes everything back."),
    Mistake(
        "request does not commit", _no_book, "The task sees what was committed: commit before the answer is given."
    ),
)

EXERCISE = Exercise(
    name="session_in_task",
    names=NAMES,
    legacy=LEGACY,
    functions=("publish", "review"),
    cases=(Case("a request and the task behind it", "request(session, 'New')"),),
    mistakes=MISTAKES,
    hints=(
        "Nudge: which of the two arguments of the task belongs to the request, and which is a plain value?",
        "Where to look: SessionLocal() makes a session; `with` closes it. The task has its own transaction then.",
        "Nearly there: review(number) begins with `with SessionLocal() as session:`; add_task gets review and book.id.",
    ),
    solution=SOLUTION,
    unchecked="Not checked: style, names, and what happens when the book is deleted before the task runs.",
    given="BackgroundTasks.strict = True\n",
)
