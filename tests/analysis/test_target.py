"""Which SQLAlchemy and which line length an application's own files ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.analysis.target import declared_version, line_length, python_version, sqlalchemy_version


def folder(root: Path, **files: str) -> Path:
    return tree(root, {name.replace("_", ".", 1): text for name, text in files.items()})


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8", newline="")
    return root


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sqlalchemy==1.4.46", (1, 4)),
        ("SQLAlchemy == 2.0.30", (2, 0)),
        ("sqlalchemy===2.0.30", (2, 0)),
        ("sqlalchemy==1.4.*", (1, 4)),
        ("sqlalchemy[asyncio]==2.1.0b1", (2, 1)),
        ("sqlalchemy [asyncio] >= 2.0", (2, 0)),
        ("sqlalchemy~=2.0", (2, 0)),
        ("sqlalchemy~=1.4.3", (1, 4)),
        ("sqlalchemy>=1.4", (1, 4)),
        ("sqlalchemy>=2", (2, 0)),
        ("sqlalchemy>=1.4,<2", (1, 4)),
        ("sqlalchemy<2.1,>=2.0", (2, 0)),
        ("sqlalchemy<2.0", (1, 4)),
        ("sqlalchemy<2", (1, 4)),
        ("sqlalchemy<2.1", (1, 4)),
        ("sqlalchemy<=2.0.30", (1, 4)),
        ("sqlalchemy>=1.4,!=1.4.3", (1, 4)),
        ("sqlalchemy==2.0.1 ; python_version >= '3.8'", (2, 0)),
        ("sqlalchemy==2.0.1  # was 1.4", (2, 0)),
        ("sqlalchemy==2.0.1 --hash=sha256:14", (2, 0)),
    ],
)
def test_a_requirement_names_the_oldest_version_it_lets_in(
    tmp_path: Path, line: str, expected: tuple[int, int]
) -> None:
    assert sqlalchemy_version(folder(tmp_path, requirements_txt=f"fastapi==0.1\n{line}\nredis==5.0\n")) == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "sqlalchemy",
        "sqlalchemy\nredis==5.0",
        "sqlalchemy!=1.4.3",
        "# sqlalchemy==1.4",
        "redis==1.4  # not sqlalchemy 1.4",
        "sqlalchemy-utils==0.41",
        "flask-sqlalchemy==3.0",
        "pytest_sqlalchemy==1.0",
        "opentelemetry-instrumentation-sqlalchemy==0.41b0",
        "sqlalchemy2-stubs==0.0.2",
        "sqlalchemy @ git+https://example.org/sqlalchemy/sqlalchemy.git@rel_1_4_46",
    ],
)
def test_what_pins_no_sqlalchemy_says_nothing(tmp_path: Path, line: str) -> None:
    assert sqlalchemy_version(folder(tmp_path, requirements_txt=line)) is None


FILES = {
    "requirements/base.txt": "sqlalchemy==1.4.46",
    "requirements-dev.in": "sqlalchemy==1.4.46",
    "constraints.txt": "sqlalchemy==1.4.46",
    "pyproject.toml": '[project]\ndependencies = ["fastapi", "sqlalchemy[asyncio]>=1.4,<2"]\n',
    "Pipfile": '[packages]\nsqlalchemy = "==1.4.46"\n',
    "setup.cfg": "[options]\ninstall_requires =\n    SQLAlchemy>=1.4,<2.0\n",
    "setup.py": "setup(install_requires=['fastapi', 'SQLAlchemy>=1.4'])\n",
    "environment.yml": "dependencies:\n  - sqlalchemy=1.4.46\n  - pip\n",
    "poetry.lock": '[[package]]\nname = "sqlalchemy"\nversion = "1.4.46"\n',
    "uv.lock": '[[package]]\r\nname = "sqlalchemy"\r\nversion = "1.4.46"\r\n',
    "Pipfile.lock": '{"default": {"sqlalchemy": {"hashes": ["x"], "index": "pypi", "version": "==1.4.46"}}}',
    "backend/requirements.txt": "sqlalchemy==1.4.46",
}


@pytest.mark.parametrize(("name", "text"), FILES.items(), ids=FILES)
def test_every_kind_of_file_is_read(tmp_path: Path, name: str, text: str) -> None:
    assert sqlalchemy_version(tree(tmp_path, {name: text})) == (1, 4)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"^1.4"', (1, 4)),
        ('"1.4.46"', (1, 4)),
        ('"~2.0"', (2, 0)),
        ('{version = "^2.0", extras = ["asyncio"]}', (2, 0)),
        ('{extras = ["asyncio"], version = ">=1.4"}', (1, 4)),
        ('"*"', None),
        ('{git = "https://example.org/1.4"}', None),
    ],
)
def test_poetrys_tables_are_read(tmp_path: Path, written: str, expected: tuple[int, int] | None) -> None:
    text = f'[tool.poetry.dependencies]\npython = "^3.11"\nsqlalchemy = {written}\n'
    assert sqlalchemy_version(folder(tmp_path, pyproject_toml=text)) == expected


def test_a_lock_comes_before_the_range_it_was_made_from(tmp_path: Path) -> None:
    lock = 'name = "sqlalchemy"\nversion = "2.0.30"\n'
    assert sqlalchemy_version(tree(tmp_path, {"uv.lock": lock, "pyproject.toml": "'sqlalchemy>=1.4'"})) == (2, 0)


def test_the_oldest_of_several_counts(tmp_path: Path) -> None:
    lock = 'name = "sqlalchemy"\nversion = "2.0.30"\n\nname = "sqlalchemy"\nversion = "1.4.46"\n'
    assert sqlalchemy_version(tree(tmp_path, {"uv.lock": lock})) == (1, 4)
    files = {"requirements.txt": "sqlalchemy==2.0.1", "requirements-old.txt": "sqlalchemy==1.4.46"}
    (tmp_path / "uv.lock").unlink()
    assert sqlalchemy_version(tree(tmp_path, files)) == (1, 4)


def test_the_folder_itself_comes_before_those_below(tmp_path: Path) -> None:
    files = {"requirements.txt": "sqlalchemy==2.0.1", "old/requirements.txt": "sqlalchemy==1.4.46"}
    assert sqlalchemy_version(tree(tmp_path, files)) == (2, 0)


def test_other_packages_in_a_lock_say_nothing(tmp_path: Path) -> None:
    lock = 'name = "sqlalchemy-utils"\nversion = "0.41.1"\n\nname = "app"\nversion = "1.4.0"\n'
    assert sqlalchemy_version(tree(tmp_path, {"uv.lock": lock})) is None


@pytest.mark.parametrize("name", [".venv/requirements.txt", "a/b/requirements.txt", "docs/notes.txt"])
def test_a_file_elsewhere_says_nothing(tmp_path: Path, name: str) -> None:
    assert sqlalchemy_version(tree(tmp_path, {name: "sqlalchemy==1.4.46"})) is None


def test_a_file_outside_the_folder_is_not_read(tmp_path: Path) -> None:
    tree(tmp_path, {"requirements.txt": "sqlalchemy==1.4.46", "setup.cfg": "max-line-length = 100", "app/x": ""})
    (tmp_path / "app" / "requirements.txt").symlink_to(tmp_path / "requirements.txt")
    (tmp_path / "app" / "setup.cfg").symlink_to(tmp_path / "setup.cfg")
    assert (sqlalchemy_version(tmp_path / "app"), line_length(tmp_path / "app")) == (None, 88)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("pyproject.toml", "[tool.ruff]\nline-length = 100\n", 100),
        ("pyproject.toml", "[tool.black]\nline-length = 79\n", 79),
        ("pyproject.toml", "[tool.black]\nline-length = 79\n[tool.ruff]\nline-length = 100\n", 100),
        ("ruff.toml", "line-length = 100\n", 100),
        (".ruff.toml", "line-length = 100\n", 100),
        ("setup.cfg", "[flake8]\nmax-line-length = 100\n", 100),
        ("setup.cfg", "[flake8]\nmax_line_length: 100\n", 100),
        ("tox.ini", "[flake8]\nmax-line-length=100\n", 100),
        (".flake8", "[flake8]\nmax-line-length = 100\n", 100),
    ],
)
def test_the_applications_tools_set_the_line_length(tmp_path: Path, name: str, text: str, expected: int) -> None:
    assert line_length(tree(tmp_path, {name: text})) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", ""),
        ("pyproject.toml", "[tool.ruff]\n"),
        ("pyproject.toml", "[tool.ruff]\nline-length = true\n"),
        ("pyproject.toml", "tool = 3\n"),
        ("pyproject.toml", "[tool]\nruff = 3\n"),
        ("pyproject.toml", "[tool.ruff\n"),
        ("pyproject.toml", "line-length = 100\n"),
        ("setup.cfg", "# max-line-length = 100\n"),
        ("setup.cfg", "[flake8]\nmax-line-length = none\n"),
    ],
)
def test_without_a_setting_that_can_be_read_the_usual_length_counts(tmp_path: Path, name: str, text: str) -> None:
    assert line_length(tree(tmp_path, {name: text})) == 88


def test_ruffs_own_file_comes_before_pyproject_as_it_does_for_ruff(tmp_path: Path) -> None:
    files = {"ruff.toml": "line-length = 100\n", "pyproject.toml": "[tool.ruff]\nline-length = 120\n"}
    assert line_length(tree(tmp_path, files)) == 100


def test_other_packages_are_asked_for_by_their_own_name(tmp_path: Path) -> None:
    root = folder(tmp_path, requirements_txt="fastapi[standard]>=0.100,<1\nfastapi-users==12.1\nsqlalchemy==2.0.1\n")
    assert declared_version(root, "fastapi") == (0, 100)
    assert declared_version(root, "starlette") is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_requirements_are_read_in_what_their_bom_tells_as_pip_does(encoding: str, tmp_path: Path) -> None:
    text = ("\ufeff" if encoding.endswith("e") else "") + "fastapi==0.116.1\r\n"
    (tmp_path / "requirements.txt").write_bytes(text.encode(encoding))
    assert declared_version(tmp_path, "fastapi") == (0, 116)


def test_requirements_in_utf_16_without_a_bom_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes("fastapi==0.116.1\n".encode("utf-16-le"))
    assert declared_version(tmp_path, "fastapi") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[project]\nrequires-python = ">=3.10,<4"\n', (3, 10)),
        ('[tool.poetry.dependencies]\npython = "^3.11"\n', (3, 11)),
        ('[project]\nname = "python"\n', None),
    ],
)
def test_the_oldest_python(tmp_path: Path, text: str, expected: tuple[int, int] | None) -> None:
    assert python_version(folder(tmp_path, pyproject_toml=text)) == expected
