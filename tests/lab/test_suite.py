"""An application's tests, run by its own command: what is counted, what is red, what is stopped."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from helpers.errors import UsageError
from helpers.lab.suite import Suite, SuiteResult, run_suite

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:nbval")
MIXED = """
import os
import pytest

def test_passes():
    assert os.environ.get("SHOP_TOWN", "Ghent") == "Ghent"

def test_fails():
    raise ValueError("seen in the output")

@pytest.mark.skip
def test_skipped():
    pass

@pytest.fixture
def broken():
    yield
    raise RuntimeError("in the teardown")

def test_torn_down_badly(broken):
    pass
"""


def suite(*more: str, **environment: str) -> Suite:
    return Suite((*PYTEST, *more), environment)


def wrote(folder: Path, text: str) -> Path:
    (folder / "test_shop.py").write_text(text, encoding="utf-8")
    return folder


def test_a_green_run_counts_what_passed_and_keeps_no_output(tmp_path: Path) -> None:
    result = run_suite(wrote(tmp_path, "def test_a(): pass\ndef test_b(): pass\n"), suite())
    assert (result.green, result.passed, result.exit, result.output) == (True, 2, 0, "")
    assert str(result) == "2 passed"
    assert result.seconds > 0


def test_what_failed_broke_and_was_skipped_is_counted_apart(tmp_path: Path) -> None:
    result = run_suite(wrote(tmp_path, MIXED), suite())
    assert str(result) == "1 passed, 1 failed, 1 errors, 1 skipped"
    assert not result.green
    assert "seen in the output" in result.output


def test_the_environment_reaches_the_tests(tmp_path: Path) -> None:
    wrote(tmp_path, MIXED)
    assert run_suite(tmp_path, suite("-k", "passes")).green
    assert run_suite(tmp_path, suite("-k", "passes", SHOP_TOWN="Bruges")).failed == 1


def test_options_of_pytest_in_the_environment_are_kept(tmp_path: Path) -> None:
    result = run_suite(wrote(tmp_path, MIXED), suite(PYTEST_ADDOPTS="-k skipped"))
    assert str(result) == "0 passed, 1 skipped, ended with 0"


def test_a_command_that_leads_to_pytest_by_another_program_is_counted(tmp_path: Path) -> None:
    wrote(tmp_path, "def test_a(): pass\n")
    script = f"import subprocess, sys; sys.exit(subprocess.call({list(PYTEST)!r}))"
    assert run_suite(tmp_path, Suite((sys.executable, "-c", script))).passed == 1


def test_a_run_of_no_tests_is_red(tmp_path: Path) -> None:
    result = run_suite(tmp_path, suite())
    assert not result.green
    assert str(result) == "0 passed, ended with 5"


def test_a_command_that_ends_well_and_runs_no_test_is_red(tmp_path: Path) -> None:
    result = run_suite(tmp_path, Suite((sys.executable, "-c", "print('all fine')")))
    assert not result.green
    assert result.output == "all fine"


def test_tests_that_pass_in_a_command_that_ends_badly_are_red(tmp_path: Path) -> None:
    wrote(tmp_path, "def test_a(): pass\n")
    (tmp_path / "conftest.py").write_text("def pytest_sessionfinish(session): session.exitstatus = 1\n")
    result = run_suite(tmp_path, suite())
    assert (result.passed, result.green) == (1, False)
    assert str(result) == "1 passed, ended with 1"


def test_a_suite_that_cannot_be_imported_says_so_in_its_last_lines(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import nowhere_to_be_found\n", encoding="utf-8")
    result = run_suite(wrote(tmp_path, MIXED), suite())
    assert not result.green
    assert "nowhere_to_be_found" in result.output


def test_only_the_last_lines_are_kept(tmp_path: Path) -> None:
    result = run_suite(tmp_path, Suite((sys.executable, "-c", "for n in range(1000): print('line', n)")))
    assert result.output.splitlines()[0] == "line 970"
    assert result.output.endswith("line 999")


def test_what_takes_too_long_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    script = f"import subprocess, sys; subprocess.call([sys.executable, '-c', {child!r}])"
    result = run_suite(tmp_path, Suite((sys.executable, "-c", script), seconds=3))
    pid, last = result.output.splitlines()
    assert not result.green
    assert last == "stopped after 3 seconds"
    assert not _runs(int(pid))


def _runs(pid: int) -> bool:
    """Whether a process runs: one that ended may still be listed, as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()


def test_an_interruption_stops_the_run(tmp_path: Path) -> None:
    seen: list[int] = []

    def interrupt(percent: int) -> None:
        seen.append(percent)
        raise KeyboardInterrupt

    script = "import os, time; print(os.getpid(), '[ 10%]', flush=True); time.sleep(600)"
    with pytest.raises(KeyboardInterrupt):
        run_suite(tmp_path, Suite((sys.executable, "-c", script)), interrupt)
    assert seen == [10]


def test_progress_is_told_as_pytest_prints_it(tmp_path: Path) -> None:
    wrote(tmp_path, "import pytest\n@pytest.mark.parametrize('n', range(144))\ndef test_a(n): pass\n")
    seen: list[int] = []
    assert run_suite(tmp_path, suite(COLUMNS="80"), seen.append).passed == 144
    assert seen == [50, 100]


def test_colours_that_a_notebook_asks_for_are_left_out(tmp_path: Path) -> None:
    seen: list[int] = []
    result = run_suite(wrote(tmp_path, MIXED), suite(FORCE_COLOR="1"), seen.append)
    assert seen == [100]
    assert "\x1b" not in result.output


def test_no_bytecode_is_left_behind(tmp_path: Path) -> None:
    run_suite(wrote(tmp_path, "def test_a(): pass\n"), suite())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["test_shop.py"]


def test_a_command_that_is_not_there_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no-such-program: cannot be started .*; name the test command"):
        run_suite(tmp_path, Suite(("no-such-program",)))


def test_a_result_reads_the_same_however_long_the_run_took() -> None:
    assert str(SuiteResult(0, passed=3, seconds=1.5)) == str(SuiteResult(0, passed=3, seconds=20)) == "3 passed"
