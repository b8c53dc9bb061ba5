"""Which files are an application's, and what is asked of the whole of it."""

from __future__ import annotations

import ast
import gc
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from helpers.analysis.files import python_files
from helpers.analysis.project import UNREADABLE, Project, load_project
from helpers.errors import UsageError
from helpers.model import Applicability

Build = Callable[[Mapping[str, str]], Project]


def git(folder: Path, *words: str) -> None:
    names = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", "-C", str(folder), *names, *words], check=True, capture_output=True)


def tree(root: Path, *names: str, **texts: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    for name, text in texts.items():
        (root / name).write_text(text)
    return root


@pytest.fixture(params=["no repository", "a repository"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with and without git."""
    if request.param == "a repository":
        git(tmp_path, "init")
    return tmp_path


def test_every_python_file_is_read_in_order(root: Path) -> None:
    tree(root, "b.py", "a/z.py", "a/__init__.py", "tests/test_a.py", "alembic/versions/1.py", "src/app/main.py")
    assert [*python_files(root)] == [
        *("a/__init__.py", "a/z.py", "alembic/versions/1.py", "b.py", "src/app/main.py", "tests/test_a.py")
    ]


@pytest.mark.parametrize("name", ["a.pyi", "a.ipynb", "a.py.txt", "a.PY", "py", "a.pyc", "folder.py/readme.md"])
def test_other_files_are_not_read(root: Path, name: str) -> None:
    assert [*python_files(tree(root, name))] == []


FOREIGN = [".venv", "venv", "env", "node_modules", "site-packages", "__pycache__", "build", "dist", ".tox", ".workbook"]


@pytest.mark.parametrize("folder", FOREIGN)
def test_what_is_never_the_applications_is_not_read(root: Path, folder: str) -> None:
    tree(root, f"{folder}/a.py", f"api/{folder}/lib/b.py", "c.py")
    assert [*python_files(root)] == ["c.py"]


@pytest.mark.parametrize("folder", ["build", "dist", "env"])
def test_a_package_may_be_called_like_build_output(root: Path, folder: str) -> None:
    tree(root, f"api/{folder}/__init__.py", f"api/{folder}/steps.py", f"{folder}.py")
    assert [*python_files(root)] == sorted([f"api/{folder}/__init__.py", f"api/{folder}/steps.py", f"{folder}.py"])


def test_a_virtual_environment_of_any_name_is_not_read(root: Path) -> None:
    tree(root, "py311/pyvenv.cfg", "py311/lib/a.py", "py311x/b.py", "c.py")
    assert [*python_files(root)] == ["c.py", "py311x/b.py"]


def test_what_git_ignores_is_not_read_with_and_without_a_repository(root: Path) -> None:
    tree(root, "a.py", "b.py", "out/c.py", "out/keep.py", "sub/d.py", "sub/e.py", "sub/a.py")
    (root / ".gitignore").write_text("/b.py\nout/*\n!out/keep.py\n*.tmp.py\n")
    (root / "sub" / ".gitignore").write_text("d.py\n")
    assert [*python_files(root)] == ["a.py", "out/keep.py", "sub/a.py", "sub/e.py"]


def test_an_inner_gitignore_has_the_last_word(root: Path) -> None:
    tree(root, "sub/a.py", "a.py")
    (root / ".gitignore").write_text("a.py\n")
    (root / "sub" / ".gitignore").write_text("!a.py\n")
    assert [*python_files(root)] == ["sub/a.py"]


def test_a_tracked_file_is_read_and_a_deleted_one_is_not(tmp_path: Path) -> None:
    git(tmp_path, "init")
    tree(tmp_path, "a.py", "b.py")
    git(tmp_path, "add", ".")
    (tmp_path / ".gitignore").write_text("a.py\n")
    (tmp_path / "b.py").unlink()
    assert [*python_files(tmp_path)] == ["a.py"]


def test_a_folder_inside_a_repository_is_read_alone(tmp_path: Path) -> None:
    git(tmp_path, "init")
    tree(tmp_path, "outside.py", "api/a.py", "api/b.py", ".gitignore")
    (tmp_path / ".gitignore").write_text("b.py\n")
    assert [*python_files(tmp_path / "api")] == ["a.py"]


def test_a_folder_that_the_repository_around_ignores_is_read_by_itself(tmp_path: Path) -> None:
    git(tmp_path, "init")
    tree(tmp_path, "scratch/app/a.py", "scratch/app/b.py")
    (tmp_path / ".gitignore").write_text("scratch/\n")
    (tmp_path / "scratch" / "app" / ".gitignore").write_text("b.py\n")
    assert [*python_files(tmp_path / "scratch" / "app")] == ["a.py"]


def test_without_git_installed_the_rules_are_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init")
    tree(tmp_path, "a.py", "b.py")
    (tmp_path / ".gitignore").write_text("b.py\n")
    monkeypatch.setenv("PATH", "")
    assert [*python_files(tmp_path)] == ["a.py"]


def test_a_hook_of_another_repository_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        tree(tmp_path, f"{name}/{name}.py")
        git(tmp_path / name, "init")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "two" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "two" / ".git" / "index"))
    assert [*python_files(tmp_path / "one")] == ["one.py"]


def test_names_with_spaces_and_letters_of_other_alphabets_are_read(root: Path) -> None:
    tree(root, "with space.py", "größe/漢.py")
    assert [*python_files(root)] == sorted(["with space.py", "größe/漢.py"])


def test_a_link_out_of_the_folder_is_named_and_the_rest_is_read(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tree(tmp_path_factory.mktemp("outside"), "secret.py") / "secret.py"
    tree(root, "a.py")
    (root / "link.py").symlink_to(outside)
    (root / "gone.py").symlink_to(root / "nowhere.py")
    project = load_project(root)
    assert [*project.sources] == ["a.py"]
    assert [(finding.path, finding.code) for finding in project.problems] == [
        ("gone.py", UNREADABLE),
        ("link.py", UNREADABLE),
    ]


def test_a_link_to_a_folder_is_not_entered(root: Path) -> None:
    tree(root, "app/a.py")
    (root / "again").symlink_to(root / "app", target_is_directory=True)
    (root / "app" / "loop").symlink_to(root, target_is_directory=True)
    assert [*python_files(root)] == ["app/a.py"]


def test_a_file_that_cannot_be_read_is_a_finding_with_its_place(tmp_path: Path) -> None:
    tree(tmp_path, "good.py")
    (tmp_path / "bad.py").write_text("x = 1\ny = (\n")
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'\n")
    project = load_project(tmp_path)
    assert [*project.sources] == ["good.py"]
    assert [(finding.path, finding.line) for finding in project.problems] == [("bad.py", 2), ("latin.py", 1)]
    for finding in project.problems:
        assert (finding.applicability, finding.fix) == (Applicability.MANUAL, None)
        assert "; " in finding.message
        assert finding.fingerprint


@pytest.mark.parametrize("name", ["nowhere", "file.py"])
def test_what_is_no_folder_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    tree(tmp_path, "file.py")
    with pytest.raises(UsageError, match="is not a folder that can be read; name the folder") as caught:
        load_project(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_an_empty_folder_is_an_application_without_files(root: Path) -> None:
    project = load_project(root)
    assert (dict(project.sources), project.problems, project.sqlalchemy, project.mapped.all) == ({}, (), None, ())


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_left_as_it_was(tmp_path: Path, enabled: bool) -> None:
    tree(tmp_path, **{"a.py": "(", "b.py": "x = 1"})
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        load_project(tmp_path)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_reading_changes_nothing(root: Path) -> None:
    tree(root, "a.py", "app/b.py")
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if ".git" not in path.parts}
    load_project(root).mapped.all  # noqa: B018
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*") if ".git" not in path.parts} == before


def test_a_folder_that_is_itself_a_package_knows_its_own_name(tmp_path: Path) -> None:
    app = tree(tmp_path, "shop/api/__init__.py", "shop/__init__.py") / "shop" / "api"
    tree(app, **{"models.py": "class User: ...", "main.py": "from shop.api.models import User"})
    project = load_project(app)
    found = project.symbols.resolve(project.module("main.py"), "User")
    assert found is not None
    assert getattr(found, "qualified", "") == "models.User"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from sqlalchemy.orm import DeclarativeBase", (2, 0)),
        ("from sqlalchemy.orm import Mapped as M", (2, 0)),
        ("import sqlalchemy.orm", None),
        ("def mapped_column(): ...", None),
    ],
)
def test_without_a_requirement_the_names_that_are_imported_tell(
    build: Build, text: str, expected: tuple[int, int] | None
) -> None:
    assert build({"main.py": text}).sqlalchemy == expected


def test_a_requirement_comes_before_the_names(build: Build) -> None:
    files = {"main.py": "from sqlalchemy.orm import Mapped", "requirements.txt": "sqlalchemy==2.1"}
    assert build(files).sqlalchemy == (2, 1)


def test_calls_are_found_by_the_last_part_of_the_name(build: Build) -> None:
    project = build({"a.py": "f(1)\nx.f(2)\ng()()\n", "b.py": "y[0].f(3)\n"})
    assert [call.args[0].value for _, call in project.calls["f"] if isinstance(call.args[0], ast.Constant)] == [1, 2, 3]
    assert set(project.calls) == {"f", "g"}


def test_bases_and_subclasses_are_each_others_inverse(build: Build) -> None:
    project = build({"a.py": "class A: ...\nclass B(A): ...\n", "b.py": "import a\nclass C(a.B, Other, make()): ...\n"})
    definitions = {
        name: project.symbols.resolve(project.module(f"{path}.py"), name) for path, name in ["aA", "aB", "bC"]
    }
    for name, below in {"A": ["B"], "B": ["C"], "C": []}.items():
        found = project.subclasses.get(getattr(definitions[name], "node", ast.Pass()), ())
        assert [one.name for one in found] == below
    bottom = definitions["C"]
    assert [one.name for one in project.bases(bottom)] == ["C", "B", "A"]  # type: ignore[arg-type]


def test_a_folder_without_permission_is_named_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a.py", "closed/b.py")
    listed = Path.iterdir

    def iterdir(folder: Path) -> Iterator[Path]:
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    project = load_project(tmp_path)
    assert [*project.sources] == ["a.py"]
    (problem,) = project.problems
    assert (problem.path, problem.line) == ("closed/", 1)
    assert problem.message.startswith("is a folder that cannot be read; mend")
