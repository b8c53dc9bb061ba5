"""The processes that answer jobs: they outlast any code under test, and the process of the tests outlasts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from helpers.lab import _probe
from helpers.lab.differential import compare_example
from helpers.lab.runner import Side, run
from helpers.lab.worker import Here, InterpreterError, Worker
from helpers.model import Example

SYNC = """
from models import Author

def books(session):
    return session.get(Author, 1).books
"""
ASYNC = SYNC.replace("def", "async def").replace("session.get(Author, 1)", "(await session.get(Author, 1))")


def test_a_process_that_dies_is_an_error_with_its_interpreter() -> None:
    with Worker(Path(sys.executable)) as worker, pytest.raises(InterpreterError, match="ended its process"):
        run(Side("import os\nos._exit(3)", "None"), probe=worker)


def test_a_job_that_never_ends_is_ended_and_the_next_one_runs() -> None:
    with Worker(Path(sys.executable), patience=0.5) as worker:
        with pytest.raises(InterpreterError, match=r"within 0\.5 seconds"):
            run(Side("while True: pass", "None"), probe=worker)
        assert run(Side("", "1"), probe=worker).value == 1


def test_an_interpreter_without_sqlalchemy_is_an_error() -> None:
    with Worker(Path("/bin/false")) as worker, pytest.raises(InterpreterError):
        run(Side("", "1"), probe=worker)


def test_models_that_do_not_run_are_told_by_the_job() -> None:
    with Worker(Path(sys.executable)) as worker:
        seen = run(Side("", "1", models="import nowhere"), probe=worker)
    assert seen.failure
    assert (seen.phase, seen.failure.type) == ("module", "ModuleNotFoundError")


def test_the_probe_sees_nothing_of_the_helpers_package() -> None:
    with Worker(Path(sys.executable)) as worker:
        path = run(Side("import sys", "sys.path + list(sys.modules)"), probe=worker).value["items"]
    assert not [x for x in path if x.partition(".")[0] == "helpers" or x.endswith(("/helpers", "/lab"))]


def test_asynchronous_failures_in_a_row_end_well() -> None:
    example = Example("a lazy load", SYNC, ASYNC, "books(session)")
    seen = {found.after.failure.type for _ in range(40) if (found := compare_example(example)).after.failure}
    assert seen == {"sqlalchemy.exc.MissingGreenlet"}


def test_an_asynchronous_side_has_no_thread_that_ends_before_the_collector_runs() -> None:
    module = "import threading\n\n\nasync def name():\n    return threading.current_thread().name\n"
    assert run(Side(module, "name()")).value == threading.main_thread().name


def test_code_that_kills_its_process_leaves_this_one_and_the_next_job_runs() -> None:
    with pytest.raises(InterpreterError, match=r"kill\(\): ended its process"):
        run(Side("import os, signal\n\n\ndef kill():\n    os.kill(os.getpid(), signal.SIGSEGV)\n", "kill()"))
    assert run(Side("", "1")).value == 1


def test_code_under_test_runs_in_another_process() -> None:
    assert run(Side("import os", "os.getpid()")).value != os.getpid()


def test_what_the_code_prints_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    run(Side("print('one')", "print('two')"))
    assert capsys.readouterr().out == "one\ntwo\n"


def test_an_interrupt_ends_the_job_and_its_answer_is_not_that_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here()
    started = threading.Event()
    call = Worker.__call__

    def noticed(worker: Worker, job: dict[str, object]) -> dict[str, object]:
        started.set()
        return call(worker, job)

    monkeypatch.setattr(Worker, "__call__", noticed)
    interrupter = threading.Thread(target=lambda: (started.wait(), os.kill(os.getpid(), signal.SIGINT)))
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        run(Side("", "[0 for _ in iter(int, 1)]"), probe=here)
    interrupter.join()
    assert run(Side("", "2"), probe=here).value == 2
    here.close()


def test_a_worker_that_was_ended_is_started_again() -> None:
    here = Here()
    first = run(Side("import os", "os.getppid()"), probe=here).value
    here.close()
    second = run(Side("import os", "os.getppid()"), probe=here).value
    here.close()
    assert first != second


def test_where_no_process_can_be_forked_the_worker_runs_jobs_itself() -> None:
    program = f"import os, runpy; del os.fork; runpy.run_path({_probe.__file__!r}, run_name='__main__')"
    job = '{"models": "", "module": "", "given": "", "call": "CALL", "options": {}, "database": ":memory:"}\n'
    jobs = job.replace("CALL", "1 + 1") + job.replace("CALL", "nowhere")
    done = subprocess.run([sys.executable, "-c", program], input=jobs, capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert '"value": 2' in first
    assert "NameError" in second
