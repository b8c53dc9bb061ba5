"""Listeners of engines and sessions: they stay synchronous, on what is inside, where they do the same there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import flipped, found, ran

ENGINE = """\
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

{before}
store = create_engine({url})
{after}

def answer():
    with Session(store, expire_on_commit=False) as session:
        with session.begin_nested():
            found = session.scalar(text("{sql}"))
    store.dispose()
    return found
"""
PRAGMA = """\
def prepare(connection, _record):
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


"""
SAVEPOINT = """\
def begin_writing(connection, *_):
    raw = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and raw is not None and not raw.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql("PRAGMA user_version=7")


"""
RUN = {
    "a function that is handed over": (PRAGMA, 'event.listen(store, "connect", prepare)\n', "PRAGMA foreign_keys"),
    "a decorated one": (
        "",
        '\n\n@event.listens_for(store, "connect")\n' + PRAGMA.rstrip() + "\n",
        "PRAGMA foreign_keys",
    ),
    "what the driver's own connection tells": (
        SAVEPOINT,
        'event.listen(store, "savepoint", begin_writing)\n',
        "PRAGMA user_version",
    ),
    "a function of SQL": (
        "",
        'event.listen(store, "connect", lambda c, _: c.create_function("twice", 1, lambda x: 2 * x))\n',
        "select twice(21)",
    ),
    "a helper that is given the connection": (
        PRAGMA + "def both(connection, record):\n    record.info['seen'] = True\n    prepare(connection, record)\n\n\n",
        'event.listen(store, "connect", both)\n',
        "PRAGMA foreign_keys",
    ),
    "the pool": (PRAGMA, 'event.listen(store.pool, "connect", prepare)\n', "PRAGMA foreign_keys"),
}


@pytest.mark.parametrize(("before", "after", "sql"), RUN.values(), ids=RUN)
def test_a_listener_of_an_engine_does_the_same_on_the_engine_inside(
    before: str, after: str, sql: str, tmp_path: Path
) -> None:
    text = ENGINE.format(url='"sqlite://"', before=before, after=after, sql=sql)
    result = ran(tmp_path, text, "answer()")
    assert result.count("(store.sync_engine, ") + result.count("(store.pool, ") == 1
    assert "async def prepare" not in result
    assert "async def begin_writing" not in result


def test_the_engine_inside_is_listened_to_where_a_function_builds_it(tmp_path: Path) -> None:
    text = (
        PRAGMA + "def build(url):\n    store = create_engine(url)\n"
        '    event.listen(store, "connect", prepare)\n\n'
        '    @event.listens_for(store, "begin")\n    def begin(connection):\n'
        '        connection.exec_driver_sql("PRAGMA user_version=3")\n\n    return store\n\n\n'
    )
    text = ENGINE.format(url="", before=text, after="", sql="PRAGMA user_version").replace(
        "store = create_engine()", 'store = build("sqlite://")'
    )
    after = ran(tmp_path, text, "answer()")
    assert '    event.listen(store.sync_engine, "connect", prepare)\n' in after
    assert '    @event.listens_for(store.sync_engine, "begin")\n    def begin(connection):\n' in after


def listener(body: str, event: str = "connect") -> str:
    return f'\n\n@event.listens_for(store, "{event}")\ndef told(first, *rest):\n    {body}\n'


LEFT = {
    "it looks at the class": ("if isinstance(first, sqlite3.Connection):\n        pass", "is of another class under"),
    "another method of the driver": ("first.create_collation('x', compare)", "`.create_collation` of the driver's"),
    "an attribute of the driver": ("first.row_factory = dict", "`.row_factory` of the driver's connection"),
    "what a cursor gives when it runs": (
        "return first.cursor().execute('PRAGMA user_version').fetchone()",
        "what `.execute()` of the driver's cursor gives",
    ),
    "it is kept": ("KEPT.append(first)", "handed to `append`"),
    "it is kept in a global": ("app.state.raw = first", "what becomes of the driver's connection"),
    "it is used later": ("return lambda: first.close()", "goes into a function inside"),
    "rows of another kind": (
        "c = first.cursor()\n    c.execute('select 1')\n    print(c.fetchone())",
        "`.fetchone` of the driver's cursor is another under asyncpg",
    ),
    "another dialect": ("first.autocommit = True", "is the same on postgresql alone"),
}


@pytest.mark.parametrize(("body", "reason"), LEFT.values(), ids=LEFT)
def test_a_listener_that_may_do_something_else_holds_the_engine_back(body: str, reason: str, tmp_path: Path) -> None:
    text = ENGINE.format(url="settings.url", before="", after=listener(body), sql="select 1")
    assert flipped(tmp_path, {"app.py": text})["app.py"] == text
    assert any(reason in one.message for one in found(tmp_path, {"app.py": text}))


UNKNOWN = {
    "an event of another kind": (listener("pass", "do_connect"), "what `do_connect` hands over is not known"),
    "an event that is computed": ("event.listen(store, NAME, print)\n", "which event is listened to is not known"),
    "a listener that is not known": ('event.listen(store, "connect", made())\n', "who listens to `connect` here"),
    "the driver by its name": (
        listener("if first.dialect.driver == 'psycopg2':\n        pass", "begin"),
        "`.driver` of the dialect",
    ),
    "waiting where nothing can be awaited": (
        listener("first.rollback()", "checkin"),
        "`rollback` waits for the database",
    ),
    "another member of the driver's connection": (
        listener("first.connection.driver_connection.backup(OTHER)", "begin"),
        "`.backup` of the driver's own connection",
    ),
    "something that holds up the loop": (listener("time.sleep(1)"), "would hold up the event loop"),
    "a class of engines": (
        '\n\n@event.listens_for(Engine, "connect")\ndef told(first, record):\n    type(first)\n',
        "is of another class under",
    ),
    "an application's session in it": (
        "SessionLocal = sessionmaker(store, expire_on_commit=False)\n"
        + listener("with SessionLocal() as session:\n        session.commit()", "commit"),
        "a listener, which is not awaited, works on a session",
    ),
}


@pytest.mark.parametrize(("after", "reason"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_of_a_listener_holds_the_engine_back(after: str, reason: str, tmp_path: Path) -> None:
    before = "import time\n\nfrom sqlalchemy import Engine\nfrom sqlalchemy.orm import sessionmaker\n\n"
    text = ENGINE.format(url="settings.url", before=before, after=after, sql="select 1")
    assert flipped(tmp_path, {"app.py": text})["app.py"] == text
    assert any(reason in one.message for one in found(tmp_path, {"app.py": text}))


def test_a_listener_of_every_engine_stays_as_it_is(tmp_path: Path) -> None:
    listens = '@event.listens_for(Engine, "connect")\n' + PRAGMA
    head = "from sqlalchemy import Engine\n\n\n" + listens
    text = ENGINE.format(url='"sqlite://"', before=head, after="", sql="PRAGMA foreign_keys")
    assert listens.rstrip() in ran(tmp_path, text, "answer()")


SESSIONS = """\
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]


store = create_engine("sqlite://")
SessionLocal = sessionmaker(bind=store, expire_on_commit=False)
seen: list[object] = []

{listener}

def count(session: Session) -> int:
    return session.scalar(text("select count(*) from notes"))


def save():
    Base.metadata.create_all(store)
    with SessionLocal() as session:
        session.add(Note(body="one"))
        session.commit()
        session.add(Note(body="two"))
        session.flush()
        session.rollback()
        seen.append(session.info.get("flushed"))
    store.dispose()
    return tuple(seen)
"""
FLUSHED = """
@event.listens_for({target}, "before_flush")
def note(session: Session, _context: object, _instances: object) -> None:
    seen.append(session.execute(text("select 40 + :n"), {{"n": len(session.new)}}).scalar())
    session.info["flushed"] = session.info.get("flushed", 0) + 1
"""
COMMITTED = """
@event.listens_for({target}, "after_commit")
def done(session: Session) -> None:
    if session.info.pop("flushed", None):
        seen.append("committed")
"""


def test_listeners_of_the_class_of_sessions_stay_as_they_are(tmp_path: Path) -> None:
    listens = (FLUSHED + "\n" + COMMITTED).format(target="Session")
    after = ran(tmp_path, SESSIONS.format(listener=listens), "save()")
    assert listens in after
    assert "async def count(session: AsyncSession) -> int:\n" in after


def test_listeners_of_a_factory_go_to_one_for_the_sessions_inside(tmp_path: Path) -> None:
    listens = (FLUSHED + "\n" + COMMITTED).format(target="SessionLocal")
    after = ran(tmp_path, SESSIONS.format(listener=listens), "save()")
    assert listens.replace("SessionLocal", "SyncSessionLocal") in after
    assert (
        "SyncSessionLocal = sessionmaker()\n"
        "SessionLocal = async_sessionmaker(bind=store, expire_on_commit=False, sync_session_class=SyncSessionLocal)\n"
    ) in after
    again = tmp_path / "again"
    again.mkdir()
    assert not found(again, {"app.py": after})


def test_a_listener_that_is_handed_over_for_a_factory(tmp_path: Path) -> None:
    listens = COMMITTED.format(target="SessionLocal").replace('@event.listens_for(SessionLocal, "after_commit")\n', "")
    listens += '\n\nevent.listen(SessionLocal, "after_commit", done)\n'
    after = ran(tmp_path, SESSIONS.format(listener=listens), "save()")
    assert 'event.listen(SyncSessionLocal, "after_commit", done)\n' in after


def test_a_mapped_class_that_is_listened_to_is_no_obstacle(tmp_path: Path) -> None:
    listens = (
        '\n@event.listens_for(Note, "before_insert")\ndef told(mapper, connection, target):\n'
        '    seen.append(connection.execute(text("select 5")).scalar())\n\n\n'
        '@event.listens_for(Note.body, "set")\ndef was_set(target, value, old, initiator):\n    seen.append(value)\n'
    )
    assert listens in ran(tmp_path, SESSIONS.format(listener=listens), "save()")


DATABASE = SESSIONS.format(listener="")
ELSEWHERE = {
    "imported": (
        "from database import SessionLocal\n",
        "SessionLocal",
        "from database import SyncSessionLocal\n",
        "SyncSessionLocal",
    ),
    "imported under another name": (
        "from database import SessionLocal as Factory\n",
        "Factory",
        "from database import SyncSessionLocal\n",
        "SyncSessionLocal",
    ),
    "by its module": ("import database\n", "database.SessionLocal", "import database\n", "database.SyncSessionLocal"),
}


@pytest.mark.parametrize(("imports", "target", "new_imports", "new"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_factory_that_is_listened_to_in_another_file(
    imports: str, target: str, new_imports: str, new: str, tmp_path: Path
) -> None:
    head = "from sqlalchemy import event, text\nfrom sqlalchemy.orm import Session\n\n"
    files = {"database.py": DATABASE, "prices.py": head + imports + "\n" + COMMITTED.format(target=target)}
    after = flipped(tmp_path, files)
    assert after["prices.py"] == head + new_imports + "\n" + COMMITTED.format(target=new)
    assert "SyncSessionLocal = sessionmaker()\n" in after["database.py"]


def test_a_relative_import_of_a_factory_that_is_listened_to(tmp_path: Path) -> None:
    head = "from sqlalchemy import event\nfrom sqlalchemy.orm import Session\n\nfrom .database import SessionLocal\n\n"
    listens = COMMITTED.format(target="SessionLocal")
    two = (
        listens.replace("def done", "def again")
        + "\n\ndef other():\n    with SessionLocal() as s:\n        s.commit()\n"
    )
    files = {"app/__init__.py": "", "app/database.py": DATABASE, "app/one.py": head + listens, "app/two.py": head + two}
    after = flipped(tmp_path, files)
    assert "from .database import SyncSessionLocal\n" in after["app/one.py"]
    assert "from .database import SessionLocal, SyncSessionLocal\n" in after["app/two.py"]


HELD = {
    "a session is kept": (
        COMMITTED.format(target="Session").replace("if session", "KEPT[session] = 1\n    if session"),
        "what becomes of the session",
    ),
    "it loads where nothing can be awaited": (
        '\n@event.listens_for(SessionLocal, "after_attach")\ndef told(session, instance):\n'
        '    session.execute(text("select 1"))\n',
        "`execute` waits for the database",
    ),
    "it calls what becomes asynchronous": (
        '\n@event.listens_for(Session, "before_commit")\ndef told(session: Session):\n'
        "    seen.append(count(session))\n",
        "and nobody awaits what it calls",
    ),
    "it opens another session": (
        '\n@event.listens_for(SessionLocal, "after_commit")\ndef told(session):\n'
        "    with SessionLocal() as other:\n        other.commit()\n",
        "works on a session that it was not handed",
    ),
    "the driver's own connection": (
        '\n@event.listens_for(Session, "after_begin")\ndef told(session, transaction, connection):\n'
        "    session.connection().connection.driver_connection.set_trace_callback(print)\n",
        "`.set_trace_callback` of the driver's own connection",
    ),
}


@pytest.mark.parametrize(("listens", "reason"), HELD.values(), ids=HELD)
def test_a_listener_of_sessions_that_may_do_something_else_holds_them_back(
    listens: str, reason: str, tmp_path: Path
) -> None:
    caller = "\n\ndef asks():\n    with SessionLocal() as session:\n        return count(session)\n"
    text = SESSIONS.format(listener=listens) + caller
    assert flipped(tmp_path, {"app.py": text})["app.py"] == text
    assert any(reason in one.message for one in found(tmp_path, {"app.py": text}))


def test_what_listens_is_not_called_with_an_asynchronous_session(tmp_path: Path) -> None:
    text = SESSIONS.format(listener=COMMITTED.format(target="Session"))
    text += "\n\ndef other():\n    with SessionLocal() as session:\n        session.commit()\n        done(session)\n"
    assert "async_sessionmaker" not in flipped(tmp_path, {"app.py": text})["app.py"]
    reason = "done is for after_commit at app.py:20 as well, which hands it a synchronous session"
    assert any(reason in one.message for one in found(tmp_path, {"app.py": text}))


def test_a_name_that_the_factory_inside_would_have_is_taken(tmp_path: Path) -> None:
    text = SESSIONS.format(listener=COMMITTED.format(target="SessionLocal")) + "\n\nSyncSessionLocal = None\n"
    assert "async_sessionmaker" not in flipped(tmp_path, {"app.py": text})["app.py"]


ROLLED_BACK = """

def tries():
    Base.metadata.create_all(store)
    connection = store.connect()
    transaction = connection.begin()
    session = SessionLocal(bind=connection)
    {begins}

    @event.listens_for(session, "after_transaction_end")
    def restart(session, ended):
        {restarts}

    for body in ("one", "two"):
        session.add(Note(body=body))
        session.commit()
    seen.append(session.scalar(text("select count(*) from notes")))
    session.close()
    transaction.rollback()
    connection.close()
    with SessionLocal() as other:
        seen.append(other.scalar(text("select count(*) from notes")))
    store.dispose()
    return tuple(seen)
"""
RECIPES = {
    "on the connection": (
        "nested = connection.begin_nested()",
        "nonlocal nested\n        if not nested.is_active:\n            nested = connection.begin_nested()",
        "            nested = connection.sync_connection.begin_nested()\n",
    ),
    "on the session": (
        "session.begin_nested()",
        "if ended.nested and not ended._parent.nested:\n            session.begin_nested()",
        "            session.begin_nested()\n",
    ),
}


@pytest.mark.parametrize(("begins", "restarts", "expected"), RECIPES.values(), ids=RECIPES)
def test_a_test_that_rolls_back_what_the_application_commits(
    begins: str, restarts: str, expected: str, tmp_path: Path
) -> None:
    text = SESSIONS.format(listener="") + ROLLED_BACK.format(begins=begins, restarts=restarts)
    after = ran(tmp_path, text, "tries()")
    assert (
        '    @event.listens_for(session.sync_session, "after_transaction_end")\n    def restart(session, ended):\n'
        in after
    )
    assert expected in after


def test_a_connection_that_a_listener_changes_for_the_others(tmp_path: Path) -> None:
    begins, restarts, _ = RECIPES["on the connection"]
    text = SESSIONS.format(listener="") + ROLLED_BACK.format(begins=begins, restarts=restarts)
    text = text.replace("    transaction.rollback()\n", "    nested.rollback()\n    transaction.rollback()\n")
    assert any("a listener puts a synchronous transaction" in one.message for one in found(tmp_path, {"app.py": text}))


def test_a_connection_that_a_listener_hands_on(tmp_path: Path) -> None:
    text = SESSIONS.format(listener="") + ROLLED_BACK.format(begins="pass", restarts="KEPT.append(connection)")
    assert any("in a listener is not followed" in one.message for one in found(tmp_path, {"app.py": text}))


def test_a_session_that_a_listener_makes_on_the_connection_it_is_handed(tmp_path: Path) -> None:
    listens = (
        '\n@event.listens_for(Note, "after_insert")\ndef told(mapper, connection, target):\n'
        "    inner = Session(bind=connection, expire_on_commit=False)\n"
        '    seen.append(inner.execute(text("select count(*) from notes")).scalar())\n'
    )
    assert listens in ran(tmp_path, SESSIONS.format(listener=listens), "save()")


def test_a_listener_of_a_mapped_class_that_asks_the_driver_holds_the_sessions_back(tmp_path: Path) -> None:
    listens = (
        '\n@event.listens_for(Note, "after_insert")\ndef told(mapper, connection, target):\n'
        "    connection.connection.driver_connection.set_trace_callback(print)\n"
    )
    text = SESSIONS.format(listener=listens)
    assert "async_sessionmaker" not in flipped(tmp_path, {"app.py": text})["app.py"]
    assert any("`.set_trace_callback`" in one.message for one in found(tmp_path, {"app.py": text}))


def test_a_mapped_class_that_is_listened_to_and_loads_when_it_is_made(tmp_path: Path) -> None:
    listens = '\n@event.listens_for(Note, "after_insert")\ndef told(mapper, connection, target):\n    pass\n'
    text = SESSIONS.format(listener=listens).replace(
        "    body: Mapped[str]\n",
        "    body: Mapped[str]\n\n    def __init__(self, session: Session):\n        session.flush()\n",
    )
    assert not any("is handed to `event.listens_for`" in one.message for one in found(tmp_path, {"app.py": text}))
