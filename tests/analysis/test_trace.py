"""A trace is read back as it was written, and what names a file that changed since is not in it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.analysis.trace import (
    TRACE_FILE,
    IoEdge,
    IoFunction,
    LazyLoad,
    Loading,
    OnLoop,
    Place,
    Refresh,
    SelfCheck,
    Trace,
    load_trace,
    to_document,
)
from helpers.model import digest

USER = Place("users.py", 3, "show")
CALLER = Place("routes.py", 9, "Routes.get")
TRACE = Trace(
    traced="2030-01-01T00:00:00+00:00",
    command=("pytest", "-q"),
    exit=0,
    processes=2,
    sqlalchemy=("2.1.0",),
    python=("3.13.0",),
    check=SelfCheck(2, 2, 3, 9),
    lazy_loads=(
        LazyLoad(
            "app.models.User",
            "app.models.Person",
            "posts",
            USER,
            frames=(USER, CALLER),
            through=("pydantic",),
            endpoint=CALLER,
            schema="app.schemas.UserOut",
            tests=("test_a.py::test_one",),
            test_count=1,
            loaded_by=(
                Loading("query", CALLER, "all"),
                Loading("lazy", USER, "", "Post.author"),
                Loading("made", None),
            ),
        ),
    ),
    refreshes=(Refresh("app.models.User", "app.models.User", "name", USER, by="commit", expired_at=CALLER),),
    io_functions=(IoFunction(USER, True, True, "tests", 4),),
    edges=(IoEdge(CALLER, USER, "pluggy", True, 3),),
    on_loop=(OnLoop((USER,), count=2),),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An application of two files, with its trace."""
    for path in ("users.py", "routes.py", "other.py"):
        (tmp_path / path).write_text("x = 1\n")
    (tmp_path / TRACE_FILE).parent.mkdir(parents=True)
    store(tmp_path, written(tmp_path))
    return tmp_path


def written(root: Path) -> Trace:
    """The trace with the digests of the files as they are."""
    return replace(TRACE, files={path.name: digest(path.read_bytes()) for path in root.glob("*.py")})


def store(root: Path, trace: Trace) -> None:
    """Write the trace where it is read from."""
    (root / TRACE_FILE).write_text(json.dumps(to_document(trace)))


def test_a_trace_is_read_back_as_it_was_written(root: Path) -> None:
    assert load_trace(root) == written(root)


def test_a_project_has_the_trace_of_its_folder(root: Path) -> None:
    assert load_project(root).trace == written(root)


def test_a_project_that_was_never_traced_has_none(tmp_path: Path) -> None:
    assert load_project(tmp_path).trace is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 999}', '{"version": 1}', "null", "\ud800"])
def test_what_is_no_trace_of_this_version_counts_as_none(root: Path, text: str) -> None:
    (root / TRACE_FILE).write_bytes(text.encode("utf-8", "surrogatepass"))
    assert load_trace(root) is None


def test_a_change_of_a_file_that_nothing_names_drops_nothing(root: Path) -> None:
    (root / "other.py").write_text("y = 2\n")
    found = load_trace(root)
    assert found is not None
    assert (found.stale, found.dropped, found.lazy_loads) == (("other.py",), 0, TRACE.lazy_loads)


def test_what_touches_a_changed_file_is_dropped_and_counted(root: Path) -> None:
    (root / "users.py").write_text("\nx = 1\n")
    found = load_trace(root)
    assert found is not None
    assert (found.lazy_loads, found.refreshes, found.io_functions, found.edges, found.on_loop) == ((), (), (), (), ())
    assert (found.stale, found.dropped) == (("users.py",), 5)


def test_a_file_that_has_gone_counts_as_changed(root: Path) -> None:
    (root / "users.py").unlink()
    found = load_trace(root)
    assert found is not None
    assert found.stale == ("users.py",)


def test_a_loading_line_in_a_changed_file_is_dropped_alone(root: Path) -> None:
    query = Loading("query", Place("other.py", 5, "fetch"), "all")
    load = replace(TRACE.lazy_loads[0], loaded_by=(query, *TRACE.lazy_loads[0].loaded_by))
    store(root, replace(written(root), lazy_loads=(load,)))
    (root / "other.py").write_text("y = 2\n")
    found = load_trace(root)
    assert found is not None
    assert found.lazy_loads == TRACE.lazy_loads


def test_a_load_is_named_by_the_class_that_declares_it() -> None:
    assert TRACE.lazy_loads[0].name == "Person.posts"
