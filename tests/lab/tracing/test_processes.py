"""The recorder gets into every process of a command, and never in its way."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.analysis.project import load_project
from helpers.errors import UsageError
from helpers.lab.tracing import pth, run
from tests.lab.tracing.conftest import python_3_8

RunTrace = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("no_bytecode")

LAZY = """\
from models import *


def touch():
    with Session() as db:
        db.query(Author).first().books  # touch
"""
SUITE = (
    "import pytest\nfrom work import touch\n\n\n@pytest.mark.parametrize('n', range(6))\ndef test_it(n):\n    touch()\n"
)
ROOT = Path(__file__).resolve().parents[3]


def test_pytest_names_the_tests(run_trace: RunTrace) -> None:
    seen = run_trace(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", work=LAZY, tests__test_work=SUITE)
    assert (seen.only.count, seen.only.test_count, len(seen.only.tests)) == (6, 6, 6)
    assert seen.only.tests[0] == "tests/test_work.py::test_it[0]"
    assert seen.only.origin == "application"


def test_the_workers_of_xdist_are_counted_to_the_last(run_trace: RunTrace) -> None:
    if importlib.util.find_spec("xdist") is None:
        pytest.skip("pytest-xdist is not installed")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-n2")
    seen = run_trace(sys.executable, *words, work=LAZY, tests__test_work=SUITE)
    assert (seen.only.count, seen.only.test_count, seen.trace.check.cut) == (6, 6, 0)


def test_make_and_a_shell_hand_the_recorder_on(run_trace: RunTrace) -> None:
    seen = run_trace(
        "sh", "-c", f"echo hello; '{sys.executable}' app.py", app="from work import touch\ntouch()\n", work=LAZY
    )
    assert seen.only.count == 1


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_children_of_multiprocessing_are_counted_to_the_last(run_trace: RunTrace, way: str) -> None:
    app = (
        "import multiprocessing\nfrom work import touch\n\n\ndef many():\n    for _ in range(3):\n        touch()\n\n\n"
        f"if __name__ == '__main__':\n    context = multiprocessing.get_context({way!r})\n"
        "    children = [context.Process(target=many) for _ in range(2)]\n"
        "    [child.start() for child in children]\n    [child.join() for child in children]\n    touch()\n"
    )
    seen = run_trace(app=app, work=LAZY)
    assert (seen.only.count, seen.trace.processes) == (7, 3)
    assert seen.trace.check.hooked == 7
    assert seen.trace.check.cut == 0


def test_a_subprocess_and_a_bare_fork_are_recorded(run_trace: RunTrace) -> None:
    app = (
        "import os, subprocess, sys\nfrom work import touch\n\n"
        "subprocess.run([sys.executable, '-c', 'import work; work.touch()'])\n"
        "pid = os.fork()\nif not pid:\n    touch()\n    os._exit(0)\nos.waitpid(pid, 0)\ntouch()\n"
    )
    seen = run_trace(app=app, work=LAZY)
    assert (seen.only.count, seen.trace.check.cut) == (3, 1)  # the fork could not say how often, only that


def test_threads_are_recorded(run_trace: RunTrace) -> None:
    app = (
        "import threading\nfrom work import touch\n\n"
        "threads = [threading.Thread(target=lambda: [touch() for _ in range(5)])"
        " for _ in range(4)]\n[t.start() for t in threads]\n[t.join() for t in threads]\n"
    )
    work = LAZY.replace("with Session", "with lock, Session").replace(
        "\n\n\n", "\nimport threading\nlock = threading.Lock()\n\n\n", 1
    )
    seen = run_trace(app=app, work=work)
    assert seen.only.count == 20


def test_the_applications_own_sitecustomize_still_runs(
    run_trace: RunTrace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("import builtins\nbuiltins.OWN = 1\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "own"))
    app = "import sitecustomize, sys\nfrom work import touch\nassert OWN and 'own' in sitecustomize.__file__\ntouch()\n"
    assert run_trace(app=app, work=LAZY).only.count == 1


def test_a_broken_sitecustomize_of_the_application_says_so_as_before(
    run_trace: RunTrace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("import nothing_of_that_name\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "own"))
    run_trace(app="from work import touch\ntouch()\n", work=LAZY)
    assert "No module named 'nothing_of_that_name'" in (tmp_path / "output").read_text()


def test_a_command_that_replaces_the_path_is_told_what_to_do(run_trace: RunTrace) -> None:
    app = "from work import touch\ntouch()\n"
    with pytest.raises(run.TraceError, match=r"PYTHONPATH.*--python"):
        run_trace("sh", "-c", f"PYTHONPATH=. '{sys.executable}' app.py", app=app, work=LAZY)


def test_the_hook_in_site_packages_gets_in_all_the_same_and_goes_again(run_trace: RunTrace, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", str(venv)], check=True)
    [packages] = venv.glob("lib/python*/site-packages")
    theirs = Path(os.__file__).parents[1] / packages.name
    other = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "theirs.pth").write_text("\n".join([*other, str(theirs)]) + "\n")
    python = venv / "bin" / "python"
    app = "from work import touch\ntouch()\n"
    seen = run_trace("sh", "-c", f"PYTHONPATH=. '{python}' app.py", app=app, work=LAZY, pth=python)
    assert seen.only.count == 1
    assert not list(packages.glob(pth.NAME))


def test_what_is_no_interpreter_is_named(run_trace: RunTrace, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no Python interpreter"):
        run_trace(app="", pth=tmp_path / "nothing")


def test_a_command_that_cannot_start_is_a_matter_of_usage(run_trace: RunTrace) -> None:
    with pytest.raises(UsageError, match="cannot be started"):
        run_trace("no-command-of-this-name")


def test_a_run_without_sqlalchemy_keeps_the_trace_from_before(run_trace: RunTrace) -> None:
    first = run_trace(app="from work import touch\ntouch()\n", work=LAZY)
    with pytest.raises(run.TraceError, match=r"no process of it imported sqlalchemy\.orm"):
        run_trace(sys.executable, "-c", "print(1)")
    assert load_project(first.root).trace == first.trace


def test_hooks_that_fail_are_counted_and_do_not_reach_the_application(run_trace: RunTrace) -> None:
    app = (
        "import sys\nimport work\nimport _workbook_recorder.loads as loads\n\n\ndef broken(*_):\n"
        "    raise RuntimeError('x')\n\n\n"
        "loads._touch = broken\nwork.touch()\nprint('done')\n"
    )
    seen = run_trace(app=app, work=LAZY)
    assert (seen.trace.exit, seen.loads) == (0, ())
    assert (seen.trace.check.hooked, seen.trace.check.listed, seen.trace.check.failed_hooks) == (1, 0, 1)


def test_a_folder_that_vanishes_does_not_reach_the_application(run_trace: RunTrace) -> None:
    app = "import os, shutil\nfrom work import touch\nshutil.rmtree(os.environ['WORKBOOK_TRACE_OUT'])\ntouch()\n"
    with pytest.raises(run.TraceError, match="it ended with 0"):
        run_trace(app=app, work=LAZY)


def test_descriptors_that_the_application_closes_are_not_written_to(run_trace: RunTrace) -> None:
    app = (
        "import os\nfrom work import touch\ntouch()\nos.closerange(3, 64)\nwith open('mine', 'w') as mine:\n"
        "    touch()\n"
        "assert open('mine').read() == ''\n"
    )
    seen = run_trace(app=app, work=LAZY)
    assert seen.trace.exit == 0


def test_nothing_but_the_trace_is_left_in_the_application(run_trace: RunTrace) -> None:
    seen = run_trace(app="from work import touch\ntouch()\n", work=LAZY)
    left = {path.relative_to(seen.root).as_posix() for path in seen.root.rglob("*") if path.is_file()}
    assert left == {"app.py", "models.py", "work.py", ".workbook/trace/.gitignore", ".workbook/trace/trace.json"}


def test_a_file_that_changes_while_the_command_runs_is_stale(run_trace: RunTrace) -> None:
    app = "from work import touch\ntouch()\nopen('work.py', 'a').write('# more')\n"
    seen = run_trace(app=app, work=LAZY)
    found = load_project(seen.root).trace
    assert found is not None
    assert found.stale == ("work.py",)
    assert found.lazy_loads == ()


def test_a_touch_outside_of_any_test_happened_at_start_up_and_one_in_a_test_file_is_the_tests(
    run_trace: RunTrace,
) -> None:
    test = (
        "from work import touch\nfrom models import *\n\ntouch()\n\n\ndef test_it():\n"
        "    Session().query(Book).first().author\n"
    )
    seen = run_trace(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", work=LAZY, tests__test_work=test)
    assert {(load.name, load.origin) for load in seen.loads} == {("Author.books", "start-up"), ("Book.author", "tests")}


def test_functions_that_do_io_and_the_calls_between_them(run_trace: RunTrace) -> None:
    app = (
        "import functools\nfrom models import *\n\n\ndef outer(db):  # outer\n"
        "    return [inner(db) for _ in range(2)]  # call\n\n\n"
        "@functools.lru_cache(None)  # inner\ndef inner(db):\n    return db.query(Author).all()\n\n\n"
        "def idle():\n    return 1\n\n\n"
        "def reads(author):  # reads\n    return author.books\n\n\nidle()\nreads(outer(Session())[0][0])\n"
    )
    seen = run_trace(app=app)
    functions = {item.place.function: item for item in seen.trace.io_functions}
    assert set(functions) == {"outer", "inner", "reads", "seed"}
    assert functions["inner"].direct and not functions["outer"].direct
    assert functions["reads"].implicit and not functions["outer"].implicit
    for name in ("outer", "inner", "reads"):
        assert functions[name].place.line == seen.marked(name).line
    [edge] = [edge for edge in seen.trace.edges if edge.callee.function == "inner"]
    assert (edge.caller.line, edge.caller.function) == (seen.marked("call").line, "outer")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_and_waited_for(tmp_path: Path, number: int) -> None:
    app = (
        "import signal, sys, time, pathlib\n\n\ndef leave(*_):\n    time.sleep(0.3)\n"
        "    pathlib.Path('left').write_text('well')\n"
        f"    sys.exit(3)\n\n\nsignal.signal({int(number)}, leave)\npathlib.Path('ready').touch()\ntime.sleep(60)\n"
    )
    root = tmp_path / "application"
    root.mkdir()
    (root / "app.py").write_text(app)
    words = [sys.executable, "-m", "helpers", "trace", str(root), "--", sys.executable, "app.py"]
    process = subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not (root / "ready").exists():
        time.sleep(0.02)
        assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate()
    assert (root / "left").read_text() == "well"
    assert process.returncode == (130 if number == signal.SIGINT else -number), err
    assert out == b""
    assert not (root / ".workbook" / "trace" / "trace.json").exists()


def test_the_recorder_runs_on_python_3_8(run_trace: RunTrace) -> None:
    python = python_3_8()
    if python is None:
        pytest.skip("there is no Python 3.8 here")
    app = (
        "import _workbook_recorder, sys\n"
        "assert sys.version_info[:2] == (3, 8) and _workbook_recorder.FINDER in sys.meta_path\n"
    )
    with pytest.raises(run.TraceError, match="it ended with 0"):
        run_trace(str(python), "app.py", app=app)


def test_a_python_that_is_too_old_is_left_alone(run_trace: RunTrace) -> None:
    source = (run.INJECT / "sitecustomize.py").read_text()
    compile(source, "sitecustomize.py", "exec", dont_inherit=True)
    assert 'f"' not in source
    assert source.index("sys.version_info >= (3, 8)") < source.index("import _workbook_recorder")
