"""The comparison of two suites: every kind of weakening is found, and what the engine itself writes is none."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from benchmarks.tests_kept.__main__ import main
from benchmarks.tests_kept.difference import Difference, Kept
from benchmarks.tests_kept.runs import collected, compare_collected, compare_outcomes
from benchmarks.tests_kept.trees import compare_folders
from helpers.workbook import Workbook
from tests.migrate.shop import lay_out

HEAD = "import pytest\n\nfrom shop import find, prices, total\n\n\n"
TEST = """\
@pytest.mark.parametrize("key", [1, 2, 3])
def test_total(db, key):
    found = find(db, key)
    assert total(found) == 3
    with pytest.raises(KeyError):
        find(db, 0)
    for price in prices(db):
        assert price.value > 0
"""
AWAITED = """\
@pytest.mark.parametrize("key", [1, 2, 3])
@pytest.mark.asyncio
async def test_total(db, key):
    found = await find(db, key)
    assert await total(found) == 3
    with pytest.raises(KeyError):
        await find(db, 0)
    async for price in prices(db):
        assert price.value > 0
"""


def compared(folder: Path, before: str, after: str, path: str = "tests/test_it.py") -> Kept:
    """What two states of one file differ in."""
    for name, text in (("before", before), ("after", after)):
        target = folder / name / path
        target.parent.mkdir(parents=True)
        target.write_text(text, encoding="utf-8")
    return compare_folders(folder / "before", folder / "after")


def told(found: tuple[Difference, ...]) -> list[str]:
    return [f"{one.test} {one.what} {one.word}".strip() for one in found]


# What is put in the place of what in the migrated test, and what has to be said of it.
WEAKENED = {
    "an assertion is gone": ("    assert await total(found) == 3\n", "", "assertion gone"),
    "it is compared with something else": ("== 3\n", "== 4\n", "assertion changed"),
    "it is compared with itself": ("== 3\n", "== await total(found)\n", "assertion changed"),
    "only its truth is asked": (" == 3\n", "\n", "assertion changed"),
    "one is as good as true": ("== 3\n", "== True\n", "assertion changed"),
    "another comparison": ("> 0\n", ">= 0\n", "assertion changed"),
    "it may be something else as well": ("== 3\n", "== 3 or found\n", "assertion changed"),
    "it is about something else": ("total(found)", "total(db)", "assertion changed"),
    "it is under a condition": (
        "    assert await total(found) == 3\n",
        "    if found:\n        assert await total(found) == 3\n",
        "assertion gone",
    ),
    "the test ends before it": ("    assert await", "    return\n    assert await", "return new"),
    "the test skips itself": ("    assert await", "    pytest.skip()\n    assert await", "skip new"),
    "what fails is caught": (
        "    assert await total(found) == 3\n",
        "    try:\n        assert await total(found) == 3\n    except AssertionError:\n        pass\n",
        "assertion gone",
    ),
    "what is expected is set": ("    assert await", "    found.total = 3\n    assert await", "statement new"),
    "another error is expected, too": ("raises(KeyError)", "raises((KeyError, ValueError))", "expected error changed"),
    "any error will do": ("raises(KeyError)", "raises(Exception)", "expected error changed"),
    "no error is expected": (
        "    with pytest.raises(KeyError):\n        await find(db, 0)\n",
        "",
        "expected error gone",
    ),
    "nothing is looped over": ("in prices(db)", "in ()", "assertion changed"),
    "other arguments": ("find(db, key)", "find(db, 1)", "statement changed"),
    "a case is lost": ("[1, 2, 3]", "[1, 2]", "decorator changed"),
    "all cases are lost": ('@pytest.mark.parametrize("key", [1, 2, 3])\n', "", "decorator gone"),
    "it is skipped": ("@pytest.mark.asyncio", "@pytest.mark.skip\n@pytest.mark.asyncio", "skip new"),
    "it may fail": ("@pytest.mark.asyncio", "@pytest.mark.xfail\n@pytest.mark.asyncio", "skip new"),
    "it has another mark": ("@pytest.mark.asyncio", "@pytest.mark.slow\n@pytest.mark.asyncio", "decorator new"),
    "nothing runs it": ("@pytest.mark.asyncio\n", "", "test changed"),
    "a fixture is not asked for": ("(db, key)", "(key)", "parameters changed"),
    "a parameter has a default": ("(db, key)", "(db, key=1)", "parameters changed"),
}


@pytest.mark.parametrize("case", WEAKENED)
def test_what_weakens_a_test_is_found(tmp_path: Path, case: str) -> None:
    old, new, expected = WEAKENED[case]
    assert old in AWAITED
    kept = compared(tmp_path, HEAD + TEST, HEAD + AWAITED.replace(old, new))
    assert f"test_total {expected}" in told(kept.faults)


def test_the_migrated_test_itself_is_as_it_was(tmp_path: Path) -> None:
    kept = compared(tmp_path, HEAD + TEST, HEAD + AWAITED)
    assert kept.differences == ()
    assert kept.before == kept.after
    assert (kept.before.tests, kept.before.checks) == (1, 3)


# Before and after of a whole file that the migration may not leave like this.
SPOILED = {
    "a test is gone": ("def test_a():\n    assert a()\n", "x = 1\n", "test_a test gone"),
    "a test has another name": (
        "def test_a():\n    assert a()\n",
        "def check_a():\n    assert a()\n",
        "test_a test gone",
    ),
    "a second one hides it": (
        "def test_a():\n    assert a()\n",
        "def test_a():\n    assert a()\n\n\ndef test_a():\n    pass\n",
        "test_a test new",
    ),
    "a class is not collected": (
        "class TestA:\n    def test_a(self):\n        assert a()\n",
        "class TestA:\n    __test__ = False\n\n    def test_a(self):\n        assert a()\n",
        "TestA statement new",
    ),
    "all are skipped": (
        "def test_a():\n    assert a()\n",
        "pytestmark = pytest.mark.skip\n\n\ndef test_a():\n    assert a()\n",
        "statement new",
    ),
    "a coroutine is asserted": (
        "async def test_a():\n    assert await a()\n",
        "async def test_a():\n    assert a()\n",
        "test_a assertion changed",
    ),
    "a TestCase awaits nothing": (
        "class A(TestCase):\n    def test_a(self):\n        self.assertTrue(a())\n",
        "class A(TestCase):\n    async def test_a(self):\n        self.assertTrue(await a())\n",
        "A::test_a test changed",
    ),
    "a method asserts less": (
        "class A(TestCase):\n    def test_a(self):\n        self.assertEqual(a(), 1)\n",
        "class A(TestCase):\n    def test_a(self):\n        self.assertTrue(a())\n",
        "A::test_a assertion changed",
    ),
    "a helper asserts nothing": (
        "def fine(it):\n    assert it.fine\n    return it\n",
        "def fine(it):\n    return it\n",
        "fine assertion gone",
    ),
    "a mock is not asked": (
        "def test_a(mock):\n    mock.assert_called_once_with(1)\n",
        "def test_a(mock):\n    mock.assert_called()\n",
        "test_a assertion changed",
    ),
    "a query finds less": (
        "def test_a(db):\n    assert db.query(A).count() == 0\n",
        "def test_a(db):\n    assert db.scalar(select(func.count()).select_from(A).where(A.x)) == 0\n",
        "test_a assertion changed",
    ),
    "a query lost its condition": (
        "def test_a(db):\n    assert db.query(A).filter(A.x == 1).first()\n",
        "def test_a(db):\n    assert db.scalars(select(A).limit(1)).first()\n",
        "test_a assertion changed",
    ),
    "a query is about another entity": (
        "def test_a(db):\n    assert db.query(A).filter(A.x == 1).first()\n",
        "def test_a(db):\n    assert db.scalars(select(B).where(A.x == 1).limit(1)).first()\n",
        "test_a assertion changed",
    ),
    "an option narrows": (
        "def test_a(db):\n    assert get(db)\n",
        "def test_a(db):\n    assert get(db, options=[with_loader_criteria(A, A.x)])\n",
        "test_a assertion changed",
    ),
    "something is done under a condition": (
        "def test_a(db):\n    assert get(db)\n",
        "def test_a(db):\n    if inspect(a).unloaded:\n        db.delete(a)\n    assert get(db)\n",
        "test_a statement new",
    ),
    "what is imported is another": (
        "from shop import a\n\n\ndef test_a():\n    assert a()\n",
        "from shop.easy import a\n\n\ndef test_a():\n    assert a()\n",
        "import changed",
    ),
    "a function of any name is around it": (
        "def test_a():\n    assert a()\n",
        "def test_a():\n    assert run(a())\n",
        "test_a assertion changed",
    ),
    "a handler catches more": (
        "def test_a():\n    try:\n        a()\n    except KeyError:\n        pass\n",
        "def test_a():\n    try:\n        a()\n    except Exception:\n        pass\n",
        "test_a handler changed",
    ),
    "it is no file any more": ("def test_a(:\n    assert a()\n", "def test_a():\n    assert a()\n", "file changed"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_what_spoils_a_file_of_tests_is_found(tmp_path: Path, case: str) -> None:
    before, after, expected = SPOILED[case]
    assert expected in told(compared(tmp_path, before, after).faults)


# What the engine makes of tests: of each statement before, the one after.
KEPT = {
    "a session": (
        "with Session(engine) as s:\n    s.commit()",
        "async with AsyncSession(engine) as s:\n    await s.commit()",
    ),
    "an option of a session": (
        "s = sessionmaker(bind=engine, autocommit=False)",
        "s = sessionmaker(bind=engine, expire_on_commit=False, class_=AsyncSession)",
    ),
    "await inside of a chain": ("assert db.exec(q).first()", "assert (await db.exec(q)).first()"),
    "await in a condition": ("assert not f(db) or g(db) == 1", "assert not await f(db) or await g(db) == 1"),
    "a comprehension": ("assert [f(x) for x in g()] == []", "assert [await f(x) async for x in g()] == []"),
    "all of some": ("assert all(f(x) for x in g)", "assert await all_of(await f(x) for x in g)"),
    "a loop runs it": ("assert f(db)", "assert asyncio.get_event_loop().run_until_complete(f(db))"),
    "a bridge": ("assert f(db, 1)", "assert await db.run_sync(lambda s: f(s, 1))"),
    "a bridge to a method": ("db.bulk_save(x)", "await db.run_sync(lambda inner: inner.bulk_save(x))"),
    "tables in a connection": (
        "Base.metadata.create_all(engine)",
        "async with engine.begin() as connection:\n    await connection.run_sync(Base.metadata.create_all)",
    ),
    "tables in a loop of their own": (
        "Base.metadata.create_all(bind=engine)",
        "in_a_loop_of_its_own(engine, Base.metadata.create_all)",
    ),
    "an engine": ('e = create_engine("sqlite://")', 'e = create_async_engine("sqlite+aiosqlite://")'),
    "an engine of a URL": ("e = create_engine(URL)", "e = create_async_engine(with_async_driver(URL))"),
    "what is patched": ('with patch("a.Session"):\n    f()', 'with patch("a.AsyncSession"):\n    await f()'),
    "a mock": ("m = MagicMock()", "m = MagicMock(spec=AsyncSession)"),
    "what a mock is entered as": ("m.__enter__.return_value = m", "m.__aenter__.return_value = m"),
    "what a mock was called with": ("m.f.assert_called_once_with(1)", "m.f.assert_awaited_once_with(1)"),
    "managers apart": (
        "with pytest.raises(E), Session() as s:\n    f(s)",
        "with pytest.raises(E):\n    async with AsyncSession() as s:\n        await f(s)",
    ),
    "a query": (
        "assert db.query(A).filter(A.x == 1).first()",
        "assert (await db.scalars(select(A).where(A.x == 1).limit(1))).first()",
    ),
    "a count": (
        "assert db.query(A).count() == 2",
        "assert (await db.execute(select(func.count()).select_from(select(A).subquery()))).scalar_one() == 2",
    ),
    "rows that are looped over": ("for a in db.query(A):\n    f(a)", "for a in await db.scalars(select(A)):\n    f(a)"),
    "what is loaded with it": (
        "assert db.scalars(select(A)).all()",
        "assert (await db.scalars(select(A).options(selectinload(A.b)))).all()",
    ),
    "what is loaded with what a helper gives": (
        "a = get(db, 1)",
        "a = await get(db, 1, options=[selectinload(A.b).options(joinedload(B.c))])",
    ),
    "a property that reads": ("assert book.price == 3", "assert await book.get_price() == 3"),
    "a class of a test": ("assert isinstance(db, Session)", "assert isinstance(db, AsyncSession)"),
    "a statement in another place": ("f()\nx = 1\ng()", "x = 1\nf()\ng()"),
}


@pytest.mark.parametrize("case", KEPT)
def test_what_the_engine_writes_is_no_difference(tmp_path: Path, case: str) -> None:
    before, after = ("\n".join(f"    {line}" for line in text.splitlines()) for text in KEPT[case])
    kept = compared(tmp_path, f"def test_a(db):\n{before}\n", f"@pytest.mark.asyncio\nasync def test_a(db):\n{after}\n")
    assert told(kept.differences) == []


def test_the_other_way_round_an_await_is_missed(tmp_path: Path) -> None:
    kept = compared(tmp_path, "async def f(db):\n    await db.commit()\n", "async def f(db):\n    db.commit()\n")
    assert told(kept.faults) == ["f statement changed"]


def test_a_fixture_that_pytest_asyncio_runs_is_as_it_was(tmp_path: Path) -> None:
    before = '@pytest.fixture(scope="session")\ndef db():\n    yield 1\n'
    after = '@pytest_asyncio.fixture(scope="session", loop_scope="session")\nasync def db():\n    yield 1\n'
    assert compared(tmp_path, before, after, "tests/conftest.py").differences == ()


def test_a_fixture_of_another_scope_is_not(tmp_path: Path) -> None:
    before = '@pytest.fixture(scope="session")\ndef db():\n    yield 1\n'
    after = "@pytest_asyncio.fixture\nasync def db():\n    yield 1\n"
    assert told(compared(tmp_path, before, after, "tests/conftest.py").faults) == ["db decorator changed"]


def test_what_a_constructor_asserted_may_be_asserted_where_it_loads(tmp_path: Path) -> None:
    before = (
        "class Data:\n    def __init__(self, db):\n        self.x = 1\n        assert db.get(A)\n        self.db = db\n"
    )
    after = (
        "class Data:\n    def __init__(self, db):\n        self.x = 1\n        self.db = db\n\n"
        '    def load(self):\n        """Load."""\n        assert self.db.get(A)\n        return self\n'
    )
    assert compared(tmp_path, before, after).faults == ()


def test_what_is_read_again_behind_a_commit_is_told_beside(tmp_path: Path) -> None:
    before = "def test_a(db):\n    db.commit()\n    assert a.x == 1\n"
    after = "def test_a(db):\n    db.commit()\n    db.refresh(a)\n    assert a.x == 1\n"
    kept = compared(tmp_path, before, after)
    assert (kept.faults, told(kept.differences)) == ((), ["test_a statement new"])


def test_what_is_read_where_it_is_not_loaded_is_told_beside(tmp_path: Path) -> None:
    before = "def test_a(db):\n    assert a.b.x == 1\n"
    after = "def test_a(db):\n    if 'b' in inspect(a).unloaded:\n        db.refresh(a, ['b'])\n    assert a.b.x == 1\n"
    kept = compared(tmp_path, before, after)
    assert (kept.faults, told(kept.differences)) == ((), ["test_a statement new"])


def test_a_new_hook_is_a_fault_and_a_new_function_is_none(tmp_path: Path) -> None:
    after = "def pytest_collection_modifyitems(items):\n    items.clear()\n\n\ndef helper():\n    pass\n"
    kept = compared(tmp_path, "", after, "tests/conftest.py")
    assert told(kept.faults) == ["pytest_collection_modifyitems hook new"]
    assert len(kept.differences) == 2


def test_what_is_no_test_may_change(tmp_path: Path) -> None:
    assert compared(tmp_path, "assert a\n", "assert b\n", "shop/views.py").differences == ()


SETTINGS = {
    "deselects": ('addopts = ["-q"]', 'addopts = ["-q", "-k", "not slow"]', ["setting addopts changed"]),
    "ignores a warning": ('filterwarnings = ["error"]', "filterwarnings = []", ["setting filterwarnings changed"]),
    "looks elsewhere": ("", 'testpaths = ["other"]', ["setting testpaths new"]),
    "adds an error": ("filterwarnings = []", 'filterwarnings = ["error:coroutine"]', []),
    "turns warnings on": ('addopts = ["-q", "-p no:warnings"]', 'addopts = ["-q"]', []),
    "runs coroutines": ("", 'asyncio_mode = "auto"', []),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_may_only_become_stricter(tmp_path: Path, case: str) -> None:
    before, after, expected = SETTINGS[case]
    section = "[tool.pytest.ini_options]\n"
    assert told(compared(tmp_path, section + before, section + after, "pyproject.toml").faults) == expected


def test_a_mode_that_runs_coroutines_stands_for_the_marks(tmp_path: Path) -> None:
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    (tmp_path / "before" / "test_a.py").write_text("def test_a():\n    assert a()\n")
    (tmp_path / "after" / "test_a.py").write_text("async def test_a():\n    assert await a()\n")
    assert compare_folders(tmp_path / "before", tmp_path / "after").differences == ()


def test_a_file_of_tests_that_is_gone_is_a_fault_and_a_new_one_is_not(tmp_path: Path) -> None:
    for name in ("before/test_a.py", "after/test_b.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("def test_a():\n    assert a()\n")
    kept = compare_folders(tmp_path / "before", tmp_path / "after")
    assert [str(one.place) for one in kept.faults] == ["test_a.py"]
    assert [str(one.place) for one in kept.differences] == ["test_a.py", "test_b.py"]


def test_the_engine_keeps_the_tests_of_an_application(tmp_path: Path) -> None:
    before, after = lay_out(tmp_path / "before"), lay_out(tmp_path / "after")
    book = Workbook.open(after)
    book.apply(book.preview())
    assert "await customers.find(" in (after / "tests/test_services.py").read_text()
    assert compare_folders(before, after).faults == ()


JUNIT = "<testsuite>{}</testsuite>"
CASE = '<testcase classname="m" name="{}">{}</testcase>'


def junit(folder: Path, name: str, **cases: str) -> Path:
    path = folder / name
    path.write_text(JUNIT.format("".join(CASE.format(test, inner) for test, inner in cases.items())))
    return path


def test_runs_differ_in_tests_that_are_gone_skipped_or_fail(tmp_path: Path) -> None:
    before = junit(tmp_path, "a.xml", same="", skipped="", gone="", red="", late="<skipped/>", bad="<failure/>")
    after = junit(tmp_path, "b.xml", same="", skipped="<skipped/>", red="<error/>", late="", bad="<failure/>", new="")
    found = tuple(compare_outcomes(before, after))
    faults = tuple(one for one in found if not one.harmless)
    assert told(faults) == ["m::skipped outcome changed", "m::gone test gone", "m::red outcome changed"]
    assert [one.test for one in found if one.harmless] == ["m::new"]


def test_a_run_without_tests_is_a_fault(tmp_path: Path) -> None:
    assert told(tuple(compare_outcomes(junit(tmp_path, "a.xml", a=""), tmp_path / "none.xml"))) == ["run gone"]


def test_collections_differ_in_cases_and_in_how_many_are_left_out(tmp_path: Path) -> None:
    before, after = tmp_path / "a.txt", tmp_path / "b.txt"
    before.write_text("t.py::a[1]\nt.py::a[2]\nt.py::b\n\n3 tests collected in 0.01s\n")
    after.write_text("t.py::a[1]\nt.py::c\n\n2/3 tests collected (1 deselected) in 0.01s\n")
    found = tuple(compare_collected(before, after))
    assert told(tuple(one for one in found if not one.harmless)) == [
        "t.py::a[2] test gone",
        "t.py::b test gone",
        "deselected tests changed",
    ]


def test_ids_with_addresses_are_the_same_in_two_runs() -> None:
    assert collected("t.py::a[<x at 0x7f00aa11>]\n") == collected("t.py::a[<x at 0x7f00bb22>]\n")


class TestMain:
    def test_differences_are_lines_with_their_place(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        compared(tmp_path, HEAD + TEST, HEAD + AWAITED.replace("== 3", "== 4"))
        assert main([str(tmp_path / "before"), str(tmp_path / "after")]) == 1
        assert capsys.readouterr().out == dedent("""\
            tests/test_it.py:9 test_total assertion changed: assert total(found) == 3 -> assert await total(found) == 4
            1 tests with 3 checks before, 1 with 3 after: 1 weaker or other, 0 beside
            """)

    def test_as_a_document(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        compared(tmp_path, HEAD + TEST, HEAD + AWAITED)
        assert main([str(tmp_path / "before"), str(tmp_path / "after"), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert (document["version"], document["kept"], document["differences"]) == (1, True, [])

    def test_runs_count_too(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        compared(tmp_path, HEAD + TEST, HEAD + AWAITED)
        runs = [str(junit(tmp_path, "a.xml", a="")), str(junit(tmp_path, "b.xml", a="<skipped/>"))]
        assert main([str(tmp_path / "before"), str(tmp_path / "after"), "--junit", *runs]) == 1
        assert "b.xml m::a outcome changed: passed -> skipped" in capsys.readouterr().out

    def test_a_folder_that_does_not_exist_is_wrong_usage(self, tmp_path: Path) -> None:
        with pytest.raises(SystemExit) as caught:
            main([str(tmp_path / "none"), str(tmp_path)])
        assert caught.value.code == 2
