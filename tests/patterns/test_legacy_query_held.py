"""AM201 for queries that travel: a family is rewritten whole, in all of its files, or left whole with one reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.migrate.rewriter import in_files, rewrite
from helpers.model import Applicability, ChangeSet, Stage, Step
from helpers.patterns.legacy_query import LegacyQuery

HEAD = """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Query, Session


"""


def changed(folder: Path, files: Mapping[str, str], only: str = "") -> ChangeSet:
    """What the pattern makes of `files` beside the sample models, or of the one file `only`."""
    for name, text in {"models.py": samples.MODELS, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="")
    project = load_project(folder)
    findings = scan(project, [LegacyQuery])
    chosen = in_files(findings, [only] if only else [])
    absent = [finding for finding in findings if finding not in chosen]
    return rewrite(project, Step(1, Stage.QUERY, chosen), absent)


def after(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    """The files that changed."""
    return {change.path: change.after.decode() for change in changed(folder, files).changes}


def body(folder: Path, lines: str) -> str:
    """What becomes of the body of `f(db: Session, x, y)`, whose lines are separated by `|`."""
    text = f"{HEAD}def f(db: Session, x, y):\n" + "".join(f"    {line}\n" for line in lines.split("|"))
    done = after(folder, {"app.py": text}).get("app.py", text)
    return "|".join(line.removeprefix("    ") for line in done.partition("y):\n")[2].splitlines())


def reasons(folder: Path, text: str) -> list[str]:
    """Why the queries of a file are left."""
    return [skip.reason for skip in changed(folder, {"app.py": text}).skipped if skip.finding.path == "app.py"]


GROWN = {
    "q = db.query(Author)|return q.all()": "q = select(Author)|return db.scalars(q).all()",
    "q = db.query(Author)|q = q.filter(Author.id == x)|return q.first()": (
        "q = select(Author)|q = q.where(Author.id == x)|return db.scalars(q.limit(1)).first()"
    ),
    "q = db.query(Author)|if x:|    q = q.filter(Author.id == x)|else:|    q = q.limit(2)|return q.all()": (
        "q = select(Author)|if x:|    q = q.where(Author.id == x)|else:|    q = q.limit(2)|return db.scalars(q).all()"
    ),
    "q = db.query(Author)|for one in x:|    q = q.filter(Author.id != one)|return q.all()": (
        "q = select(Author)|for one in x:|    q = q.where(Author.id != one)|return db.scalars(q).all()"
    ),
    "q = db.query(Author)|try:|    q = q.limit(x)|except ValueError:|    pass|return list(q)": (
        "q = select(Author)|try:|    q = q.limit(x)|except ValueError:|    pass|return list(db.scalars(q))"
    ),
    "q = db.query(Author)|match x:|    case 1:|        q = q.limit(1)|return q.one()": (
        "q = select(Author)|match x:|    case 1:|        q = q.limit(1)|return db.scalars(q).one()"
    ),
    "q = db.query(Author)|while x():|    q = q.offset(y)|    if y:|        break|return q.all()": (
        "q = select(Author)|while x():|    q = q.offset(y)|    if y:|        break|return db.scalars(q).all()"
    ),
    "q = db.query(Author).join(Author.books)|return q.all()": (
        "q = select(Author).join(Author.books)|return db.scalars(q).unique().all()"
    ),
    "q = db.query(Author)|if x:|    q = q.join(Author.books)|return q.all()": (
        "q = select(Author)|if x:|    q = q.join(Author.books)|return db.scalars(q).unique().all()"
    ),
    "q = db.query(Author.id, Author.name)|return q.all()": (
        "q = select(Author.id, Author.name)|return db.execute(q).all()"
    ),
    "q = db.query(func.max(Author.id))|return q.scalar()": (
        "q = select(func.max(Author.id))|return db.execute(q).scalar_one_or_none()"
    ),
    "q = db.query(Author)|return q.with_entities(Author.id).all(), q.count()": (
        "q = select(Author)|return db.execute(q.with_only_columns(Author.id)).all(), db.execute(|"
        "    select(func.count()).select_from(q.subquery())|).scalar_one()"
    ),
    "q = p = db.query(Author)|return q.all(), p.first()": (
        "q = p = select(Author)|return db.scalars(q).all(), db.scalars(p.limit(1)).first()"
    ),
    "q, p = db.query(Author), db.query(Book.id)|return q.all(), p.all()": (
        "q, p = select(Author), select(Book.id)|return db.scalars(q).all(), db.execute(p).all()"
    ),
    "q = db.query(Author) if x else db.query(Author).limit(y)|return q.all()": (
        "q = select(Author) if x else select(Author).limit(y)|return db.scalars(q).all()"
    ),
    "if (q := db.query(Author)).first():|    return q.all()": (
        "if db.scalars((q := select(Author)).limit(1)).first():|    return db.scalars(q).all()"
    ),
    "q = db.query(Author)|return [a.id for a in q if a.id != x]": (
        "q = select(Author)|return [a.id for a in db.scalars(q) if a.id != x]"
    ),
    "q = db.query(Author)|return sum(a.id for a in q)": "q = select(Author)|return sum(a.id for a in db.scalars(q))",
    "q = db.query(Author)|return q[:10]": "q = select(Author)|return db.scalars(q.slice(None, 10)).all()",
    "q = db.query(Author)|return len(q.all())": "q = select(Author)|return len(db.scalars(q).all())",
    "q = db.query(Author.id)|return db.query(Book).filter(Book.author_id.in_(q)).all()": (
        "q = select(Author.id)|return db.scalars(select(Book).where(Book.author_id.in_(q))).all()"
    ),
    "q = db.query(Author)|s = q.session|return s.get(Author, x), q.all()": (
        "q = select(Author)|s = db|return s.get(Author, x), db.scalars(q).all()"
    ),
    "q = db.query(Author)|return q.statement": "q = select(Author)|return q",
    "q = db.query(Author)|def inner():|    return q.count()|return inner": (
        "q = select(Author)|def inner():|"
        "    return db.execute(select(func.count()).select_from(q.subquery())).scalar_one()|return inner"
    ),
    "q = None|if x:|    q = db.query(Author)|return q.all() if q is not None else []": (
        "q = None|if x:|    q = select(Author)|return db.scalars(q).all() if q is not None else []"
    ),
    "q = None|if x:|    q = db.query(Author)|if q and y:|    return q.all()": (
        "q = None|if x:|    q = select(Author)|if q is not None and y:|    return db.scalars(q).all()"
    ),
    "q = db.query(Author)|assert isinstance(q, Query)|return q.all()": (
        "q = select(Author)|assert isinstance(q, Select)|return db.scalars(q).all()"
    ),
    'q: "Query[Author]" = db.query(Author)|return q.all()': 'q: "Select" = select(Author)|return db.scalars(q).all()',
    "q = db.query(Author)|q = q.all()|return q": "q = select(Author)|q = db.scalars(q).all()|return q",
    "q = db.query(Author).limit(x)|a = q.all()|q = db.query(Book).filter(Book.id == y)|return a, q.all()": (
        "q = select(Author).limit(x)|a = db.scalars(q).all()|q = select(Book).where(Book.id == y)|"
        "return a, db.scalars(q).all()"
    ),
    "q = db.query(Author).filter(Author.id == x)|q.delete()": (
        "q = select(Author).where(Author.id == x)|db.execute(delete(Author).where(q.whereclause))"
    ),
    "q = db.query(Author)|if x:|    return f'{q.count()}'": "q = select(Author)|if x:|    return f'{db.execute("
    "select(func.count()).select_from(q.subquery())).scalar_one()}'",
}

LEFT = {
    "q = db.query(Author)|db = x|return q.all()": "`db` is assigned again",
    "q = None|for db in x:|    if q:|        q.all()|    q = db.query(Author)": "`db` is assigned again",
    "q = db.query(Author)|if x:|    q = y|return q.all()": "`q` may hold something else",
    "q = db.query(Author)|if x:|    q = q.all()|for a in q:|    y(a)": "`q` may hold something else",
    "q = x|if y:|    q = db.query(Author)|return q.all()": "`q` may hold something else",
    "q = db.query(Author) if x else db.query(Author.id)|return q.all()": "queries with different rows meet",
    "q = db.query(Author) if x else []|return list(q)": "may hold something else",
    "q = db.query(Author)|if q:|    return q.all()": "its truth is asked for",
    "q = db.query(Author)|return q.all() if not q else None": "its truth is asked for",
    "q = db.query(Author)|return f'{q}'": "its SQL text is made",
    "q = db.query(Author)|return str(q)": "its SQL text is made",
    "q = db.query(Author)|return q == x": "it is compared",
    "q = db.query(Author).limit(2)|return q.filter(Author.id == x).all()": ".filter() after .limit() raises",
    "q = db.query(Author)|for one in x:|    q = q.filter(Author.id == one).limit(1)|return q.all()": (
        ".filter() after .limit() raises"
    ),
    "q = db.query(Author)|if x:|    q = q.join(Author.books)|return q.filter_by(id=y).all()": (
        "filter_by() means another entity on each way"
    ),
    "q = db.query(Author)|return (a.id for a in q)": "iterated later",
    "q = db.query(Author)|return iter(q)": "is passed to `iter`",
    "q = db.query(Author)|return [q]": "put into a container",
    "q = db.query(Author)|return {'q': q}": "put into a container",
    "q = db.query(Author)|x.queries['a'] = q": "it is put into `x.queries['a']`",
    "q = db.query(Author)|x.append(q)": "is passed to `x.append`",
    "q = db.query(Author)|every = q.all|return every()": "`.all` of it is read",
    "q = db.query(Author)|return lambda p=q: p.all()": "default value",
    "return (lambda: db.query(Author))().all()": "a lambda gives it",
    "global q|q = db.query(Author)|return q.all()": "global or nonlocal",
    "q = db.query(Author)|q += x|return q.all()": "`q` is changed in place",
    "q = db.query(Author)|yield q": "it is yielded",
    "q = db.query(Author)|return q.get(x)": ".get() of a query that is kept",
    "q = db.query(Author)|return q.union(db.query(Author)).all()": "union",
    "q = db.query(Author)|return db.query(Author).union(q).all()": "made elsewhere",
    "q = db.query(Author)|return q.delete()": "may have no criteria",
    "q = db.query(Author).filter_by(**x)|return q.delete()": "may have no criteria",
    "q = db.query(Author).filter_by(**x.model_dump())|return q.delete()": "may have no criteria",
    "q = db.query(Author).filter(Author.id == x).order_by(Author.id)|return q.delete()": ".delete() after .order_by()",
    "q = db.query(Author).params(a=x)|return q.all()": "params() are said elsewhere",
    "q = db.query(*x)|return q.all()": "`*x` hides what the rows are",
    "q = db.query(Author)|return db.execute(q).all()": "which SQLAlchemy 2.1 does not do",
    "q = db.query(Author.id.label('n'), Author.name.label('n'))|return q.count()": "Query raises for its label n",
    "return db.execute(db.query(Author)).all()": "which SQLAlchemy 2.1 does not do",
}


@pytest.mark.parametrize(("before", "wanted"), GROWN.items())
def test_a_query_in_a_variable_runs_where_it_is_used(before: str, wanted: str, tmp_path: Path) -> None:
    assert body(tmp_path, before) == wanted


@pytest.mark.parametrize(("before", "reason"), LEFT.items())
def test_a_query_that_cannot_be_followed_stays_with_all_its_uses(before: str, reason: str, tmp_path: Path) -> None:
    text = f"{HEAD}def f(db: Session, x, y):\n" + "".join(f"    {line}\n" for line in before.split("|"))
    done = changed(tmp_path, {"app.py": text})
    left = [skip.reason for skip in done.skipped]
    assert not done.changes
    assert left
    assert all(reason in one for one in left), left


@pytest.mark.parametrize(("version", "converted"), [("1.4.46", True), ("2.0.30", True), ("2.1.9", False)])
def test_a_query_is_executed_only_where_the_locked_version_does(
    version: str, *, converted: bool, tmp_path: Path
) -> None:
    text = f"{HEAD}def f(db: Session):\n    q = db.query(Author.id)\n    return db.execute(q).all()\n"
    done = changed(tmp_path, {"app.py": text, "requirements.txt": f"sqlalchemy=={version}\n"})
    assert bool(done.changes) is converted


SHARED = f"{HEAD}def about(db: Session, title) -> Query:\n    return db.query(Book).filter(Book.title == title)\n"
CALLER = "from sqlalchemy.orm import Session\n\nfrom shared import about\n\n\ndef use(session: Session):\n    "


def test_a_helper_and_its_callers_in_other_files_change_together(tmp_path: Path) -> None:
    done = after(tmp_path, {"shared.py": SHARED, "use.py": f"{CALLER}return about(session, 'a').count()\n"})
    assert "def about(db: Session, title) -> Select:\n    return select(Book).where" in done["shared.py"]
    assert "import Session\n" in done["shared.py"]
    assert "select_from(about(session, 'a').subquery())" in done["use.py"]


def test_one_file_of_a_family_alone_is_left(tmp_path: Path) -> None:
    files = {"shared.py": SHARED, "use.py": f"{CALLER}return about(session, 'a').all()\n"}
    done = changed(tmp_path, files, only="shared.py")
    assert not done.changes
    assert all("goes together with use.py" in skip.reason or "not selected" in skip.reason for skip in done.skipped)


def test_a_helper_under_another_name_through_a_package_is_followed(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "from shop.books import about as titled\n",
        "shop/books.py": SHARED,
        "use.py": "from sqlalchemy.orm import Session\n\nimport shop\n\n\ndef use(s: Session):\n"
        "    return shop.titled(s, 'a').all()\n",
    }
    done = after(tmp_path, files)
    assert "s.scalars(shop.titled(s, 'a')).all()" in done["use.py"]
    assert done.keys() == {"shop/books.py", "use.py"}


HELPER_LEFT = {
    "nobody calls it": ("", "nothing in sight calls `about`"),
    "it is handed on": ("return map(about, [session], ['a']), about(session, 'a').all()", "handed on as a value"),
    "its session is made in the call": ("return about(Session(), 'a').all()", "give the session a name"),
    "the caller iterates it later": ("return (b for b in about(session, 'a'))", "it is iterated later"),
    "one caller asks for its truth": (
        "return about(session, 'a').all() or not about(session, 'b')",
        "its truth is asked",
    ),
    "a test replaces it by name": (
        "return about(session, 'a').all()\n\n\ndef test(monkeypatch):\n    monkeypatch.setattr('shared.about', 1)",
        "by its name as text",
    ),
    "the call hides what it passes": ("return about(*session).all()", "passes no session"),
}


@pytest.mark.parametrize("case", HELPER_LEFT)
def test_a_helper_stays_where_one_of_its_uses_must(case: str, tmp_path: Path) -> None:
    line, reason = HELPER_LEFT[case]
    done = changed(tmp_path, {"shared.py": SHARED, "use.py": f"{CALLER}{line}\n" if line else "\n"})
    assert not done.changes
    assert done.skipped
    assert all(reason in skip.reason for skip in done.skipped)


def test_every_member_names_the_one_reason(tmp_path: Path) -> None:
    other = "\n\ndef other(session: Session):\n    return str(about(session, 'b'))\n"
    text = f"{CALLER}return about(session, 'a').all()\n{other}"
    done = changed(tmp_path, {"shared.py": SHARED, "use.py": text})
    assert {(skip.finding.path, skip.finding.symbol) for skip in done.skipped} == {
        ("shared.py", "about"),
        ("use.py", "use"),
        ("use.py", "other"),
    }
    assert all("its SQL text is made, whose labels differ (use.py:11)" in skip.reason for skip in done.skipped)


PAGED = f"{HEAD}def page(query, size: int = 5):\n    return query.count(), query.limit(size).all()\n\n\n"


def test_a_helper_that_runs_what_it_is_given_takes_the_session_as_well(tmp_path: Path) -> None:
    text = f"{PAGED}def use(db: Session):\n    return page(db.query(Book), 3), page(size=2, query=db.query(Author))\n"
    done = changed(tmp_path, {"app.py": text})
    [after_] = [change.after.decode() for change in done.changes]
    assert "def page(query, size: int = 5, *, db: Session):" in after_
    assert "page(select(Book), 3, db=db), page(size=2, query=select(Author), db=db)" in after_
    assert {finding.applicability for finding in done.applied} == {Applicability.REVIEW}


def test_a_helper_that_has_the_session_already_keeps_its_parameters(tmp_path: Path) -> None:
    text = (
        f"{HEAD}def page(s: Session, query, size):\n    return query.limit(size).all()\n\n\n"
        "def use(db: Session):\n    return page(db, db.query(Book), 3)\n\n\n"
        "def other(session: Session):\n    return page(session, session.query(Author), 1)\n"
    )
    done = after(tmp_path, {"app.py": text})["app.py"]
    assert "def page(s: Session, query, size):\n    return s.scalars(query.limit(size)).all()" in done
    assert "page(db, select(Book), 3)" in done


def test_a_helper_that_only_passes_a_query_on_keeps_its_parameters(tmp_path: Path) -> None:
    text = (
        f"{HEAD}def only(query, name):\n    return query.filter(Author.name == name) if name else query\n\n\n"
        "def use(db: Session, s: Session):\n"
        "    return only(db.query(Author), 'a').all(), only(s.query(Author), '').all()\n"
    )
    done = after(tmp_path, {"app.py": text})["app.py"]
    assert "def only(query, name):\n    return query.where(Author.name == name) if name else query" in done
    assert "only(select(Author), 'a')\n    ).all(), s.scalars(only(select(Author), '')).all()" in done


PARAMETER_LEFT = {
    "a call passes a select": ("return page(db.query(Book)), page(select(Book))", "may hold something else"),
    "a call passes a list": ("return page(db.query(Book)), page([])", "may hold something else"),
    "rows of two kinds": ("return page(db.query(Book)), page(db.query(Book.id))", "queries with different rows"),
    "a star hides the query": ("return page(db.query(Book)), page(*db)", "hides what it passes"),
}


@pytest.mark.parametrize("case", PARAMETER_LEFT)
def test_a_parameter_that_is_not_always_such_a_query_stays(case: str, tmp_path: Path) -> None:
    line, reason = PARAMETER_LEFT[case]
    done = changed(tmp_path, {"app.py": f"{PAGED}def use(db: Session):\n    {line}\n"})
    assert not done.changes
    assert done.skipped
    assert all(reason in skip.reason for skip in done.skipped)


CLASS = f"""{HEAD}class Shelf:
    def __init__(self, session: Session):
        self.session = session

    def base(self):
        return self.session.query(Book)

    def all(self):
        return self.base().all()
"""


def test_methods_overrides_and_super_are_one_family(tmp_path: Path) -> None:
    text = f"{CLASS}\n\nclass Few(Shelf):\n    def base(self):\n        return super().base().limit(2)\n"
    done = after(tmp_path, {"app.py": text})["app.py"]
    assert "        return select(Book)\n" in done
    assert "return self.session.scalars(self.base()).all()" in done
    assert "super().base().limit(2)" in done


METHOD_LEFT = {
    "an override gives a list": (
        "class Few(Shelf):\n    def base(self):\n        return []\n",
        "may hold something else",
    ),
    "an unknown object may have it": ("def use(x):\n    return x.base().all()\n", "may be `base`"),
    "a subclass binds the session again": (
        "class Two(Shelf):\n    def turn(self, s):\n        self.session = s\n",
        "`self.session` is assigned again elsewhere",
    ),
}


@pytest.mark.parametrize("case", METHOD_LEFT)
def test_a_method_stays_where_its_family_is_not_sure(case: str, tmp_path: Path) -> None:
    more, reason = METHOD_LEFT[case]
    done = changed(tmp_path, {"app.py": f"{CLASS}\n\n{more}"})
    assert not done.changes
    assert done.skipped
    assert all(reason in skip.reason for skip in done.skipped)


def test_a_base_class_from_outside_may_call_a_method_by_itself(tmp_path: Path) -> None:
    text = CLASS.replace("class Shelf:", "class Shelf(ModelView):").replace(
        "\n\n\nclass", "\nfrom admin import ModelView\n\n\nclass"
    )
    assert all("a `admin.ModelView`, which may call it" in reason for reason in reasons(tmp_path, text))


def test_a_protocol_says_nothing_of_what_stands_behind_it(tmp_path: Path) -> None:
    text = (
        f"from typing import Protocol\n{CLASS}\n\nclass Has(Protocol):\n    def base(self): ...\n\n\n"
        "def use(x: Has):\n    return x.base().all()\n"
    )
    found = reasons(tmp_path, text)
    assert found
    assert all("may be `base`" in reason for reason in found)


def test_a_decorator_may_use_what_a_function_returns(tmp_path: Path) -> None:
    text = (
        f"import web\n{HEAD}@web.route\ndef f(db: Session):\n    return db.query(Author)\n\n\n"
        "def g(db: Session):\n    return f(db).all()\n"
    )
    found = reasons(tmp_path, text)
    assert found
    assert all("is decorated by `route`" in reason for reason in found)


KEEPER = f"""{HEAD}class Keeper:
    def __init__(self, db: Session):
        self.q = db.query(Author)

    def run(self):
        return self.q.all()
"""


def test_an_attribute_without_its_session_stays(tmp_path: Path) -> None:
    found = reasons(tmp_path, KEEPER)
    assert found
    assert all("keep the session too" in reason for reason in found)


def test_an_attribute_beside_its_session_is_run_by_it(tmp_path: Path) -> None:
    text = KEEPER.replace("        self.q =", "        self.db = db\n        self.q =")
    assert "return self.db.scalars(self.q).all()" in after(tmp_path, {"app.py": text})["app.py"]


def test_generic_annotations_follow_the_version(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("sqlalchemy>=2.0.30\n")
    text = CALLER + "return about(session, 'a').all()\n"
    done = after(tmp_path, {"shared.py": SHARED.replace("-> Query", "-> Query[Book]"), "use.py": text})
    assert "def about(db: Session, title) -> Select[tuple[Book]]:" in done["shared.py"]


def test_a_second_run_finds_nothing(tmp_path: Path) -> None:
    files = {"shared.py": SHARED, "use.py": f"{CALLER}return about(session, 'a').all()\n"}
    done = after(tmp_path, files)
    assert not after(tmp_path, {**files, **done})


SHOWN = """\
from fastapi.templating import Jinja2Templates

templates = Jinja2Templates(directory="templates")


def show(request, db: Session):
    found = db.query(Author)
    return templates.TemplateResponse("page.html", {"request": request, "authors": found})
"""
PAGES = {
    "a loop": ("{% for a in authors %}{{ a.name }}{% endfor %}", True),
    "its truth": ("{% if authors %}{% for a in authors %}{% endfor %}{% endif %}", False),
    "a method of it": ("{{ authors.count() }}", False),
}


@pytest.mark.parametrize(("page", "runs"), PAGES.values(), ids=PAGES)
def test_a_query_that_a_template_only_loops_over_runs_where_it_is_rendered(
    page: str, runs: bool, tmp_path: Path
) -> None:
    text = after(tmp_path, {"app.py": HEAD + SHOWN, "templates/page.html": page}).get("app.py", "")
    assert ("found = select(Author)\n" in text) is runs
    assert ("db.scalars(found).all()" in "".join(text.split())) is runs


def test_a_query_in_the_context_of_something_else_than_starlette_s_templates_stays(tmp_path: Path) -> None:
    text = HEAD + SHOWN.replace("fastapi.templating", "library")
    page = "{% for a in authors %}{% endfor %}"
    assert after(tmp_path, {"app.py": text, "templates/page.html": page}) == {}
