"""AM101: which files ask for the asyncio extra and a driver, in which layout, and which are left with a command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.scanner import scan
from helpers.migrate.rewriter import rewrite
from helpers.model import ChangeSet, Stage, Step
from helpers.patterns.dependencies import Dependencies

SQLITE = 'from sqlalchemy import create_engine\n\nengine = create_engine("sqlite:///app.db")\n'
POSTGRES = 'from sqlalchemy import create_engine\n\nengine = create_engine("postgresql://localhost/app")\n'
NO_ADDRESS = "from sqlalchemy import create_engine\n"


def changed(folder: Path, files: Mapping[str, str], code: str = SQLITE) -> ChangeSet:
    """What the pattern makes of an application of these files."""
    for name, text in {"app/database.py": code, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="")
    project = load_project(folder)
    return rewrite(project, Step(1, Stage.DEPENDENCIES, scan(project, [Dependencies])))


def after(folder: Path, name: str, text: str, code: str = SQLITE) -> str:
    """One file's text once the pattern was applied."""
    found = changed(folder, {name: text}, code)
    return {change.path: change.after.decode() for change in found.changes}.get(name, text)


def reasons(folder: Path, files: Mapping[str, str], code: str = SQLITE) -> dict[str, str]:
    """Path to the reason why it is left."""
    return {skip.finding.path: skip.reason for skip in changed(folder, files, code).skipped}


LINES = {
    "sqlalchemy\n": "sqlalchemy[asyncio]\naiosqlite>=0.20\n",
    "SQLAlchemy==2.0.36  # pinned\nuvicorn\n": "SQLAlchemy[asyncio]==2.0.36  # pinned\naiosqlite>=0.20\nuvicorn\n",
    "sqlalchemy[postgresql]>=2,<3": "sqlalchemy[postgresql,asyncio]>=2,<3\naiosqlite>=0.20",
    "sqlalchemy >= 2 ; python_version >= '3.9'\n": (
        "sqlalchemy[asyncio] >= 2 ; python_version >= '3.9'\naiosqlite>=0.20\n"
    ),
    "-r base.txt\r\nsqlalchemy\r\n": "-r base.txt\r\nsqlalchemy[asyncio]\r\naiosqlite>=0.20\r\n",
    "alembic\nfastapi\nsqlalchemy\n": "aiosqlite>=0.20\nalembic\nfastapi\nsqlalchemy[asyncio]\n",
    "fastapi\nhttpx\nsqlalchemy\n": "aiosqlite>=0.20\nfastapi\nhttpx\nsqlalchemy[asyncio]\n",
    "a2wsgi\nhttpx\nsqlalchemy\n": "a2wsgi\naiosqlite>=0.20\nhttpx\nsqlalchemy[asyncio]\n",
    "sqlalchemy[asyncio]\n": "sqlalchemy[asyncio]\naiosqlite>=0.20\n",
    "sqlalchemy\naiosqlite==0.19\n": "sqlalchemy[asyncio]\naiosqlite==0.19\n",
    "sqlmodel\n": "sqlmodel\nsqlalchemy[asyncio]\naiosqlite>=0.20\n",
    "sqlalchemy>=1.4,<2\n": "sqlalchemy[asyncio]>=1.4,<2\naiosqlite>=0.17,<0.22\n",
}


@pytest.mark.parametrize(("before", "wanted"), LINES.items())
def test_a_requirements_file_keeps_its_layout(before: str, wanted: str, tmp_path: Path) -> None:
    assert after(tmp_path, "requirements.txt", before) == wanted


TOML = {
    "pep 621, one line": (
        '[project]\nname = "app"\ndependencies = ["fastapi", "sqlalchemy>=2"] # ours\n',
        '[project]\nname = "app"\ndependencies = ["fastapi", "sqlalchemy[asyncio]>=2", "aiosqlite>=0.20"] # ours\n',
    ),
    "pep 621, lines": (
        '[project]\ndependencies = [\n  "sqlalchemy>=2",  # the ORM\n  "uvicorn",\n]\n',
        '[project]\ndependencies = [\n  "sqlalchemy[asyncio]>=2",  # the ORM\n  "aiosqlite>=0.20",\n  "uvicorn",\n]\n',
    ),
    "pep 621, the last line has no comma": (
        "[project]\r\ndependencies = [\r\n  'uvicorn',\r\n  'sqlalchemy'\r\n]\r\n",
        "[project]\r\ndependencies = [\r\n  'uvicorn',\r\n  'sqlalchemy[asyncio]',\r\n  'aiosqlite>=0.20'\r\n]\r\n",
    ),
    "pep 621, the comment of the last line stays with it": (
        '[project]\ndependencies = [\n  "uvicorn",\n  "sqlalchemy"  # the ORM\n  # "old",\n]\n',
        '[project]\ndependencies = [\n  "uvicorn",\n  "sqlalchemy[asyncio]",  # the ORM\n  "aiosqlite>=0.20"\n'
        '  # "old",\n]\n',
    ),
    "pep 621, the comment above the next one stays with that": (
        '[project]\ndependencies = [\n  "sqlalchemy",\n\n  # the web\n  "uvicorn",\n]\n',
        '[project]\ndependencies = [\n  "sqlalchemy[asyncio]",\n  "aiosqlite>=0.20",\n\n  # the web\n  "uvicorn",\n]\n',
    ),
    "pep 621, a name that looks like a comment or a header": (
        '[project]\ndescription = """\n[tool.poetry.dependencies]\nsqlalchemy = "2"\n"""\n'
        'dependencies = ["sqlalchemy"]\n',
        '[project]\ndescription = """\n[tool.poetry.dependencies]\nsqlalchemy = "2"\n"""\n'
        'dependencies = ["sqlalchemy[asyncio]", "aiosqlite>=0.20"]\n',
    ),
    "dependency groups": (
        '[dependency-groups]\ndb = ["sqlalchemy"]\n',
        '[dependency-groups]\ndb = ["sqlalchemy[asyncio]", "aiosqlite>=0.20"]\n',
    ),
    "optional dependencies": (
        '[project.optional-dependencies]\ndb = ["sqlalchemy"]\n',
        '[project.optional-dependencies]\ndb = ["sqlalchemy[asyncio]", "aiosqlite>=0.20"]\n',
    ),
    "poetry, a version": (
        '[tool.poetry.dependencies]\npython = "^3.11"\nSQLAlchemy = "^2.0" # the ORM\n\n[tool.black]\n',
        '[tool.poetry.dependencies]\npython = "^3.11"\n'
        'SQLAlchemy = {version = "^2.0", extras = ["asyncio"]} # the ORM\naiosqlite = ">=0.20"\n\n[tool.black]\n',
    ),
    "poetry, a table": (
        '[tool.poetry.dependencies]\nsqlalchemy = { version = "^2.0" }\n',
        '[tool.poetry.dependencies]\nsqlalchemy = { version = "^2.0", extras = ["asyncio"] }\naiosqlite = ">=0.20"\n',
    ),
    "poetry, a table of lines": (
        '[tool.poetry.dependencies]\nsqlalchemy = {version = "2", extras = [\n  "mypy",\n]}\naiosqlite = "*"\n',
        '[tool.poetry.dependencies]\nsqlalchemy = {version = "2", extras = [\n  "mypy",\n  "asyncio",\n]}\n'
        'aiosqlite = "*"\n',
    ),
    "poetry, the comments of the next table stay there": (
        "[tool.poetry.dependencies]\r\nsqlalchemy = '^2.0'\r\n\r\n# black\r\n[tool.black]\r\n",
        "[tool.poetry.dependencies]\r\nsqlalchemy = {version = '^2.0', extras = [\"asyncio\"]}\r\n"
        'aiosqlite = ">=0.20"\r\n\r\n# black\r\n[tool.black]\r\n',
    ),
    "poetry, keys with dots in front": (
        '[tool.poetry]\ndependencies.sqlalchemy = "2"\n\n[tool.poetry.dependencies.aiosqlite]\nversion = "*"\n',
        '[tool.poetry]\ndependencies.sqlalchemy = {version = "2", extras = ["asyncio"]}\n\n'
        '[tool.poetry.dependencies.aiosqlite]\nversion = "*"\n',
    ),
    "poetry, extras": (
        '[tool.poetry.group.db.dependencies]\nsqlalchemy = {version = "*", extras = ["mypy"]}\naiosqlite = "*"\n',
        '[tool.poetry.group.db.dependencies]\nsqlalchemy = {version = "*", extras = ["mypy", "asyncio"]}\n'
        'aiosqlite = "*"\n',
    ),
}


@pytest.mark.parametrize(("before", "wanted"), TOML.values(), ids=TOML)
def test_a_pyproject_keeps_its_layout(before: str, wanted: str, tmp_path: Path) -> None:
    assert after(tmp_path, "pyproject.toml", before) == wanted


OTHERS = {
    "Pipfile": (
        '[packages]\nsqlalchemy = "*"\n',
        '[packages]\nsqlalchemy = {version = "*", extras = ["asyncio"]}\naiosqlite = ">=0.20"\n',
    ),
    "setup.cfg": (
        "[options]\ninstall_requires =\n    fastapi\n    sqlalchemy>=2\npackages = find:\n",
        "[options]\ninstall_requires =\n    fastapi\n    sqlalchemy[asyncio]>=2\n    aiosqlite>=0.20\n"
        "packages = find:\n",
    ),
    "setup.py": (
        'from setuptools import setup\n\nNEEDS = ["sqlalchemy", "six"]\nsetup(name="app", install_requires=NEEDS)\n',
        'from setuptools import setup\n\nNEEDS = ["sqlalchemy[asyncio]", "aiosqlite>=0.20", "six"]\n'
        'setup(name="app", install_requires=NEEDS)\n',
    ),
    "environment.yml": (
        "dependencies:\n  - conda-forge::sqlalchemy=2.0  # the ORM\n  - pip:\n    - httpx\n",
        "dependencies:\n  - conda-forge::sqlalchemy=2.0  # the ORM\n  - aiosqlite>=0.20\n  - pip:\n    - httpx\n",
    ),
    "environment-dev.yaml": (
        "dependencies:\n  - python\n  - pip:\n    - sqlalchemy>=2\n",
        "dependencies:\n  - python\n  - pip:\n    - sqlalchemy[asyncio]>=2\n    - aiosqlite>=0.20\n",
    ),
}


@pytest.mark.parametrize(("name", "before", "wanted"), [(name, *pair) for name, pair in OTHERS.items()])
def test_other_files_keep_their_layout(name: str, before: str, wanted: str, tmp_path: Path) -> None:
    assert after(tmp_path, name, before) == wanted


NOTHING = {
    "both are there": ("requirements.txt", "sqlalchemy[asyncio]\naiosqlite\n"),
    "an extra that brings greenlet": ("requirements.txt", "sqlalchemy[aiosqlite]\naiosqlite\n"),
    "other packages of that name": ("requirements.txt", "sqlalchemy-utils\nsqlalchemy2-stubs\n"),
    "a comment": ("requirements.txt", "# sqlalchemy\n"),
    "constraints know no extras": ("constraints.txt", "sqlalchemy==2.0.36\n"),
    "what builds the package": ("pyproject.toml", '[build-system]\nrequires = ["sqlalchemy"]\n'),
    "another list": ("pyproject.toml", '[tool.deptry]\nignore = ["sqlalchemy"]\n'),
    "a file that does not parse": ("pyproject.toml", '[project\ndependencies = ["sqlalchemy"'),
    "documentation": ("docs/notes.txt", "sqlalchemy\n"),
}


@pytest.mark.parametrize(("name", "text"), NOTHING.values(), ids=NOTHING)
def test_nothing_is_changed(name: str, text: str, tmp_path: Path) -> None:
    assert changed(tmp_path, {name: text}).changes == ()


def test_an_application_without_sqlalchemy_is_left_alone(tmp_path: Path) -> None:
    found = changed(tmp_path, {"requirements.txt": "sqlalchemy\n"}, "import os\n")
    assert (found.changes, found.skipped) == ((), ())


def test_without_an_address_or_a_driver_the_extra_alone_is_asked_for(tmp_path: Path) -> None:
    assert after(tmp_path, "requirements.txt", "sqlalchemy\n", NO_ADDRESS) == "sqlalchemy[asyncio]\n"


FROM_SETTINGS = "from sqlalchemy import create_engine\n\nfrom app.settings import url\n\nengine = create_engine(url)\n"
FOR_TESTS = {"tests/conftest.py": SQLITE}
LISTS = '[project]\ndependencies = ["sqlalchemy[asyncio]"{}]\n\n[dependency-groups]\ndev = ["pytest"{}]\n'


@pytest.mark.parametrize("dev", ["", ', "aiosqlite"'], ids=["before", "with the driver of the tests"])
def test_a_database_that_only_settings_know_is_left_to_a_person(dev: str, tmp_path: Path) -> None:
    found = reasons(tmp_path, {"pyproject.toml": LISTS.format("", dev), **FOR_TESTS}, FROM_SETTINGS)
    assert "does not say which database the application talks to: ask here for its async driver" in str(found)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"pyproject.toml": LISTS.format(', "asyncpg"', "")}, FROM_SETTINGS),
        ({"pyproject.toml": LISTS.format(', "psycopg2"', "")}, FROM_SETTINGS),
        ({"pyproject.toml": LISTS.format("", "") + '[tool.workbook.drivers]\nsqlite = "aiosqlite"\n'}, FROM_SETTINGS),
        ({"pyproject.toml": LISTS.format("", ""), ".env": "URL=sqlite:///app.db\n"}, FROM_SETTINGS),
        ({"pyproject.toml": LISTS.format("", "")}, SQLITE),
        ({"pyproject.toml": LISTS.format("", "")}, NO_ADDRESS),
    ],
    ids=["a driver is there", "a synchronous one tells", "decided", "settings tell", "the code tells", "no engine"],
)
def test_a_database_that_something_tells_is_no_question(files: dict[str, str], code: str, tmp_path: Path) -> None:
    assert "does not say" not in str(reasons(tmp_path, {**files, **FOR_TESTS}, code))


DRIVERS = {
    "beside the synchronous one": (
        "sqlalchemy\nuvicorn\npsycopg2-binary\n",
        POSTGRES,
        "sqlalchemy[asyncio]\nuvicorn\npsycopg2-binary\nasyncpg>=0.29\n",
    ),
    "by the synchronous one alone": (
        "pymysql\nsqlalchemy\n",
        NO_ADDRESS,
        "pymysql\nasyncmy>=0.2.9\nsqlalchemy[asyncio]\n",
    ),
    "psycopg is asynchronous itself": ("sqlalchemy\npsycopg\n", POSTGRES, "sqlalchemy[asyncio]\npsycopg\n"),
    "SQLAlchemy 1.4 does not know psycopg": (
        "sqlalchemy~=1.4\npsycopg\n",
        POSTGRES,
        "sqlalchemy[asyncio]~=1.4\npsycopg\nasyncpg>=0.23,<0.29\n",
    ),
    "an address that is built": (
        "sqlalchemy\n",
        'from sqlalchemy import URL\nurl = URL.create("mysql+pymysql", host="h")\n',
        "sqlalchemy[asyncio]\nasyncmy>=0.2.9\n",
    ),
    "a docstring is no address": ("sqlalchemy\n", '"""As mysql://..."""\nimport sqlalchemy\n', "sqlalchemy[asyncio]\n"),
}


@pytest.mark.parametrize(("before", "code", "wanted"), DRIVERS.values(), ids=DRIVERS)
def test_the_driver_follows_from_the_addresses(before: str, code: str, wanted: str, tmp_path: Path) -> None:
    assert after(tmp_path, "requirements.txt", before, code) == wanted


@pytest.mark.parametrize("name", [".env", ".env.example", "alembic.ini", "docker-compose.yml"])
def test_addresses_in_settings_count(name: str, tmp_path: Path) -> None:
    files = {name: "URL = postgresql+psycopg2://app@db/app\n# mysql://\n", "requirements.txt": "sqlalchemy\n"}
    [change] = changed(tmp_path, files, NO_ADDRESS).changes
    assert change.after == b"sqlalchemy[asyncio]\nasyncpg>=0.29\n"


def test_a_decision_of_the_project_comes_first(tmp_path: Path) -> None:
    files = {"pyproject.toml": '[tool.workbook.drivers]\npostgresql = "psycopg"\n', "requirements.txt": "sqlalchemy\n"}
    [change] = changed(tmp_path, files, POSTGRES).changes
    assert change.after == b"sqlalchemy[asyncio]\npsycopg>=3.1\n"


def test_a_driver_of_the_tests_stands_beside_pytest(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "sqlalchemy\nasyncpg\n",
        "requirements-dev.txt": "-r requirements.txt\npytest\n",
        "tests/conftest.py": SQLITE,
    }
    done = {change.path: change.after for change in changed(tmp_path, files, POSTGRES).changes}
    assert done == {
        "requirements.txt": b"sqlalchemy[asyncio]\nasyncpg\n",
        "requirements-dev.txt": b"-r requirements.txt\npytest\naiosqlite>=0.20\n",
    }


def test_a_plugin_in_a_deeper_folder_gets_the_extra_and_no_driver(tmp_path: Path) -> None:
    files = {"requirements.txt": "sqlalchemy\naiosqlite\nasyncpg\n", "plugins/one/requirements.txt": "sqlalchemy\n"}
    done = {change.path: change.after for change in changed(tmp_path, files).changes}
    assert done["plugins/one/requirements.txt"] == b"sqlalchemy[asyncio]\n"


LEFT = {
    "run `pip-compile requirements.in` again": (
        "# This file is autogenerated by pip-compile with Python 3.11\n# by the following command:\n#\n"
        "#    pip-compile requirements.in\n#\nsqlalchemy==2.0.36\n"
    ),
    "make it again with its hashes": "sqlalchemy==2.0.36 \\\n    --hash=sha256:00\n",
}


@pytest.mark.parametrize(("reason", "text"), LEFT.items())
def test_a_file_that_a_command_makes_is_left_with_the_command(reason: str, text: str, tmp_path: Path) -> None:
    assert reason in reasons(tmp_path, {"requirements.txt": text})["requirements.txt"]


OWN_TABLES = {
    "a section": '[tool.poetry.dependencies.sqlalchemy]\nversion = "2"\n\n[tool.black]\nline-length = 100\n',
    "dotted keys": '[tool.poetry.dependencies]\nsqlalchemy.version = "2"\n',
    "one for each Python": (
        '[tool.poetry.dependencies]\nsqlalchemy = [{version = "1.4", python = "<3.8"}, {version = "2"}]\n'
    ),
}


@pytest.mark.parametrize("text", OWN_TABLES.values(), ids=OWN_TABLES)
def test_a_package_with_a_table_of_its_own_is_left_to_a_person(text: str, tmp_path: Path) -> None:
    assert "not changed without looking" in reasons(tmp_path, {"pyproject.toml": text})["pyproject.toml"]


def test_a_package_with_a_table_of_its_own_may_have_the_extra(tmp_path: Path) -> None:
    text = '[tool.poetry.dependencies.sqlalchemy]\nversion = "2"\nextras = ["asyncio"]\n'
    found = changed(tmp_path, {"pyproject.toml": text}, NO_ADDRESS)
    assert (found.changes, found.skipped) == ((), ())


@pytest.mark.parametrize(("lock", "command"), [("uv.lock", "uv lock"), ("poetry.lock", "poetry lock")])
def test_a_lock_file_is_left_with_its_command(lock: str, command: str, tmp_path: Path) -> None:
    files = {lock: "", "pyproject.toml": '[project]\ndependencies = ["sqlalchemy"]\n', f"other/{lock}": ""}
    assert reasons(tmp_path, files) == {lock: f"goes with its source: run `{command}`"}


def test_a_list_that_setup_computes_is_left(tmp_path: Path) -> None:
    text = "from setuptools import setup\nsetup(install_requires=open('r').read().split())\n"
    assert "made elsewhere" in reasons(tmp_path, {"setup.py": text})["setup.py"]


def test_a_database_without_a_known_driver_is_named(tmp_path: Path) -> None:
    code = 'import sqlalchemy\nURL = "mssql+pyodbc://db"\n'
    assert "mssql" in reasons(tmp_path, {"requirements.txt": "sqlalchemy[asyncio]\n"}, code)["requirements.txt"]


def test_the_address_itself_is_never_changed(tmp_path: Path) -> None:
    found = changed(tmp_path, {"requirements.txt": "sqlalchemy\n", ".env": "URL=sqlite:///app.db\n"})
    assert [change.path for change in found.changes] == ["requirements.txt"]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    [change] = changed(tmp_path, {"pyproject.toml": TOML["poetry, a version"][0]}).changes
    again = changed(tmp_path, {"pyproject.toml": change.after.decode()})
    assert (again.changes, again.skipped) == ((), ())


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    [change] = changed(tmp_path, {"requirements.txt": "\ufeffsqlalchemy\n"}).changes
    assert change.after == b"\xef\xbb\xbfsqlalchemy[asyncio]\naiosqlite>=0.20\n"


READS = """from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///app.db")


def count(db: Session) -> int:
    return db.scalar(text("select 1"))
"""
TESTED = """from app.database import count, engine
from sqlalchemy.orm import Session


def test_count():
    with Session(engine) as db:
        assert count(db) == 1
"""
THROUGH_HTTP = """def test_count(client):
    assert client.get("/count").json() == 1
"""
READY = 'sqlalchemy = { version = "2.0", extras = ["asyncio"] }\naiosqlite = "*"\n'
POETRY = f"[tool.poetry.dependencies]\n{READY}\n[tool.poetry.group.dev.dependencies]\npytest = "
RUNNERS = {
    "a file for developers": (
        "requirements-dev.txt",
        "-r requirements.txt\npytest==8.3.4\nruff\n",
        "-r requirements.txt\npytest==8.3.4\npytest-asyncio>=0.24\nruff\n",
    ),
    "a group": (
        "pyproject.toml",
        '[dependency-groups]\ndev = [\n    "pytest>=8",\n    "ruff",\n]\n',
        '[dependency-groups]\ndev = [\n    "pytest>=8",\n    "pytest-asyncio>=0.24",\n    "ruff",\n]\n',
    ),
    "a group of poetry": (
        "pyproject.toml",
        f'{POETRY}"^8.3.3"\npytest-mock = "^5.0"\n',
        f'{POETRY}"^8.3.3"\npytest-asyncio = ">=0.24"\npytest-mock = "^5.0"\n',
    ),
    "pytest is held below 8": (
        "requirements-dev.txt",
        "pytest>=7,<8\n",
        "pytest>=7,<8\npytest-asyncio>=0.21\n",
    ),
}


def in_tested(folder: Path, name: str, text: str, tests: str = TESTED) -> str:
    """One file's text once the pattern was applied to an application that has all else, and these tests."""
    files = {"requirements.txt": "sqlalchemy[asyncio]\naiosqlite\n", "tests/test_count.py": tests, name: text}
    found = changed(folder, files, READS)
    assert {change.path for change in found.changes} <= {name}
    return {change.path: change.after.decode() for change in found.changes}.get(name, text)


@pytest.mark.parametrize(("name", "text", "wanted"), RUNNERS.values(), ids=RUNNERS)
def test_what_runs_asynchronous_tests_stands_beside_pytest(name: str, text: str, wanted: str, tmp_path: Path) -> None:
    assert in_tested(tmp_path, name, text) == wanted
    assert in_tested(tmp_path, name, wanted) == wanted


@pytest.mark.parametrize(
    ("text", "tests"),
    [
        ("pytest\npytest-asyncio==0.23.8\n", TESTED),
        ("pytest\n", THROUGH_HTTP),
        ("ruff\n", TESTED),
    ],
    ids=["it is there", "tests that only ask over HTTP", "no file asks for pytest"],
)
def test_nothing_runs_tests_that_is_not_needed_there(text: str, tests: str, tmp_path: Path) -> None:
    assert in_tested(tmp_path, "requirements-dev.txt", text, tests) == text


SETTINGS = "[tool.pytest.ini_options]  # ours\naddopts = '-q'\n"
SCOPE = 'asyncio_default_fixture_loop_scope = "function"\n'
GROUP = '[dependency-groups]\ndev = ["{}"]\n\n'


def test_what_runs_tests_is_told_how_long_a_loop_lives(tmp_path: Path) -> None:
    wanted = GROUP.format('pytest>=8", "pytest-asyncio>=0.24') + SETTINGS.replace("addopts", SCOPE + "addopts")
    assert in_tested(tmp_path, "pyproject.toml", GROUP.format("pytest>=8") + SETTINGS) == wanted
    assert in_tested(tmp_path, "pyproject.toml", wanted) == wanted


SAME_SCOPE = {
    "it is told already": GROUP.format("pytest>=8") + SETTINGS + SCOPE.replace("function", "session"),
    "it has been there before": GROUP.format('pytest>=8", "pytest-asyncio>=0.25') + SETTINGS,
    "it knows no such thing": GROUP.format("pytest<8") + SETTINGS,
    "pytest has no settings there": GROUP.format("pytest>=8"),
}


@pytest.mark.parametrize("text", SAME_SCOPE.values(), ids=SAME_SCOPE)
def test_settings_of_pytest_stay_where_nothing_has_to_be_told(text: str, tmp_path: Path) -> None:
    after = in_tested(tmp_path, "pyproject.toml", text)
    assert after.count("loop_scope") == text.count("loop_scope")


def test_settings_that_pytest_does_not_read_stay(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    assert "loop_scope" not in in_tested(tmp_path, "pyproject.toml", GROUP.format("pytest>=8") + SETTINGS)


READING = """\
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///app.db")


def count():
    with Session(engine) as session:
        return session.scalar(select(1))
"""
ASKED = '[dependency-groups]\ndev = ["{}", "sqlalchemy[asyncio]", "aiosqlite"]\n'
TABLE = '[tool.coverage.run]\nconcurrency = ["thread", "greenlet"]\n'
COVERED = {
    "no setting": ("", f"\n{TABLE}"),
    "settings of reports": ("[tool.coverage.report]\nskip_empty = true\n",) * 2,
    "a table of its own": (
        '[tool.coverage.run]  # ours\nsource = ["app"]\n\n[tool.x]\n',
        '[tool.coverage.run]  # ours\nconcurrency = ["thread", "greenlet"]\nsource = ["app"]\n\n[tool.x]\n',
    ),
}


@pytest.mark.parametrize("measuring", ["coverage>=7", "pytest-cov (>=7.1,<8)"])
@pytest.mark.parametrize("case", COVERED)
def test_what_measures_coverage_is_told_of_greenlets(case: str, measuring: str, tmp_path: Path) -> None:
    before, wanted = COVERED[case]
    head = ASKED.format(measuring)
    text = after(tmp_path, "pyproject.toml", head + before, READING)
    assert text == head + wanted + (f"\n{TABLE}" if wanted == before else "")
    assert after(tmp_path, "pyproject.toml", text, READING) == text


def test_the_setting_has_the_files_own_line_ends(tmp_path: Path) -> None:
    before = ASKED.format("coverage").replace("\n", "\r\n").rstrip()
    assert after(tmp_path, "pyproject.toml", before, READING) == before + f"\n\n{TABLE}".replace("\n", "\r\n")


NOT_COVERED = {
    "it is told already": (TABLE, READING),
    "nothing becomes asynchronous": ("", SQLITE),
}


@pytest.mark.parametrize("case", NOT_COVERED)
def test_the_settings_of_coverage_stay(case: str, tmp_path: Path) -> None:
    settings, code = NOT_COVERED[case]
    text = ASKED.format("coverage") + settings
    found = changed(tmp_path, {"pyproject.toml": text}, code)
    assert not found.changes and not found.skipped


def test_where_nothing_is_measured_nothing_is_said(tmp_path: Path) -> None:
    found = changed(tmp_path, {"pyproject.toml": ASKED.format("pytest")}, READING)
    assert not [one for one in (*found.applied, *found.skipped) if "overage" in str(one)]


BY_HAND = {
    "settings of another kind": ({"pyproject.toml": ASKED.format("coverage"), ".coveragerc": "[run]\nbranch = 1\n"}),
    "gevent": ({"pyproject.toml": ASKED.format("coverage") + '[tool.coverage.run]\nconcurrency = ["gevent"]\n'}),
    "dotted keys": ({"pyproject.toml": "tool.coverage.run.branch = true\n" + ASKED.format("coverage")}),
    "no pyproject.toml": ({"requirements.txt": "coverage\naiosqlite\nsqlalchemy[asyncio]\n"}),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_what_cannot_be_written_is_said(case: str, tmp_path: Path) -> None:
    (path, reason), *_ = reasons(tmp_path, BY_HAND[case], READING).items()
    assert path in BY_HAND[case] and "coverage loses the lines behind an await" in reason


def test_other_settings_may_know_of_greenlets(tmp_path: Path) -> None:
    files = {"requirements.txt": "coverage\naiosqlite\nsqlalchemy[asyncio]\n"}
    files |= {"setup.cfg": "[coverage:run]\nconcurrency = greenlet\n"}
    assert not reasons(tmp_path, files, READING)
