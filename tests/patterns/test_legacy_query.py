"""AM201: what becomes select(), what is left with which reason, and where imports and layout go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.migrate.rewriter import rewrite
from helpers.model import Applicability, ChangeSet, Finding, Stage, Step
from helpers.patterns.legacy_query import LegacyQuery

HEAD = "from models import Author, Book\nfrom sqlalchemy import func, select\nfrom sqlalchemy.orm import Session\n\n\n"


def changed(folder: Path, files: Mapping[str, str]) -> ChangeSet:
    """What the pattern makes of `files` beside the sample models."""
    for name, text in {"models.py": samples.MODELS, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="")
    project = load_project(folder)
    return rewrite(project, Step(1, Stage.QUERY, scan(project, [LegacyQuery])))


def after(folder: Path, text: str, path: str = "app.py") -> str:
    """The text of one file once the pattern was applied."""
    done = {change.path: change.after.decode() for change in changed(folder, {path: text}).changes}
    return done.get(path, text)


def body(folder: Path, statement: str, *, head: str = HEAD) -> str:
    """What becomes of one statement in a function that takes a session."""
    text = f"{head}def f(db: Session, x, y):\n    {statement}\n"
    return after(folder, text).split("    ", 1)[1].removesuffix("\n")


def reasons(folder: Path, text: str) -> list[str]:
    """Why chains of a file are left."""
    return [skip.reason for skip in changed(folder, {"app.py": text}).skipped if skip.finding.path == "app.py"]


def reason(folder: Path, statement: str) -> str:
    """Why the only chain of a statement is left."""
    [only] = reasons(folder, f"{HEAD}def f(db: Session, x, y):\n    {statement}\n")
    return only


def found(folder: Path, text: str) -> list[Finding]:
    """The findings of one file."""
    (folder / "models.py").write_text(samples.MODELS, encoding="utf-8")
    (folder / "app.py").write_text(text, encoding="utf-8")
    return [finding for finding in scan(load_project(folder), [LegacyQuery]) if finding.path == "app.py"]


REWRITES = {
    "db.query(Author).all()": "db.scalars(select(Author)).all()",
    "db.query(Author).filter(Author.id == x).first()": (
        "db.scalars(select(Author).where(Author.id == x).limit(1)).first()"
    ),
    "db.query(Author).where(Author.id == x).one()": "db.scalars(select(Author).where(Author.id == x)).one()",
    "db.query(Author).filter_by(id=x).one_or_none()": "db.scalars(select(Author).filter_by(id=x)).one_or_none()",
    "db.query(Author).filter_by(id=x).scalar()": "db.scalars(select(Author).filter_by(id=x)).one_or_none()",
    "db.query(Author.id).all()": "db.execute(select(Author.id)).all()",
    "db.query(Author.id).scalar()": "db.execute(select(Author.id)).scalar_one_or_none()",
    "db.query(Author, Author.name).all()": "db.execute(select(Author, Author.name)).all()",
    "db.query(Author).join(Author.books).first()": "db.scalars(select(Author).join(Author.books).limit(1)).first()",
    "db.query(Author).join(Author.books).one()": "db.scalars(select(Author).join(Author.books)).unique().one()",
    "db.query(Author.id).join(Author.books).all()": "db.execute(select(Author.id).join(Author.books)).all()",
    "db.query(Author).get(x)": "db.get(Author, x)",
    "db.query(Author,).get(x)": "db.get(Author, x)",
    "db.query(Author).get(ident=x)": "db.get(Author, ident=x)",
    "db.query(Author).get(x).name": "db.get(Author, x).name",
    "db.query(func.count(Author.id)).scalar()": "db.execute(select(func.count(Author.id))).scalar_one()",
    "db.query(Author).order_by(False).all()": "db.scalars(select(Author).order_by(None)).all()",
    "dict(db.query(Author.id, Author.name))": "dict(db.execute(select(Author.id, Author.name)).all())",
    "[a for a in db.query(Author)]": "[a for a in db.scalars(select(Author))]",
    "any(a for a in db.query(Author))": "any(a for a in db.scalars(select(Author)))",
    "list(map(x, db.query(Author)))": "list(map(x, db.scalars(select(Author))))",
    "next(iter(db.query(Author)))": "next(iter(db.scalars(select(Author))))",
    "''.join(db.query(Author.name))": "''.join(db.execute(select(Author.name)))",
    "x in db.query(Author)": "x in db.scalars(select(Author))",
    "a, b = db.query(Author)": "a, b = db.scalars(select(Author))",
    "print(*db.query(Author.id))": "print(*db.execute(select(Author.id)))",
    "(db.query(Author)).all()": "db.scalars(select(Author)).all()",
    "(db.query(Author).filter(x == Author.id)).first()": (
        "db.scalars(select(Author).where(x == Author.id).limit(1)).first()"
    ),
    "(db.query(Author)).filter(x == Author.id).all()": "db.scalars((select(Author)).where(x == Author.id)).all()",
    "db . query ( Author ) . all ( )": "db . scalars(select ( Author ) ). all ( )",
    "db.query(Author).all(); db.query(Book).all()": "db.scalars(select(Author)).all(); db.scalars(select(Book)).all()",
    "db.query(Author).limit(x).offset(y).all()": ("db.scalars(select(Author).limit(x).offset(y)).all()"),
}


@pytest.mark.parametrize(("before", "wanted"), REWRITES.items())
def test_a_chain_becomes_select_on_the_same_session(before: str, wanted: str, tmp_path: Path) -> None:
    assert body(tmp_path, before) == wanted


UNIQUE = {
    "a second FROM by a criterion": "db.query(Author).filter(Author.id == Book.author_id).all()",
    "a criterion with another table below or_": "db.query(Author).filter((Author.id == x) | (Book.id == x)).all()",
    "a criterion from elsewhere": "db.query(Author).filter(x).all()",
    "criteria that are unpacked": "db.query(Author).filter(*x).all()",
    "an outer join": "db.query(Author).outerjoin(Author.books).all()",
    "options from elsewhere": "db.query(Author).options(*x).all()",
}


@pytest.mark.parametrize("statement", UNIQUE.values(), ids=UNIQUE)
def test_unique_is_written_where_rows_can_repeat_or_nothing_tells(statement: str, tmp_path: Path) -> None:
    assert ".unique().all()" in body(tmp_path, statement)


ONCE = {
    "a plain value": "db.query(Author).filter(Author.id == x).all()",
    "an attribute of a value": "db.query(Author).filter(Author.id == x.author_id).all()",
    "columns alone behind a join": "db.query(Author.id, Book.title).join(Author.books).all()",
    "a criterion by EXISTS": "db.query(Author).filter(Author.books.any(Book.id == x)).all()",
    "a subquery in IN": "db.query(Author).filter(Author.id.in_(db.query(Book.author_id))).all()",
    "a collection loaded apart": "db.query(Author).options(selectinload(Author.books)).all()",
}


@pytest.mark.parametrize("statement", ONCE.values(), ids=ONCE)
def test_unique_is_not_written_where_no_row_repeats(statement: str, tmp_path: Path) -> None:
    head = HEAD.replace("import Session", "import Session, selectinload")
    assert "unique" not in body(tmp_path, statement, head=head)


LEFT = {
    "db.query(x).all()": "nothing tells whether `x` is an entity or a column",
    "db.query(*x).all()": "hides what the rows are",
    "db.query(Author.books).all()": "is a relationship",
    "db.query(Author).limit(2).filter(x == 1).all()": "after .limit() raises in Query",
    "db.query(Author).offset(2).order_by(x).all()": "after .offset() raises in Query",
    "db.query(Author).filter(Author.id == 1).get(1)": "get() on a query with criteria",
    "db.query(Author).union(x).all()": "a query that is made elsewhere",
    "return db.query(Author)": "is returned",
    "x.q = db.query(Author)": "is kept in `x.q`",
    "return (a for a in db.query(Author))": "is iterated later",
    "it = iter(db.query(Author))": "is iterated later",
    "return map(x, db.query(Author))": "is iterated later",
    "next(db.query(Author))": "is passed to `next`",
    "max(x, db.query(Author))": "is passed to `max`",
    "f(x, db.query(Author), y)": "is passed to `f`",
    "db.query(Author).join('books').all()": "by name or by tuple",
    "db.query(Author).join(Author.books, Book.reviews).all()": "two relationships",
    "db.query(Author.id, Book.id).join(Author.books).all()": ("two columns of the rows are named id"),
    "db.query(Author).join(x).filter_by(name=y).all()": "cannot name the joined entity",
    "db.query(Author).join(Author.books).filter_by(**x).all()": "filter_by(**...)",
    "db.query(Author).all(x)": "takes no arguments here",
    "db.query().all()": "has no arguments",
}


@pytest.mark.parametrize(("statement", "why"), LEFT.items())
def test_a_chain_that_is_not_sure_is_left_with_a_reason(statement: str, why: str, tmp_path: Path) -> None:
    assert why in reason(tmp_path, statement)
    assert body(tmp_path, statement) == statement


NOT_OURS = {
    "another client": (
        "import bigquery\n\ndef f(client: bigquery.Client):\n    return client.query('select 1').result()\n"
    ),
    "a class of the project": (
        "class Index:\n    def query(self, x):\n        return x\n\ndef f(i: Index):\n    i.query(1).all()\n"
    ),
    "an async session": (
        "from sqlalchemy.ext.asyncio import AsyncSession\n\n"
        "async def f(db: AsyncSession):\n    return db.query(1).all()\n"
    ),
    "a plain attribute": "def f(request):\n    return request.query\n",
    "nothing at all": "query = 1\n",
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS)
def test_what_is_no_session_is_not_found(text: str, tmp_path: Path) -> None:
    assert found(tmp_path, text) == []


GUARDS = {
    "a subclass of Query": "from sqlalchemy.orm import Query\n\nclass Soft(Query):\n    pass\n",
    "a factory's query_cls": "from sqlalchemy.orm import sessionmaker\n\nmake = sessionmaker(query_cls=print)\n",
    "a listener on before_compile": (
        "from sqlalchemy import event\n\n@event.listens_for(print, 'before_compile')\ndef f(q): ...\n"
    ),
    "a listener on bulk updates": "from sqlalchemy import event\n\nevent.listen(print, 'after_bulk_update', print)\n",
    "a session with its own query": (
        "from sqlalchemy.orm import Session\n\nclass S(Session):\n    def query(self, *a): ...\n"
    ),
}
PLAIN = f"{HEAD}def f(db: Session):\n    return db.query(Author).all()\n"


@pytest.mark.parametrize("text", GUARDS.values(), ids=GUARDS)
def test_everything_is_left_while_the_project_changes_what_query_does(text: str, tmp_path: Path) -> None:
    result = changed(tmp_path, {"app.py": PLAIN, "elsewhere.py": text})
    assert result.changes == ()
    assert "elsewhere.py:" in result.skipped[0].reason


HARMLESS = {
    "fastapi's Query": "from fastapi import Query\n\ndef f(x: int = Query(1)): ...\n",
    "a class whose name ends in Query": "class SearchQuery:\n    def run(self): ...\n",
    "a listener on something else": "from sqlalchemy import event\n\nevent.listen(print, 'do_orm_execute', print)\n",
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_what_only_looks_like_a_guard_stops_nothing(text: str, tmp_path: Path) -> None:
    assert len(changed(tmp_path, {"app.py": PLAIN, "elsewhere.py": text}).applied) == 1


def test_a_listener_that_its_function_takes_away_concerns_that_function_alone(tmp_path: Path) -> None:
    text = (
        "from models import Author\nfrom sqlalchemy import event\nfrom sqlalchemy.orm import Query, Session\n\n\n"
        "def f(db: Session):\n    event.listen(Query, 'before_compile', print)\n    db.query(Author).all()\n"
        "    event.remove(Query, 'before_compile', print)\n\n\ndef g(db: Session):\n    return db.query(Author).all()\n"
    )
    assert [finding.symbol for finding in changed(tmp_path, {"app.py": text}).applied] == ["g"]


def test_a_session_known_by_name_only_asks_for_a_look(tmp_path: Path) -> None:
    [finding] = found(tmp_path, "from models import Author\n\n\ndef f(db):\n    return db.query(Author).all()\n")
    assert finding.applicability is Applicability.REVIEW
    assert "by its name alone" in finding.message


def test_an_unknown_receiver_is_left_where_the_project_has_a_query_method(tmp_path: Path) -> None:
    text = (
        "from models import Author\n\n\nclass Store:\n    def query(self, model):\n        return []\n\n\n"
        "def f(thing):\n    return thing.query(Author).all()\n"
    )
    assert "may be the project's own class" in reasons(tmp_path, text)[0]


def test_an_unknown_receiver_of_an_unknown_model_is_reported(tmp_path: Path) -> None:
    text = "def f(thing, model):\n    return thing.query(model).filter_by(id=1).first()\n"
    assert "nothing tells whether `thing` is a session" in reasons(tmp_path, text)[0]


def test_model_query_is_reported_since_its_session_is_out_of_sight(tmp_path: Path) -> None:
    text = "from models import Author\n\n\ndef f():\n    return Author.query.filter_by(id=1).first()\n"
    assert "takes its session from elsewhere" in reasons(tmp_path, text)[0]


def test_a_query_in_an_argument_and_the_one_around_it_are_both_rewritten(tmp_path: Path) -> None:
    statement = "db.query(Author).filter(Author.id.in_(db.query(Book.author_id).filter(Book.id == x))).all()"
    wanted = "select(Author).where(Author.id.in_(select(Book.author_id).where(Book.id == x)))"
    assert body(tmp_path, statement) == f"db.scalars(\n        {wanted}\n    ).all()"


def test_a_query_around_one_that_is_left_is_left_too(tmp_path: Path) -> None:
    text = (
        f"{HEAD}def f(db: Session):\n    return db.query(Author)."
        "filter(Author.id.in_(db.query(Book.author_id).union(1))).all()\n"
    )
    assert after(tmp_path, text) == text
    assert reasons(tmp_path, text)[0].startswith("a query inside it is left as it is")


def test_a_statement_inside_a_query_that_is_left_is_left_too(tmp_path: Path) -> None:
    statement = "db.query(Author).filter(Author.id.in_(db.query(Book.author_id))).limit(1).update(1)"
    text = f"{HEAD}def f(db: Session):\n    {statement}\n"
    assert after(tmp_path, text) == text
    assert "it is part of a query that is left as it is" in reasons(tmp_path, text)


def test_a_value_queried_inside_a_query_that_is_left_is_rewritten(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 120\n", encoding="utf-8")
    statement = "db.query(Author).filter(x == db.query(Book.id).scalar()).limit(1).delete()"
    wanted = "db.query(Author).filter(x == db.execute(select(Book.id)).scalar_one_or_none()).limit(1).delete()"
    assert body(tmp_path, statement) == wanted


def test_a_session_that_a_call_makes_is_not_dropped_from_a_statement(tmp_path: Path) -> None:
    text = (
        f"{HEAD}def make() -> Session: ...\n\n\n"
        "def f(db: Session):\n    return db.query(Author).filter(Author.id.in_(make().query(Book.author_id))).all()\n"
    )
    assert after(tmp_path, text) == text
    assert "comes from a call that would be dropped" in reasons(tmp_path, text)[1]


def test_lines_in_parentheses_stay_where_they_are(tmp_path: Path) -> None:
    text = (
        "rows = (\n        db.query(Author)  # who\n        ."
        "filter(Author.id == x)\n        # why\n        .first()\n    )"
    )
    wanted = (
        "rows = db.scalars(\n        select(Author)  # who\n        ."
        "where(Author.id == x)\n        # why\n        .limit(1)\n    ).first()"
    )
    assert body(tmp_path, text) == wanted


def test_lines_in_a_call_move_one_indentation_in(tmp_path: Path) -> None:
    text = "print(\n        db.query(Author)\n        .filter(Author.id == x)\n        .all()\n    )"
    wanted = (
        "print(\n        db.scalars(\n            select(Author)\n"
        "            .where(Author.id == x)\n        ).all()\n    )"
    )
    assert body(tmp_path, text) == wanted


def test_text_in_triple_quotes_is_not_moved(tmp_path: Path) -> None:
    text = 'print(\n        db.query(Author)\n        .filter(Author.name == """a\n  b""")\n        .all()\n    )'
    assert '"""a\n  b"""' in body(tmp_path, text)


def test_a_line_that_would_grow_too_long_is_broken(tmp_path: Path) -> None:
    text = "authors = db.query(Author).filter(Author.name == x, Author.id > y).order_by(Author.id).first()"
    wanted = (
        "authors = db.scalars(\n        select(Author)\n        .where(Author.name == x, Author.id > y)\n"
        "        .order_by(Author.id)\n        .limit(1)\n    ).first()"
    )
    assert body(tmp_path, text) == wanted


def test_a_statement_that_has_room_on_a_line_of_its_own_takes_one(tmp_path: Path) -> None:
    text = "authors = db.query(Author).filter(Author.name == x, Author.id > y).order_by(Author.id).all()"
    inside = "select(Author).where(Author.name == x, Author.id > y).order_by(Author.id)"
    assert body(tmp_path, text) == f"authors = db.scalars(\n        {inside}\n    ).all()"


def test_carriage_returns_and_a_byte_order_mark_survive(tmp_path: Path) -> None:
    text = PLAIN.replace("\n", "\r\n")
    (tmp_path / "app.py").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (tmp_path / "models.py").write_text(samples.MODELS, encoding="utf-8")
    project = load_project(tmp_path)
    [change] = rewrite(project, Step(1, Stage.QUERY, scan(project, [LegacyQuery]))).changes
    assert (
        change.after
        == b"\xef\xbb\xbf" + text.replace("db.query(Author).all()", "db.scalars(select(Author)).all()").encode()
    )


LISTS = {
    "a declared return": "def f(db: Session) -> list[Author]:\n    return db.query(Author).all()\n",
    "a return by way of a name": (
        "def f(db: Session) -> list[Author]:\n    rows = db.query(Author).all()\n    return rows\n"
    ),
    "an appended name": "def f(db: Session):\n    rows = db.query(Author).all()\n    rows.append(1)\n",
    "a declared name": "def f(db: Session):\n    rows: list[Author] = db.query(Author).all()\n",
    "an argument declared a list": (
        "def g(rows: list[Author]): ...\n\n\ndef f(db: Session):\n    g(db.query(Author).all())\n"
    ),
    "a field declared a list": (
        "class Page:\n    items: list[Author]\n\n\ndef f(db: Session):\n    Page(items=db.query(Author).all())\n"
    ),
    "an added list": "def f(db: Session):\n    return [1] + db.query(Author).all()\n",
    "an attribute that starts as a list": (
        "class A:\n    def f(self, db: Session):\n        self.x = []\n        self.x = db.query(Author).all()\n"
    ),
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_rows_stay_a_list_where_a_type_checker_minds(text: str, tmp_path: Path) -> None:
    assert "list(db.scalars(select(Author)))" in after(tmp_path, HEAD + text)


SEQUENCES = {
    "a loop": "def f(db: Session):\n    for x in db.query(Author).all():\n        print(x)\n",
    "a length": "def f(db: Session):\n    return len(db.query(Author).all())\n",
    "a name that is read": "def f(db: Session):\n    rows = db.query(Author).all()\n    return [x for x in rows]\n",
    "another return type": "def f(db: Session) -> int:\n    rows = db.query(Author).all()\n    return len(rows)\n",
}


@pytest.mark.parametrize("text", SEQUENCES.values(), ids=SEQUENCES)
def test_a_sequence_is_enough_where_nothing_asks_for_a_list(text: str, tmp_path: Path) -> None:
    assert "db.scalars(select(Author)).all()" in after(tmp_path, HEAD + text)
    assert "list(" not in after(tmp_path, HEAD + text)


def test_distinct_with_order_by_is_left_for_sqlalchemy_1_4(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("SQLAlchemy==1.4.46\n", encoding="utf-8")
    assert "adds ORDER BY columns to SELECT DISTINCT" in reason(
        tmp_path, "db.query(Author).distinct().order_by(Author.name).all()"
    )


def test_a_join_made_twice_is_left_for_sqlalchemy_1_4(tmp_path: Path) -> None:
    assert "joins a relationship once" in reason(
        tmp_path, "db.query(Author).join(Author.books).join(Author.books).all()"
    )


def test_distinct_with_order_by_is_rewritten_for_sqlalchemy_2(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("sqlalchemy>=2.0,<2.1\n", encoding="utf-8")
    wanted = "db.scalars(select(Author).distinct().order_by(Author.name)).all()"
    assert body(tmp_path, "db.query(Author).distinct().order_by(Author.name).all()") == wanted


def test_rows_read_by_name_keep_an_unnamed_column_legacy(tmp_path: Path) -> None:
    assert "has none in Query" in reason(tmp_path, "return db.query(func.max(Author.id)).first()._asdict()")


def test_a_fingerprint_survives_moved_lines_and_tells_equal_chains_apart(tmp_path: Path) -> None:
    text = f"{HEAD}def f(db: Session):\n    db.query(Author).all()\n    db.query(Author).all()\n"
    first = [finding.fingerprint for finding in found(tmp_path, text)]
    moved = [finding.fingerprint for finding in found(tmp_path, text.replace("def f", "\n\nx = 1\n\n\ndef f"))]
    assert first == moved
    assert len(set(first)) == 2
