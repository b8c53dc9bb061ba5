"""The check that no clause is lost: clean rewrites pass, planted losses are found, no application code is called."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from benchmarks.clauses.__main__ import main
from benchmarks.clauses.against import main as against
from benchmarks.clauses.evaluation import EvaluationError, Interpreter, evaluate
from benchmarks.clauses.pairing import Pair, units
from benchmarks.clauses.reading import read
from benchmarks.clauses.trees import compare_folders, compare_trees, parse
from benchmarks.clauses.verdicts import counts, judge
from helpers.codemod import registry


def compared(before: str, after: str) -> list[Pair]:
    """The pairs of two functions' bodies."""
    old, new = ("def f(db, x):\n" + "".join(f"    {line}\n" for line in body.splitlines()) for body in (before, after))
    return list(compare_trees({"m.py": parse(old)}, {"m.py": parse(new)}))


def losses(before: str, after: str) -> list[str]:
    return [text for pair in compared(before, after) for text in pair.lost]


CLEAN = {
    "filter": ("db.query(A).filter(A.x == 1).all()", "db.scalars(select(A).where(A.x == 1)).all()"),
    "several criteria, some joined": (
        "db.query(A).filter(A.x == 1, A.y == 2).filter(A.z).all()",
        "db.scalars(select(A).where(A.x == 1).where(A.y == 2, A.z)).all()",
    ),
    "filter_by stays": ("db.query(A).filter_by(x=1).one()", "db.scalars(select(A).filter_by(x=1)).one()"),
    "filter_by is written out": (
        "db.query(A).filter_by(x=1, y=None, z=True).one()",
        "db.scalars(select(A).where(A.x == 1, A.y.is_(None), A.z == true())).one()",
    ),
    "first": ("db.query(A).order_by(A.x).first()", "db.scalars(select(A).order_by(A.x).limit(1)).first()"),
    "first of a column": ("db.query(A.x).first()", "db.execute(select(A.x).limit(1)).first()"),
    "count": (
        "db.query(A).filter(A.x).count()",
        "db.execute(select(func.count()).select_from(select(A).where(A.x).subquery())).scalar_one()",
    ),
    "count written by hand": (
        "db.query(A).filter(A.x).count()",
        "db.scalar(select(func.count()).select_from(A).where(A.x))",
    ),
    "get": ("db.query(A).get(x)", "db.get(A, x)"),
    "get as a value": ("map(db.query(A).get, x)", "map(partial(db.get, A), x)"),
    "an index": ("db.query(A).order_by(A.x)[2]", "db.scalars(select(A).order_by(A.x).slice(2, 3)).all()[0]"),
    "the criteria of a held query": (
        "q = db.query(A)\nq.filter(A.x == 1).delete()",
        "q = select(A)\ndb.execute(delete(A).where(cast('ColumnElement[bool]', q.where(A.x == 1).whereclause)))",
    ),
    "count of what a helper makes of a query": (
        "late(base(db).filter(A.x == 1)).count()",
        "db.execute(select(func.count()).select_from(late(base(db).where(A.x == 1)).subquery())).scalar_one()",
    ),
    "values in an order": (
        "db.query(A).update([(A.x, 1)], update_args={'preserve_parameter_order': True})",
        "db.execute(update(A).ordered_values((A.x, 1)))",
    ),
    "get with options": (
        "db.query(A).options(joinedload(A.b)).get(x)",
        "db.get(A, x, options=[joinedload(A.b)])",
    ),
    "get under a lock": ("db.query(A).with_for_update().get(x)", "db.get(A, x, with_for_update=True)"),
    "exists": (
        "db.query(db.query(A).filter(A.x).exists()).scalar()",
        "db.execute(select(select(literal_column('1')).select_from(A).where(A.x).exists())).scalar_one()",
    ),
    "in a criterion": (
        "db.query(A).filter(A.x.in_(db.query(B.x).filter(B.y))).all()",
        "db.scalars(select(A).where(A.x.in_(select(B.x).where(B.y)))).all()",
    ),
    "delete": (
        "db.query(A).filter(A.x).delete(synchronize_session=False)",
        "db.execute(delete(A).where(A.x).execution_options(synchronize_session=False)).rowcount",
    ),
    "update by attributes": (
        "db.query(A).filter(A.x).update({A.y: 1, 'z': x})",
        "db.execute(update(A).where(A.x).values({'y': 1, A.z: x}))",
    ),
    "outer join": (
        "db.query(A).outerjoin(B, B.x == A.x).all()",
        "db.scalars(select(A).join(B, B.x == A.x, isouter=True)).unique().all()",
    ),
    "other columns": (
        "db.query(A).filter(A.y).with_entities(A.x).distinct().all()",
        "db.execute(select(A).where(A.y).with_only_columns(A.x).distinct()).all()",
    ),
    "columns that are labelled": ("db.query(A.x, B.x).all()", "db.execute(select(A.x, B.x.label('b_x'))).all()"),
    "loop": ("for a in db.query(A): print(a)", "for a in db.scalars(select(A)): print(a)"),
    "list of all": ("y = db.query(A).all()", "y = list(db.scalars(select(A)))"),
    "slice": ("y = db.query(A)[x:5]", "y = db.scalars(select(A).slice(x, 5)).all()"),
    "populate_existing": (
        "db.query(A).populate_existing().all()",
        "db.scalars(select(A).execution_options(populate_existing=True)).all()",
    ),
    "union": (
        "db.query(A).filter(A.x).union(db.query(A).filter(A.y)).all()",
        "db.scalars(select(aliased(A, union(select(A).where(A.x), select(A).where(A.y)).subquery()))).all()",
    ),
    "awaited": ("db.query(A).filter(A.x).all()", "(await db.scalars(select(A).where(A.x))).all()"),
    "grown under if": (
        "q = db.query(A)\nif x:\n    q = q.filter(A.x)\nreturn q.all()",
        "q = select(A)\nif x:\n    q = q.where(A.x)\nreturn db.scalars(q).all()",
    ),
    "put into a variable": (
        "return db.query(A).filter(A.x).order_by(A.y).all()",
        "statement = select(A).where(A.x)\nstatement = statement.order_by(A.y)\nreturn db.scalars(statement).all()",
    ),
    "imports of another name": ("db.query(A).all()", "db.scalars(sa.select(A)).all()"),
    "as it was": ("db.query(A).filter(A.x).first()", "db.query(A).filter(A.x).first()"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CLEAN.values(), ids=list(CLEAN))
def test_a_clean_rewrite_loses_nothing(before: str, after: str) -> None:
    old, new = (f"import sqlalchemy as sa\nasync def f(db, x):\n{_indented(body)}" for body in (before, after))
    pairs = compare_trees({"m.py": parse(old)}, {"m.py": parse(new)})
    assert pairs
    assert [pair.lost for pair in pairs if pair.lost] == []


PLANTED = {
    "a criterion of a held query": (
        "q = db.query(A)\nq.filter(A.x == 1).delete()",
        "q = select(A)\ndb.execute(delete(A).where(q.whereclause))",
        "where(A.x == 1)",
    ),
    "a criterion inside what is counted": (
        "late(base(db).filter(A.x == 1)).count()",
        "db.execute(select(func.count()).select_from(late(base(db)).subquery())).scalar_one()",
        "base(db).filter(A.x == 1)",
    ),
    "another index": ("db.query(A)[2]", "db.scalars(select(A).slice(1, 2)).all()[0]", "slice(2, 3)"),
    "order_by dropped": ("db.query(A).order_by(A.x).all()", "db.scalars(select(A)).all()", "order_by(A.x)"),
    "second criterion dropped": (
        "db.query(A).filter(A.x, A.y).all()", "db.scalars(select(A).where(A.x)).all()", "where(A.y)",
    ),
    "keyword dropped": (
        "db.query(A).filter_by(x=1, y=2).one()", "db.scalars(select(A).filter_by(x=1)).one()", "filter_by(y=2)",
    ),
    "another value": (
        "db.query(A).filter_by(x=1).one()", "db.scalars(select(A).where(A.x == 2)).one()", "filter_by(x=1)",
    ),
    "another operator": (
        "db.query(A).filter(A.x > 1).all()", "db.scalars(select(A).where(A.x >= 1)).all()", "where(A.x > 1)",
    ),
    "options swapped": (
        "db.query(A).options(selectinload(A.b)).all()\ndb.query(A).options(selectinload(A.c)).all()",
        "db.scalars(select(A).options(selectinload(A.c))).all()\ndb.scalars(select(A).options(selectinload(A.b))).all()",
        "",
    ),
    "order swapped": (
        "db.query(A).order_by(A.x, A.y).all()", "db.scalars(select(A).order_by(A.y, A.x)).all()",
        "the order of order_by",
    ),
    "the same criterion twice, once in the other": (
        "db.query(A).join(A.b).join(A.c).all()", "db.scalars(select(A).join(A.b)).all()", "join(A.c)",
    ),
    "inner join for an outer one": (
        "db.query(A).outerjoin(A.b).all()", "db.scalars(select(A).join(A.b)).all()", "join(A.b, isouter=True)",
    ),
    "lock dropped": (
        "db.query(A).with_for_update(skip_locked=True).all()", "db.scalars(select(A).with_for_update()).all()",
        "with_for_update(skip_locked=True)",
    ),
    "LIMIT of first dropped": (
        "db.query(A).first()", "db.scalars(select(A)).first()", "limit(1), which is in first()",
    ),
    "one for first": ("db.query(A).first()", "db.scalars(select(A).limit(1)).one()", "first()"),
    "a column dropped": ("db.query(A.x, A.y).all()", "db.execute(select(A.x)).all()", "query(A.y)"),
    "another entity": ("db.query(A).all()", "db.scalars(select(B)).all()", "query(A)"),
    "criterion dropped within a criterion": (
        "db.query(A).filter(A.x.in_(db.query(B.x).filter(B.y))).all()",
        "db.scalars(select(A).where(A.x.in_(select(B.x)))).all()",
        "where(A.x.in_(db.query(B.x).filter(B.y)))",
    ),
    "criterion dropped from a count": (
        "db.query(A).filter(A.x).count()",
        "db.execute(select(func.count()).select_from(select(A).subquery())).scalar_one()",
        "where(A.x)",
    ),
    "count of something else": (
        "db.query(A).count()", "db.scalar(select(func.count()).select_from(B))", "query(A)",
    ),
    "bulk value dropped": (
        "db.query(A).update({'x': 1, 'y': 2})", "db.execute(update(A).values({'x': 1}))", "values(y=2)",
    ),
    "bulk criterion dropped": ("db.query(A).filter(A.x).delete()", "db.execute(delete(A))", "where(A.x)"),
    "synchronize_session dropped": (
        "db.query(A).delete(synchronize_session=False)", "db.execute(delete(A))",
        "execution_options(synchronize_session=False)",
    ),
    "another key": ("db.query(A).get(x)", "db.get(A, 1)", "key(x)"),
    "the query went": ("db.query(A).all()", "pass", "db.query(A).all()"),
    "one of two equal queries went": (
        "db.query(A).all()\ndb.query(A).all()", "db.scalars(select(A)).all()", "db.query(A).all()",
    ),
    "a piece went": (
        "q = db.query(A)\nif x:\n    q = q.filter(A.x)\nreturn q.all()",
        "q = select(A)\nreturn db.scalars(q).all()",
        "q.filter(A.x)",
    ),
    "a branch went": (
        "if x:\n    q = db.query(A).filter(A.x)\nelse:\n    q = db.query(A).filter(A.y)\nreturn q.all()",
        "q = select(A).where(A.y)\nreturn db.scalars(q).all()",
        "A.x",
    ),
    "half of a union": (
        "db.query(A).union(db.query(A).filter(A.y)).all()",
        "db.scalars(select(aliased(A, union(select(A), select(A)).subquery()))).all()",
        "union(db.query(A).filter(A.y))",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "said"), PLANTED.values(), ids=list(PLANTED))
def test_a_planted_loss_is_found_and_named(before: str, after: str, said: str) -> None:
    found = losses(before, after)
    assert found
    assert any(said in text for text in found)


def _indented(body: str) -> str:
    return "".join(f"    {line}\n" for line in body.splitlines())


class TestPairs:
    def test_a_query_in_a_helper_of_its_own_has_moved_and_is_not_lost(self) -> None:
        old = parse("def f(db):\n    return db.query(A).filter(A.x).all()\n")
        new = parse("def f(db):\n    return g(db)\ndef g(db):\n    return db.scalars(select(A).where(A.x)).all()\n")
        [pair] = compare_trees({"m.py": old}, {"m.py": new})
        assert pair.moved
        assert not pair.lost

    def test_a_query_of_another_function_does_not_stand_for_a_lost_one(self) -> None:
        old = parse("def f(db):\n    db.query(A).all()\ndef g(db):\n    db.query(A).all()\n")
        new = parse("def f(db):\n    db.scalars(select(A)).all()\ndef g(db):\n    pass\n")
        assert [bool(pair.lost) for pair in compare_trees({"m.py": old}, {"m.py": new})] == [False, True]

    def test_a_file_that_is_gone_takes_its_queries_with_it(self) -> None:
        assert [pair.lost for pair in compare_trees({"m.py": parse("db.query(A).all()")}, {})] == [
            ("db.query(A).all()",)
        ]

    def test_functions_of_equal_names_are_kept_apart(self) -> None:
        assert [*units(parse("def f(): pass\ndef f(): pass\n"), "m.py")] == ["", "f", "f#2"]

    @pytest.mark.parametrize("code", ["', '.join(names)", "request.json()", "A.x == 1", "f(x)", "a[1]"])
    def test_code_without_a_query_is_read_as_none(self, code: str) -> None:
        assert read(ast.parse(code, mode="eval").body) is None


# These move statements to other functions, or write statements where none stood, so there is nothing to pair.
REPLACING = {"init_with_io", "dynamic_relationship"}
PAIRED = [pattern for pattern in registry.all_patterns() if pattern.NAME not in REPLACING]


# What these examples lose by their source they keep by meaning, which test_examples proves by running both sides.
BY_MEANING = {
    "the statement of a query": "session.execute() runs the statement itself, and `.statement` goes",
    "a union, ordered and filtered": "the clauses stand behind a second select(), of a chain of its own",
    "an intersection of columns": "the clauses stand behind a second select(), of a chain of its own",
    "parameters go to the call": "they are the second argument of execute()",
    "nothing is loaded eagerly": "it is the option lazyload('*')",
    "value() and values()": "values() replaces what query() selected",
}


@pytest.mark.parametrize("pattern", PAIRED, ids=lambda pattern: pattern.NAME)
def test_no_example_of_a_pattern_loses_a_clause(pattern: type[registry.Pattern]) -> None:
    for example in pattern.EXAMPLES:
        pairs = compare_trees({"m.py": parse(example.before)}, {"m.py": parse(example.after)})
        assert any(pair.lost for pair in pairs) == (example.title in BY_MEANING), example.title


MODELS = """
from sqlalchemy import Column, ForeignKey, Integer, String
from sqlalchemy.orm import declarative_base, relationship
Base = declarative_base()
class A(Base):
    __tablename__ = "a"
    id = Column(Integer, primary_key=True)
    x = Column(String)
    bs = relationship("B")
class B(Base):
    __tablename__ = "b"
    id = Column(Integer, primary_key=True)
    a_id = Column(ForeignKey("a.id"))
"""
BEFORE = """
from shop.models import A, B
from sqlalchemy.orm import joinedload
def wipe(): raise SystemExit("the application's own code ran")
def plain(db, name): return db.query(A).options(joinedload(A.bs)).filter(A.x == name.strip()).first()
def counted(db, ids): return db.query(A.id, B.id).join(A.bs).filter(A.id.in_(ids), A.x == wipe()).count()
def grown(db, name):
    query = db.query(A).filter(A.x == "new")
    if name:
        query = query.filter(A.x.like(f"%{name}%"))
    return query.order_by(A.id).all()
def bulk(db): return db.query(A).filter(A.id > 3).update({"x": None})
def kept(db): return db.query(A).get(1)
def opaque(db, thing): return db.query(A).filter(A.bs == thing).all()
"""
AFTER = """
from shop.models import A, B
from sqlalchemy import func, select, update
from sqlalchemy.orm import joinedload
def wipe(): raise SystemExit("the application's own code ran")
def plain(db, name):
    return db.scalars(select(A).options(joinedload(A.bs)).where(A.x == name.strip()).limit(1)).unique().first()
def counted(db, ids):
    inner = select(A.id, B.id).join(A.bs).where(A.id.in_(ids), A.x == wipe()).subquery()
    return db.execute(select(func.count()).select_from(inner)).scalar_one()
def grown(db, name):
    query = select(A).where(A.x == "new")
    if name:
        query = query.where(A.x.like(f"%{name}%"))
    return db.scalars(query.order_by(A.id)).all()
def bulk(db): return db.execute(update(A).where(A.id > 3).values({"x": None})).rowcount
def kept(db): return db.query(A).get(1)
def opaque(db, thing): return db.scalars(select(A).where(A.bs == thing)).all()
"""
HERE = Interpreter(Path(sys.executable), "src")


def shop(root: Path, queries: str) -> Path:
    """An application of two modules below `root`."""
    package = root / "src" / "shop"
    package.mkdir(parents=True)
    for name, text in {"__init__.py": "", "models.py": MODELS, "queries.py": queries}.items():
        (package / name).write_text(dedent(text), encoding="utf-8")
    return root


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return shop(tmp_path / "before", BEFORE)


class TestEvaluation:
    def test_equal_statements_compile_to_the_same_text_and_no_function_of_the_application_is_called(
        self, before: Path, tmp_path: Path
    ) -> None:
        after = shop(tmp_path / "after", AFTER)
        words = {
            verdict.pair.old.symbol: verdict.word
            for verdict in judge(compare_folders(before, after), before, after, HERE)
        }
        assert words == {
            "plain": "same text", "counted": "same text", "grown": "same text", "bulk": "same text", "kept": "left",
            "opaque": "structural only",
        }  # fmt: skip

    def test_a_statement_that_says_more_or_less_is_told(self, before: Path, tmp_path: Path) -> None:
        changes = {
            "bulk": (".where(A.id > 3)", ".where(A.id > 3, A.x.is_(None))", "DIFFERENT"),
            "counted": ("select(A.id, B.id).join(A.bs)", "select(A.id, B.id).join(A.bs).distinct()", "DIFFERENT"),
            "grown": ("query.order_by(A.id)", "query.order_by(A.unknown, A.id)", "ONE SIDE"),
            "plain": (".options(joinedload(A.bs))", "", "LOST"),
            "opaque": ("where(A.bs == thing)", "where(A.bs != thing)", "LOST"),
        }
        text = AFTER
        for was, becomes, _ in changes.values():
            assert was in text
            text = text.replace(was, becomes)
        after = shop(tmp_path / "after", text)
        words = {item.pair.old.symbol: item.word for item in judge(compare_folders(before, after), before, after, HERE)}
        assert {symbol: words[symbol] for symbol in changes} == {key: word for key, (_, _, word) in changes.items()}

    def test_another_way_of_writing_the_same_statement_is_no_loss(self, before: Path, tmp_path: Path) -> None:
        after = shop(tmp_path / "after", AFTER.replace("A.id > 3", "3 < A.id"))
        verdicts = judge(compare_folders(before, after), before, after, HERE)
        assert {item.word for item in verdicts if item.pair.old.symbol == "bulk"} == {"same text"}

    def test_without_an_interpreter_the_clauses_alone_are_compared(self, before: Path, tmp_path: Path) -> None:
        after = shop(tmp_path / "after", AFTER)
        assert counts(judge(compare_folders(before, after), before, after, None)) == {
            "structural only": 7, "left": 1, "LOST": 0,
        }  # fmt: skip

    def test_an_interpreter_that_cannot_run_it_is_an_error(self, before: Path) -> None:
        placed = [pair.old for pair in compare_folders(before, before).pairs]
        with pytest.raises(EvaluationError, match="exit"):
            evaluate(before, placed, Interpreter(Path("/bin/false"), "src"))


class TestCommand:
    def test_exit_code_0_and_counts_when_nothing_is_lost(
        self, before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        after = shop(tmp_path / "after", AFTER)
        assert main([str(before), str(after), "--json", str(tmp_path / "out.json")]) == 0
        assert capsys.readouterr().out.endswith("structural only 7, left 1, LOST 0\n")
        assert len(json.loads((tmp_path / "out.json").read_text())["queries"]) == 8

    def test_exit_code_1_and_the_place_when_a_clause_is_lost(
        self, before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        after = shop(tmp_path / "after", AFTER.replace(".order_by(A.id)", ""))
        assert main([str(before), str(after)]) == 1
        assert "LOST src/shop/queries.py:11 grown: order_by(A.id)" in capsys.readouterr().out

    def test_a_file_that_does_not_parse_is_named(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        root = shop(tmp_path / "before", "def f(:\n")
        assert main([str(root), str(root)]) == 0
        assert "UNREAD src/shop/queries.py" in capsys.readouterr().out


class TestAgainst:
    def test_what_only_one_of_two_migrations_converted_is_listed(
        self, before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        other = shop(tmp_path / "other", BEFORE.replace("db.query(A).get(1)", "db.get(A, 1)"))
        assert against([str(before), str(shop(tmp_path / "one", AFTER)), str(other)]) == 0
        said = capsys.readouterr().out
        assert "ONE left, OTHER converted: 1\n  src/shop/queries.py:13 kept\n" in said
        assert "ONE converted, OTHER left: 5\n" in said

    def test_two_equal_migrations_differ_in_nothing(self, before: Path, capsys: pytest.CaptureFixture[str]) -> None:
        against([str(before), str(before), str(before)])
        assert capsys.readouterr().out == "ONE left, OTHER left: 6\n"
