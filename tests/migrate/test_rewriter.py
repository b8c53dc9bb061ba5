"""Fixes put into files in memory: what goes together, what is refused, and that nothing else changes."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.analysis.project import Project
from helpers.analysis.source import parse_source
from helpers.migrate.rewriter import in_files, rewrite
from helpers.model import Applicability, ChangeSet, Edit, Finding, Fix, ImportName, Stage, Step

CALL = "db.query(User).first()"


def project(**files: str | bytes) -> Project:
    data = {f"{name}.py": text if isinstance(text, bytes) else text.encode() for name, text in files.items()}
    return Project(Path("app"), {path: parse_source(path, content) for path, content in data.items()})


def finding(
    path: str, *edits: Edit, column: int = 1, adds: tuple[ImportName, ...] = (), drops: tuple[str, ...] = ()
) -> Finding:
    repair = Fix(edits, adds, drops)
    return Finding("AM201", path, 1, column, "<module>", "found", Applicability.SAFE, repair)


def replacing(text: str, old: str, new: str, path: str = "app.py", **imports: tuple[Any, ...]) -> Finding:
    start = text.index(old)
    return finding(path, Edit(start, start + len(old), new), column=start + 1, **imports)


def wrapping(text: str, part: str, opening: str, closing: str) -> Finding:
    start = text.index(part)
    end = start + len(part)
    return finding("app.py", Edit(start, start, opening), Edit(end, end, closing), column=start + 1)


def run(given_project: Project, *findings: Finding) -> ChangeSet:
    step = Step(1, Stage.QUERY, findings)
    changes = rewrite(given_project, step)
    accounted = [*changes.applied, *(skip.finding for skip in changes.skipped)]
    assert sorted(map(id, accounted)) == sorted(map(id, findings))
    return changes


def text_of(changes: ChangeSet) -> str:
    (change,) = changes.changes
    return change.after.decode(change.encoding)


def reasons(changes: ChangeSet) -> list[str]:
    return [skip.reason for skip in changes.skipped]


def test_a_fix_is_put_in_its_place() -> None:
    text = f"rows = {CALL}\r\nother = '漢'\r\n"
    changes = run(project(app=text), replacing(text, CALL, "db.scalars(select(User)).first()"))
    assert text_of(changes) == text.replace(CALL, "db.scalars(select(User)).first()")
    assert changes.changes[0].before == text.encode()


def test_a_bom_and_an_encoding_stay() -> None:
    text = f"# coding: latin-1\nrows = {CALL}  # é\n"
    changes = run(project(app=text.encode("latin-1")), replacing(text, CALL, "'ü'"))
    assert changes.changes[0].after == text.replace(CALL, "'ü'").encode("latin-1")
    bom = b"\xef\xbb\xbf"
    changes = run(project(app=bom + b"x = 1\n"), replacing("x = 1\n", "1", "2"))
    assert changes.changes[0].after == bom + b"x = 2\n"


def test_imports_ride_on_the_fix() -> None:
    text = f"from sqlalchemy.orm import Query\n\nrows: Query = {CALL}\n"
    fix = replacing(
        text,
        f": Query = {CALL}",
        " = db.scalars(select(User))",
        adds=(ImportName("sqlalchemy", "select"),),
        drops=("sqlalchemy.orm.Query",),
    )
    changes = run(project(app=text), fix)
    assert text_of(changes) == "from sqlalchemy import select\n\nrows = db.scalars(select(User))\n"


def test_an_import_that_another_file_reads_stays() -> None:
    text = "from sqlalchemy.orm import Query\n\nrows = Query(User)\n"
    fix = replacing(text, "Query(User)", "1", drops=("sqlalchemy.orm.Query",))
    readers = [
        "from models import Query\n",
        "from .models import *\n",
        "import models\nmodels.Query\n",
        "import models as m\nm.Query\n",
        "patch('models.Query')\n",
        "from . import models as m\nm.Query\n",
    ]
    moved = replace(fix, path="models.py")
    for reader in readers:
        assert "import Query" in text_of(run(project(models=text, views=reader), moved)), reader
    assert "import" not in text_of(run(project(models=text, views="models\nfrom other import Query\nx.Query\n"), moved))


def test_an_import_of_a_package_file_stays() -> None:
    text = "from sqlalchemy.orm import Query\n\nrows = Query(User)\n"
    package = Project(Path("app"), {"app/__init__.py": parse_source("app/__init__.py", text.encode())})
    fix = replacing(text, "Query(User)", "1", "app/__init__.py", drops=("sqlalchemy.orm.Query",))
    assert text_of(run(package, fix)).startswith("from sqlalchemy.orm import Query\n")


def test_a_finding_without_a_fix_is_left_with_its_message() -> None:
    manual = Finding("AM201", "app.py", 1, 1, "f", "the receiver is not known", Applicability.MANUAL)
    changes = run(project(app="x = 1\n"), manual)
    assert (changes.changes, changes.applied, reasons(changes)) == ((), (), ["the receiver is not known"])


def test_a_manual_finding_is_not_applied_even_with_a_fix() -> None:
    manual = Finding("AM201", "app.py", 1, 1, "f", "look", Applicability.MANUAL, Fix((Edit(0, 1, "y"),)))
    assert run(project(app="x = 1\n"), manual).changes == ()


def test_a_finding_in_an_unreadable_file_is_left() -> None:
    changes = run(project(app="x = 1\n"), finding("gone.py", Edit(0, 1, "y")))
    assert "not one of the application's readable files" in reasons(changes)[0]


def test_no_findings_are_no_changes() -> None:
    assert run(project(app="x = 1\n")).changes == ()


def test_a_fix_that_changes_nothing_is_no_change() -> None:
    changes = run(project(app="x = 1\n"), finding("app.py", Edit(0, 1, "x")))
    assert (changes.changes, reasons(changes)) == ((), ["the fix changes nothing"])


def test_two_fixes_on_one_line_both_apply() -> None:
    text = "a, b = db.query(A).all(), db.query(B).all()\n"
    first, second = replacing(text, "db.query(A)", "one(A)"), replacing(text, "db.query(B)", "one(B)")
    assert text_of(run(project(app=text), second, first)) == "a, b = one(A).all(), one(B).all()\n"


def test_a_fix_inside_another_applies_with_it() -> None:
    text = "rows = outer(inner(x))\n"
    outer, inner = wrapping(text, "outer(inner(x))", "A(", ")"), wrapping(text, "inner(x)", "B(", ")")
    assert text_of(run(project(app=text), outer, inner)) == "rows = A(outer(B(inner(x))))\n"


@pytest.mark.parametrize("order", [1, -1])
def test_insertions_at_one_point_nest(order: int) -> None:
    text = "rows = x.y\n"
    outer, inner = wrapping(text, "x.y", "A(", ", 1)"), wrapping(text, "x", "B(", ", 2)")
    assert text_of(run(project(app=text), *[outer, inner][::order])) == "rows = A(B(x, 2).y, 1)\n"
    text = "rows = x + y\n"
    outer, inner = wrapping(text, "x + y", "A(", ", 1)"), wrapping(text, "y", "B(", ", 2)")
    assert text_of(run(project(app=text), *[outer, inner][::order])) == "rows = A(x + B(y, 2), 1)\n"


def test_an_insertion_stands_before_the_replacement_that_begins_there() -> None:
    text = "rows = x.y\n"
    outer, inner = wrapping(text, "x.y", "A(", ")"), replacing(text, "x", "z")
    assert text_of(run(project(app=text), inner, outer)) == "rows = A(z.y)\n"


def test_of_two_overlapping_fixes_the_outer_one_applies_and_the_other_waits() -> None:
    text = "rows = outer(inner)\n"
    inner, outer = replacing(text, "inner", "i"), replacing(text, "outer(inner)", "o(inner)")
    changes = run(project(app=text), inner, outer)
    assert changes.applied == (outer,)
    assert reasons(changes) == ["overlaps the fix of AM201 at app.py:1:8; run again after it"]


def test_a_fix_is_left_whole_when_one_of_its_edits_overlaps() -> None:
    text = "a = 1\nb = 2\n"
    first = replacing(text, "a = 1", "a = 3")
    second = finding("app.py", Edit(4, 5, "9"), Edit(10, 11, "9"))
    assert text_of(run(project(app=text), first, second)) == "a = 3\nb = 2\n"


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ([Edit(0, 3, "a"), Edit(2, 4, "b")], "the edits of the fix overlap"),
        ([Edit(0, 99, "a")], "the fix reaches outside the file"),
        ([Edit(3, 2, "a")], "the fix reaches outside the file"),
        ([Edit(-1, 2, "a")], "the fix reaches outside the file"),
        ([], "the fix has no edits"),
    ],
)
def test_a_malformed_fix_is_refused(edits: list[Edit], reason: str) -> None:
    changes = run(project(app="rows = 1\n"), finding("app.py", *edits))
    assert (changes.changes, reasons(changes)) == ((), [reason])


def test_fixes_that_bind_one_name_to_two_things_do_not_go_together() -> None:
    text = "a = 1\nb = 2\n"
    first = replacing(text, "1", "select", adds=(ImportName("sqlalchemy", "select"),))
    second = replacing(text, "2", "select", adds=(ImportName("sqlmodel", "select"),))
    changes = run(project(app=text), first, second)
    assert changes.applied == (first,)
    assert "needs a name that AM201 at app.py:1:5 binds" in reasons(changes)[0]


def test_the_guilty_fix_alone_is_refused_when_the_result_does_not_parse() -> None:
    text = "a = 1\nb = 2\nc = 3\n"
    good, bad, last = replacing(text, "1", "one"), replacing(text, "2", "two("), replacing(text, "3", "three")
    changes = run(project(app=text), good, bad, last)
    assert text_of(changes) == "a = one\nb = 2\nc = three\n"
    assert reasons(changes)[0].startswith("the result is not sound: does not parse under Python 3.")


def test_a_fix_that_loses_a_comment_is_refused() -> None:
    text = "rows = (\n    x  # why\n)\nb = 2\n"
    changes = run(project(app=text), replacing(text, "x  # why\n", "x\n"), replacing(text, "2", "3"))
    assert text_of(changes) == text.replace("2", "3")
    assert reasons(changes) == ["the comment '# why' would be lost"]


def test_one_of_two_equal_comments_may_not_go() -> None:
    text = "a = 1  # noqa\nb = 2  # noqa\n"
    assert run(project(app=text), replacing(text, "1  # noqa", "1")).changes == ()


def test_a_comment_may_move() -> None:
    text = "rows = (x  # why\n)\n"
    assert text_of(run(project(app=text), replacing(text, "x  # why\n", "  # why\nx"))) == "rows = (  # why\nx)\n"


def test_what_looks_like_a_comment_in_a_string_is_none() -> None:
    text = "rows = '# no comment'\n"
    assert text_of(run(project(app=text), replacing(text, "'# no comment'", "1"))) == "rows = 1\n"


def test_a_character_that_the_encoding_lacks_is_refused() -> None:
    text = "# coding: latin-1\nrows = 1\n"
    changes = run(project(app=text), replacing(text, "1", "'漢'"))
    assert changes.changes == ()
    assert "does not exist in the file's encoding iso-8859-1" in reasons(changes)[0]


def test_a_fix_may_not_change_how_the_file_is_decoded() -> None:
    text = "x = 1\nrows = 'é'\n"
    changes = run(project(app=text), replacing(text, "x = 1", "# coding: latin-1\nx = 1"))
    assert reasons(changes) == ["the result would be read in another encoding"]


def test_the_files_of_a_step_come_sorted_and_its_findings_in_their_order() -> None:
    later, sooner = replacing("x = 1\n", "1", "2", "b.py"), replacing("x = 1\n", "1", "2", "a.py")
    changes = run(project(a="x = 1\n", b="x = 1\n", c="x = 1\n"), later, sooner)
    assert [change.path for change in changes.changes] == ["a.py", "b.py"]
    assert changes.applied == (later, sooner)


@pytest.mark.parametrize(
    ("globs", "paths"),
    [
        ([], ["api/views.py", "views.py", "tests/api.py"]),
        (["views.py"], ["api/views.py", "views.py"]),
        (["/views.py"], ["views.py"]),
        (["api/*"], ["api/views.py"]),
        (["api"], ["api/views.py"]),
        (["*.py", "!tests/**"], ["api/views.py", "views.py"]),
        (["nothing.py"], []),
    ],
)
def test_findings_are_selected_by_file(globs: list[str], paths: list[str]) -> None:
    findings = [finding(path) for path in ("api/views.py", "views.py", "tests/api.py")]
    assert [item.path for item in in_files(findings, globs)] == paths


NAMES = st.lists(st.sampled_from(["a", "b", "c", "wide_漢"]), min_size=1, max_size=6)


@given(NAMES, st.data())
def test_only_what_the_applied_edits_cover_changes(names: list[str], data: st.DataObject) -> None:
    text = "".join(f"{name} = '😀', {name}  # {name}\r\n" for name in names)
    spots = [found.start() for found in re.finditer("'😀'", text)]
    chosen = data.draw(st.lists(st.sampled_from(spots), unique=True))
    changes = run(project(app=text), *(finding("app.py", Edit(at, at + 3, "other")) for at in chosen))
    gone = {at + step for at in chosen for step in (1, 2)}
    expected = "".join("other" if at in chosen else text[at] for at in range(len(text)) if at not in gone)
    assert (text_of(changes) if changes.changes else text) == expected


def comments(text: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


COMMENTED = """a = (b) # c
d = "" + "#" # e
'f' # g
"""
PIECES = st.lists(st.sampled_from(["x", "(", ")", '"', "'", "#", "\n", "é", '""', " "]), max_size=3).map("".join)
EDITS = st.lists(st.tuples(st.integers(0, len(COMMENTED)), st.integers(0, 3), PIECES), max_size=4)


@settings(max_examples=500)
@given(EDITS)
def test_whatever_the_edits_are_the_result_parses_and_keeps_every_comment(edits: list[tuple[int, int, str]]) -> None:
    findings = [finding("app.py", Edit(start, start + length, text)) for start, length, text in edits]
    for change in run(project(app=COMMENTED), *findings).changes:
        ast.parse(change.after)
        kept = Counter(comment.rstrip() for comment in comments(change.after.decode()))
        assert not Counter(["# c", "# e", "# g"]) - kept


def grouped(text: str, old: str, new: str, path: str, group: str = "family") -> Finding:
    found = replacing(text, old, new, path)
    assert found.fix
    return replace(found, fix=replace(found.fix, group=group))


ONE, TWO = "def total():\n    return 1\n", "from one import total\n\nprint(total)\n"


def test_a_group_is_applied_across_files() -> None:
    app = project(one=ONE, two=TWO)
    changes = run(app, grouped(ONE, "total()", "total(db)", "one.py"), grouped(TWO, "(total)", "(total(db))", "two.py"))
    assert [change.path for change in changes.changes] == ["one.py", "two.py"]


def test_a_group_is_left_in_every_file_when_one_member_is_unsound() -> None:
    app = project(one=ONE, two=TWO)
    good, bad = grouped(ONE, "total()", "total(db)", "one.py"), grouped(TWO, "(total)", "(total(", "two.py")
    changes = run(app, good, bad)
    assert not changes.changes
    reasons = {skip.finding.path: skip.reason for skip in changes.skipped}
    assert reasons["one.py"].startswith("goes together with two.py:1:29, which is left: the result is not sound")
    assert reasons["two.py"].startswith("the result is not sound")


def test_what_parses_and_does_not_compile_is_left() -> None:
    changes = run(project(one=ONE), grouped(ONE, "return 1", "return lambda: await total()", "one.py"))
    assert not changes.changes
    assert "the result is not sound: 'await' outside" in reasons(changes)[0]


def test_a_file_that_did_not_compile_before_is_no_worse_than_it_was() -> None:
    text = ONE + "await x\n"
    assert run(project(one=text), grouped(text, "return 1", "return 2", "one.py")).changes


def test_a_group_is_left_when_a_member_was_not_selected() -> None:
    app = project(one=ONE, two=TWO)
    wanted, absent = grouped(ONE, "total()", "total(db)", "one.py"), grouped(TWO, "(total)", "(t)", "two.py")
    changes = rewrite(app, Step(1, Stage.QUERY, (wanted,)), [absent])
    assert not changes.changes
    assert [skip.reason for skip in changes.skipped] == [
        "goes together with two.py:1:29, which is left: it was not selected"
    ]


def test_a_fix_outside_the_group_is_applied_when_the_group_is_left() -> None:
    app = project(one=ONE, two=TWO)
    group = [grouped(ONE, "total()", "total(db)", "one.py"), grouped(TWO, "(total)", "(total(", "two.py")]
    changes = run(app, *group, replacing(ONE, "return 1", "return 2", "one.py"))
    assert [change.path for change in changes.changes] == ["one.py"]
    assert "return 2" in text_of(changes) and "db" not in text_of(changes)


def test_what_collided_with_a_left_group_is_applied_after_all() -> None:
    app = project(one=ONE, two=TWO)
    group = [grouped(ONE, "return 1", "return 3", "one.py"), grouped(TWO, "(total)", "(total(", "two.py")]
    changes = run(app, *group, replacing(ONE, "1", "2", "one.py"))
    assert "return 2" in text_of(changes)


def test_one_group_that_is_left_does_not_hold_another() -> None:
    app = project(one=ONE, two=TWO)
    broken = grouped(TWO, "(total)", "(total(", "two.py", group="other")
    changes = run(app, grouped(ONE, "return 1", "return 2", "one.py"), broken)
    assert text_of(changes) == ONE.replace("1", "2")


def test_a_line_that_one_fix_moves_and_another_removes_is_removed() -> None:
    text = "x = f(\n    g()\n    .h()\n    .i()\n)\n"
    moved = [Edit(text.index(part) - 4, text.index(part) - 4, "    ") for part in ("g()", ".h()", ".i()")]
    outer = finding("app.py", Edit(text.index("f("), text.index("f(") + 1, "k"), *moved)
    inner = replacing(text, "()\n    .h()", "()")
    changes = run(project(app=text), outer, inner)
    assert text_of(changes) == "x = k(\n        g()\n        .i()\n)\n"


def test_two_fixes_that_write_at_one_place_still_wait_for_each_other() -> None:
    text = "x = f(g())\n"
    outer = replacing(text, "f(g())", "1")
    inner = finding("app.py", Edit(text.index("()"), text.index("()"), "2"))
    assert [skip.finding for skip in run(project(app=text), outer, inner).skipped] == [inner]


LONG = (
    "\N{BYTE ORDER MARK}async def f():\r\n"
    "    return g(session.get(Author, key_of_an_author_that_somebody_asked_for, 123456))\r\n"
)


@pytest.mark.parametrize(("stage", "lines"), [(Stage.FLIP, 4), (Stage.SLICES, 4), (Stage.TASKS, 2)])
def test_the_flip_wraps_what_it_made_too_long_and_other_stages_lay_out_themselves(stage: Stage, lines: int) -> None:
    found = replacing(LONG[1:], "session", "await session")
    (change,) = rewrite(project(app=LONG), Step(1, stage, (found,))).changes
    assert change.after is not None
    after = change.after.decode(change.encoding)
    assert after.count("\r\n") == after.count("\n") == lines
    assert after[0] == LONG[0]
    assert "".join(after.split()) == "".join(LONG.replace("session", "await session").split())
