"""What `workbook trace` prints, returns and leaves behind."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.workbook import Workbook

Run = Callable[..., Any]
TRACE = Path(".workbook", "trace", "trace.json")


def test_trace_lists_lazy_loads_commits_functions_and_what_held_up_the_loop(run: Run, lazy: Path) -> None:
    code, out, err = run("trace", lazy, "--", sys.executable, "app.py")
    assert code == 0
    assert out.splitlines()[:7] == [
        "lazy loads in the application: 1 line",
        "  app.py:33 main User.posts relationship 1 time, loaded by app.py:32 one",
        "columns read again in the application after a commit or rollback: 1 line"
        "; expire_on_commit=False removes those of commits",
        "  app.py:34 commit: User.name read again 1 time at app.py:35 main",
        "functions that do IO: 1 line",
        out.splitlines()[5],
        "SQL that the event loop waited for: 7 lines",
    ]
    assert out.splitlines()[5].startswith("  app.py:24 main direct ")
    assert "  app.py:32 main called by app.py:38 <module> 1 time" in out.splitlines()
    assert "self-check: the hooks counted 2 lazy loads and refreshes, 2 are listed with a line or an endpoint" in err
    assert "tracing " in err.splitlines()[0]


def test_what_the_tests_print_is_no_data(run_process: Run, lazy: Path) -> None:
    outcome = run_process("trace", lazy, "--", sys.executable, "app.py")
    assert outcome.code == 0
    assert "output of the tests" not in outcome.out
    assert "output of the tests" in outcome.err


def test_tests_that_fail_are_traced_all_the_same_and_are_not_done(run: Run, lazy: Path) -> None:
    with (lazy / "app.py").open("a") as app:
        app.write("raise SystemExit(3)\n")
    code, out, err = run("trace", lazy, "--", sys.executable, "app.py")
    assert code == 1
    assert "User.posts" in out
    assert err.endswith("the command ended with 3\n")
    assert (lazy / TRACE).exists()


def test_nothing_recorded_is_not_done_and_leaves_no_trace(run: Run, lazy: Path) -> None:
    code, out, err = run("trace", lazy, "--", sys.executable, "-c", "pass")
    assert (code, out) == (1, "")
    assert "no process of it imported sqlalchemy.orm" in err
    assert not (lazy / TRACE).exists()


@pytest.mark.parametrize("words", [[], ["--"], ["--json"], ["--json", "--"]])
def test_trace_without_a_command_is_wrong_usage(run: Run, lazy: Path, words: list[str]) -> None:
    code, out, err = run("trace", lazy, *words)
    assert (code, out) == (2, "")
    assert err == "workbook trace: no command is given; write the test command after two hyphens: " + (
        "workbook trace PATH -- pytest\n"
    )


def test_options_of_the_command_are_not_ours(run: Run, lazy: Path) -> None:
    code, out, _ = run("trace", lazy, "--", sys.executable, "-W", "ignore", "app.py", "--json", "--help")
    assert code == 0
    assert out.startswith("lazy loads")


def test_undo_all_takes_the_trace_with_the_journal(run: Run, lazy: Path) -> None:
    before = (lazy / "app.py").read_bytes()
    run("trace", lazy, "--", sys.executable, "app.py")
    run("apply", lazy, "--all")
    assert (lazy / TRACE).exists()
    assert run("undo", lazy, "--all").code == 0
    assert not (lazy / ".workbook").exists()
    assert (lazy / "app.py").read_bytes() == before


def test_a_single_undo_leaves_the_trace(run: Run, lazy: Path) -> None:
    run("apply", lazy, "--all")
    run("trace", lazy, "--", sys.executable, "app.py")
    run("undo", lazy)
    assert (lazy / TRACE).exists()


def test_undo_where_only_a_trace_is_has_nothing_to_undo(run: Run, lazy: Path) -> None:
    run("trace", lazy, "--", sys.executable, "app.py")
    assert run("undo", lazy).code == 1
    assert (lazy / TRACE).exists()


def test_the_workbook_gives_the_trace_and_later_what_of_it_is_still_true(lazy: Path) -> None:
    with Workbook.open(lazy) as book:
        assert book.traced is None
        found = book.trace([sys.executable, "app.py"])
        assert book.traced == found
    with (lazy / "app.py").open("a") as app:
        app.write("# edited\n")
    later = Workbook.open(lazy).traced
    assert later is not None
    assert (later.lazy_loads, later.stale) == ((), ("app.py",))
