"""A migration in steps: each leaves the shop's own tests green, and all of them together are the whole flip."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.tests_kept.trees import compare_folders
from helpers.analysis.project import load_project
from helpers.codemod.flip.bridges import Bridges
from helpers.codemod.flip.session_types import SessionTypes
from helpers.errors import UsageError
from helpers.model import Plan, Stage, Step
from helpers.workbook import Workbook
from tests.migrate.shop import lay_out, suite, texts

MOST = 4
Shown = tuple[int, str, tuple[str, ...], tuple[str, ...]]


@dataclass
class Done:
    """One step that was written: what the plan said of it, the files then, what the tests came to, the next plan."""

    step: Step
    files: dict[str, str]
    tests: str
    rest: tuple[Shown, ...]
    bridges: tuple[str, ...]


@dataclass
class Migration:
    """The shop, step by step."""

    root: Path
    before: dict[str, str]
    plan: Plan
    steps: list[Done]


def shown(steps: tuple[Step, ...]) -> tuple[Shown, ...]:
    """What a plan says of its steps."""
    return tuple((step.number, step.title, step.symbols, step.bridges) for step in steps)


def bridges(root: Path) -> tuple[str, ...]:
    """The bridges that stand in the code, as `caller -> callee`."""
    project = load_project(root)
    found = []
    for bridge in Bridges(project, SessionTypes(project, {})).all():
        around = project.callgraph.around(bridge.call, bridge.module)
        callee = next(edge.callee for edge in project.callgraph.at[bridge.inner])
        found.append(f"{around.module.path}:{around.symbol} -> {callee.module.path}:{callee.symbol}")
    return tuple(sorted(found))


@pytest.fixture(scope="module")
def migration(tmp_path_factory: pytest.TempPathFactory) -> Migration:
    """All steps, written one after the other."""
    root = lay_out(tmp_path_factory.mktemp("shop"))
    book = Workbook.open(root)
    found = Migration(root, texts(root), book.plan(most=MOST), [])
    while steps := book.plan(most=MOST).steps:
        book.apply(book.preview_step(steps[0].number, most=MOST))
        rest = shown(book.plan(most=MOST).steps)
        found.steps.append(Done(steps[0], texts(root), suite(root), rest, bridges(root)))
    return found


def test_the_tests_of_the_application_pass_after_every_step(migration: Migration) -> None:
    assert len(migration.steps) == 9
    assert [re.sub(r" in .*", "", done.tests) for done in migration.steps] == ["5 passed"] * 9


def test_no_step_takes_anything_from_what_the_tests_check(migration: Migration, tmp_path: Path) -> None:
    before = lay_out(tmp_path / "before", migration.before)
    steps = [lay_out(tmp_path / str(done.step.number), done.files) for done in migration.steps]
    assert [compare_folders(before, after).faults for after in steps] == [()] * 9


def test_what_is_left_keeps_its_numbers_and_its_content_when_a_step_is_done(migration: Migration) -> None:
    planned = shown(migration.plan.steps)
    assert [done.rest for done in migration.steps] == [planned[number:] for number in range(1, len(planned) + 1)]


def test_all_steps_together_are_what_the_whole_flip_makes(migration: Migration, tmp_path: Path) -> None:
    whole = lay_out(tmp_path)
    book = Workbook.open(whole)
    book.apply(book.preview())
    assert migration.steps[-1].files == texts(whole)


def test_no_step_is_larger_than_asked_and_no_function_is_in_two(migration: Migration) -> None:
    slices = [step.symbols for step in migration.plan.steps if step.stage in (Stage.SLICES, Stage.SHARED)]
    every = [symbol for symbols in slices for symbol in symbols]
    assert len(slices) == 5
    assert all(len(symbols) <= MOST for symbols in slices)
    assert len(every) == len(set(every))


def test_the_bridges_in_the_code_are_those_that_the_plan_tells(migration: Migration) -> None:
    told = [done.step.bridges for done in migration.steps if done.step.stage in (Stage.SLICES, Stage.SHARED)]
    stand = [done.bridges for done in migration.steps if done.step.stage in (Stage.SLICES, Stage.SHARED)]
    assert told == stand
    assert [len(items) for items in stand] == [1, 3, 6, 3, 0]
    assert migration.steps[-1].bridges == ()


def test_the_face_is_there_from_its_step_to_the_engines(migration: Migration) -> None:
    there = ["shop/async_face.py" in done.files for done in migration.steps]
    assert there == [False, True, True, True, True, True, True, True, False]
    assert not [text for text in migration.steps[-1].files.values() if re.search("async_face|AsyncFace", text)]


def test_the_face_alone_leaves_every_test_and_router_as_it_is(migration: Migration) -> None:
    added = migration.steps[1].files
    same = [path for path in migration.before if path.startswith(("tests/", "shop/routers/", "shop/services/"))]
    assert all(added[path] == migration.before[path] for path in same)


def test_no_second_engine_is_there_before_the_first_one_flips(migration: Migration) -> None:
    engines = [sum(text.count("create_async_engine") for text in done.files.values()) for done in migration.steps]
    assert engines[:-1] == [0] * 8
    assert engines[-1]


def test_every_call_of_an_asynchronous_function_is_awaited_or_run(migration: Migration) -> None:
    for done in migration.steps:
        trees = {path: ast.parse(text) for path, text in done.files.items() if path.endswith(".py")}
        names = {
            node.name
            for path, tree in trees.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.AsyncFunctionDef) and path.startswith("shop/services/")
        }
        for tree in trees.values():
            assert not list(unawaited(tree, names)), done.step.title


def unawaited(tree: ast.AST, names: set[str]) -> Iterator[str]:
    """The calls of functions of these names in a tree that nothing awaits or runs."""
    taken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "run":
            taken.update(map(id, node.args))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and id(node) not in taken:
            of_service = isinstance(node.func.value, ast.Name) and node.func.value.id in ("customers", "orders")
            if of_service and node.func.attr in names:
                yield ast.unparse(node)


def test_undoing_the_steps_one_after_the_other_restores_every_byte(migration: Migration, tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    before = texts(root)
    book = Workbook.open(root)
    for number in (1, 2, 3):
        book.apply(book.preview_step(number, most=MOST))
    assert texts(root) != before
    assert book.last_step == 3
    for _ in range(3):
        book.undo()
    assert texts(root) == before
    assert book.last_step == 0
    assert shown(book.plan(most=MOST).steps) == shown(migration.plan.steps)


def test_all_writes_are_taken_back_at_once_with_the_file_that_one_of_them_added(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    before = texts(root)
    book = Workbook.open(root)
    for number in (1, 2, 3):
        book.apply(book.preview_step(number, most=MOST))
    book.undo_all()
    assert texts(root) == before
    assert not (root / ".workbook").exists()


def test_a_later_step_is_shown_as_it_will_be_when_those_before_it_are_done(
    migration: Migration, tmp_path: Path
) -> None:
    book = Workbook.open(lay_out(tmp_path))
    shown_now = book.preview_step(4, most=MOST)
    assert {change.path: (change.after or b"").decode() for change in shown_now.changes} == {
        path: text for path, text in migration.steps[3].files.items() if text != migration.steps[2].files.get(path)
    }
    assert texts(tmp_path) == migration.before


def test_applying_everything_over_half_a_migration_ends_as_it_would_have_at_once(
    migration: Migration, tmp_path: Path
) -> None:
    book = Workbook.open(lay_out(tmp_path))
    for number in (1, 2, 3, 4):
        book.apply(book.preview_step(number, most=MOST))
    book.apply(book.preview())
    assert texts(tmp_path) == migration.steps[-1].files


def test_a_small_application_has_one_step_and_no_face(tmp_path: Path) -> None:
    plan = Workbook.open(lay_out(tmp_path)).plan()
    assert [step.stage for step in plan.steps] == [Stage.DEPENDENCIES, Stage.FLIP]


def test_nothing_is_planned_when_all_is_done(migration: Migration) -> None:
    assert Workbook.open(migration.root).plan(most=MOST) == Plan(())


def test_a_session_that_a_function_opens_itself_waits_for_the_engine(tmp_path: Path) -> None:
    own = {
        "shop/routers/reports.py": (
            "from fastapi import APIRouter\n\n"
            "from shop.database import SessionLocal\nfrom shop.services import orders\n\n"
            'router = APIRouter(prefix="/reports")\n\n\n@router.get("/turnover")\ndef turnover() -> dict[str, int]:\n'
            '    with SessionLocal() as db:\n        return {"turnover": orders.turnover(db)}\n'
        )
    }
    plan = Workbook.open(lay_out(tmp_path, own)).plan(most=MOST)
    early = [symbol for step in plan.steps[:-1] for symbol in step.symbols]
    assert "shop/routers/reports.py:turnover" not in early
    assert "shop/services/orders.py:turnover" not in early  # who calls it cannot await yet
    assert "shop/routers/reports.py:turnover" in plan.steps[-1].symbols


def test_what_is_handed_to_a_thread_waits_for_the_one_that_hands_it_over(tmp_path: Path) -> None:
    handed = {
        "shop/routers/reports.py": (
            "import asyncio\n\nfrom fastapi import APIRouter\n\n"
            "from shop.database import SessionLocal\nfrom shop.deps import Db\nfrom shop.services import orders\n\n"
            'router = APIRouter(prefix="/reports")\n\n\n@router.get("/turnover")\n'
            "async def turnover(db: Db) -> dict[str, int]:\n"
            "    with SessionLocal() as own:\n        own.commit()\n"
            '    return {"turnover": await asyncio.to_thread(orders.turnover, db)}\n'
        )
    }
    steps = Workbook.open(lay_out(tmp_path, handed)).plan(most=MOST).steps
    early = [symbol for step in steps[:-1] for symbol in step.symbols]
    assert early  # others go first
    assert "shop/services/orders.py:turnover" not in early
    assert "shop/services/orders.py:turnover" in steps[-1].symbols


def test_a_call_that_is_given_what_another_reads_is_no_bridge_and_waits(tmp_path: Path) -> None:
    nested = {
        "shop/routers/reports.py": (
            "from fastapi import APIRouter\n\nfrom shop.deps import Db\nfrom shop.services import customers\n\n"
            'router = APIRouter(prefix="/reports")\n\n\n@router.get("/renamed")\n'
            "def renamed(name: str, db: Db) -> dict[str, str]:\n"
            '    return {"name": customers.rename(db, customers.create(db, name), name).name}\n'
        )
    }
    plan = Workbook.open(lay_out(tmp_path, nested)).plan(most=1)
    early = [symbol for step in plan.steps[:-1] for symbol in step.symbols]
    assert "shop/routers/reports.py:renamed" not in early
    assert "shop/routers/orders.py:place" in early


def test_a_generator_is_read_inside_the_bridge(tmp_path: Path) -> None:
    lazily = {
        "shop/services/orders.py": (
            "from sqlalchemy import select\n\nfrom shop.models import Order\n\n\ndef totals(db, customer_id: int):\n"
            "    for order in db.scalars(select(Order).where(Order.customer_id == customer_id)):\n"
            "        yield order.total\n"
        ),
        "shop/routers/reports.py": (
            "from fastapi import APIRouter\n\nfrom shop.deps import Db\nfrom shop.services import orders\n\n"
            'router = APIRouter(prefix="/reports")\n\n\n@router.get("/totals")\n'
            "def totals(customer_id: int, db: Db) -> list[int]:\n    return list(orders.totals(db, customer_id))\n"
        ),
    }
    book = Workbook.open(lay_out(tmp_path, lazily))
    step = next(one for one in book.plan(most=1).steps if one.symbols == ("shop/routers/reports.py:totals",))
    after = {change.path: change.after or b"" for change in book.preview_step(step.number, most=1).changes}
    assert (
        b"return await db.run_sync(lambda s: list(orders.totals(s, customer_id)))" in after["shop/routers/reports.py"]
    )


def test_a_file_of_the_faces_name_is_left_alone(tmp_path: Path) -> None:
    book = Workbook.open(lay_out(tmp_path, {"shop/async_face.py": "smile = True\n"}))
    step = next(one for one in book.plan(most=MOST).steps if one.stage is Stage.FACE)
    change_set = book.preview_step(step.number, most=MOST)
    assert not change_set.changes
    assert [skip.reason for skip in change_set.skipped] == ["shop/async_face.py is there already"]


@pytest.mark.parametrize("number", [0, 12])
def test_a_step_that_no_plan_has_is_refused(tmp_path: Path, number: int) -> None:
    with pytest.raises(UsageError, match="is none of the plan, which has 1 to 9 left"):
        Workbook.open(lay_out(tmp_path)).preview_step(number, most=MOST)


def test_a_step_that_is_done_is_told_as_done(migration: Migration) -> None:
    with pytest.raises(UsageError, match="step 2: is done already"):
        Workbook.open(migration.root).preview_step(2, most=MOST)
